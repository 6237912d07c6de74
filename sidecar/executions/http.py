"""/v1/executions: runs of workflows and agents, and what went in and came out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from sidecar.answers import AN_ID, ById, Existing, PageMeta, Shape, VersionName, refusals
from sidecar.call import Answer, Call
from sidecar.edge import operation
from sidecar.executions import read
from sidecar.executions.change import change_execution
from sidecar.executions.create import create_execution
from sidecar.executions.link import link_version
from sidecar.executions.resume import Reason, Wanted, resume
from sidecar.executions.status import Stage
from sidecar.executions.words import Count, ExecutionStatus, ExecutionStatuses, LongText, ShortText, WithLevel
from sidecar.projects.find import find_project
from sidecar.waiting.wait import FIELDS, keep_wait_of_run
from sidecar.waiting.words import ResumeFields

api = APIBlueprint(
    "executions", __name__, url_prefix="/v1", abp_tags=[Tag(name="Executions", description="Runs and their artifacts.")]
)

RUN: JsonDict = {
    "project_id": "spring-brand",
    "name": "image-edit-to-video",
    "engine": "temporal",
    "engine_workflow_id": "chain-2f6c",
    "status": "running",
}
Cursor = Annotated[str, StringConstraints(max_length=400)]


class ExecutionBody(WithLevel, ResumeFields):
    """A run that begins, or is recorded afterwards."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [RUN]})
    project_id: ShortText | None = Field(
        None, description="The project's id or key; else the task's project.", examples=["spring-brand"]
    )
    task_id: UUID | None = Field(None, description="The task it works on.")
    name: ShortText | None = Field(None, examples=["image-edit-to-video"])
    description: LongText | None = None
    session_id: ShortText | None = Field(None, description="The conversation or session it belongs to.")
    workflow_type: ShortText | None = Field(None, examples=["image_to_story"])
    engine: ShortText | None = Field(None, description="What runs it.", examples=["n8n", "temporal", "langgraph"])
    engine_workflow_id: ShortText | None = Field(
        None, description="Its name in the engine. The same name again is the same run.", examples=["chain-2f6c"]
    )
    engine_run_id: ShortText | None = None
    request_id: ShortText | None = Field(None, description="Else the request's own X-Request-Id.")
    definition: Any = Field(None, description="The workflow as it is run: any JSON.")
    status: ExecutionStatus = Field(
        "pending",
        description="pending, running, completed, failed or cancelled; words such as executing, success or"
        " executing_level_2 are understood.",
        examples=["running"],
    )
    current_level: Count | None = Field(None, description="How far a levelled chain has come.")
    error_message: LongText | None = None


class ExecutionChange(WithLevel, ResumeFields):
    """What has changed; fields left out stay."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"status": "completed"}]})
    status: ExecutionStatus = Field("pending", description="The status it moves to.", examples=["completed"])
    current_level: Count = Field(0, examples=[2])
    error_message: LongText | None = Field(None, description="What went wrong.")
    name: ShortText | None = None
    description: LongText | None = None
    session_id: ShortText | None = None
    workflow_type: ShortText | None = None
    engine_run_id: ShortText | None = None
    definition: Any = None


class ExecutionsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    project_id: ShortText | None = Field(
        None, description="The project's id or key.", json_schema_extra={"example": "spring-brand"}
    )
    task_id: UUID | None = None
    status: ExecutionStatuses | None = Field(None, description="One status, or several with commas.")
    session_id: ShortText | None = None
    workflow_type: ShortText | None = None
    engine: ShortText | None = None
    engine_workflow_id: ShortText | None = None
    failed_steps: bool | None = Field(
        None, description="true: only runs with a step whose latest attempt failed; false: only runs without one."
    )
    cursor: Cursor | None = Field(None, description="meta.next_cursor of the page before.")
    limit: int = Field(50, ge=1, le=500)


class ExecutionLinkBody(BaseModel):
    """A version that went into the run, or came out of it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"artifact_version_id": AN_ID, "stage": "input"}]},
    )
    artifact_version_id: UUID
    stage: Stage = Field("generated", description="input, or how far an output has come. Decisions move it.")
    step_id: UUID | None = Field(None, description="The step it went into or came out of.")


class LinksQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    stage: Stage | None = None
    cursor: Cursor | None = None
    limit: int = Field(100, ge=1, le=500)


def _hash(text: str) -> str:
    if len(text) > 255 or not text.isprintable() or not text:
        raise PydanticCustomError("input_hash", "an input_hash is 1 to 255 printable characters")
    return text


Hash = Annotated[str, AfterValidator(_hash), Field(json_schema_extra={"minLength": 1, "maxLength": 255})]


class WantedBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    step_name: ShortText = Field(examples=["edit_frame1"])
    input_hash: Hash | None = Field(
        None, description="Of what it would be given now; left out, any input will do.", examples=["9f86d081884c7d65"]
    )


class ResumeBody(BaseModel):
    """The steps a caller is about to run."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"steps": [{"step_name": "edit_frame1", "input_hash": "9f86d081884c7d65"}]}]},
    )
    steps: list[WantedBody] = Field(min_length=1, max_length=1000)


class Execution(Shape):
    """A run of a workflow or an agent."""

    id: UUID
    project_id: UUID | None
    task_id: UUID | None
    name: str | None
    description: str | None
    session_id: str | None
    workflow_type: str | None
    status: Literal["pending", "running", "completed", "failed", "cancelled"] | None
    current_level: int | None
    engine: str | None
    engine_workflow_id: str | None
    engine_run_id: str | None
    request_id: str | None
    definition: Any
    error_message: str | None
    started_at: datetime | None
    completed_at: datetime | None
    user_created: UUID | None
    date_created: datetime | None
    allowed_statuses: list[str] = Field(description="The statuses it may move to now.")


class ExecutionAnswer(Shape):
    data: Execution


class ExecutionCreated(Shape):
    data: Execution
    meta: Existing


class ExecutionsAnswer(Shape):
    data: list[Execution]
    meta: PageMeta


class ExecutionLink(VersionName):
    """A version linked to a run."""

    id: UUID
    execution_id: UUID | None
    step_id: UUID | None
    project_id: UUID
    status: str
    artifact_type: str | None
    primary_file_id: UUID | None
    primary_file_type: str | None = Field(description="Such as image/png.")
    stage: Stage
    date_created: datetime | None


class ExecutionLinkAnswer(Shape):
    data: ExecutionLink
    meta: Existing


class ExecutionLinksAnswer(Shape):
    data: list[ExecutionLink]
    meta: PageMeta


class StandingVersion(VersionName):
    status: str


class StepToResume(Shape):
    step_name: str
    step_id: UUID | None = Field(description="Its latest attempt.")
    attempt: int | None
    status: str | None
    level: int | None
    input_hash: str | None
    usable: bool = Field(description="Whether its output can be used again; else it must run.")
    reason: Reason = Field(description="Why; `dependency`: a step it depends on must run.")
    output: Any
    outputs: list[StandingVersion]


class ResumeMeta(Shape):
    usable: int
    must_run: int


class ResumeAnswer(Shape):
    data: list[StepToResume]
    meta: ResumeMeta


_SAID = ("execution_status_known", "project_not_found", "task_not_found", "invalid_text")


@api.post(
    "/executions",
    operation_id="createExecution",
    summary="Record a run",
    description="201 for a new run; 200 for the one its engine calls by the same engine_workflow_id, left as it is."
    " The server sets the times. With resume_url, the run is resumed once when its versions are decided.",
    responses={200: ExecutionCreated, 201: ExecutionCreated, **refusals(*_SAID, "execution_elsewhere")},
)
@operation("produce")
def post_executions(call: Call, body: ExecutionBody) -> Answer:
    execution, new = create_execution(call, body.project_id, body.model_dump(exclude={"project_id", *FIELDS}))
    keep_wait_of_run(call, execution, body.model_dump(include=set(FIELDS), exclude_unset=True))
    headers = {"Location": f"/v1/executions/{execution['id']}"} if new else {}
    return Answer(read.present(execution), 201 if new else 200, {"existing": not new}, headers)


@api.patch(
    "/executions/<id>",
    operation_id="changeExecution",
    summary="Change a run",
    description="pending → running → completed, failed or cancelled; failed → running resumes it. The same change again"
    " is the same answer.",
    responses={200: ExecutionAnswer, **refusals(*_SAID, "execution_not_found", "execution_status_order")},
)
@operation("produce")
def patch_execution(call: Call, path: ById, body: ExecutionChange) -> Answer:
    execution = change_execution(call, path.id, body.model_dump(exclude_unset=True, exclude=set(FIELDS)))
    keep_wait_of_run(call, execution, body.model_dump(include=set(FIELDS), exclude_unset=True))
    return Answer(read.present(execution))


@api.get(
    "/executions",
    operation_id="listExecutions",
    summary="List runs",
    description="Newest first, in pages.",
    responses={200: ExecutionsAnswer, **refusals("project_not_found", "execution_status_known", "restricted_policy")},
)
@operation("read")
def get_executions(call: Call, query: ExecutionsQuery) -> Answer:
    filters = query.model_dump(exclude={"cursor", "limit"})
    if query.project_id:
        filters["project_id"] = find_project(call, query.project_id)["id"]
    filters["status"] = query.status.split(",") if query.status else None
    rows, cursor = read.list_executions(call, filters, cursor=query.cursor, limit=query.limit)
    return Answer(rows, meta={"next_cursor": cursor})


@api.get(
    "/executions/<id>",
    operation_id="getExecution",
    summary="Read a run",
    description="With the statuses it may move to.",
    responses={200: ExecutionAnswer, **refusals("execution_not_found", "restricted_policy")},
)
@operation("read")
def get_execution(call: Call, path: ById) -> Answer:
    return Answer(read.present(read.find_execution(call, path.id)))


@api.post(
    "/executions/<id>/artifacts",
    operation_id="linkExecutionArtifact",
    summary="Link a version to a run",
    description="As an input, or as an output at a stage. What was submitted with execution_id or step_id is linked"
    " already. An output stands at one stage, and decisions move it.",
    responses={
        200: ExecutionLinkAnswer,
        201: ExecutionLinkAnswer,
        **refusals("execution_not_found", "step_not_found", "artifact_not_found", "stage_by_decision"),
    },
)
@operation("produce")
def post_execution_artifacts(call: Call, path: ById, body: ExecutionLinkBody) -> Answer:
    link, new = link_version(call, path.id, body.step_id, body.artifact_version_id, body.stage)
    return Answer(link, 201 if new else 200, {"existing": not new})


@api.get(
    "/executions/<id>/artifacts",
    operation_id="listExecutionArtifacts",
    summary="Read what went into a run and came out of it",
    description="Oldest first, in pages, each at the stage it has reached.",
    responses={200: ExecutionLinksAnswer, **refusals("execution_not_found", "restricted_policy")},
)
@operation("read")
def get_execution_artifacts(call: Call, path: ById, query: LinksQuery) -> Answer:
    rows, cursor = read.links_of(call, path.id, stage=query.stage, cursor=query.cursor, limit=query.limit)
    return Answer(rows, meta={"next_cursor": cursor})


@api.get(
    "/executions/<id>/resume",
    operation_id="resumeExecution",
    summary="Read which steps must run",
    description="Each step by its latest attempt: its output can be used again, or it must run, and why.",
    responses={200: ResumeAnswer, **refusals("execution_not_found", "restricted_policy")},
)
@operation("read")
def get_resume(call: Call, path: ById) -> Answer:
    return _resumed(resume(call, path.id))


@api.post(
    "/executions/<id>/resume",
    operation_id="resumeSteps",
    summary="Ask which of some steps must run",
    description="With the hash of what each would be given. Changes nothing.",
    responses={200: ResumeAnswer, **refusals("execution_not_found", "restricted_policy")},
)
@operation("read")
def post_resume(call: Call, path: ById, body: ResumeBody) -> Answer:
    return _resumed(resume(call, path.id, [Wanted(step.step_name, step.input_hash) for step in body.steps]))


def _resumed(steps: list[dict[str, Any]]) -> Answer:
    usable = sum(step["usable"] for step in steps)
    return Answer(steps, meta={"usable": usable, "must_run": len(steps) - usable})
