"""Promotion: approved versions become part of their project's context, all of them or none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.promotion.enter import enter_context, entering, lock_projects, promoted_answer, refuse_stale
from sidecar.review.approve import approve_pending
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]

_ETAG = re.compile(r'(?:W/)?"?(\d{1,10})"?')


@dataclass(frozen=True, slots=True)
class Target:
    """What to promote: a task's approved outputs, named versions, or everything approved in a project."""

    task_id: UUID | None = None
    artifact_version_ids: tuple[UUID, ...] = ()
    project_id: UUID | None = None


def promote(
    call: Call,
    target: Target,
    *,
    if_match: int | None = None,
    reason: str | None = None,
    dry_run: bool = False,
) -> dict[str, Any]:
    """Promote what `target` names into its project's context, under one new context version.

    A pending version that is named is approved by it, which needs the right to review. What is in the context already
    stays; when nothing is left to do the answer says so and If-Match is not asked. Returns {"project_id",
    "context_version", "promoted", "superseded", "withdrawn", "status": "promoted" | "already_promoted" |
    "nothing_to_promote"}; a dry run adds "changes" and "stale" and leaves everything as it was.
    Raises Refusal task_not_found, artifact_not_found, one_project_at_a_time, already_decided, not_submitted, forbidden,
    own_work, more_approvals_needed, context_version_conflict, context_path_occupied, registry_busy.
    """
    if dry_run:
        with call.connection.transaction(force_rollback=True):
            return _promote(call, target, if_match, reason, explain=True)
    return _promote(call, target, if_match, reason, explain=False)


def _promote(call: Call, target: Target, if_match: int | None, reason: str | None, *, explain: bool) -> dict[str, Any]:
    project_id = _project_of(call, target)
    project = lock_projects(call, [project_id]).get(project_id) if project_id else None
    if project is None:
        return promoted_answer(None, None, [], "nothing_to_promote")
    versions = _versions_of(call, target, project["id"])
    waiting = [v for v in versions if v["promoted_at"] is None]
    if not waiting:
        status = "already_promoted" if versions else "nothing_to_promote"
        return promoted_answer(project["id"], project["context_version"], versions, status)
    refuse_stale(project, if_match)
    approval = approve_pending(call, project, waiting, reason)
    if approval.voted:
        raise Refusal("more_approvals_needed", details={"artifact_version_ids": [str(v["id"]) for v in approval.voted]})
    return enter_context(
        call, project, [entering(v) for v in approval.approved], approval.records, reason, explain=explain
    )


def if_match_of(header: str | None, body: int | None) -> int | None:
    """The context version a caller insists on: `"5"`, `5`, or if_match in the body. `*` insists on nothing.

    Raises Refusal if_match_invalid.
    """
    if header is None or header.strip() == "*":
        return body
    match = _ETAG.fullmatch(header.strip())
    if match is None:
        raise Refusal("if_match_invalid", details={"received": header[:100]})
    return int(match[1])


def _project_of(call: Call, target: Target) -> UUID | None:
    if target.task_id:
        task = call.connection.execute(sql.project_of_task, {"task_id": target.task_id}).fetchone()
        if task is None:
            raise Refusal("task_not_found")
        if task["project_id"]:
            return task["project_id"]
        rows = call.connection.execute(sql.projects_of_task_versions, {"task_id": target.task_id}).fetchall()
        return _only([row["project_id"] for row in rows])
    if target.artifact_version_ids:
        rows = call.connection.execute(sql.projects_of_versions, {"ids": list(target.artifact_version_ids)}).fetchall()
        missing = set(target.artifact_version_ids) - {row["id"] for row in rows}
        if missing:
            raise Refusal("artifact_not_found", details={"artifact_version_ids": sorted(map(str, missing))})
        return _only([row["project_id"] for row in rows])
    return target.project_id


def _only(project_ids: list[UUID]) -> UUID | None:
    if len(set(project_ids)) > 1:
        raise Refusal("one_project_at_a_time", details={"project_ids": sorted(map(str, set(project_ids)))})
    return project_ids[0] if project_ids else None


def _versions_of(call: Call, target: Target, project_id: UUID) -> list[Row]:
    # Read again after the project is locked: what was true before may have been decided meanwhile.
    if target.task_id:
        return call.connection.execute(
            sql.versions_of_task, {"project_id": project_id, "task_id": target.task_id}
        ).fetchall()
    if target.artifact_version_ids:
        return call.connection.execute(sql.versions_by_id, {"ids": list(target.artifact_version_ids)}).fetchall()
    return call.connection.execute(sql.versions_awaiting_in_project, {"project_id": project_id}).fetchall()
