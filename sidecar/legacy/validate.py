"""Checking an import: is what it made still what the source says, and what the registry promises?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sidecar.artifacts.content import content_hash
from sidecar.database import Connection, Database
from sidecar.directus import Directus, DirectusError
from sidecar.legacy.items import Item, Links, Problem, as_it_was, found_in, written_places
from sidecar.legacy.mapping import Map
from sidecar.legacy.source import Row, Source
from sidecar.settings import Settings
from sidecar.sql import Statements

sql = Statements(__file__)

PAGE = 500


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not so. `code` says what, `source_key` of which row."""

    code: str
    source_key: str
    said: str

    def __str__(self) -> str:
        return f"{self.code}  {self.source_key}: {self.said}"


def faults_in_registry(connection: Connection, import_id: UUID) -> Iterator[Fault]:
    """Versions, projects, runs and tasks that are missing, files that are others, contexts without what was promoted,
    records that are missing, hashes that are not those of the content."""
    connection.execute(sql.take_time)
    for statement in (sql.faults_in_rows, sql.faults_in_contexts):
        for row in connection.execute(statement, {"import_id": import_id}):
            yield Fault(row["code"], row["source_key"], row["said"])
    after = ""
    while rows := connection.execute(sql.contents, {"import_id": import_id, "after": after, "limit": PAGE}).fetchall():
        for row in rows:
            worked_out = content_hash(row["value"], row["hashes"], row["source_url"])
            if row["content_hash"] is not None and worked_out is not None and row["content_hash"] != worked_out:
                yield Fault("hash_differs", row["source_key"], str(row["id"]))
        after = rows[-1]["source_key"]


def faults_in_source(database: Database, import_id: UUID, chosen: Map, source: Source) -> Iterator[Fault]:
    """Rows of the source that have no version, rows that have changed since, rows that are not what can be imported;
    and columns that do not hold the address that was written. No transaction is open while the source is read.
    Raises SourceError."""
    for table in chosen.tables:
        if not source.columns(table.place):
            continue
        rows = (
            row for chunk in _chunks(source.rows(table)) for row in _as_they_were(database, import_id, table, chunk)
        )
        for found in _chunks(item for of_row in found_in(table, rows) for item in of_row):
            told = {"import_id": import_id, "source_keys": [item.source_key for item in found]}
            rows_known = database.run(lambda connection, at=told: connection.execute(sql.known, at).fetchall())
            known = {row["source_key"]: row for row in rows_known}
            yield from (fault for item in found if (fault := _fault(item, known.get(item.source_key))))


def faults_in_files(database: Database, settings: Settings, import_id: UUID) -> Iterator[Fault]:
    """Files whose bytes Directus does not have, or has others of. Every file is read, for hours perhaps: no
    transaction is open meanwhile. Raises DirectusError."""
    with database.transaction() as connection:
        connection.execute(sql.take_time)
        rows = connection.execute(sql.files_of_import, {"import_id": import_id}).fetchall()
    directus = Directus(settings.directus_url, token=settings.directus_token.get_secret_value())
    for row in rows:
        digest = hashlib.sha256()
        try:
            for piece in directus.download(row["id"]):
                digest.update(piece)
        except DirectusError as error:
            if error.status not in (403, 404):
                raise
            yield Fault("bytes_missing", row["source_key"], str(row["id"]))
            continue
        if row["sha256"] is not None and digest.digest() != row["sha256"]:
            yield Fault("bytes_differ", row["source_key"], str(row["id"]))


def _fault(found: Item | Links | Problem, known: Row | None) -> Fault | None:
    if isinstance(found, Problem):
        return Fault(found.code, found.source_key, found.message)
    if known is None:
        return Fault("not_imported", found.source_key, "It has no version." if isinstance(found, Item) else "No links.")
    if bytes(known["fingerprint"]) != found.fingerprint:
        return Fault("source_changed", found.source_key, "The row is not what it was when it was imported.")
    return None


def _as_they_were(database: Database, import_id: UUID, table: Any, rows: list[Row]) -> Iterator[Row]:
    names = [name for row in rows for name in written_places(table, row).values()]
    told = {"import_id": import_id, "source_keys": names}
    found = database.run(lambda connection: connection.execute(sql.writes_known, told).fetchall())
    writes = {row["source_key"]: row for row in found}
    yield from (as_it_was(table, row, writes) for row in rows)


def _chunks(rows: Iterator[Any]) -> Iterator[list[Any]]:
    chunk: list[Any] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == PAGE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
