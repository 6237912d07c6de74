"""Writing stable addresses into the old columns, and the old values back.

What is to be written was noted with the batch that made its version. The source is written first and the note marked
afterwards: whoever is killed in between finds the new value there and marks it. A value that somebody has changed
meanwhile is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, LiteralString
from uuid import UUID

from sidecar.database import Database
from sidecar.legacy.items import Problem
from sidecar.legacy.source import Source
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]

PAGE = 200


def write_back(database: Database, source: Source, import_id: UUID) -> tuple[int, list[Problem]]:
    """Put the stable addresses into the source. Returns how many stand there now, and what was left.

    Raises SourceError.
    """
    return _exchange(database, source, import_id, sql.writes_to_do, sql.written, back=False)


def restore(database: Database, source: Source, import_id: UUID) -> tuple[int, list[Problem]]:
    """Put the old values back. Raises SourceError."""
    return _exchange(database, source, import_id, sql.writes_to_restore, sql.restored, back=True)


def _exchange(
    database: Database, source: Source, import_id: UUID, pages: LiteralString, mark: LiteralString, *, back: bool
) -> tuple[int, list[Problem]]:
    done, problems = 0, []
    for page in _pages(database, import_id, pages):
        written = []
        for row in page:
            place = row["place"]
            if any(source.write(place["table"], place["column"], place["keys"], *pair) for pair in _pairs(row, back)):
                written.append(row["source_key"])
            else:
                said = f"{place['column']} holds another value by now; it was left as it is."
                problems.append(Problem(row["source_key"], "import_row_changed", said))
        parameters = {"import_id": import_id, "source_keys": written}
        database.run(lambda connection, told=parameters: connection.execute(mark, told))
        done += len(written)
    return done, problems


def _pairs(row: Row, back: bool) -> list[tuple[str | None, str | None]]:
    """What is to stand there, beside each value that it may take the place of."""
    old, new, previous = row["old_value"], row["new_value"], row["previous_value"]
    there = ([new] if back else [old]) + ([previous] if previous else [])
    return [(old if back else new, value) for value in there]


def _pages(database: Database, import_id: UUID, statement: LiteralString) -> Iterator[list[Row]]:
    after = ""
    while True:
        parameters = {"import_id": import_id, "after": after, "limit": PAGE}
        rows = database.run(lambda connection, told=parameters: connection.execute(statement, told).fetchall())
        if not rows:
            return
        yield rows
        after = rows[-1]["source_key"]
