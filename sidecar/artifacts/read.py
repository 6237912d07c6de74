"""Reading versions: one, and all of a path."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

from sidecar.artifacts.status import approval_status, lifecycle
from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.retention.removed import removed_files
from sidecar.review.allowed import allowed_actions
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]

FILE_FIELDS = ("id", "type", "title", "filename_download", "filesize", "width", "height", "changed_at")


def find_version(call: Call, version_id: UUID) -> Row:
    """The version's row. Raises Refusal artifact_not_found."""
    row = call.connection.execute(sql.find_version, {"id": version_id}).fetchone()
    if row is None:
        raise Refusal("artifact_not_found", details={"artifact_version_id": str(version_id)})
    return row


def present(call: Call, versions: list[Row]) -> list[Row]:
    """Versions as the API shows them: their columns, their status in other words, their files in order, and what the
    caller may do now."""
    files: dict[UUID, list[Row]] = defaultdict(list)
    rows = call.connection.execute(sql.files_of_versions, {"ids": [v["id"] for v in versions]}).fetchall()
    for row in rows:
        files[row["artifact_version_id"]].append({name: row[name] for name in FILE_FIELDS})
    origins, removed = _origins(call, versions), removed_files(call, versions)
    return [
        {
            **version,
            "lifecycle": lifecycle(version["status"]),
            "approval_status": approval_status(version, origins.get(version["id"])),
            "files": files[version["id"]],
            "removed_files": removed[version["id"]],
            **_changed(files[version["id"]]),
            "allowed_actions": allowed_actions(version, call.caller),
        }
        for version in versions
    ]


def versions_of_path(call: Call, version_id: UUID, limit: int) -> list[Row]:
    """Every version of the path that `version_id` belongs to, newest first."""
    version = find_version(call, version_id)
    place = {"project_id": version["project_id"], "schema_key": version["schema_key"], "limit": limit}
    return present(call, call.connection.execute(sql.versions_of_path, place).fetchall())


def _origins(call: Call, versions: list[Row]) -> dict[UUID, Row]:
    """By id, how versions that were decided came about; not asked for what is only submitted."""
    ids = [version["id"] for version in versions if version["status"] in ("approved", "superseded", "archived")]
    if not ids:
        return {}
    return {row["id"]: row for row in call.connection.execute(sql.origins_of_versions, {"ids": ids}).fetchall()}


def _changed(files: list[Row]) -> Row:
    """Whether bytes of a version are no longer those that were submitted, and the sentence that says so."""
    names = [file["filename_download"] or str(file["id"]) for file in files if file["changed_at"]]
    sentence = f"The bytes of {', '.join(names)} were replaced in Directus after they were submitted."
    return {"content_changed": bool(names), "content_changed_reason": sentence if names else None}
