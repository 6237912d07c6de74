"""The statuses of transfers: which moves there are. Pure."""

from __future__ import annotations

from sidecar.executions.status import Machine

TRANSFERS = Machine(
    statuses=("pending", "uploading", "completed", "failed"),
    moves={
        ("pending", "uploading"): "start",
        ("pending", "failed"): "fail",
        ("uploading", "completed"): "complete",
        ("uploading", "failed"): "fail",
        ("uploading", "pending"): "try again later",
        ("failed", "pending"): "retry",
    },
    aliases={},
    guard="transfer_status_order",
)
OPEN = ("pending", "uploading")
