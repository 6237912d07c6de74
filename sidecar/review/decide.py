"""Review: decisions on one or many versions, all of them or none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal
from uuid import UUID

from psycopg.types.json import Jsonb

from sidecar import audit
from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.promotion.promote import enter_context, lock_project
from sidecar.review.approve import approve_pending, refuse_two_of_one_path
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]
Action = Literal["approve", "reject", "request_changes", "comment", "submit", "archive"]
Promote = Literal["now", "task_done", "never"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What one person says about one version."""

    artifact_version_id: UUID
    action: Action
    reason: str | None = None
    feedback: Any = None


@dataclass(slots=True)
class Outcome:
    """A decision together with the version it found and the version it left."""

    decision: Decision
    before: Row
    after: Row
    record: audit.Entry | None = None

    @property
    def repeated(self) -> bool:
        return self.decision.action != "comment" and self.record is None


def decide(
    call: Call,
    decisions: list[Decision],
    *,
    promote: Promote = "now",
    complete_task: bool = False,
    dry_run: bool = False,
) -> dict[str, Any]:
    """Carry out every decision, or none.

    The same decision again is the same answer; another decision on a decided version is refused. `promote` says when
    approved versions enter the context: now, when their task is done (versions of no unfinished task at once), or never
    by this call. Returns {"decisions": [{artifact_version_id, schema_key, version_number, action, status, review_state,
    repeated}], "promotions": [as promote() answers]}.
    Raises Refusal artifact_not_found, decision_repeated, two_approvals_for_one_path, already_decided, not_submitted,
    reason_required, forbidden, context_path_occupied, registry_busy.
    """
    if complete_task and promote == "task_done":
        promote = "now"  # their task is done with this decision
    if dry_run:
        with call.connection.transaction(force_rollback=True):
            return _decide(call, decisions, promote, complete_task, explain=True)
    return _decide(call, decisions, promote, complete_task, explain=False)


def _decide(
    call: Call, decisions: list[Decision], promote: Promote, complete_task: bool, *, explain: bool
) -> dict[str, Any]:
    projects = _lock_projects(call, decisions)
    versions = _lock_versions(call, decisions)
    refuse_two_of_one_path([versions[d.artifact_version_id] for d in decisions if d.action == "approve"])
    outcomes = [_DECIDE[d.action](call, d, versions[d.artifact_version_id]) for d in decisions if d.action != "approve"]
    promotions = []
    by_project = sorted(
        (d for d in decisions if d.action == "approve"),
        key=lambda d: str(versions[d.artifact_version_id]["project_id"]),
    )
    for project_id, group in groupby(by_project, key=lambda d: versions[d.artifact_version_id]["project_id"]):
        approved, promotion = _approve(call, projects[project_id], list(group), versions, promote, explain)
        outcomes += approved
        promotions += promotion
    _record(
        call, [o for o in outcomes if o.record and o.record.promotion_id is None and o.decision.action != "approve"]
    )
    if complete_task:
        tasks = [o.after["source_task_id"] for o in outcomes if o.after["source_task_id"]]
        call.connection.execute(sql.complete_tasks, {"ids": tasks})
    order = {d.artifact_version_id: i for i, d in enumerate(decisions)}
    outcomes.sort(key=lambda o: order[o.decision.artifact_version_id])
    return {"decisions": [_answer(o) for o in outcomes], "promotions": promotions}


def _lock_projects(call: Call, decisions: list[Decision]) -> dict[UUID, Row]:
    ids = [d.artifact_version_id for d in decisions]
    if len(set(ids)) < len(ids):
        raise Refusal("decision_repeated")
    rows = call.connection.execute(sql.projects_of_versions, {"ids": ids}).fetchall()
    missing = set(ids) - {row["id"] for row in rows}
    if missing:
        raise Refusal("artifact_not_found", details={"artifact_version_ids": sorted(map(str, missing))})
    # Projects before versions, each kind in order: everybody who decides takes these locks in the same order.
    locked = (lock_project(call, project_id) for project_id in sorted({row["project_id"] for row in rows}))
    return {project["id"]: project for project in locked if project}


def _lock_versions(call: Call, decisions: list[Decision]) -> dict[UUID, Row]:
    rows = call.connection.execute(sql.lock_versions, {"ids": [d.artifact_version_id for d in decisions]}).fetchall()
    return {row["id"]: row for row in rows}


def _approve(
    call: Call, project: Row, decisions: list[Decision], versions: dict[UUID, Row], promote: Promote, explain: bool
) -> tuple[list[Outcome], list[dict[str, Any]]]:
    call.caller.must("review")
    outcomes: list[Outcome] = []
    records: list[audit.Entry] = []
    for decision in decisions:
        before = versions[decision.artifact_version_id]
        approved, written = approve_pending(call, [before], decision.reason, decision.feedback)
        records += written
        own = next((entry for entry in written if entry.action == "approve"), None)
        outcomes.append(Outcome(decision, before, approved[0], own))
        if own is None:
            _add_reason(call, decision, before)
    waiting = [o.after for o in outcomes if o.after["promoted_at"] is None]
    ready = _ready(call, waiting, promote)
    if not ready:
        audit.record(call.connection, call.caller, call.request_id, records)
        return outcomes, []
    reason = next((d.reason for d in decisions if d.reason), None)
    return outcomes, [enter_context(call, project, ready, records, reason, explain=explain)]


