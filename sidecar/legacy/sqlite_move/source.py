"""The SQLite file of a Directus, opened so that nothing can be written to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, LiteralString

OWN_TABLES = "directus_"
# Says which migrations have run in the database it lies in: compared, and not taken along.
MIGRATIONS = "directus_migrations"


@dataclass(frozen=True)
class SourceColumn:
    """A column as SQLite knows it; `declared` is the type of its CREATE TABLE, in lower case."""

    name: str
    declared: str
    is_key: bool


class Source:
    """One moment of the file: what others write after it was opened is not seen. Raises sqlite3.Error."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    @classmethod
    @contextmanager
    def opened(cls, file: Path) -> Iterator[Source]:
        connection = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
        try:
            # Text that is no UTF-8 is found with its row, instead of ending the whole read.
            connection.text_factory = _text_or_bytes
            connection.execute("begin")
            yield cls(connection)
        finally:
            connection.close()

    def all(self, statement: LiteralString, *names: str) -> list[tuple[Any, ...]]:
        """The rows of a statement, with names of tables and columns in place of its {}."""
        return list(self.read(statement, *names))

    def read(self, statement: LiteralString, *names: str) -> Iterator[tuple[Any, ...]]:
        yield from self.connection.execute(statement.format(*map(_quoted, names)))

    def count(self, table: str) -> int:
        return self.all("select count(*) from {}", table)[0][0]

    @cached_property
    def tables(self) -> list[str]:
        named = self.all(
            "select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\'"
        )
        return sorted(name for (name,) in named)

    @property
    def moving(self) -> list[str]:
        return [name for name in self.tables if name != MIGRATIONS]

    def columns(self, table: str) -> dict[str, SourceColumn]:
        """By name, in their order; generated ones are left out."""
        rows = self.all("pragma table_xinfo({})", table)
        return {
            name: SourceColumn(name, declared.lower(), bool(pk))
            for _, name, declared, _, _, pk, hidden in rows
            if not hidden
        }

    def key(self, table: str) -> str:
        """What a row is named by."""
        columns = self.columns(table).values()
        return next((column.name for column in columns if column.is_key), next(iter(columns)).name if columns else "")

    def rows(self, table: str, columns: list[str]) -> Iterator[tuple[Any, ...]]:
        places: LiteralString = "select " + ", ".join("{}" for _ in columns) + " from {}"  # noqa: S608  read() puts quoted names there
        return self.read(places, *columns, table)

    def last_id(self, table: str) -> int | None:
        """The id given last, also to a row that is gone since. None without AUTOINCREMENT."""
        if not self.all("select 1 from sqlite_master where name = 'sqlite_sequence'"):
            return None
        found = self.connection.execute("select seq from sqlite_sequence where name = ?", [table]).fetchone()
        return found and found[0]

    @cached_property
    def migrations(self) -> set[tuple[str, str]]:
        return {(str(version), name) for version, name in self.all("select version, name from {}", MIGRATIONS)}

    def damage(self) -> list[str]:
        """What SQLite itself finds wrong with the file."""
        return [said for (said,) in self.all("pragma quick_check(5)") if said != "ok"]

    def loose_ends(self) -> list[tuple[str, str, str, int]]:
        """(table, column, table it refers to, rows) where rows refer to rows that are not there."""
        found: dict[tuple[str, str, str], int] = {}
        for table, _, parent, number in self.all("pragma foreign_key_check"):
            keys = {key[0]: key[3] for key in self.all("pragma foreign_key_list({})", table)}
            place = (table, keys[number], parent)
            found[place] = found.get(place, 0) + 1
        return [(*place, count) for place, count in sorted(found.items())]

    def not_in_a_snapshot(self) -> list[str]:
        """CREATE statements of what Directus' schema snapshot leaves out: views, triggers, indexes of several columns,
        of a part of the rows, or of an expression."""
        made = self.all("select type, name, tbl_name, sql from sqlite_master where sql is not null and type <> 'table'")
        return [
            statement
            for kind, name, table, statement in made
            if not table.startswith(OWN_TABLES) and (kind != "index" or not self._is_plain(table, name))
        ]

    def _is_plain(self, table: str, index: str) -> bool:
        listed = {name: partial for _, name, _, _, partial in self.all("pragma index_list({})", table)}
        columns = [name for _, _, name in self.all("pragma index_info({})", index)]
        return not listed.get(index) and len(columns) == 1 and columns[0] is not None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text_or_bytes(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw
