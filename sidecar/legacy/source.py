"""Where older data is read from: PostgreSQL, SQLite, or files that were exported (JSON, JSON Lines, CSV).

Rows come one after the other, in the order the map asks for, however many there are. Names of tables and columns come
from the map, so these statements alone are put together, out of quoted identifiers (never out of values).
"""

from __future__ import annotations

import csv
import json
import re
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import urlsplit, urlunsplit

import ijson
import psycopg
from psycopg import sql as pg
from psycopg.rows import dict_row
from pydantic_core import from_json

from sidecar.database import Connection
from sidecar.legacy.mapping import TableRule

Row = dict[str, Any]
# So many rows are asked of a PostgreSQL at once.
ITER_ROWS = 2000
EXPORTS = (".json", ".jsonl", ".ndjson", ".csv")
_JSON_TYPES = (114, 3802)


class SourceError(Exception):
    """The source cannot be read or written; the text says why, without its password."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A value that is not what its column should hold."""

    why: str


class Source(Protocol):
    """`description` names it without secrets."""

    description: str

    def columns(self, table: str) -> set[str]:
        """The columns of a table; none where there is no such table."""
        ...

    def count(self, table: str) -> int:
        """How many rows a table has."""
        ...

    def rows(self, table: TableRule) -> Iterator[Row]:
        """The rows in the map's order, their JSON columns decoded, with the columns of joins as `name.column`."""
        ...

    def writable(self, table: str) -> bool:
        """Whether the old columns can be written."""
        ...

    def write(self, table: str, column: str, keys: Mapping[str, Any], new: str | None, old: str | None) -> bool:
        """Put `new` in place of `old` in one row; whether `new` stands there now. Committed."""
        ...

    def close(self) -> None: ...


def open_source(place: str) -> Source:
    """The source at a URL (postgresql://), or a path: a SQLite file, an exported file, a folder of exported files.

    Raises SourceError.
    """
    if place.startswith(("postgres://", "postgresql://")):
        return Postgres(place)
    path = Path(place.removeprefix("sqlite:///") if place.startswith("sqlite:///") else place)
    if not path.exists():
        raise SourceError(f"There is no {path}.")
    if path.is_dir() or path.suffix.lower() in EXPORTS:
        return Export(path)
    return Sqlite(path)


