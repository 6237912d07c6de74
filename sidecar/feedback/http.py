"""/v1/projects/{id}/lessons, /v1/projects/{id}/rejections and /v1/feedback.jsonl."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from sidecar.answers import PageMeta, ProjectPath, Shape, refusals
from sidecar.call import Answer, Call
from sidecar.edge import operation, registry
from sidecar.errors import Refusal
from sidecar.feedback import export
from sidecar.feedback.lessons import Scope, Wanted, lessons
from sidecar.feedback.paths import PathPattern, paths_named
from sidecar.feedback.prompt import section
from sidecar.feedback.rejections import rejections
from sidecar.feedback.stream import NDJSON, guarded
from sidecar.projects.find import find_project

api = APIBlueprint(
    "feedback", __name__, url_prefix="/v1",
    abp_tags=[Tag(name="Feedback", description="What decisions teach.")],
)  # fmt: skip
T = TypeVar("T")


def _moment(text: str) -> str:
    # pydantic would take a number for seconds since 1970.
    if not re.match(r"\d{4}-\d\d-\d\d", text):
        raise PydanticCustomError("moment", "say a moment such as 2026-01-31T12:00:00Z")
    return text


def _with_zone(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise PydanticCustomError("time_zone", "say the time zone, such as 2026-01-31T12:00:00Z")
    return moment


Moment = Annotated[datetime, BeforeValidator(_moment), AfterValidator(_with_zone)]


class LessonsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    schema_key: PathPattern | None = Field(
        None, description="A path, or a pattern such as scene_images[*]; else the whole project."
    )
    scope: Scope = Field(
        "project",
        description="template: also the other projects of its template; all: of every project. Both for one path, and"
        " the 1,000 newest projects.",
    )
    limit: int = Field(20, ge=1, le=100, description="How many reasons, the most frequent first.")
    format: Literal["json", "text"] = Field("json", description="text: a section for a prompt, as plain text.")
    max_characters: int = Field(4000, ge=500, le=100_000, description="Of format=text: how long it may be.")


class RejectionsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    schema_key: PathPattern | None = Field(None, description="A path or a pattern; else the whole project.")
    cursor: str | None = Field(None, max_length=300, description="meta.next_cursor of the page before.")
    limit: int = Field(50, ge=1, le=200)


class FeedbackQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    project_id: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = Field(
        None,
        description="The project's id or key; else all projects.",
        json_schema_extra={"example": "spring-brand"},
    )
    schema_key: PathPattern | None = Field(None, description="A path or a pattern; else every path.")
    kind: export.Kind = Field(
        "pairs", description="pairs: prompt, chosen, rejected. decisions: prompt, completion, label."
    )
    since: Moment | None = Field(
        None,
        description="Only what was decided then or later: the Feedback-Until of the last export.",
        json_schema_extra={"example": "2026-01-31T12:00:00Z"},
    )
    until: Moment | None = Field(None, description="Only what was decided before.")
    cursor: str | None = Field(None, max_length=300, description="The cursor of a line: go on behind it.")
    limit: int | None = Field(None, ge=1, le=2**31 - 1, description="How many lines at most.")


class LessonVersion(Shape):
    artifact_version_id: UUID
    project_id: UUID
    schema_key: str
    version_number: int


class TurnedDownVersion(LessonVersion):
    decided_at: datetime


class ApprovedInstead(Shape):
    artifact_version_id: UUID
    version_number: int
    approved_at: datetime


class LessonReason(Shape):
    """One reason, in whichever words of case and space it was given."""

    reason: str | None = Field(description="As it was said last; null where there is structured feedback only.")
    count: int = Field(description="How many versions were turned down for it.")
    rejected: int
    changes_requested: int
    first_at: datetime
    last_at: datetime
    versions: list[TurnedDownVersion] = Field(description="The last ones, at most 5.")
    feedback: list[Any] = Field(description="Structured feedback that came with it, at most 3.")
    approved_instead: ApprovedInstead | None = Field(description="Of the last of these versions.")


class LessonApproved(LessonVersion):
    artifact_type: str | None
    approved_at: datetime | None
    reason: str | None
    excerpt: str | None = Field(description="How its value begins.")


class LessonChange(Shape):
    op: Literal["add", "remove", "replace"]
    path: str = Field(description="A JSON pointer.")
    before: Any
    after: Any


class EditedFrom(Shape):
    artifact_version_id: UUID
    version_number: int


class LessonEdit(LessonVersion):
    """What somebody changed before it was approved."""

    approved_at: datetime | None
    reason: str | None
    edited_from: EditedFrom
    changes: list[LessonChange] = Field(description="At most 20, long values as the beginning of their text.")
    more: int = Field(description="How many more changes there are.")
    compared: bool = Field(description="Whether the values are small enough to be compared here.")
    other_file: bool = Field(description="Whether its primary file is another one.")


class LessonComment(LessonVersion):
    comment: str | None
    feedback: Any
    date_created: datetime | None


class Lessons(Shape):
    turned_down: list[LessonReason] = Field(description="The most frequent reason first, then the latest.")
    approved: list[LessonApproved] = Field(description="What is approved now, the latest first.")
    edits: list[LessonEdit] = Field(description="The latest first.")
    comments: list[LessonComment] = Field(description="The latest first.")


class LessonsMeta(Shape):
    projects: int = Field(description="How many projects were looked at.")
    remarks: int = Field(description="How many rejections and requests for changes.")
    truncated: bool = Field(description="Whether there are more than the latest 500, or 1,000 projects.")
    groups_left_out: int = Field(description="Reasons beyond limit.")
    without_reason: int = Field(description="Decisions that say nothing.")


_TEXT = {"text/plain": {"schema": {"type": "string"}}}


class LessonsAnswer(Shape):
    model_config = ConfigDict(extra="forbid", openapi_extra={"content": _TEXT})  # type: ignore[typeddict-unknown-key]
    data: Lessons
    meta: LessonsMeta


class RejectionRecord(Shape):
    id: UUID
    action: str = Field(description="reject, request_changes, comment or approve.")
    reason: str | None
    feedback: Any
    actor_id: UUID | None
    actor_type: str | None
    actor_label: str | None
    date_created: datetime | None


class ChosenInstead(ApprovedInstead):
    reason: str | None


class Rejection(Shape):
    """A version that was turned down, by the last decision that did so."""

    artifact_version_id: UUID
    project_id: UUID
    schema_key: str
    version_number: int
    status: str
    review_state: str | None
    artifact_type: str | None
    primary_file_id: UUID | None
    content_hash: str | None
    action: Literal["reject", "request_changes"]
    reason: str | None
    decided_at: datetime
    records: list[RejectionRecord] = Field(description="All that was said of it, oldest first.")
    approved_instead: ChosenInstead | None = Field(
        description="What was approved together with this decision, else the first newer version that was approved."
    )


class RejectionsAnswer(Shape):
    data: list[Rejection]
    meta: PageMeta


@api.get(
    "/projects/<id>/lessons",
    operation_id="getLessons",
    summary="Read what decisions teach the next run",
    description="Why versions of a path were turned down, what was changed by hand, what was approved, what was said;"
    " as JSON, or as a section for a prompt.",
    responses={200: LessonsAnswer, **refusals("project_not_found", "restricted_policy", "schema_key_grammar")},
)
@operation("read")
def get_lessons(call: Call, path: ProjectPath, query: LessonsQuery) -> Answer | Response:
    project = find_project(call, path.id)
    found, meta = lessons(call, Wanted(project, paths_named(query.schema_key), query.scope, query.limit))
    if query.format == "json":
        return Answer(found, meta=meta)
    text = section(found, meta, _about(query, project), query.max_characters)
    return Response(text, content_type="text/plain; charset=utf-8")


@api.get(
    "/projects/<id>/rejections",
    operation_id="listRejections",
    summary="List what was turned down",
    description="Rejected versions and those sent back for changes, with all that was said of them and what was"
    " approved instead. The last decision first, in pages.",
    responses={200: RejectionsAnswer, **refusals("project_not_found", "restricted_policy", "schema_key_grammar")},
)
@operation("read")
def get_rejections(call: Call, path: ProjectPath, query: RejectionsQuery) -> Answer:
    project_id = find_project(call, path.id)["id"]
    rows, cursor = rejections(call, project_id, paths_named(query.schema_key), cursor=query.cursor, limit=query.limit)
    return Answer(rows, meta={"next_cursor": cursor})


@api.get(
    "/feedback.jsonl",
    operation_id="exportFeedback",
    summary="Export decisions for training",
    description="JSON Lines, as they are read from the database: pairs of a chosen and a rejected version of one path,"
    " or single decisions. By project and time. A last line with `errors` says that it broke off, and where to go on.",
    responses={
        200: {
            "description": "One JSON object a line; each has the same fields with the same types.",
            "headers": {
                "Feedback-Until": {
                    "description": "Everything decided before this moment is there: the next export's since.",
                    "schema": {"type": "string", "format": "date-time"},
                }
            },
            "content": {NDJSON: {"schema": {"type": "string"}}},
        },
        **refusals("project_not_found", "restricted_policy", "schema_key_grammar"),
    },
)
@operation("read")
def get_feedback(call: Call, query: FeedbackQuery) -> Response:
    only = find_project(call, query.project_id)["id"] if query.project_id else None
    start = _start(query.cursor, only)
    until = export.settled(call)
    wanted = export.Export(
        query.kind, only, paths_named(query.schema_key), query.since, min(until, query.until or until), query.limit,
        call.settings.address,
    )  # fmt: skip
    first = export.page(call, wanted, start)
    lines = export.lines(_runner(call), wanted, first)
    headers = {"Feedback-Until": wanted.until.isoformat(), "Cache-Control": "no-store"}
    return Response(guarded(lines, start, call.request_id), headers=headers, content_type=NDJSON)


def _start(cursor: str | None, only: UUID | None) -> export.Place:
    start = export.place_of(cursor)
    if cursor and only not in (None, start.project):
        raise Refusal("invalid_value", "The cursor is one of another project's lines.", {"cursor": cursor[:200]})
    return start


def _runner(call: Call) -> export.Run:
    """Runs parts of the answer when the request's own connection is long given back."""
    database, caller, request_id, settings = registry().database, call.caller, call.request_id, call.settings

    def run(work: Callable[[Call], T], /) -> T:
        return database.by_statement(lambda connection: work(Call(connection, caller, request_id, settings)))

    return run


def _about(query: LessonsQuery, project: dict[str, Any]) -> str:
    where = {"project": "", "template": ", and of the projects of its template", "all": ", and of all other projects"}
    named = project["key"] or project["id"]
    return f"{query.schema_key or 'all paths'} in the project {named}{where[query.scope]}"
