"""Reading transfers."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.pages import next_cursor, place
from sidecar.sql import Statements
from sidecar.transfers.status import TRANSFERS

sql = Statements(__file__)
Row = dict[str, Any]

FIELDS = (
    "id", "artifact_version_id", "project_id", "schema_key", "version_number", "source_step_id", "target_step_id",
    "target_server", "target_subfolder", "status", "attempts", "next_attempt_at", "uploaded_at", "error_message",
    "result", "user_created", "date_created",
)  # fmt: skip


def find_transfer(call: Call, transfer_id: UUID) -> Row:
    """The transfer's row with the name of its version. Raises Refusal transfer_not_found."""
    row = call.connection.execute(sql.find_transfer, {"id": transfer_id}).fetchone()
    if row is None:
        raise Refusal("transfer_not_found", details={"transfer_id": str(transfer_id)})
    return row


def present(transfer: Row) -> Row:
    """A transfer as the API shows it, with the statuses it may move to. Columns that people added stay theirs."""
    shown = {name: transfer[name] for name in FIELDS}
    return {**shown, "allowed_statuses": TRANSFERS.next(transfer["status"])}


def list_transfers(call: Call, filters: Row, *, cursor: str | None, limit: int) -> tuple[list[Row], str | None]:
    """A page of transfers, newest first, and the cursor of the next (None on the last).

    Raises Refusal invalid_value for a cursor this API did not make.
    """
    parameters = {**filters, **place(cursor, date=datetime, id=UUID), "limit": limit + 1}
    # Prepared, it would get one plan for all filters, which walks through every transfer for one version's.
    rows = call.connection.execute(sql.list_transfers, parameters, prepare=False).fetchall()
    rows, following = next_cursor(rows, limit, "date_created", "id")
    return [present(row) for row in rows], following
