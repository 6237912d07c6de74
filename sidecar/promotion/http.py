"""/v1/promotions and the context."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError, from_json, to_json

from sidecar.answers import Shape, VersionName, refusals
from sidecar.call import Answer, Call
from sidecar.edge import caller, described, encode, json_body, operation, read_model, run
from sidecar.errors import Refusal
from sidecar.paths import Path
from sidecar.projects.find import find_project, read_context, read_context_version
from sidecar.promotion.context import node_at
from sidecar.promotion.promote import Target, if_match_of, promote
from sidecar.promotion.task import note_failure, note_success

api = APIBlueprint(
    "promotion", __name__, url_prefix="/v1", abp_tags=[Tag(name="Context", description="Promotions and the context.")]
)


class PromoteBody(BaseModel):
    """What to promote: exactly one of task_id, artifact_version_ids and project_id."""

    model_config = ConfigDict(extra="forbid")
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
    status: str = Field(description="promoted, already_promoted or nothing_to_promote")
    changes: list[Change] | None = Field(None, description="In a dry run: what the context would hold.")
    stale: list[VersionName] | None = Field(
        None, description="In a dry run: approved versions made from superseded ones."
    )


class PromotionAnswer(Shape):
    data: Promotion


class ProjectPath(BaseModel):
    id: str = Field(max_length=255, description="The project's id or key.")


class ContextQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    path: Path | None = Field(None, description="Only what the context holds here.")


class ContextMeta(Shape):
    project_id: UUID
    context_version: int


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
            "not_submitted", "context_version_conflict", "context_path_occupied", "if_match_invalid",
        ),
    },
)  # fmt: skip
@described(body=PromoteBody)
def post_promotions() -> Response:
    caller().must("produce")
    typed: PromoteBody = read_model(PromoteBody, json_body())
    if_match = if_match_of(request.headers.get("If-Match"), typed.if_match)
    try:
        return encode(run(lambda call: _promoted(call, typed, if_match)))
    except Refusal as refusal:
        # What passes by itself (5xx) is nothing for people to see: the Flow or the worker tries again.
        if typed.automatic and typed.task_id and refusal.status < 500 and refusal.code != "task_not_found":
            _note(typed.task_id, refusal)
        raise


def _note(task_id: UUID, refusal: Refusal) -> None:
    run(lambda call: note_failure(call.connection, task_id, refusal))


def _promoted(call: Call, body: PromoteBody, if_match: int | None) -> Answer:
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
        **refusals("project_not_found", "path_not_in_context"),
    },
)
@operation("read")
def get_context(call: Call, path: ProjectPath, query: ContextQuery) -> Response:
    seen = request.if_none_match
    if seen:
        known = read_context_version(call, path.id)
        if seen.contains_weak(str(known["context_version"])):
            return Response(status=304, headers=_context_headers(known))
    project = read_context(call, path.id)
    document = project["context"] if query.path is None else _part(project["context"], query.path)
    meta = f'{{"project_id":"{project["id"]}","context_version":{project["context_version"]}}}'
    # The document is passed on as Postgres printed it.
    return Response(
        f'{{"data":{document},"meta":{meta}}}', headers=_context_headers(project), content_type="application/json"
    )


def _part(document: str, path: str) -> str:
    node = node_at(from_json(document), path)
    if node is None:
        raise Refusal("path_not_in_context", details={"path": path})
    return to_json(node).decode()


def _context_headers(project: dict[str, Any]) -> dict[str, str]:
    return {"ETag": f'"{project["context_version"]}"', "Cache-Control": "private, no-cache"}
