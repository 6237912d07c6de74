"""Approval records: the append-only account of who did what to a version, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from sidecar.access.caller import Caller
from sidecar.database import Connection

_INSERT = """
insert into public.artifact_approvals
    (artifact_version_id, project_id, task_id, action, actor_id, actor_type, actor_label, reason, feedback,
     promotion_id, request_id)
values (%(artifact_version_id)s, %(project_id)s, %(task_id)s, %(action)s, %(actor_id)s, %(actor_type)s, %(actor_label)s,
        %(reason)s, %(feedback)s, %(promotion_id)s, %(request_id)s)
on conflict do nothing
returning *
"""


@dataclass(slots=True)
class Entry:
    """One record to be written. `version` is a row of artifact_versions."""

    version: dict[str, Any]
    action: str
    reason: str | None = None
    feedback: Any = None
    promotion_id: UUID | None = None


def record(connection: Connection, caller: Caller, request_id: str, entries: list[Entry]) -> list[dict[str, Any]]:
    """Write the records and return their rows. An approval by the same actor that stands already is left as it is."""
    rows = []
    for entry in entries:
        written = connection.execute(_INSERT, _parameters(caller, request_id, entry)).fetchone()
        if written is not None:
            rows.append(written)
    return rows


def _parameters(caller: Caller, request_id: str, entry: Entry) -> dict[str, Any]:
    return {
        "artifact_version_id": entry.version["id"],
        "project_id": entry.version["project_id"],
        "task_id": entry.version["source_task_id"],
        "action": entry.action,
        "actor_id": caller.user_id,
        "actor_type": caller.actor_type,
        "actor_label": caller.label,
        "reason": entry.reason,
        "feedback": None if entry.feedback is None else Jsonb(entry.feedback),
        "promotion_id": entry.promotion_id,
        "request_id": request_id,
    }