def _ready(call: Call, versions: list[Row], promote: Promote) -> list[Row]:
    if promote == "never" or not versions:
        return []
    if promote == "now":
        return versions
    rows = call.connection.execute(sql.unfinished_tasks, {"ids": [v["id"] for v in versions]}).fetchall()
    unfinished = {row["id"] for row in rows}
    return [v for v in versions if v["id"] not in unfinished]


def _reject(call: Call, decision: Decision, version: Row) -> Outcome:
    call.caller.must("review")
    parameters = {"id": version["id"], "reason": decision.reason}
    if version["status"] == "rejected" and decision.reason:
        call.connection.execute(sql.keep_rejection_reason, parameters)
    return _move(call, decision, version, sql.reject, "rejected", parameters)


def _request_changes(call: Call, decision: Decision, version: Row) -> Outcome:
    call.caller.must("review")
    if not decision.reason and not decision.feedback:
        raise Refusal("reason_required", details={"artifact_version_id": str(version["id"])})
    if version["status"] != "pending":
        raise _decided(version)
    own = call.connection.execute(sql.own_record, _own(call, version, "request_changes")).fetchone()
    said = own is not None and (own["reason"], own["feedback"]) == (decision.reason, decision.feedback)
    if version["review_state"] == "changes_requested" and said:
        return Outcome(decision, version, version)
    after = call.connection.execute(sql.request_changes, {"id": version["id"]}).fetchone()
    return Outcome(decision, version, after or version, _entry(decision, version))


def _comment(call: Call, decision: Decision, version: Row) -> Outcome:
    call.caller.must("produce")
    if not decision.reason and not decision.feedback:
        raise Refusal("reason_required", "Say something.", {"artifact_version_id": str(version["id"])})
    return Outcome(decision, version, version, _entry(decision, version))


def _submit(call: Call, decision: Decision, version: Row) -> Outcome:
    call.caller.must("produce")
    if version["status"] == "pending":
        return Outcome(decision, version, version)
    after = call.connection.execute(sql.submit, {"id": version["id"]}).fetchone()
    if after is None:
        raise _decided(version)
    return Outcome(decision, version, after, None)


def _archive(call: Call, decision: Decision, version: Row) -> Outcome:
    own_candidate = version["status"] in ("intermediate", "pending") and version["user_created"] == call.caller.user_id
    call.caller.must("produce" if own_candidate and call.caller.user_id else "review")
    if version["status"] == "approved":
        raise Refusal("approved_is_replaced", details={"artifact_version_id": str(version["id"])})
    return _move(call, decision, version, sql.archive, "archived", {"id": version["id"]})


def _move(
    call: Call, decision: Decision, version: Row, statement: Any, status: str, parameters: dict[str, Any]
) -> Outcome:
    if version["status"] == status:
        _add_reason(call, decision, version)
        return Outcome(decision, version, version)
    after = call.connection.execute(statement, parameters).fetchone()
    if after is None:
        raise _decided(version)
    return Outcome(decision, version, after, _entry(decision, after))


_DECIDE: dict[str, Callable[[Call, Decision, Row], Outcome]] = {
    "reject": _reject,
    "request_changes": _request_changes,
    "comment": _comment,
    "submit": _submit,
    "archive": _archive,
}


def _add_reason(call: Call, decision: Decision, version: Row) -> None:
    """A reason that comes after its decision joins the caller's own record, or becomes a comment."""
    if not decision.reason:
        return
    known = call.connection.execute(sql.own_record, _own(call, version, decision.action)).fetchone()
    if known and known["reason"] is None:
        feedback = None if decision.feedback is None else Jsonb(decision.feedback)
        call.connection.execute(sql.add_reason, {"id": known["id"], "reason": decision.reason, "feedback": feedback})
    elif known is None or known["reason"] != decision.reason:
        comment = audit.Entry(version, "comment", decision.reason, decision.feedback)
        already = call.connection.execute(sql.own_record, _own(call, version, "comment")).fetchone()
        if already is None or already["reason"] != decision.reason:
            audit.record(call.connection, call.caller, call.request_id, [comment])


def _own(call: Call, version: Row, action: str) -> dict[str, Any]:
    return {
        "id": version["id"],
        "action": action,
        "actor_id": call.caller.user_id,
        "actor_label": call.caller.label,
    }


def _entry(decision: Decision, version: Row) -> audit.Entry:
    return audit.Entry(version, decision.action, decision.reason, decision.feedback)


def _record(call: Call, outcomes: list[Outcome]) -> None:
    audit.record(call.connection, call.caller, call.request_id, [o.record for o in outcomes if o.record])


def _decided(version: Row) -> Refusal:
    if version["status"] == "intermediate":
        return Refusal("not_submitted", details={"artifact_version_id": str(version["id"])})
    sentence = f"Version {version['version_number']} of {version['schema_key']} is {version['status']} already."
    return Refusal(
        "already_decided", sentence, {"artifact_version_id": str(version["id"]), "status": version["status"]}
    )


def _answer(outcome: Outcome) -> dict[str, Any]:
    version = outcome.after
    return {
        "artifact_version_id": version["id"],
        "schema_key": version["schema_key"],
        "version_number": version["version_number"],
        "action": outcome.decision.action,
        "status": version["status"],
        "review_state": version["review_state"],
        "repeated": outcome.repeated and outcome.before["status"] == version["status"],
    }
