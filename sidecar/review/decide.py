"""Review: decisions on one or many versions, all of them or none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from psycopg.types.json import Jsonb

from sidecar import audit
from sidecar.answers import version_name
from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.promotion.enter import Change, enter_context, entering, leaving, lock_projects_of
from sidecar.review.approve import approve_pending, place_of, refuse_two_of_one_path
from sidecar.sql import Statements
from sidecar.templates.rules import rule_for

sql = Statements(__file__)
Row = dict[str, Any]
Action = Literal["approve", "reject", "request_changes", "comment", "submit", "withdraw", "archive"]
Promote = Literal["now", "task_done", "never"]

REJECTED_WITH = "Another version of this path was approved."


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
    change: Change | None = None

    @property
    def repeated(self) -> bool:
        return (
            self.decision.action != "comment" and self.record is None and self.before["status"] == self.after["status"]
        )


@dataclass(slots=True)
class Review:
    """One request's decisions under way: the locked rows, what was decided, what is still to be written."""

    call: Call
    projects: dict[UUID, Row]
    versions: dict[UUID, Row]
    promote: Promote
    outcomes: list[Outcome] = field(default_factory=list)
    records: dict[UUID, list[audit.Entry]] = field(default_factory=dict)
    changes: dict[UUID, list[Change]] = field(default_factory=dict)

    def version(self, decision: Decision) -> Row:
        return self.versions[decision.artifact_version_id]

    def add(self, outcome: Outcome) -> None:
        """Note an outcome, its record and its change of the context."""
        self.outcomes.append(outcome)
        project_id = outcome.before["project_id"]
        if outcome.record:
            self.records.setdefault(project_id, []).append(outcome.record)
        if outcome.change:
            self.changes.setdefault(project_id, []).append(outcome.change)


def decide(
    call: Call,
    decisions: list[Decision],
    *,
    promote: Promote = "now",
    complete_task: bool = False,
    reject_others: bool = False,
    dry_run: bool = False,
) -> dict[str, Any]:
    """Carry out every decision, or none.

    The same decision again is the same answer; another decision on a decided version is refused. `promote` says when
    approved versions enter the context: now (unless the project's template says with the task), when their task is done
    (versions of no unfinished task at once), or never by this call. `reject_others` rejects what else waits at the
    approved paths. Returns {"decisions": [{artifact_version_id, schema_key, version_number, action, status,
    review_state, repeated, votes}], "promotions": [as promote() answers]}.
    Raises Refusal artifact_not_found, decision_repeated, two_approvals_for_one_path, already_decided, not_submitted,
    reason_required, own_work, forbidden, context_path_occupied, registry_busy.
    """
    if complete_task and promote == "task_done":
        promote = "now"  # their task is done with this decision
    if dry_run:
        with call.connection.transaction(force_rollback=True):
            return _decide(call, decisions, promote, complete_task, reject_others, explain=True)
    return _decide(call, decisions, promote, complete_task, reject_others, explain=False)


def _decide(
    call: Call, decisions: list[Decision], promote: Promote, complete_task: bool, reject_others: bool, *, explain: bool
) -> dict[str, Any]:
    review = _lock(call, decisions, promote)
    _approve_all(review, [d for d in decisions if d.action == "approve"])
    for decision in decisions:
        if decision.action != "approve":
            review.add(_DECIDE[decision.action](review, decision, review.version(decision)))
    if reject_others:
        _reject_others(review, decisions)
    if complete_task:
        tasks = [o.after["source_task_id"] for o in review.outcomes if o.after["source_task_id"]]
        call.connection.execute(sql.complete_tasks, {"ids": tasks})
    promotions = _write(review, decisions, explain=explain)
    if not complete_task:
        _ask_for_review(review)
    order = {d.artifact_version_id: i for i, d in enumerate(decisions)}
    review.outcomes.sort(key=lambda o: order.get(o.decision.artifact_version_id, len(order)))
    return {"decisions": [answer_of(o) for o in review.outcomes], "promotions": promotions}


def _lock(call: Call, decisions: list[Decision], promote: Promote) -> Review:
    """Projects before versions, each kind in order: everybody who decides takes these locks in the same order."""
    ids = [d.artifact_version_id for d in decisions]
    if len(set(ids)) < len(ids):
        raise Refusal("decision_repeated")
    projects = lock_projects_of(call, ids)
    versions = _lock_versions(call, ids)
    missing = set(ids) - versions.keys()
    if missing:
        raise Refusal("artifact_not_found", details={"artifact_version_ids": sorted(map(str, missing))})
    return Review(call, projects, versions, promote)


