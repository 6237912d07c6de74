"""Promotion: approved versions become part of their project's context, all of them or none."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from sidecar import audit
from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.promotion.context import PathOccupied, entry_of, is_entry, merge, node_at
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
    "context_version", "promoted", "superseded", "status": "promoted" | "already_promoted" | "nothing_to_promote"};
    a dry run adds "changes" and "stale" and leaves everything as it was.
    Raises Refusal task_not_found, artifact_not_found, one_project_at_a_time, already_decided, not_submitted, forbidden,
    context_version_conflict, context_path_occupied, registry_busy.
    """
    if dry_run:
        with call.connection.transaction(force_rollback=True):
            return _promote(call, target, if_match, reason, explain=True)
    return _promote(call, target, if_match, reason, explain=False)


def _promote(call: Call, target: Target, if_match: int | None, reason: str | None, *, explain: bool) -> dict[str, Any]:
    project_id = _project_of(call, target)
    project = lock_project(call, project_id) if project_id else None
    if project is None:
        return _answer(None, None, [], [], "nothing_to_promote")
    versions = _versions_of(call, target, project["id"])
    waiting = [v for v in versions if v["promoted_at"] is None or v["status"] == "pending"]
    if not waiting:
        status = "already_promoted" if versions else "nothing_to_promote"
        return _answer(project["id"], project["context_version"], versions, [], status)
    refuse_stale(project, if_match)
    approved, records = approve_pending(call, waiting, reason)
    return enter_context(call, project, approved, records, reason, explain=explain)


def enter_context(
    call: Call,
    project: Row,
    versions: list[Row],
    records: list[audit.Entry],
    reason: str | None,
    *,
    explain: bool = False,
) -> dict[str, Any]:
    """Write approved `versions` of a locked `project` into its context, and every record that belongs to it.

    `records` are the approval records of the same decision; they are written with the promotion's id.
    Raises Refusal context_path_occupied.
    """
    at = call.connection.execute(sql.now_text).fetchone()["at"]  # type: ignore[index]
    number = project["context_version"] + 1
    changes = [_change(project["context"], version) for version in versions]
    try:
        context = merge(
            project["context"],
            {change["schema_key"]: change["entry"] for change in changes},
            context_version=number,
            last_updated=at,
        )
    except PathOccupied as error:
        details = {"path": error.path, "place": error.place}
        sentence = (
            f"The context holds something at {error.place} that no promotion wrote; {error.path} needs that place."
        )
        raise Refusal("context_path_occupied", sentence, details) from error
    promotion_id = uuid.uuid4()
    _write(call, project, promotion_id, number, context, versions, changes, reason)
    _record(call, promotion_id, records)
    project.update(context=context, context_version=number)
    replaced = [UUID(c["from_version_id"]) for c in changes if c["from_version_id"]]
    superseded = call.connection.execute(sql.versions_with_numbers, {"ids": replaced}).fetchall() if replaced else []
    answer = _answer(project["id"], number, versions, superseded, "promoted")
    return {**answer, **_explained(call, changes, replaced)} if explain else answer


def lock_project(call: Call, project_id: UUID) -> Row | None:
    """The project's row, locked against other decisions until the transaction ends; None when there is none."""
    return call.connection.execute(sql.lock_project, {"project_id": project_id}).fetchone()


def refuse_stale(project: Row, if_match: int | None) -> None:
    """Raise Refusal context_version_conflict when the caller has seen another version of the context."""
    current = project["context_version"]
    if if_match is not None and if_match != current:
        raise Refusal(
            "context_version_conflict",
            f"The context is at version {current}, you have seen {if_match}.",
            {"context_version": current, "if_match": if_match},
            {"ETag": f'"{current}"'},
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


def _change(context: dict[str, Any], version: Row) -> dict[str, Any]:
    before = node_at(context, version["schema_key"])
    return {
        "schema_key": version["schema_key"],
        "from_version_id": before["artifact_version_id"] if is_entry(before) else None,
        "to_version_id": str(version["id"]),
        "before": before,
        "entry": entry_of(
            version["value"],
            artifact_version_id=str(version["id"]),
            file_id=str(version["primary_file_id"]) if version["primary_file_id"] else None,
            approved_at=_utc(version["approved_at"]),
            version=version["version_number"],
        ),
    }


def _utc(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z") if moment else None


def _write(
    call: Call,
    project: Row,
    promotion_id: UUID,
    number: int,
    context: dict[str, Any],
    versions: list[Row],
    changes: list[dict[str, Any]],
    reason: str | None,
) -> None:
    # The history keeps what was written, not what was there: the row before it has that.
    kept = [{key: change[key] for key in change if key != "before"} for change in changes]
    execute: Callable[..., Any] = call.connection.execute
    execute(sql.write_context, {"project_id": project["id"], "context": Jsonb(context), "context_version": number})
    execute(sql.mark_promoted, {"ids": [version["id"] for version in versions]})
    execute(
        sql.add_promotion,
        {
            "id": promotion_id,
            "project_id": project["id"],
            "context_version": number,
            "actor_id": call.caller.user_id,
            "actor_label": call.caller.label,
            "reason": reason,
            "changes": Jsonb(kept),
            "request_id": call.request_id,
        },
    )


def _record(call: Call, promotion_id: UUID, records: list[audit.Entry]) -> None:
    for entry in records:
        entry.promotion_id = promotion_id
    audit.record(call.connection, call.caller, call.request_id, records)


def _explained(call: Call, changes: list[dict[str, Any]], replaced: list[UUID]) -> dict[str, Any]:
    stale = call.connection.execute(sql.stale_downstream, {"ids": replaced}).fetchall() if replaced else []
    return {
        "changes": [{"schema_key": c["schema_key"], "before": c["before"], "after": c["entry"]} for c in changes],
        "stale": [_named(row) for row in stale],
    }


def _answer(
    project_id: UUID | None, number: int | None, versions: list[Row], superseded: list[Row], status: str
) -> dict[str, Any]:
    return {
        "project_id": project_id,
        "context_version": number,
        "promoted": [_named(version) for version in versions],
        "superseded": [_named(version) for version in superseded],
        "status": status,
    }


def _named(version: Row) -> dict[str, Any]:
    return {
        "artifact_version_id": version["id"],
        "schema_key": version["schema_key"],
        "version_number": version["version_number"],
    }
