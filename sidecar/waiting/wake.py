"""Waking: a wait whose versions are decided becomes one delivery, in the transaction that ends it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sidecar.database import Connection, Database
from sidecar.events.deliver import queue_message
from sidecar.events.payload import cut, envelope, small
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]

KIND = "wait.decided"
# Of one message; how many there are it says.
MOST_DECISIONS = 50
# Of all of them together.
FEEDBACK_BYTES = 6000


def wake_decided(database: Database, projects: set[UUID | None], *, everything: bool = False) -> int:
    """Wake whoever waits for what is decided now: those who just began to wait, those in these projects, or all.
    Returns how many."""
    with database.transaction() as connection:
        due = [row["id"] for row in connection.execute(sql.due_waits).fetchall()]
        if not (due or projects or everything):
            return 0
        looked = {
            "ids": due,
            "all": everything or None in projects,
            "projects": [project for project in projects if project],
        }
        waits = connection.execute(sql.decided_waits, looked, prepare=False).fetchall()
        for wait in waits:
            _wake(connection, wait)
        if due:
            connection.execute(sql.looked, looked)
    return len(waits)


def message_of(wait: Row, run: Row, versions: list[Row], moment: datetime) -> dict[str, Any]:
    """What whoever is resumed gets. Pure."""
    decisions = [_decision(version) for version in versions]
    kinds = {decision["decision"] for decision in decisions}
    first = next((decision for decision in decisions if decision["reason"] or decision["feedback"]), decisions[0])
    room, told = FEEDBACK_BYTES, []
    for decision in decisions[:MOST_DECISIONS]:
        decision["feedback"], _ = small(decision["feedback"], room)
        room -= len(str(decision["feedback"])) if decision["feedback"] is not None else 0
        told.append({**decision, "reason": cut(decision["reason"], 200 if len(decisions) > 5 else 1000)})
    data = {
        "decision": kinds.pop() if len(kinds) == 1 else "mixed",
        "approved": all(decision["decision"] == "approved" for decision in decisions),
        "reason": cut(first["reason"]),
        "feedback": first["feedback"],
        **{name: decisions[0][name] for name in ("artifact_version_id", "schema_key", "version_number")},
        "decisions": told,
        "decisions_total": len(decisions),
        **run,
    }
    return envelope(KIND, moment, data)


def _wake(connection: Connection, wait: Row) -> None:
    if not connection.execute(sql.wake, {"id": wait["id"]}).rowcount:
        return
    versions = connection.execute(sql.decisions_told, {"ids": wait["ids"]}).fetchall()
    # With `any`, what nobody has decided yet is no decision.
    decided = [version for version in versions if version["status"] != "pending" or version["review_state"]]
    about = {**wait, "project_id": wait["project_id"] or versions[0]["project_id"]}
    run = connection.execute(sql.run_told, about).fetchone() or {}
    queue_message(
        connection,
        kind=KIND,
        message_id=f"wake_{wait['id'].hex}",
        payload=message_of(wait, run, decided, datetime.now(UTC)),
        wait_id=wait["id"],
    )


def _decision(version: Row) -> dict[str, Any]:
    status = version["status"]
    said = {"pending": "changes_requested", "superseded": "approved"}.get(status, status)
    return {
        **{name: version[name] for name in ("artifact_version_id", "schema_key", "version_number")},
        "decision": said,
        "status": status,
        "reason": version["reason"] or version["rejection_reason"],
        "feedback": version["feedback"],
        "actor_label": version["actor_label"],
        "decided_at": version["decided_at"],
    }
