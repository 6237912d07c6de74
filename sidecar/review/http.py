"""/v1/reviews and the decisions on one version."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from sidecar.answers import AN_ID, ById, Shape, VersionName, Votes, refusals
from sidecar.call import Answer, Call
from sidecar.edge import operation
from sidecar.promotion.http import Promotion
from sidecar.review.at_once import approve_at_once
from sidecar.review.automatic import approve_submitted
from sidecar.review.decide import Action, Decision, decide
from sidecar.review.record import approvals_of, record_approval
from sidecar.review.regions import Feedback

api = APIBlueprint("review", __name__, url_prefix="/v1", abp_tags=[Tag(name="Review", description="Decisions.")])

Reason = Annotated[str, StringConstraints(max_length=10_000)]
PromoteWhen = bool | Literal["task_done"]

_REFUSED = (
    "artifact_not_found", "decision_repeated", "two_approvals_for_one_path", "already_decided", "not_submitted",
    "reason_required", "own_work", "approved_is_replaced", "context_path_occupied", "template_violation",
    "template_broken",
)  # fmt: skip


class DecisionBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    artifact_version_id: UUID
    action: Action
    reason: Reason | None = Field(None, description="Why; for a rejection, what the next run learns from.")
    feedback: Feedback = Field(None, description="Structured feedback: any JSON, with regions where it has any.")


class ReviewBody(BaseModel):
    """Decisions, each with its own version; or one decision for `artifact_version_ids`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"artifact_version_ids": [AN_ID], "action": "approve"},
                {"decisions": [{"artifact_version_id": AN_ID, "action": "reject", "reason": "Too dark."}]},
            ]
        },
    )
    decisions: list[DecisionBody] | None = Field(None, min_length=1, max_length=500)
    artifact_version_ids: list[UUID] | None = Field(None, min_length=1, max_length=500)
    action: Action | None = None
    reason: Reason | None = None
    feedback: Feedback = None
    promote: PromoteWhen = Field(True, description="true: at once; task_done: when their task is done; false: not now.")
    complete_task: bool = Field(False, description="Set the tasks of the decided versions done.")
    reject_others: bool = Field(False, description="Reject what else waits at the approved paths.")
    dry_run: bool = Field(False, description="Answer what would happen, change nothing.")

    @model_validator(mode="after")
    def _one_way(self) -> ReviewBody:
        short = self.artifact_version_ids is not None
        if short == (self.decisions is not None):
            raise PydanticCustomError("one_of", "send either decisions, or artifact_version_ids with an action")
        if short and self.action is None:
            raise PydanticCustomError(
                "one_of", "say which action: approve, reject, request_changes, comment, submit, withdraw or archive"
            )
        return self

    def all(self) -> list[Decision]:
        if self.decisions is not None:
            return [Decision(d.artifact_version_id, d.action, _said(d.reason), d.feedback) for d in self.decisions]
        assert self.action is not None  # noqa: S101  checked above
        return [Decision(i, self.action, _said(self.reason), self.feedback) for i in self.artifact_version_ids or ()]


