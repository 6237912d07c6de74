"""Which versions went into a run and came out of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.executions.read import lock_execution
from sidecar.executions.status import Stage
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]

_FURTHER = {"generated": 0, "reviewed": 1, "approved": 2, "failed": 2}


def link_version(
    call: Call, execution_id: UUID, step_id: UUID | None, version_id: UUID, stage: Stage
) -> tuple[Row, bool]:
    """Link a version to a run at a stage; the link, and whether it is new.

    An output stands at one stage: linked again further on, it moves there, and never back. What has been decided about
    a version says more than the caller. Raises Refusal execution_not_found, step_not_found, artifact_not_found,
    stage_by_decision.
    """
    lock_execution(call, execution_id)
    version = call.connection.execute(sql.lock_version, {"id": version_id}).fetchone()
    if version is None:
        raise Refusal("artifact_not_found", details={"artifact_version_id": str(version_id)})
    here = {"execution_id": execution_id, "step_id": step_id, "artifact_version_id": version_id}
    here["stage"] = stage if stage == "input" else _reached(version, stage)
    added = call.connection.execute(sql.link_version, here).fetchone() is not None
    if not added and stage != "input":
        here["stage"] = _moved(call, here)
    link = call.connection.execute(sql.find_link, here).fetchone()
    assert link is not None  # noqa: S101  it was there, was moved or was added
    return link, added


def link_inputs(call: Call, step: Row, version_ids: list[UUID]) -> None:
    """Link the versions a step was given. Raises Refusal artifact_not_found."""
    for version_id in version_ids:
        link = {"execution_id": step["execution_id"], "step_id": step["id"], "artifact_version_id": version_id}
        call.connection.execute(sql.link_version, {**link, "stage": "input"})


def link_output(call: Call, version_id: UUID, execution_id: UUID | None, step_id: UUID | None) -> None:
    """Link what a run, or a step of it, has made: a new version, or one that was there with the same content.

    For a submission; costs nothing where neither is named. Raises Refusal execution_not_found, step_not_found.
    """
    if execution_id or step_id:
        link = {"execution_id": execution_id, "step_id": step_id, "artifact_version_id": version_id}
        call.connection.execute(sql.link_output, link)


def _moved(call: Call, here: Row) -> str:
    """The stage at which an output that is linked already stands now: it only moves on."""
    link = call.connection.execute(sql.output_link, here).fetchone()
    assert link is not None  # noqa: S101  it was in the way of the insert; nobody deletes links
    if _FURTHER[link["stage"]] >= _FURTHER[here["stage"]]:
        return link["stage"]
    call.connection.execute(sql.move_link, {"id": link["id"], "stage": here["stage"]})
    return here["stage"]


def _reached(version: Row, said: Stage) -> str:
    if version["status"] in ("approved", "superseded"):
        return "approved"
    if version["status"] == "rejected":
        return "failed"
    if said == "approved":
        raise Refusal("stage_by_decision", details={"status": version["status"]})
    return "reviewed" if version["review_state"] and said == "generated" else said
