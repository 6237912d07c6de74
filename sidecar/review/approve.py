"""Approving: pending versions become approved, and the ones they replace give way. No context is touched here."""

from __future__ import annotations

from typing import Any

from sidecar import audit
from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]


def approve_pending(
    call: Call, versions: list[Row], reason: str | None, feedback: Any = None
) -> tuple[list[Row], list[audit.Entry]]:
    """Approve the pending ones among locked `versions` of one locked project; approved ones pass as they are.

    Returns the versions as approved, and the approval records still to be written.
    Raises Refusal forbidden, not_submitted, already_decided, two_approvals_for_one_path.
    """
    pending = [v for v in versions if v["status"] == "pending"]
    for version in versions:
        refuse_unapprovable(version)
    refuse_two_of_one_path(versions)
    if not pending:
        return versions, []
    call.caller.must("review")
    superseded = _supersede(call, pending)
    approved = call.connection.execute(
        sql.approve, {"ids": [v["id"] for v in pending], "actor_id": call.caller.user_id}
    ).fetchall()
    by_path = {v["schema_key"]: v for v in approved}
    records = [audit.Entry(version, "approve", reason, feedback) for version in approved]
    records += [
        audit.Entry(old, "supersede", f"Superseded by version {by_path[old['schema_key']]['version_number']}.")
        for old in superseded
    ]
    standing = [v for v in versions if v["status"] == "approved"]
    return standing + approved, records


def refuse_unapprovable(version: Row) -> None:
    """Raise Refusal unless the version is pending or approved."""
    if version["status"] == "intermediate":
        raise Refusal("not_submitted", details=_place(version))
    if version["status"] not in ("pending", "approved"):
        sentence = f"Version {version['version_number']} of {version['schema_key']} is {version['status']} already."
        raise Refusal("already_decided", sentence, {**_place(version), "status": version["status"]})


def refuse_two_of_one_path(versions: list[Row]) -> None:
    """Raise Refusal two_approvals_for_one_path when two of the versions share a path."""
    paths: set[tuple[Any, str]] = set()
    for version in versions:
        place = (version["project_id"], version["schema_key"])
        if place in paths:
            raise Refusal("two_approvals_for_one_path", details={"schema_key": version["schema_key"]})
        paths.add(place)


def _supersede(call: Call, pending: list[Row]) -> list[Row]:
    return call.connection.execute(
        sql.supersede,
        {
            "project_id": pending[0]["project_id"],
            "schema_keys": [v["schema_key"] for v in pending],
            "ids": [v["id"] for v in pending],
        },
    ).fetchall()


def _place(version: Row) -> dict[str, Any]:
    return {
        "artifact_version_id": str(version["id"]),
        "schema_key": version["schema_key"],
        "version_number": version["version_number"],
    }
