"""Changing an execution: where it stands, and what is known about it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.executions.create import json_or_null
from sidecar.executions.read import lock_execution
from sidecar.executions.status import EXECUTIONS, Machine
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]


def change_execution(call: Call, execution_id: UUID, changes: Row) -> Row:
    """Carry out `changes` (columns by name) on a run, under its lock. The same change again changes nothing.

    A resumed run (failed → running) has no error and no end any more. Raises Refusal execution_not_found,
    execution_status_order.
    """
    execution = lock_execution(call, execution_id)
    refuse_move(EXECUTIONS, "An execution", execution, changes)
    resumed = (execution["status"], changes.get("status")) == ("failed", "running")
    after = {**execution, **({"error_message": None} if resumed else {}), **changes}
    if after == execution:
        return execution
    row = call.connection.execute(
        sql.change_execution, {**after, "definition": json_or_null(after["definition"])}
    ).fetchone()
    assert row is not None  # noqa: S101  the row is locked by us
    return row


def refuse_move(machine: Machine, what: str, row: Row, changes: Row) -> None:
    """Raise the machine's Refusal when `changes` move the status where it may not go from here."""
    before = row["status"] or machine.statuses[0]
    after = changes.get("status", before)
    if after != before and (before, after) not in machine.moves:
        details = {"status": before, "allowed_statuses": machine.next(before)}
        raise Refusal(machine.guard, f"{what} that is {before} cannot become {after}.", details)
