"""Promoting because a task is done: by the Flow, and by the worker for whatever the Flow missed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sidecar.access.caller import SYSTEM
from sidecar.call import Call
from sidecar.database import Connection, Database
from sidecar.errors import CODES, Refusal
from sidecar.promotion.promote import Target, promote
from sidecar.settings import Settings
from sidecar.sql import Statements

sql = Statements(__file__)


def tasks_awaiting_promotion(connection: Connection) -> list[UUID]:
    """Tasks that are done and have approved outputs outside the context."""
    return [row["id"] for row in connection.execute(sql.tasks_awaiting_promotion).fetchall()]


def promote_done_task(database: Database, settings: Settings, task_id: UUID, request_id: str) -> dict[str, Any]:
    """Promote a done task's outputs as the registry itself. A refusal is written to the task, then raised."""

    def work(connection: Connection) -> dict[str, Any]:
        call = Call(connection, SYSTEM, request_id, settings)
        answer = promote(call, Target(task_id=task_id), reason="The task is done.")
        note_success(connection, task_id)
        return answer

    try:
        return database.run(work)
    except Refusal as refusal:
        if refusal.status < 500:
            _note(database, task_id, refusal)
        raise


def _note(database: Database, task_id: UUID, refusal: Refusal) -> None:
    database.run(lambda connection: note_failure(connection, task_id, refusal))


def note_failure(connection: Connection, task_id: UUID, refusal: Refusal) -> None:
    """Write on the task why its outputs could not be promoted."""
    code = CODES[refusal.code]
    error = f"{refusal.message or code.sentence} {code.next_step} ({refusal.code})"
    connection.execute(sql.set_promotion_error, {"task_id": task_id, "error": error})


def note_success(connection: Connection, task_id: UUID) -> None:
    """Take an earlier failure off the task."""
    connection.execute(sql.set_promotion_error, {"task_id": task_id, "error": None})