def _lock_versions(call: Call, ids: list[UUID]) -> dict[UUID, Row]:
    return {row["id"]: row for row in call.connection.execute(sql.lock_versions, {"ids": ids}).fetchall()}


def _approve_all(review: Review, decisions: list[Decision]) -> None:
    if not decisions:
        return
    review.call.caller.must("review")
    refuse_two_of_one_path([review.version(d) for d in decisions])
    by_project: dict[UUID, list[Decision]] = {}
    for decision in decisions:
        by_project.setdefault(review.version(decision)["project_id"], []).append(decision)
    for project_id in sorted(by_project):
        _approve(review, review.projects[project_id], by_project[project_id])


def _approve(review: Review, project: Row, decisions: list[Decision]) -> None:
    said = {d.artifact_version_id: (d.reason, d.feedback) for d in decisions}
    approval = approve_pending(review.call, project, [review.version(d) for d in decisions], said=said)
    after = {version["id"]: version for version in [*approval.approved, *approval.voted]}
    own = {entry.version["id"]: entry for entry in approval.records if entry.action == "approve"}
    for decision in decisions:
        version = after[decision.artifact_version_id]
        enters = version["status"] == "approved" and version["promoted_at"] is None and _now(review, project, version)
        change = entering(version) if enters else None
        record = own.get(version["id"])
        review.add(Outcome(decision, review.version(decision), version, record, change))
        if record is None:
            _add_reason(review, decision, version)
    superseded = [entry for entry in approval.records if entry.action == "supersede"]
    review.records.setdefault(project["id"], []).extend(superseded)


def _now(review: Review, project: Row, version: Row) -> bool:
    """Whether an approved version enters the context with this decision."""
    if review.promote == "never":
        return False
    with_task = rule_for(project["context_schema"], version["schema_key"]).promote == "task_done"
    return not ((review.promote == "task_done" or with_task) and version["unfinished"])


def _write(review: Review, decisions: list[Decision], *, explain: bool) -> list[dict[str, Any]]:
    """Promote per project what enters or leaves its context, and write the records."""
    reason = next((d.reason for d in decisions if d.reason), None)
    promotions: list[dict[str, Any]] = []
    for project_id in sorted(review.projects):
        records, changes = review.records.get(project_id, []), review.changes.get(project_id, [])
        if changes:
            project = review.projects[project_id]
            promotions.append(enter_context(review.call, project, changes, records, reason, explain=explain))
        else:
            audit.record(review.call.connection, review.call.caller, review.call.request_id, records)
    return promotions


def _ask_for_review(review: Review) -> None:
    """A task whose draft is submitted waits for a person, as after a submission. The tasks last, as everybody."""
    drafts = [o.after["id"] for o in review.outcomes if o.decision.action == "submit" and not o.repeated]
    if drafts:
        review.call.connection.execute(sql.ask_for_review, {"ids": drafts})


def _reject_others(review: Review, decisions: list[Decision]) -> None:
    approved = [
        o.after["id"] for o in review.outcomes if o.decision.action == "approve" and o.after["status"] == "approved"
    ]
    named = {"ids": approved, "named": [d.artifact_version_id for d in decisions]}
    others = review.call.connection.execute(sql.other_candidates, named).fetchall()
    rows = _lock_versions(review.call, [row["id"] for row in others])
    for version in rows.values():
        if version["status"] == "pending":
            review.add(_reject(review, Decision(version["id"], "reject", REJECTED_WITH), version))


def _reject(review: Review, decision: Decision, version: Row) -> Outcome:
    review.call.caller.must("review")
    parameters = {"id": version["id"], "reason": decision.reason}
    if version["status"] == "rejected" and decision.reason:
        review.call.connection.execute(sql.keep_rejection_reason, parameters)
    return _move(review, decision, version, sql.reject, "rejected", parameters)


def _request_changes(review: Review, decision: Decision, version: Row) -> Outcome:
    review.call.caller.must("review")
    if not decision.reason and not decision.feedback:
        raise Refusal("reason_required", details={"artifact_version_id": str(version["id"])})
    if version["status"] != "pending":
        raise _decided(version)
    own = review.call.connection.execute(sql.own_record, _own(review, version, "request_changes")).fetchone()
    said = own is not None and (own["reason"], own["feedback"]) == (decision.reason, decision.feedback)
    if version["review_state"] == "changes_requested" and said:
        return Outcome(decision, version, version)
    after = review.call.connection.execute(sql.request_changes, {"id": version["id"]}).fetchone()
    return Outcome(decision, version, after or version, _entry(decision, version))


