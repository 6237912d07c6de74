"""Moving a transfer on: by a program that carries the bytes itself, and by whoever wants a failed one tried again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation

from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.executions.change import refuse_move
from sidecar.executions.create import json_or_null
from sidecar.sql import Statements
from sidecar.transfers.add import open_transfer
from sidecar.transfers.read import find_transfer
from sidecar.transfers.servers import names_of
from sidecar.transfers.status import OPEN, TRANSFERS

sql = Statements(__file__)
Row = dict[str, Any]


def change_transfer(call: Call, transfer_id: UUID, changes: Row) -> Row:
    """Carry out `changes` (status, error_message, result, target_step_id) on a transfer, under its lock.

    The same change again changes nothing. What a worker is sending may be called failed, and nothing else.
    Raises Refusal transfer_not_found, transfer_status_order, transfer_carried, step_not_found.
    """
    transfer = _lock(call, transfer_id)
    refuse_move(TRANSFERS, "A transfer", transfer, changes)
    status = changes.get("status", transfer["status"])
    if status not in (transfer["status"], "failed") or (status == "uploading" and "status" in changes):
        _refuse_carried(transfer)
    if (transfer["status"], status) == ("failed", "pending"):
        return retry_transfer(call, transfer_id)[0]
    after = {**transfer, **changes}
    if after == transfer:
        return transfer
    if status != transfer["status"]:
        after["next_attempt_at"] = None
        after["attempts"] = (transfer["attempts"] or 0) + (status == "uploading")
    call.connection.execute(sql.change_transfer, {**after, "result": json_or_null(after["result"])})
    return find_transfer(call, transfer_id)


def retry_transfer(call: Call, transfer_id: UUID) -> tuple[Row, bool]:
    """A failed transfer, waiting to be sent again; and whether it was under way already, itself or the same one asked
    for anew.

    Raises Refusal transfer_not_found, transfer_status_order.
    """
    transfer = _lock(call, transfer_id)
    if transfer["status"] in OPEN:
        return transfer, True
    refuse_move(TRANSFERS, "A transfer", transfer, {"status": "pending"})
    again = {**transfer, "status": "pending", "result": json_or_null(transfer["result"])}
    names = names_of(call.settings, transfer["target_server"])
    known = open_transfer(call, {**transfer, "names": names})
    try:
        with call.connection.transaction():
            if known is None:
                call.connection.execute(sql.change_transfer, again)
    except UniqueViolation:
        known = open_transfer(call, {**transfer, "names": names})
    return find_transfer(call, known or transfer_id), known is not None


def _lock(call: Call, transfer_id: UUID) -> Row:
    row = call.connection.execute(sql.lock_transfer, {"id": transfer_id}).fetchone()
    if row is None:
        raise Refusal("transfer_not_found", details={"transfer_id": str(transfer_id)})
    return row


def _refuse_carried(transfer: Row) -> None:
    """A worker's lease is the only thing that gives a transfer under way a next attempt."""
    if transfer["status"] == "uploading" and transfer["next_attempt_at"] is not None:
        raise Refusal("transfer_carried", details={"next_attempt_at": transfer["next_attempt_at"].isoformat()})
