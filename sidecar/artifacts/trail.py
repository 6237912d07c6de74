"""A project's audit: everything that was decided, locked, tagged and promoted, as the log of its records has it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sidecar.call import Call
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]

_SAID = (
    "artifact_version_id", "task_id", "actor_id", "actor_type", "actor_label", "reason", "feedback", "promotion_id",
    "context_version", "request_id", "date_created",
)  # fmt: skip

_DEEDS = {"promotion": "promote", "erasure": "erase"}


def trail(call: Call, project_id: UUID, *, before: int | None, limit: int) -> list[Row]:
    """The entries of a project's audit log, newest first, from below entry `before`.

    An entry's hash covers the entry before it: whoever keeps one can tell that nothing earlier was changed.
    """
    parameters = {"project_id": project_id, "before": before, "limit": limit}
    return [_entry(row) for row in call.connection.execute(sql.trail, parameters).fetchall()]


def _entry(row: Row) -> Row:
    content = row["content"]
    feedback = content.get("feedback")
    # A lock is of a path, which its record names itself.
    path = feedback.get("schema_key") if isinstance(feedback, dict) else None
    return {
        "number": row["number"],
        "kind": row["kind"],
        "action": content.get("action") or _DEEDS.get(row["kind"]),
        "schema_key": row["schema_key"] or path,
        "version_number": row["version_number"],
        **{name: content.get(name) for name in _SAID},
        "hash": row["hash"],
    }