def _comment(review: Review, decision: Decision, version: Row) -> Outcome:
    review.call.caller.must("produce")
    if not decision.reason and not decision.feedback:
        raise Refusal("reason_required", "Say something.", {"artifact_version_id": str(version["id"])})
    return Outcome(decision, version, version, _entry(decision, version))


def _submit(review: Review, decision: Decision, version: Row) -> Outcome:
    review.call.caller.must("produce")
    if version["status"] == "pending":
        return Outcome(decision, version, version)
    after = review.call.connection.execute(sql.submit, {"id": version["id"]}).fetchone()
    if after is None:
        raise _decided(version)
    return Outcome(decision, version, after)


def _withdraw(review: Review, decision: Decision, version: Row) -> Outcome:
    """An approved version leaves the context without a successor; a candidate is taken back."""
    if version["status"] != "approved":
        return _archive(review, decision, version)
    review.call.caller.must("review")
    after = review.call.connection.execute(sql.withdraw, {"id": version["id"]}).fetchone()
    if after is None:  # the same request has approved its successor
        raise Refusal("two_approvals_for_one_path", details={"schema_key": version["schema_key"]})
    # While it awaits promotion its predecessor's entry stands at the path: that goes too, nobody approves of it now.
    return Outcome(decision, version, after, _entry(decision, after), leaving(version) if version["replaces"] else None)


def _archive(review: Review, decision: Decision, version: Row) -> Outcome:
    call = review.call
    own_candidate = version["status"] in ("intermediate", "pending") and version["user_created"] == call.caller.user_id
    call.caller.must("produce" if own_candidate and call.caller.user_id else "review")
    if version["status"] == "approved":
        raise Refusal("approved_is_replaced", details=place_of(version))
    if version["replaces"] == str(version["id"]):
        sentence = "This version is in the context until the one that supersedes it is promoted."
        raise Refusal("approved_is_replaced", sentence, place_of(version))
    return _move(review, decision, version, sql.archive, "archived", {"id": version["id"]})


def _move(
    review: Review, decision: Decision, version: Row, statement: Any, status: str, parameters: dict[str, Any]
) -> Outcome:
    if version["status"] == status:
        _add_reason(review, decision, version)
        return Outcome(decision, version, version)
    after = review.call.connection.execute(statement, parameters).fetchone()
    if after is None:
        raise _decided(version)
    return Outcome(decision, version, after, _entry(decision, after))


_DECIDE: dict[str, Callable[[Review, Decision, Row], Outcome]] = {
    "reject": _reject,
    "request_changes": _request_changes,
    "comment": _comment,
    "submit": _submit,
    "withdraw": _withdraw,
    "archive": _archive,
}


def _add_reason(review: Review, decision: Decision, version: Row) -> None:
    """A reason that comes after its decision joins the caller's own record, or becomes a comment."""
    if not decision.reason:
        return
    execute = review.call.connection.execute
    known = execute(sql.own_record, _own(review, version, decision.action)).fetchone()
    if known and known["reason"] is None:
        feedback = None if decision.feedback is None else Jsonb(decision.feedback)
        execute(sql.add_reason, {"id": known["id"], "reason": decision.reason, "feedback": feedback})
    elif known is None or known["reason"] != decision.reason:
        already = execute(sql.own_record, _own(review, version, "comment")).fetchone()
        if already is None or already["reason"] != decision.reason:
            comment = audit.Entry(version, "comment", decision.reason, decision.feedback)
            review.records.setdefault(version["project_id"], []).append(comment)


def _own(review: Review, version: Row, action: str) -> dict[str, Any]:
    caller = review.call.caller
    return {"id": version["id"], "action": action, "actor_id": caller.user_id, "actor_label": caller.label}


def _entry(decision: Decision, version: Row) -> audit.Entry:
    return audit.Entry(version, decision.action, decision.reason, decision.feedback)


def _decided(version: Row) -> Refusal:
    if version["status"] == "intermediate":
        return Refusal("not_submitted", details=place_of(version))
    sentence = f"Version {version['version_number']} of {version['schema_key']} is {version['status']} already."
    return Refusal(
        "already_decided", sentence, {"artifact_version_id": str(version["id"]), "status": version["status"]}
    )


def answer_of(outcome: Outcome) -> dict[str, Any]:
    """What the answer says about one decision."""
    version = outcome.after
    votes = {"given": version.get("votes", 1), "required": version.get("votes_required", 1)}
    return {
        **version_name(version),
        "action": outcome.decision.action,
        "status": version["status"],
        "review_state": version["review_state"],
        "repeated": outcome.repeated,
        "votes": votes if outcome.decision.action == "approve" else None,
    }
