"""Asking for a version to be sent to another server."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sidecar.artifacts.read import find_version
from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.sql import Statements
from sidecar.transfers.read import find_transfer
from sidecar.transfers.servers import find_server, names_of

sql = Statements(__file__)
Row = dict[str, Any]


def add_transfer(call: Call, transfer: Row) -> tuple[Row, bool]:
    """Queue an approved version for a server; the transfer, and whether it is new.

    `transfer` has artifact_version_id, target_server (a name or an origin), target_subfolder, source_step_id (else the
    step that made the version), target_step_id, and status: pending for the worker to send, uploading for a caller who
    carries the bytes. While one of the same version to the same folder is under way, it is that one.
    Raises Refusal artifact_not_found, not_approved, nothing_to_transfer, server_not_allowed, step_not_found.
    """
    server = find_server(call.settings, transfer["target_server"])
    version = find_version(call, transfer["artifact_version_id"])
    refuse_unapproved(version)
    if not call.connection.execute(sql.files_to_send, {"id": version["id"]}).fetchone():
        raise Refusal("nothing_to_transfer", details={"artifact_version_id": str(version["id"])})
    row = {
        **transfer,
        "target_server": server.name,
        "source_step_id": transfer["source_step_id"] or version["step_id"],
        "attempts": 1 if transfer["status"] == "uploading" else 0,
        "user_created": call.caller.user_id,
        "names": names_of(call.settings, server.name),
    }
    known = open_transfer(call, row)
    if known is None:
        added = call.connection.execute(sql.add_transfer, row).fetchone()
        if added is not None:
            return find_transfer(call, added["id"]), True
        known = open_transfer(call, row)  # somebody else asked for the same at the same moment
    if known is None:
        raise Refusal("registry_busy", headers={"Retry-After": "1"})
    return find_transfer(call, known), False


def open_transfer(call: Call, transfer: Row) -> UUID | None:
    """The id of what is under way of a version to one of the server's `names` and a folder there."""
    row = call.connection.execute(sql.open_transfer, transfer).fetchone()
    return row["id"] if row else None


def refuse_unapproved(version: Row) -> None:
    """Raise Refusal not_approved unless the version is approved now: nothing else leaves the registry."""
    if version["status"] != "approved":
        sentence = f"Version {version['version_number']} of {version['schema_key']} is {version['status']}."
        details = {"artifact_version_id": str(version["id"]), "status": version["status"]}
        raise Refusal("not_approved", sentence, details)
