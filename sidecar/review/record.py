"""Deciding by an approval record, as a caller of Directus writes one beside or instead of editing the status."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.review.decide import Decision, decide
from sidecar.sql import Statements

sql = Statements(__file__)

_ACTIONS = ("approve", "reject", "request_changes", "comment")


def record_approval(
    call: Call, version_id: UUID, action: str, reason: str | None, feedback: Any, claimed: dict[str, str | None]
) -> dict[str, Any]:
    """Carry out `action` and return the approval record that now says so.

    The record may come after the decision it describes: then its reason joins the caller's own record. The actor is the
    caller; another one named in `claimed` is kept in the feedback.
    Raises Refusal approval_action_known and whatever decide() refuses.
    """
    if action not in _ACTIONS:
        raise Refusal("approval_action_known", details={"action": action[:100]})
    decision = Decision(version_id, action, reason, _with_claim(call, feedback, claimed))
    decide(call, [decision], promote="task_done")
    place = {
        "id": version_id,
        "action": action,
        "actor_id": call.caller.user_id,
        "actor_label": call.caller.label,
    }
    row = call.connection.execute(sql.own_record, place).fetchone()
    row = row or call.connection.execute(sql.any_record, place).fetchone()
    if row is None:
        raise Refusal("artifact_not_found")
    return row


def approvals_of(call: Call, version_id: UUID) -> list[dict[str, Any]]:
    """Every approval record of a version, oldest first. Raises Refusal artifact_not_found."""
    rows = call.connection.execute(sql.approvals_of_version, {"id": version_id}).fetchall()
    if not rows and not call.connection.execute(sql.version_exists, {"id": version_id}).fetchone():
        raise Refusal("artifact_not_found", details={"artifact_version_id": str(version_id)})
    return rows


def approvals_of_versions(call: Call, version_ids: list[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """The approval records of each of some versions, oldest first; none for one that is not there."""
    found: dict[UUID, list[dict[str, Any]]] = {version_id: [] for version_id in version_ids}
    for row in call.connection.execute(sql.approvals_of_versions, {"ids": version_ids}).fetchall():
        found[row["artifact_version_id"]].append(row)
    return found


def _with_claim(call: Call, feedback: Any, claimed: dict[str, str | None]) -> Any:
    other = claimed["actor_id"] is not None and claimed["actor_id"] != str(call.caller.user_id)
    if not other and claimed["actor_type"] in (None, call.caller.actor_type):
        return feedback
    claim = {"claimed": {key: value for key, value in claimed.items() if value is not None}}
    if feedback is None:
        return claim
    return {**feedback, **claim} if isinstance(feedback, dict) else {"feedback": feedback, **claim}
