"""Reading executions and what went in and came out of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.executions.status import EXECUTIONS
from sidecar.pages import next_cursor, place
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]

FIELDS = (
    "id", "project_id", "task_id", "name", "description", "session_id", "workflow_type", "status", "current_level",
    "engine", "engine_workflow_id", "engine_run_id", "request_id", "definition", "error_message", "started_at",
    "completed_at", "user_created", "date_created",
)  # fmt: skip


def find_execution(call: Call, execution_id: UUID) -> Row:
    """The execution's row. Raises Refusal execution_not_found."""
    row = call.connection.execute(sql.find_execution, {"id": execution_id}).fetchone()
    if row is None:
        raise _no_execution(execution_id)
    return row


def lock_execution(call: Call, execution_id: UUID) -> Row:
    """The same, locked against others who change it or add its steps. Raises Refusal execution_not_found."""
    row = call.connection.execute(sql.lock_execution, {"id": execution_id}).fetchone()
    if row is None:
        raise _no_execution(execution_id)
    return row


def present(execution: Row) -> Row:
    """An execution as the API shows it, with the statuses it may move to. Columns that people added stay theirs."""
    shown = {name: execution[name] for name in FIELDS}
    return {**shown, "allowed_statuses": EXECUTIONS.next(execution["status"])}


def list_executions(
    call: Call, filters: dict[str, Any], *, cursor: str | None, limit: int
) -> tuple[list[Row], str | None]:
    """A page of executions, newest first, and the cursor of the next (None on the last)."""
    parameters = {**filters, **place(cursor, date=datetime, id=UUID), "limit": limit + 1}
    rows = call.connection.execute(sql.list_executions, parameters).fetchall()
    rows, following = next_cursor(rows, limit, "date_created", "id")
    return [present(row) for row in rows], following


def links_of(
    call: Call, execution_id: UUID, *, stage: str | None, cursor: str | None, limit: int
) -> tuple[list[Row], str | None]:
    """A page of an execution's links to versions, oldest first, each at the stage it has reached now.

    Raises Refusal execution_not_found.
    """
    find_execution(call, execution_id)
    after = place(cursor, date=datetime, link=UUID)
    parameters = {"execution_id": execution_id, "stage": stage, **after, "limit": limit + 1}
    rows = call.connection.execute(sql.links_of_execution, parameters).fetchall()
    return next_cursor(rows, limit, "date_created", "id")


def _no_execution(execution_id: UUID) -> Refusal:
    return Refusal("execution_not_found", details={"execution_id": str(execution_id)})
