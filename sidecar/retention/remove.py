"""Removing files: what versions have lost, Directus deletes, with its bytes and the pictures made of them.

What is to be removed stands in sidecar.file_removals, written in the transaction that took it from its version. A row
is done when Directus has said that it has deleted the file; what fails is tried again.
"""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

import structlog

from sidecar.database import Database
from sidecar.directus import Directus, DirectusError
from sidecar.settings import Settings
from sidecar.sql import Statements

sql = Statements(__file__)
log = structlog.get_logger()
Row = dict[str, Any]

# One tick works this long at most; the next one goes on.
TICK_SECONDS = 40.0


def remove_files(database: Database, settings: Settings, seconds: float = TICK_SECONDS) -> int:
    """Remove files that nothing refers to, for a while. Returns how many were looked at.

    Several workers may do so at once: each takes another file.
    """
    directus = Directus(settings.directus_url, token=settings.directus_token.get_secret_value())
    end, done = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        with database.transaction() as connection:
            row = connection.execute(sql.claim_removal).fetchone()
        if row is None:
            break
        _remove(database, directus, row)
        done += 1
    return done


def remove_late_pictures(database: Database) -> int:
    """Ask for the pictures to be removed that a look finished after its file was gone. Returns how many."""
    with database.transaction() as connection:
        rows = connection.execute(sql.late_contents).fetchall()
        for row in rows:
            _forget(connection, row["file_id"], erase=row["erase"])
    return len(rows)


def _remove(database: Database, directus: Directus, row: Row) -> None:
    file_id = row["file_id"]
    with database.transaction() as connection:
        used = connection.execute(sql.used_by, {"file_id": file_id}).fetchone()
        if used and used["used_by"]:
            connection.execute(sql.hold, {"file_id": file_id, "used_by": used["used_by"]})
            return
        there = connection.execute(sql.file_is_there, {"file_id": file_id}).fetchone() is not None
    try:
        if not there:
            _put_back(directus, row)
        directus.delete(f"/files/{file_id}")
    except DirectusError as error:
        log.warning("a file could not be removed", file_id=str(file_id), error=str(error)[:300])
        with database.transaction() as connection:
            connection.execute(sql.remove_later, {"file_id": file_id, "error": str(error)[:500]})
        return
    with database.transaction() as connection:
        removed = connection.execute(sql.removed, {"file_id": file_id}).fetchone()
        _forget(connection, file_id, erase=bool(removed and removed["erase"]))


def _put_back(directus: Directus, row: Row) -> None:
    """The file's row, so that Directus can delete what it names.

    Directus deletes the row first and the bytes after it, and may have died in between. Where the bytes are gone too,
    nothing is lost by it.
    """
    place = {"id": str(row["file_id"]), "storage": row["storage"], "filename_disk": row["filename_disk"]}
    try:
        directus.post("/files", json={**place, "filename_download": "removed", "type": "application/octet-stream"})
    except DirectusError as error:
        if error.code != "RECORD_NOT_UNIQUE":
            raise


def _forget(connection: Any, file_id: UUID, *, erase: bool) -> None:
    known = connection.execute(sql.forget_content, {"file_id": file_id}).fetchone()
    connection.execute(sql.forget_looks, {"file_id": file_id})
    if erase:
        connection.execute(sql.forget_history, {"item": str(file_id)})
    if known and known["poster_id"]:
        connection.execute(sql.ask_to_remove, {"ids": [known["poster_id"]], "erase": erase})
