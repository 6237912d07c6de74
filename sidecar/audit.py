"""Approval records: the append-only account of who did what to a version, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from sidecar.access.caller import Caller
from sidecar.database import Connection

# All records of a decision in one statement, in the order given.
_INSERT = """
insert into public.artifact_approvals
    (artifact_version_id, project_id, task_id, action, actor_id, actor_type, actor_label, reason, feedback,
     promotion_id, request_id)
select r.artifact_version_id, r.project_id, r.task_id, r.action, %(actor_id)s, %(actor_type)s, %(actor_label)s,
       r.reason, nullif(r.feedback, 'null'), r.promotion_id, %(request_id)s
from jsonb_to_recordset(%(records)s) as r(
    artifact_version_id uuid, project_id uuid, task_id uuid, action text, reason text, feedback jsonb,
    promotion_id uuid)
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
    if not entries:
        return []
    parameters = {
        "actor_id": caller.user_id,
        "actor_type": caller.actor_type,
        "actor_label": caller.label,
        "request_id": request_id,
        "records": Jsonb([as_record(entry) for entry in entries]),
    }
    return connection.execute(_INSERT, parameters).fetchall()


def as_record(entry: Entry) -> dict[str, Any]:
    """An entry as the statements take it."""
    return {
        "artifact_version_id": entry.version["id"],
        "project_id": entry.version["project_id"],
        "task_id": entry.version["source_task_id"],
        "action": entry.action,
        "reason": entry.reason,
        "feedback": entry.feedback,
        "promotion_id": entry.promotion_id,
    }