class Postgres:
    """Rows as of one moment, through a cursor on the server."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.description = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
        try:
            self._reading = Connection.connect(url, row_factory=dict_row, application_name="artifacts-import")
            self._writing = Connection.connect(url, row_factory=dict_row, application_name="artifacts-import")
        except psycopg.Error as error:
            raise SourceError(f"{self.description} does not answer: {str(error).splitlines()[0]}") from None
        self._writing.autocommit = True
        self._reading.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self._reading.read_only = True

    def columns(self, table: str) -> set[str]:
        try:
            rows = self._writing.execute(
                "select attname from pg_attribute where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped",
                [self._name(table).as_string(self._writing)],
            ).fetchall()
        except psycopg.Error as error:
            raise SourceError(f"{table} cannot be read: {str(error).splitlines()[0]}") from None
        return {row["attname"] for row in rows}

    def count(self, table: str) -> int:
        row = self._writing.execute(pg.SQL("select count(*) from {}").format(self._name(table))).fetchone()
        return row["count"] if row else 0

    def rows(self, table: TableRule) -> Iterator[Row]:
        columns = self.columns(table.place)
        order = [pg.SQL("t.{}").format(pg.Identifier(name)) for name in table.order if name in columns]
        joins = {n: j for n, j in table.joins.items() if j.by in columns and j.key in self.columns(j.table)}
        taken = [
            pg.SQL("{}.{} as {}").format(pg.Identifier(n), pg.Identifier(c), pg.Identifier(f"{n}.{c}"))
            for n, j in joins.items()
            for c in sorted(self.columns(j.table))
        ]
        joined = [
            # Old ids are texts in one table and UUIDs in the other.
            pg.SQL("left join {} {} on {}.{}::text = t.{}::text").format(
                self._name(j.table), pg.Identifier(n), pg.Identifier(n), pg.Identifier(j.key), pg.Identifier(j.by)
            )
            for n, j in joins.items()
        ]
        statement = pg.SQL(" ").join(
            [
                pg.SQL("select"),
                pg.SQL(", ").join([pg.SQL("t.*"), *taken]),
                pg.SQL("from {} t").format(self._name(table.place)),
                *joined,
                *([pg.SQL("order by"), pg.SQL(", ").join(order)] if order else []),
            ]
        )
        try:
            with self._reading.transaction(), self._reading.cursor("artifacts_import") as cursor:
                # The registry's own role has limits meant for requests.
                self._reading.execute("set local statement_timeout = 0")
                self._reading.execute("set local idle_in_transaction_session_timeout = 0")
                cursor.itersize = ITER_ROWS
                cursor.execute(statement)
                decoded = {c.name for c in cursor.description or () if c.type_code in _JSON_TYPES}
                asked = [name for name in table.json_columns if name not in decoded]
                for row in cursor:
                    yield _decoded(row, asked)
        except psycopg.Error as error:
            raise SourceError(f"{table.place} cannot be read: {str(error).splitlines()[0]}") from None

    def writable(self, table: str) -> bool:
        name = self._name(table).as_string(self._writing)
        row = self._writing.execute("select has_table_privilege(%s, 'update') as may", [name]).fetchone()
        return bool(row and row["may"])

    def write(self, table: str, column: str, keys: Mapping[str, Any], new: str | None, old: str | None) -> bool:
        wanted = _beside_values(column)
        where = pg.SQL(" and ").join(pg.SQL("{}::text = %s").format(_beside_values(n)) for n in keys)
        values, place = [str(value) for value in keys.values()], _beside_values(*table.split("."))
        statement = pg.SQL("update {} set {} = %s where {} and {}::text is not distinct from %s").format(
            place, wanted, where, wanted
        )
        try:
            if self._writing.execute(statement, [new, *values, old]).rowcount:
                return True
            found = pg.SQL("select {}::text as found from {} where {}").format(wanted, place, where)
            row = self._writing.execute(found, values).fetchone()
        except psycopg.Error as error:
            raise SourceError(f"{table}.{column} cannot be written: {str(error).splitlines()[0]}") from None
        return row is not None and row["found"] == new

    def close(self) -> None:
        self._reading.close()
        self._writing.close()

    def _name(self, table: str) -> pg.Identifier:
        return pg.Identifier(*table.split("."))


def _beside_values(*names: str) -> pg.Identifier:
    """A name in a statement with parameters, in which a bare % would begin one."""
    return pg.Identifier(*(name.replace("%", "%%") for name in names))


class Sqlite:
    """A SQLite file. It is read as of one moment, and written only where that is asked for."""

    def __init__(self, path: Path) -> None:
        self.description = path.name
        self._path = path
        try:
            # A NUL in a text, and bytes that are no UTF-8, are found when the row is looked at, not here.
            self._reading = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
            self._reading.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
            self._reading.execute("select 1 from sqlite_master").fetchone()
        except sqlite3.Error as error:
            raise SourceError(f"{path.name} is no SQLite database that can be read: {error}") from None

    def columns(self, table: str) -> set[str]:
        return {row[1] for row in self._reading.execute(f"pragma table_info({_quoted(table)})")}

    def count(self, table: str) -> int:
        return self._reading.execute(f"select count(*) from {_quoted(table)}").fetchone()[0]  # noqa: S608

    def rows(self, table: TableRule) -> Iterator[Row]:
        columns = self.columns(table.place)
        joins = {n: j for n, j in table.joins.items() if j.by in columns and j.key in self.columns(j.table)}
        taken = ", ".join(
            ["t.*"]
            + [
                f"{_quoted(n)}.{_quoted(c)} as {_quoted(f'{n}.{c}')}"
                for n, j in joins.items()
                for c in sorted(self.columns(j.table))
            ]
        )
        joined = " ".join(
            f"left join {_quoted(j.table)} {_quoted(n)} on {_quoted(n)}.{_quoted(j.key)} = t.{_quoted(j.by)}"
            for n, j in joins.items()
        )
        order = ", ".join(f"t.{_quoted(name)}" for name in table.order if name in columns)
        statement = f"select {taken} from {_quoted(table.place)} t {joined}" + (f" order by {order}" if order else "")  # noqa: S608
        try:
            with closing(self._reading.execute(statement)) as cursor:
                names = [column[0] for column in cursor.description]
                for values in cursor:
                    yield _decoded(dict(zip(names, values, strict=True)), table.json_columns)
        except sqlite3.Error as error:
            raise SourceError(f"{table.place} cannot be read: {error}") from None

    def writable(self, table: str) -> bool:
        try:
            with closing(self._writer()) as connection:
                connection.execute("begin immediate")
                connection.rollback()
        except sqlite3.Error:
            return False
        return True

    def write(self, table: str, column: str, keys: Mapping[str, Any], new: str | None, old: str | None) -> bool:
        where = " and ".join(f"cast({_quoted(name)} as text) = ?" for name in keys)
        values = [str(value) for value in keys.values()]
        name, place = _quoted(column), _quoted(table)
        try:
            with closing(self._writer()) as connection, connection:
                statement = f"update {place} set {name} = ? where {where} and {name} is ?"  # noqa: S608
                done = connection.execute(statement, [new, *values, old])
                if done.rowcount:
                    return True
                row = connection.execute(f"select {name} from {place} where {where}", values).fetchone()  # noqa: S608
        except sqlite3.Error as error:
            raise SourceError(f"{table}.{column} cannot be written: {error}") from None
        return row is not None and row[0] == new

    def close(self) -> None:
        self._reading.close()

    def _writer(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self._path.resolve().as_uri()}?mode=rw", uri=True, timeout=10)


class Export:
    """Exported files, one for each table and called like it. They are put in order in a temporary SQLite file: rows of
    an export come in any order, and may be more than memory holds."""

    def __init__(self, path: Path) -> None:
        self.description = path.name
        self._kept = ExitStack()
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        self._files = {file.stem: file for file in files if file.suffix.lower() in EXPORTS}
        if not self._files:
            raise SourceError(f"{path.name} holds no files that end in {', '.join(EXPORTS)}.")
        # A single file is the table, whatever it is called.
        self._only = None if path.is_dir() else path
        folder = self._kept.enter_context(tempfile.TemporaryDirectory(prefix="artifacts-import-"))
        self._sorted = sqlite3.connect(str(Path(folder) / "rows.sqlite"))
        self._kept.callback(self._sorted.close)
        self._loaded: dict[str, set[str]] = {}

    def columns(self, table: str) -> set[str]:
        file = self._files.get(table) or (self._only if not self._loaded or table in self._loaded else None)
        if file is None:
            return set()
        if table not in self._loaded:
            self._loaded[table] = self._load(table, file)
        return self._loaded[table]

    def count(self, table: str) -> int:
        return self._sorted.execute(f"select count(*) from {_quoted(table)}").fetchone()[0]  # noqa: S608

    def rows(self, table: TableRule) -> Iterator[Row]:
        columns = self.columns(table.place)
        joins = {n: j for n, j in table.joins.items() if j.by in columns and j.key in self.columns(j.table)}
        taken = ", ".join(["t.row", *(f"{_quoted(name)}.row" for name in joins)])
        for join in joins.values():
            # Every row of the table would be looked at for each row otherwise.
            index, key = _quoted(f"{join.table} by {join.key}"), _literal(join.key)
            self._sorted.execute(f"create index if not exists {index} on {_quoted(join.table)} (row ->> {key})")
        joined = " ".join(
            f"left join {_quoted(j.table)} {_quoted(n)}"
            f" on {_quoted(n)}.row ->> {_literal(j.key)} = t.row ->> {_literal(j.by)}"
            for n, j in joins.items()
        )
        # Numbers by their size, texts by their letters, in the order of the file where they are equal.
        order = ", ".join([*(f"t.row ->> {_literal(name)}" for name in table.order if name in columns), "t.n"])
        statement = f"select {taken} from {_quoted(table.place)} t {joined} order by {order}"  # noqa: S608
        text = self._files.get(table.place, self._only)
        texts = table.json_columns if text and text.suffix.lower() == ".csv" else ()
        with closing(self._sorted.execute(statement)) as cursor:
            for values in cursor:
                row = json.loads(values[0])
                for name, joined_row in zip(joins, values[1:], strict=True):
                    row |= {f"{name}.{c}": v for c, v in json.loads(joined_row or "{}").items()}
                yield _decoded(row, texts or table.json_columns, lax=not texts)

    def writable(self, table: str) -> bool:
        return False

    def write(self, table: str, column: str, keys: Mapping[str, Any], new: str | None, old: str | None) -> bool:
        raise SourceError("Exported files are not written to.")

    def close(self) -> None:
        self._kept.close()

    def _load(self, table: str, file: Path) -> set[str]:
        seen: set[str] = set()
        with self._sorted:
            self._sorted.execute(f"create table {_quoted(table)} (n integer primary key, row text not null)")
            rows = (self._noted(row, seen) for row in read_export(file))
            self._sorted.executemany(f"insert into {_quoted(table)} (row) values (?)", rows)  # noqa: S608
        return seen

    @staticmethod
    def _noted(row: Row, seen: set[str]) -> tuple[str]:
        seen.update(row)
        # Bytes that are no UTF-8 stay what they are, as escapes.
        return (json.dumps(row, default=_plain),)


def read_export(file: Path) -> Iterator[Row]:
    """The rows of an exported file, one after the other. A line that cannot be read is a row with `broken line`.

    Raises SourceError for a file that is not what its name says.
    """
    kind = file.suffix.lower()
    try:
        if kind == ".csv":
            yield from _read_csv(file)
        elif kind == ".json":
            yield from _read_json(file)
        else:
            yield from _read_lines(file)
    except (OSError, ijson.JSONError, csv.Error) as error:
        raise SourceError(f"{file.name} cannot be read: {str(error)[:200]}") from None


def _read_csv(file: Path) -> Iterator[Row]:
    csv.field_size_limit(sys.maxsize)
    with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        for row in csv.DictReader(stream, restkey="beyond the columns", restval=""):
            yield {name: value or None for name, value in row.items()}


def _read_json(file: Path) -> Iterator[Row]:
    with file.open("rb") as stream:
        # Directus exports a list; its API answers {"data": [...]}.
        place = "item" if _first(stream) == b"[" else "data.item"
        for item in ijson.items(stream, place, use_float=True):
            yield item if isinstance(item, dict) else {"broken line": "It is no object."}


def _first(stream: IO[bytes]) -> bytes:
    head = stream.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    stream.seek(3 if head and stream.seek(0) == 0 and stream.read(3) == b"\xef\xbb\xbf" else 0)
    return head[:1]


def _read_lines(file: Path) -> Iterator[Row]:
    with file.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                row = from_json(line)
                yield row if isinstance(row, dict) else {"broken line": f"Line {number} is no object."}
            except ValueError as error:
                yield {"broken line": f"Line {number} is not valid JSON: {error}."}


def _decoded(row: Row, json_columns: list[str] | tuple[str, ...], *, lax: bool = False) -> Row:
    """The row with its JSON columns decoded. `lax`: a text that is no JSON may be a decoded text already."""
    for name in json_columns:
        text = row.get(name)
        if not isinstance(text, str):
            continue
        try:
            row[name] = from_json(text.encode("utf-8", "surrogatepass"), allow_inf_nan=False) if text else None
        except ValueError as error:
            if not (lax and not text.lstrip().startswith(("[", "{"))):
                row[name] = Broken(f"{name} is not valid JSON: {str(error)[:200]}.")
    return row


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else str(value)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(name: str) -> str:
    """A column of a JSON row, as SQLite's ->> takes it."""
    return "'" + name.replace("'", "''") + "'"


def described(table: TableRule, source: Source) -> list[str]:
    """Sentences about what of the map the source does not have. Raises SourceError where nothing can be read."""
    columns = source.columns(table.place)
    if not columns:
        raise SourceError(f"{source.description} has no table {table.table}. Name it with --table {table.table}=NAME.")
    missing = [name for name in table.key if name not in columns]
    if missing:
        raise SourceError(f"{table.table} has no column {', '.join(missing)}, by which its rows are told apart.")
    joined = set(chain.from_iterable((f"{n}.{c}" for c in source.columns(j.table)) for n, j in table.joins.items()))
    absent = sorted(c for c in table.columns() if c not in columns and c not in joined and not re.search(r"\.", c))
    return [f"{table.table} has no column {', '.join(absent)}."] if absent else []
