"""/v1/promotions and the context."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from jsonpath_ng.ext.parser import parse as jsonpath
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError, from_json, to_json

from sidecar.answers import AN_ID, ProjectPath, Shape, VersionName, refusals
from sidecar.call import Answer, Call
from sidecar.edge import answer, described, json_body, operation, permitted, read_model, run
from sidecar.errors import Refusal
from sidecar.paths import Path
from sidecar.projects.find import find_project, read_context, read_context_version
from sidecar.promotion.context import node_at
from sidecar.promotion.history import context_as_of, diff, history, rebuild, revert
from sidecar.promotion.promote import Target, if_match_of, promote
from sidecar.promotion.task import note_failure, note_success

api = APIBlueprint(
    "promotion", __name__, url_prefix="/v1", abp_tags=[Tag(name="Context", description="Promotions and the context.")]
)


def _jsonpath(text: str) -> str:
    try:
        jsonpath(text)
    except Exception:  # jsonpath-ng raises bare Exception for some texts that are no JSONPath
        raise PydanticCustomError("jsonpath", "this is no JSONPath") from None
    return text


def _moment(text: str) -> str:
    # pydantic would take a number for seconds since 1970.
    if not re.match(r"\d{4}-\d\d-\d\d", text):
        raise PydanticCustomError("moment", "say a moment such as 2026-01-31T12:00:00Z")
    return text


class PromoteBody(BaseModel):
    """What to promote: exactly one of task_id, artifact_version_ids and project_id."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"project_id": "spring-brand"}, {"task_id": AN_ID}]}
    )
    task_id: UUID | None = Field(None, description="A task's approved outputs.")
    artifact_version_ids: list[UUID] | None = Field(None, min_length=1, max_length=1000)
    project_id: str | None = Field(None, max_length=255, description="Everything approved in a project, by id or key.")
    if_match: int | None = Field(None, ge=0, description="The context version you have seen; as the If-Match header.")
    reason: str | None = Field(None, max_length=10_000)
    dry_run: bool = Field(False, description="Answer what would happen, change nothing.")
    automatic: bool = Field(False, description="By a Flow: a refusal is written to the task for people to see.")

    @model_validator(mode="after")
    def _one_target(self) -> PromoteBody:
        if sum(x is not None for x in (self.task_id, self.artifact_version_ids, self.project_id)) != 1:
            raise PydanticCustomError("one_of", "send exactly one of task_id, artifact_version_ids and project_id")
        return self


class Change(Shape):
    schema_key: str
    before: Any
    after: Any


class Promotion(Shape):
    project_id: UUID | None
    context_version: int | None
    promoted: list[VersionName]
    superseded: list[VersionName]
    withdrawn: list[str] = Field(description="Paths that left the context.")
    status: str = Field(description="promoted, already_promoted or nothing_to_promote")
    changes: list[Change] | None = Field(None, description="In a dry run: what the context would hold.")
    stale: list[VersionName] | None = Field(
        None, description="In a dry run: approved versions made from superseded ones."
    )


class PromotionAnswer(Shape):
    data: Promotion


class ContextQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    path: Path | None = Field(None, description="Only what the context holds here.")
    select: Annotated[str, AfterValidator(_jsonpath)] | None = Field(
        None,
        max_length=500,
        description="Only what this JSONPath finds, as a list.",
        json_schema_extra={"example": "$.brand.*.file_id"},
    )
    version: int | None = Field(None, ge=0, description="The context as of this version.")
    at: Annotated[datetime, BeforeValidator(_moment)] | None = Field(
        None, description="The context as of this moment.", json_schema_extra={"example": "2026-01-31T12:00:00Z"}
    )

    @model_validator(mode="after")
    def _one_each(self) -> ContextQuery:
        if self.path is not None and self.select is not None:
            raise PydanticCustomError("one_of", "send path or select, not both")
        if self.version is not None and self.at is not None:
            raise PydanticCustomError("one_of", "send version or at, not both")
        if self.at is not None and self.at.tzinfo is None:
            raise PydanticCustomError("time_zone", "say the time zone of at, such as 2026-01-31T12:00:00Z")
        return self


class HistoryQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    before: int | None = Field(
        None, ge=0, le=2**31 - 1, description="Only versions below this one: meta.next_before of a page."
    )
    limit: int = Field(50, ge=1, le=500)


