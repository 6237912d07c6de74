"""Decisions on versions, and promotions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from sidecar.client.ids import Id, id_of
from sidecar.client.models import ApprovalRecord, Promotion, Review
from sidecar.client.transport import Transport, part

PromoteWhen = bool | Literal["task_done"]
Action = Literal["approve", "reject", "request_changes", "comment", "submit", "withdraw", "archive"]


class Reviews:
    """Each takes one version or several, which are decided together or not at all. The same decision again is the same
    answer; another one raises Conflict (already_decided)."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def approve(
        self,
        *versions: Id,
        reason: str | None = None,
        promote: PromoteWhen = True,
        complete_task: bool = False,
        reject_others: bool = False,
        dry_run: bool = False,
        idempotency_key: str | None = None,
    ) -> Review:
        """Promoted at once, with their task (`promote="task_done"`), or not now."""
        return self.decide(
            "approve", *versions, reason=reason, promote=promote, complete_task=complete_task,
            reject_others=reject_others, dry_run=dry_run, idempotency_key=idempotency_key,
        )  # fmt: skip

    def reject(self, *versions: Id, reason: str, feedback: Any = None, idempotency_key: str | None = None) -> Review:
        return self.decide("reject", *versions, reason=reason, feedback=feedback, idempotency_key=idempotency_key)

    def request_changes(
        self, *versions: Id, reason: str | None = None, feedback: Any = None, idempotency_key: str | None = None
    ) -> Review:
        """Needs a reason or feedback."""
        return self.decide(
            "request_changes", *versions, reason=reason, feedback=feedback, idempotency_key=idempotency_key
        )

    def comment(
        self, *versions: Id, reason: str | None = None, feedback: Any = None, idempotency_key: str | None = None
    ) -> Review:
        return self.decide("comment", *versions, reason=reason, feedback=feedback, idempotency_key=idempotency_key)

    def decide(
        self,
        action: Action,
        *versions: Id,
        reason: str | None = None,
        feedback: Any = None,
        promote: PromoteWhen = True,
        complete_task: bool = False,
        reject_others: bool = False,
        dry_run: bool = False,
        idempotency_key: str | None = None,
    ) -> Review:
        """One decision on all of `versions`."""
        decisions = [
            {"artifact_version_id": id_of(version), "action": action, "reason": reason, "feedback": feedback}
            for version in versions
        ]
        return self.review(
            decisions, promote=promote, complete_task=complete_task, reject_others=reject_others, dry_run=dry_run,
            idempotency_key=idempotency_key,
        )  # fmt: skip

    def review(
        self,
        decisions: Iterable[Mapping[str, Any]],
        *,
        promote: PromoteWhen = True,
        complete_task: bool = False,
        reject_others: bool = False,
        dry_run: bool = False,
        idempotency_key: str | None = None,
    ) -> Review:
        """Decisions that differ: [{artifact_version_id, action, reason, feedback}]."""
        body = {
            "decisions": [dict(decision) for decision in decisions],
            "promote": promote,
            "complete_task": complete_task,
            "reject_others": reject_others,
            "dry_run": dry_run,
        }
        return Review.model_validate(self._transport.post("/v1/reviews", body, key=idempotency_key).data)

    def records(self, version: Id) -> list[ApprovalRecord]:
        """A version's approval records, oldest first."""
        rows = self._transport.get(f"/v1/artifacts/{part(id_of(version))}/approvals").data
        return [ApprovalRecord.model_validate(row) for row in rows]


class Promotions:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def promote(
        self,
        *versions: Id,
        task: Id | None = None,
        project: Id | None = None,
        if_match: int | None = None,
        reason: str | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
    ) -> Promotion:
        """Versions, a task's approved outputs, or everything approved in a project: exactly one of the three.

        Raises Conflict (context_version_conflict) when `if_match` is not the context's version.
        """
        body = {
            "artifact_version_ids": [id_of(version) for version in versions] or None,
            "task_id": id_of(task),
            "project_id": id_of(project),
            "if_match": if_match,
            "reason": reason,
            "dry_run": dry_run,
        }
        return Promotion.model_validate(self._transport.post("/v1/promotions", body, key=idempotency_key).data)
