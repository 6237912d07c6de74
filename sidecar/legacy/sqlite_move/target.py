"""The PostgreSQL database that Directus moves into: made by Directus itself, and still without its rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import Any

from psycopg.rows import dict_row, tuple_row
from psycopg.sql import SQL, Identifier
from psycopg.types.string import TextLoader

from sidecar.database import Connection
from sidecar.legacy.sqlite_move.source import OWN_TABLES
from sidecar.legacy.sqlite_move.values import Checksum, Column
from sidecar.sql import Statements

sql = Statements(__file__)

# What `directus bootstrap` and `directus schema apply` write; it is replaced by what the old Directus had.
MADE_BY_DIRECTUS = {
    "directus_access", "directus_collections", "directus_extensions", "directus_fields", "directus_migrations",
    "directus_policies", "directus_relations", "directus_roles", "directus_settings",
}  # fmt: skip
USERS = "directus_users"  # bootstrap makes one, unless it is told not to
# Times are read and written as UTC. A Directus that still runs on this database holds locks: it is not waited for long.
SETTINGS = "-c TimeZone=UTC -c lock_timeout=10s"
READ_AT_ONCE = 2000


class Target:
    """The tables of the schema that Directus uses, as the role that owns them. Raises psycopg.Error."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @classmethod
    @contextmanager
    def opened(cls, url: str) -> Iterator[Target]:
        """One transaction, committed when the block ends without an error."""
        with Connection.connect(url, options=SETTINGS, row_factory=dict_row) as connection:
            connection.adapters.register_loader("json", TextLoader)
            yield cls(connection)

    @cached_property
    def columns(self) -> dict[str, dict[str, Column]]:
        """By table and name, in their order, without generated ones."""
        found: dict[str, dict[str, Column]] = {}
        for row in self.connection.execute(sql.columns):
            column = Column(
                row["column_name"], row["kind"], row["length"], row["scale"], row["precision"], row["sequence"]
            )
            found.setdefault(row["table_name"], {})[column.name] = column
        return found

    @property
    def migrations(self) -> set[tuple[str, str]]:
        rows = self.connection.execute(sql.applied_migrations).fetchall()
        return {(row["version"], row["name"]) for row in rows}

    @property
    def has_registry(self) -> bool:
        row = self.connection.execute(sql.has_registry).fetchone()
        return bool(row and row["there"])

    def count(self, table: str) -> int:
        counted = self.connection.execute(SQL("select count(*) as rows from {}").format(Identifier(table)))
        row = counted.fetchone()
        return row["rows"] if row else 0

    def occupied(self, tables: Iterable[str]) -> list[str]:
        """The tables with rows that neither bootstrap nor schema apply makes."""
        counts = {table: self.count(table) for table in tables if table not in MADE_BY_DIRECTUS}
        return [table for table, rows in counts.items() if rows > (1 if table == USERS else 0)]

    def empty(self, tables: Iterable[str]) -> None:
        named = SQL(", ").join(map(Identifier, tables))
        self.connection.execute(SQL("truncate {}").format(named))

    def to_be(self, table: str) -> dict[str, Column]:
        """The columns as rows are written to them: the collections' floats with the eight bytes that SQLite's have.

        Directus makes them with four, which would keep seven digits of sixteen.
        """
        return {
            name: replace(column, kind="float8") if _is_narrow(table, column) else column
            for name, column in self.columns[table].items()
        }

    def widen_floats(self, tables: Iterable[str]) -> list[str]:
        """Their names, where any had four bytes."""
        narrow = [
            (table, column.name)
            for table in tables
            for column in self.columns[table].values()
            if _is_narrow(table, column)
        ]
        for table, column in narrow:
            alter = SQL("alter table {} alter column {} type double precision")
            self.connection.execute(alter.format(Identifier(table), Identifier(column)))
        return [f"{table}.{column}" for table, column in narrow]

    @contextmanager
    def foreign_keys_at_the_end(self) -> Iterator[None]:
        """Rows may refer to rows that come later; when the block ends, every reference is checked.

        Deferring them is what a table's owner may do. Switching them off (session_replication_role) would take a
        superuser, and would check nothing.
        """
        keys = self.connection.execute(sql.foreign_keys).fetchall()
        self._alter_keys(keys, SQL("deferrable initially deferred"))
        yield
        self.connection.execute("set constraints all immediate")
        self._alter_keys(keys, SQL("not deferrable"))

    def _alter_keys(self, keys: list[dict[str, Any]], how: SQL) -> None:
        for key in keys:
            names = Identifier(key["table_name"]), Identifier(key["name"])
            self.connection.execute(SQL("alter table {} alter constraint {} {}").format(*names, how))

    def fill(self, table: str, columns: list[str], rows: Iterable[tuple[Any, ...]]) -> None:
        named = SQL(", ").join(map(Identifier, columns))
        copy = SQL("copy {} ({}) from stdin").format(Identifier(table), named)
        with self.connection.cursor() as cursor, cursor.copy(copy) as into:
            for row in rows:
                into.write_row(row)

    def continue_ids(self, table: str, last_id: int | None) -> None:
        """The next id follows the last one that SQLite gave, and the largest there is."""
        for column in self.columns[table].values():
            if column.sequence:
                largest = SQL("select max({}) as id from {}").format(Identifier(column.name), Identifier(table))
                row = self.connection.execute(largest).fetchone()
                value = max(row["id"] or 0 if row else 0, last_id or 0)
                if value:
                    self.connection.execute(sql.set_sequence, {"sequence": column.sequence, "value": value})

    def checksum(self, table: str, columns: list[str]) -> Checksum:
        """Read back, in pieces."""
        named = SQL(", ").join(map(Identifier, columns))
        found = Checksum()
        with self.connection.cursor(name="read_back", row_factory=tuple_row) as cursor:
            cursor.itersize = READ_AT_ONCE
            cursor.execute(SQL("select {} from {}").format(named, Identifier(table)))
            for row in cursor:
                found.add(row)
        return found

    def analyze(self, tables: Iterable[str]) -> None:
        """So that the first queries are planned for what is there now."""
        self.connection.execute(SQL("analyze {}").format(SQL(", ").join(map(Identifier, tables))))


def _is_narrow(table: str, column: Column) -> bool:
    """Directus' own tables stay as its migrations made them."""
    return column.kind == "float4" and not table.startswith(OWN_TABLES)