class DiffQuery(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    since: int = Field(alias="from", ge=0, json_schema_extra={"example": 0})
    until: int = Field(alias="to", ge=0, json_schema_extra={"example": 5})


class RevertBody(BaseModel):
    """Where to go back to."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"to_version": 0, "reason": "Back to the beginning."}]}
    )
    to_version: int = Field(ge=0, description="The version of the context to go back to.")
    if_match: int | None = Field(None, ge=0, description="The context version you have seen; as the If-Match header.")
    reason: str | None = Field(None, max_length=10_000)
    dry_run: bool = False


class RebuildBody(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "After a restore."}]})
    if_match: int | None = Field(None, ge=0)
    reason: str | None = Field(None, max_length=10_000)


class ContextMeta(Shape):
    project_id: UUID
    context_version: int


class ChangedVersion(Shape):
    """What shows a version that came or went."""

    version_number: int
    artifact_type: str | None
    primary_file_id: UUID | None
    primary_file_type: str | None = Field(description="Such as image/png.")


class KeptChange(Shape):
    schema_key: str | None
    from_version_id: UUID | None
    to_version_id: UUID | None
    from_version: ChangedVersion | None
    to_version: ChangedVersion | None = Field(description="null where the path left the context.")
    entry: Any


class HistoryEntry(Shape):
    context_version: int
    actor_id: UUID | None
    actor_label: str | None
    reason: str | None
    changes: list[KeptChange]
    request_id: str | None
    date_created: datetime | None


class HistoryMeta(Shape):
    next_before: int | None


class HistoryAnswer(Shape):
    data: list[HistoryEntry]
    meta: HistoryMeta


class DiffEntry(Shape):
    schema_key: str
    before: Any
    after: Any
    from_version_id: UUID | None
    to_version_id: UUID | None
    from_version: ChangedVersion | None
    to_version: ChangedVersion | None


class DiffAnswer(Shape):
    data: list[DiffEntry]


class ContextAnswer(Shape):
    data: Any = Field(description="The context document, or the part at `path`.")
    meta: ContextMeta


@api.post(
    "/promotions",
    operation_id="promote",
    summary="Promote approved versions into the context",
    description="All at once, under one new context version. Nothing to promote is an answer, not an error.",
    responses={
        200: PromotionAnswer,
        **refusals(
            "task_not_found", "project_not_found", "artifact_not_found", "one_project_at_a_time", "already_decided",
            "not_submitted", "own_work", "more_approvals_needed", "context_version_conflict", "context_path_occupied",
            "if_match_invalid",
        ),
    },
)  # fmt: skip
@described(body=PromoteBody)
@permitted("produce")
def post_promotions() -> Response:
    typed: PromoteBody = read_model(PromoteBody, json_body())
    seen = request.headers.get("If-Match")
    try:
        return answer(lambda call: _promoted(call, typed, seen))
    except Refusal as refusal:
        # What passes by itself (5xx) is nothing for people to see: the Flow or the worker tries again.
        if typed.automatic and typed.task_id and refusal.status < 500 and refusal.code != "task_not_found":
            _note(typed.task_id, refusal)
        raise


def _note(task_id: UUID, refusal: Refusal) -> None:
    run(lambda call: note_failure(call.connection, task_id, refusal))


def _promoted(call: Call, body: PromoteBody, seen: str | None) -> Answer:
    if_match = if_match_of(seen, body.if_match)  # here, as a request that is repeated is answered before it is checked
    project_id = find_project(call, body.project_id)["id"] if body.project_id else None
    target = Target(body.task_id, tuple(body.artifact_version_ids or ()), project_id)
    result = promote(call, target, if_match=if_match, reason=body.reason, dry_run=body.dry_run)
    if body.task_id and not body.dry_run:
        note_success(call.connection, body.task_id)
    headers = {"ETag": f'"{result["context_version"]}"'} if result["context_version"] is not None else {}
    return Answer(result, headers=headers)


@api.get(
    "/projects/<id>/context",
    operation_id="getContext",
    summary="Read a project's context",
    description="With an ETag; If-None-Match answers 304 while nothing changed.",
    responses={
        200: ContextAnswer,
        304: {"description": "The context is still at the version named in If-None-Match."},
        **refusals("project_not_found", "path_not_in_context", "context_version_unknown", "schema_key_grammar"),
    },
)
@operation("read")
def get_context(call: Call, path: ProjectPath, query: ContextQuery) -> Response:
    if query.version is not None or query.at is not None:
        project = find_project(call, path.id)
        number, document = context_as_of(call, project, version=query.version, at=query.at)
        return _context_response({**project, "context_version": number, "context": document}, query)
    seen = request.if_none_match
    if seen:
        known = read_context_version(call, path.id)
        if seen.contains_weak(str(known["context_version"])):
            return Response(status=304, headers=_context_headers(known))
    return _context_response(read_context(call, path.id), query)


@api.get(
    "/projects/<id>/context/history",
    operation_id="listPromotions",
    summary="Read the history of a context",
    description="Its promotions, newest first: who, when, why, and what changed.",
    responses={200: HistoryAnswer, **refusals("project_not_found")},
)
@operation("read")
def get_history(call: Call, path: ProjectPath, query: HistoryQuery) -> Answer:
    project = find_project(call, path.id)
    rows = history(call, project["id"], before=query.before, limit=query.limit + 1)
    more, rows = len(rows) > query.limit, rows[: query.limit]
    return Answer(rows, meta={"next_before": rows[-1]["context_version"] if more else None})


@api.get(
    "/projects/<id>/context/diff",
    operation_id="diffContext",
    summary="Compare two versions of a context",
    description="The paths whose entries differ, with both entries.",
    responses={200: DiffAnswer, **refusals("project_not_found", "context_version_unknown")},
)
@operation("read")
def get_diff(call: Call, path: ProjectPath, query: DiffQuery) -> Answer:
    return Answer(diff(call, find_project(call, path.id), query.since, query.until))


@api.post(
    "/projects/<id>/context/revert",
    operation_id="revertContext",
    summary="Go back to an earlier version of a context",
    description="Forward: a new promotion of copies of the versions of that time; paths absent then are withdrawn.",
    responses={
        200: PromotionAnswer,
        **refusals(
            "project_not_found", "context_version_unknown", "context_version_conflict", "if_match_invalid",
            "bytes_removed", "version_erased",
        ),
    },
)  # fmt: skip
@operation("review")
def post_revert(call: Call, path: ProjectPath, body: RevertBody) -> Answer:
    project = find_project(call, path.id)
    if_match = if_match_of(request.headers.get("If-Match"), body.if_match)
    result = revert(call, project["id"], body.to_version, if_match=if_match, reason=body.reason, dry_run=body.dry_run)
    return Answer(result, headers={"ETag": f'"{result["context_version"]}"'})


@api.post(
    "/projects/<id>/context/rebuild",
    operation_id="rebuildContext",
    summary="Rebuild a context from its approved versions",
    description="Repairs a context that no longer agrees with its promotions; writes nothing where all agree.",
    responses={
        200: PromotionAnswer,
        **refusals("project_not_found", "context_version_conflict", "if_match_invalid"),
    },
)
@operation("administer")
def post_rebuild(call: Call, path: ProjectPath, body: RebuildBody) -> Answer:
    project = find_project(call, path.id)
    if_match = if_match_of(request.headers.get("If-Match"), body.if_match)
    result = rebuild(call, project["id"], if_match=if_match, reason=body.reason)
    return Answer(result, headers={"ETag": f'"{result["context_version"]}"'})


def _context_response(project: dict[str, Any], query: ContextQuery) -> Response:
    meta = f'{{"project_id":"{project["id"]}","context_version":{project["context_version"]}}}'
    # The document is passed on as Postgres printed it.
    return Response(
        f'{{"data":{_chosen(project["context"], query)},"meta":{meta}}}',
        headers=_context_headers(project),
        content_type="application/json",
    )


def _chosen(document: str, query: ContextQuery) -> str:
    if query.select is not None:
        return to_json([match.value for match in jsonpath(query.select).find(from_json(document))]).decode()
    return document if query.path is None else _part(document, query.path)


def _part(document: str, path: str) -> str:
    node = node_at(from_json(document), path)
    if node is None:
        raise Refusal("path_not_in_context", details={"path": path})
    return to_json(node).decode()


def _context_headers(project: dict[str, Any]) -> dict[str, str]:
    return {"ETag": f'"{project["context_version"]}"', "Cache-Control": "private, no-cache"}