class OneDecisionBody(BaseModel):
    """Why, and what else is to be done."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "Fits the brand."}]})
    reason: Reason | None = None
    feedback: Feedback = None
    promote: PromoteWhen = True
    complete_task: bool = False
    reject_others: bool = False
    dry_run: bool = False


class RecordBody(BaseModel):
    """An approval record as callers of Directus write it. Who decides is always the caller; a claim is kept beside."""

    model_config = ConfigDict(
        extra="ignore", json_schema_extra={"examples": [{"action": "approve", "reason": "Fits the brand."}]}
    )
    action: str
    reason: Reason | None = None
    feedback: Feedback = None
    actor_id: str | None = None
    actor_type: str | None = None


class DecisionAnswer(VersionName):
    action: str
    status: str
    review_state: str | None
    repeated: bool
    votes: Votes | None = Field(description="Of an approval: how many people have approved, and how many must.")


class Reviewed(Shape):
    decisions: list[DecisionAnswer]
    promotions: list[Promotion]


class ReviewAnswer(Shape):
    data: Reviewed


class ApprovalRecord(Shape):
    id: UUID
    artifact_version_id: UUID
    project_id: UUID | None
    task_id: UUID | None
    action: str
    actor_id: UUID | None
    actor_type: str | None
    actor_label: str | None
    reason: str | None
    feedback: Any
    promotion_id: UUID | None
    request_id: str | None
    date_created: datetime | None


class RecordAnswer(Shape):
    data: ApprovalRecord


class RecordsAnswer(Shape):
    data: list[ApprovalRecord]


def _reviewed_at_once(call: Call, body: ReviewBody) -> Answer | None:
    decisions = body.all()
    return _at_once(call, decisions[0], body) if len(decisions) == 1 else None


def _approved_at_once(call: Call, path: ById, body: OneDecisionBody) -> Answer | None:
    return _at_once(call, Decision(path.id, "approve", _said(body.reason), body.feedback), body)


def _at_once(call: Call, decision: Decision, body: ReviewBody | OneDecisionBody) -> Answer | None:
    more = body.complete_task or body.reject_others or body.dry_run
    if decision.action != "approve" or body.promote is not True or more or "review" not in call.caller.rights:
        return None
    result = approve_at_once(call, decision)
    return None if result is None else Answer(result)


@api.post(
    "/reviews",
    operation_id="review",
    summary="Decide on one or many versions",
    description="All or nothing. The same decision again is the same answer.",
    responses={200: ReviewAnswer, **refusals(*_REFUSED)},
)
@operation("produce", at_once=_reviewed_at_once)
def post_reviews(call: Call, body: ReviewBody) -> Answer:
    return _decided(call, body.all(), body)


def _one(call: Call, version_id: UUID, action: Action, body: OneDecisionBody) -> Answer:
    return _decided(call, [Decision(version_id, action, _said(body.reason), body.feedback)], body)


def _decided(call: Call, decisions: list[Decision], body: ReviewBody | OneDecisionBody) -> Answer:
    result = decide(
        call,
        decisions,
        promote=_when(body.promote),
        complete_task=body.complete_task,
        reject_others=body.reject_others,
        dry_run=body.dry_run,
    )
    return Answer(result if body.dry_run else approve_submitted(call, result))


@api.post(
    "/artifacts/<id>/approve",
    operation_id="approveArtifact",
    summary="Approve",
    description="The version takes its path's place; the one before it is superseded.",
    responses={200: ReviewAnswer, **refusals(*_REFUSED)},
)
@operation("review", at_once=_approved_at_once)
def post_approve(call: Call, path: ById, body: OneDecisionBody) -> Answer:
    return _one(call, path.id, "approve", body)


@api.post(
    "/artifacts/<id>/reject",
    operation_id="rejectArtifact",
    summary="Reject",
    description="With a reason, which later runs learn from.",
    responses={200: ReviewAnswer, **refusals(*_REFUSED)},
)
@operation("review")
def post_reject(call: Call, path: ById, body: OneDecisionBody) -> Answer:
    return _one(call, path.id, "reject", body)


@api.post(
    "/artifacts/<id>/request-changes",
    operation_id="requestChanges",
    summary="Request changes",
    description="The version leaves the inbox and may still be approved or rejected. Needs a reason or feedback.",
    responses={200: ReviewAnswer, **refusals(*_REFUSED)},
)
@operation("review")
def post_request_changes(call: Call, path: ById, body: OneDecisionBody) -> Answer:
    return _one(call, path.id, "request_changes", body)


@api.post(
    "/artifacts/<id>/comment",
    operation_id="commentArtifact",
    summary="Comment",
    description="Adds a record and decides nothing. Needs a reason (the comment) or feedback.",
    responses={200: ReviewAnswer, **refusals(*_REFUSED)},
)
@operation("produce")
def post_comment(call: Call, path: ById, body: OneDecisionBody) -> Answer:
    return _one(call, path.id, "comment", body)


@api.post(
    "/artifacts/<id>/submit",
    operation_id="submitDraft",
    summary="Submit a draft for review",
    description="An intermediate version becomes pending; its task becomes needs_review, as after a submission.",
    responses={200: ReviewAnswer, **refusals(*_REFUSED)},
)
@operation("produce")
def post_submit(call: Call, path: ById, body: OneDecisionBody) -> Answer:
    return _one(call, path.id, "submit", body)


@api.post(
    "/artifacts/<id>/withdraw",
    operation_id="withdrawArtifact",
    summary="Withdraw",
    description="An approved version leaves the context without a successor; a candidate is taken back.",
    responses={200: ReviewAnswer, **refusals(*_REFUSED)},
)
@operation("produce")
def post_withdraw(call: Call, path: ById, body: OneDecisionBody) -> Answer:
    return _one(call, path.id, "withdraw", body)


@api.post(
    "/artifacts/<id>/archive",
    operation_id="archiveArtifact",
    summary="Archive",
    description="Puts a version away that is not in the context.",
    responses={200: ReviewAnswer, **refusals(*_REFUSED)},
)
@operation("produce")
def post_archive(call: Call, path: ById, body: OneDecisionBody) -> Answer:
    return _one(call, path.id, "archive", body)


@api.get(
    "/artifacts/<id>/approvals",
    operation_id="listApprovals",
    summary="Read a version's approval records",
    description="Oldest first.",
    responses={200: RecordsAnswer, **refusals("artifact_not_found")},
)
@operation("read")
def get_approvals(call: Call, path: ById) -> Answer:
    return Answer(approvals_of(call, path.id))


@api.post(
    "/artifacts/<id>/approvals",
    operation_id="recordApproval",
    summary="Decide by writing an approval record",
    description="For callers that create the record in Directus: the record decides, and answers as it is stored.",
    responses={200: RecordAnswer, **refusals(*_REFUSED, "approval_action_known")},
)
@operation("produce")
def post_approvals(call: Call, path: ById, body: RecordBody) -> Answer:
    claimed = {"actor_id": body.actor_id, "actor_type": body.actor_type}
    return Answer(record_approval(call, path.id, body.action, _said(body.reason), body.feedback, claimed))


def _when(promote: PromoteWhen) -> Literal["now", "task_done", "never"]:
    return "task_done" if promote == "task_done" else "now" if promote else "never"


def _said(reason: str | None) -> str | None:
    return reason.strip() or None if reason else None
