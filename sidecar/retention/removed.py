"""What versions no longer have: the files they had, and the refusal of whoever asks for what is gone."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

from sidecar.call import Call
from sidecar.database import Connection
from sidecar.errors import Refusal
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]

REMOVED_FIELDS = ("id", "filename_download", "type", "filesize", "sha256", "removed_at")


def removed_files(call: Call, versions: list[Row]) -> dict[UUID, list[Row]]:
    """By version, the files it had: {id, filename_download, type, filesize, sha256 (hex), removed_at}, in order.

    The database is asked only if some version has lost any.
    """
    ids = [version["id"] for version in versions if version["bytes_removed_at"]]
    found: dict[UUID, list[Row]] = defaultdict(list)
    if ids:
        for row in call.connection.execute(sql.removed_of, {"ids": ids}).fetchall():
            found[row["artifact_version_id"]].append({name: row[name] for name in REMOVED_FIELDS})
    return found


def refuse_gone(version: Row, *, value: bool = True, files: bool = True) -> None:
    """Raise Refusal version_erased or bytes_removed when the part of a version that is wanted is gone."""
    if version["erased_at"] and (value or files):
        raise gone(version, "version_erased", f"was erased on {version['erased_at']:%Y-%m-%d}")
    if version["bytes_removed_at"] and files:
        raise gone(version, "bytes_removed", f"has lost its files on {version['bytes_removed_at']:%Y-%m-%d}")


def gone(version: Row, code: str, what: str) -> Refusal:
    details = {"artifact_version_id": str(version["id"]), "schema_key": version["schema_key"]}
    return Refusal(code, f"Version {version['version_number']} of {version['schema_key']} {what}.", details)


def refuse_removed_file(connection: Connection, file_id: UUID) -> None:
    """Raise Refusal bytes_removed or version_erased for a file that the registry had deleted."""
    row = connection.execute(sql.removal_of, {"file_id": file_id}).fetchone()
    if row is not None:
        code, why = (
            ("version_erased", "its version was erased")
            if row["erase"]
            else ("bytes_removed", "as its project's template says")
        )
        raise Refusal(code, f"This file was removed: {why}.", {"file_id": str(file_id)})
