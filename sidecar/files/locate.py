"""Which file a path or a version gives."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sidecar.artifacts.latest import Want, version_of_path
from sidecar.call import Call
from sidecar.database import Connection
from sidecar.errors import Refusal
from sidecar.retention.removed import refuse_gone, refuse_removed_file
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]


def version_at(call: Call, project_id: UUID, path: str, want: Want, *, tell_newest: bool = True) -> Row:
    """The path's approved version, or its newest that is neither rejected nor archived.

    Raises Refusal nothing_at_path, which says what is there (`tell_newest`: to those who may know).
    """
    version = version_of_path(call, project_id, path, want)
    if version is not None:
        return version
    if not tell_newest:
        raise Refusal("nothing_at_path")
    newest = version_of_path(call, project_id, path, "latest")
    if newest is None:
        sentence = f"There is no version at {path}." if want == "latest" else f"Nothing is approved at {path} yet."
        raise Refusal("nothing_at_path", sentence, {"schema_key": path, "newest": None})
    sentence = f"Nothing is approved at {path} yet; version {newest['version_number']} is {newest['status']}."
    known = {name: str(newest[name]) for name in ("id", "status")} | {"version_number": newest["version_number"]}
    raise Refusal("nothing_at_path", sentence, {"schema_key": path, "newest": known})


def file_by_id(connection: Connection, file_id: UUID) -> Row:
    """{id, type, filename_download} of a file.

    Raises Refusal bytes_missing, bytes_removed, version_erased.
    """
    file = connection.execute(sql.file_by_id, {"id": file_id}).fetchone()
    if file is None:
        refuse_removed_file(connection, file_id)
        raise Refusal("bytes_missing", details={"file_id": str(file_id)})
    return file


def file_of(call: Call, version: Row, n: int | None) -> Row | None:
    """The version's `n`-th file (from 1, in their order), else its primary one.

    {id, type, filename_download, filesize}; None when it has no file but an address its bytes are at.
    Raises Refusal file_not_linked, bytes_removed, version_erased.
    """
    files = call.connection.execute(sql.linked_files, {"version_id": version["id"]}).fetchall()
    if n is None:
        primary = next((file for file in files if file["id"] == version["primary_file_id"]), None)
        found = primary or (files[0] if files else None)
    else:
        found = files[n - 1] if n <= len(files) else None
    if found is not None or (n is None and version["source_url"]):
        return found
    refuse_gone(version)
    name = f"Version {version['version_number']} of {version['schema_key']}"
    count = len(files)
    sentence = f"{name} has {count} {'file' if count == 1 else 'files'}." if count else f"{name} has no file."
    raise Refusal("file_not_linked", sentence, {"artifact_version_id": str(version["id"]), "files": count})
