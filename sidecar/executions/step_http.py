"""/v1/steps, and the steps of a run."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from sidecar.answers import AN_ID, ById, Existing, PageMeta, ProjectPath, Shape, Version, refusals, version_name
from sidecar.artifacts.read import present as present_versions
from sidecar.call import Answer, Call
from sidecar.edge import operation
from sidecar.executions import steps
from sidecar.executions.http import Cursor, Hash, StandingVersion
from sidecar.executions.resume import current_output, newest_by_path, outputs_by_step, reusable
from sidecar.executions.words import Count, LongText, Order, ShortText, StepStatus, StepStatuses
from sidecar.paths import Path
from sidecar.projects.find import find_project

api = APIBlueprint("steps", __name__, url_prefix="/v1", abp_tags=[Tag(name="Steps", description="Steps of runs.")])

STEP: JsonDict = {
    "step_name": "edit_frame1",
    "workflow_name": "qwen_image_edit",
    "depends_on": ["extract_frame1"],
    "server_address": "http://server-b:8188",
    "status": "queued",
    "input": {"strength": 0.7},
}


class StepFields(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [STEP]})
    step_name: ShortText | None = Field(
        None,
        description="What the step is called; within a run, the same name is the same step.",
        examples=["edit_frame1"],
    )
    workflow_name: ShortText | None = Field(None, description="The workflow it runs.", examples=["qwen_image_edit"])
    step_order: Order | None = Field(None, description="Its place in the run.")
    level: Count | None = Field(None, description="Else one more than the furthest step it depends on.")
    depends_on: list[ShortText] | None = Field(
        None, max_length=200, description="Names of steps of the run.", examples=[["extract_frame1"]]
    )
    status: StepStatus = Field(
        "queued",
        description="queued, running, completed, failed or skipped; words such as pending, executing, success or error"
        " are understood.",
        examples=["queued"],
    )
    input: Any = Field(None, description="What it is given: any JSON.")
    inputs: list[UUID] = Field(default=[], max_length=200, description="Versions it is given.")
    output: Any = Field(None, description="What it gave back: any JSON.")
    parameters: Any = Field(None, description="The parameters as resolved: any JSON.")
    definition: Any = Field(None, description="The workflow as it was sent: any JSON.")
    input_hash: Hash | None = Field(
        None,
        description="Equal hash, equal input. Else SHA-256 (hex) of {input, inputs, parameters} in canonical JSON"
        " (RFC 8785), inputs sorted, what is null or empty left out.",
    )
    server_address: ShortText | None = Field(None, examples=["http://server-b:8188"])
    prompt_id: ShortText | None = Field(None, description="What the server calls it.")
    engine_workflow_id: ShortText | None = Field(None, description="Its name in the engine.")
    engine_run_id: ShortText | None = None
    error_message: LongText | None = None

    def row(self) -> dict[str, Any]:
        """The columns that steps.add_step takes."""
        own = self.model_dump(include=set(StepFields.model_fields))
        return {**own, "execution_id": None, "project_id": None}


class StepBody(StepFields):
    """A step: of a run, or on its own."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"execution_id": AN_ID, **STEP}, {"workflow_name": "upscale"}]}
    )
    project_id: ShortText | None = Field(None, description="The project's id or key; else the run's project.")
    execution_id: UUID | None = Field(None, description="The run it belongs to; left out for a step on its own.")

    @model_validator(mode="after")
    def _is_called(self) -> StepBody:
        if self.step_name is None and (self.execution_id is not None or self.workflow_name is None):
            raise PydanticCustomError(
                "step_name_missing", "say step_name; a step on its own may have a workflow_name instead"
            )
        return self


class NamedStep(StepFields):
    """A step of a run, beside others."""

    @model_validator(mode="after")
    def _is_called(self) -> NamedStep:
        if self.step_name is None:
            raise PydanticCustomError("step_name_missing", "say step_name: the others depend on it by that name")
        return self


class StepsBody(StepFields):
    """One step of the run, or several in `steps`, all or nothing."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [STEP, {"steps": [STEP]}]})
    project_id: ShortText | None = Field(None, description="The project's id or key; else the run's project.")
    steps: list[NamedStep] | None = Field(None, min_length=1, max_length=500)

    @model_validator(mode="after")
    def _one_way(self) -> StepsBody:
        if (self.steps is None) == (self.step_name is None):
            raise PydanticCustomError("one_of", "send either a step with its step_name, or steps")
        if self.steps is not None and self.model_fields_set - {"steps", "project_id"}:
            raise PydanticCustomError("one_of", "beside steps only project_id may be sent")
        return self


class StepChange(BaseModel):
    """What has changed; fields left out stay."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"status": "completed", "output": {"score": 0.93}}]}
    )
    status: StepStatus = Field("queued", description="The status it moves to.", examples=["completed"])
    workflow_name: ShortText | None = None
    step_order: Order | None = None
    level: Count | None = None
    input: Any = None
    inputs: list[UUID] = Field(default=[], max_length=200, description="Further versions it is given.")
    output: Any = None
    parameters: Any = None
    definition: Any = None
    input_hash: Hash | None = None
    server_address: ShortText | None = None
    prompt_id: ShortText | None = None
    engine_workflow_id: ShortText | None = None
    engine_run_id: ShortText | None = None
    error_message: LongText | None = None


class RetryBody(BaseModel):
    """How the next attempt begins."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"status": "running"}]})
    status: Literal["queued", "running"] = Field("queued", examples=["running"])


class StepsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    project_id: ShortText | None = Field(
        None, description="The project's id or key.", json_schema_extra={"example": "spring-brand"}
    )
    execution_id: UUID | None = None
    standalone: bool | None = Field(None, description="true: only steps on their own; false: only steps of runs.")
    step_name: ShortText | None = None
    workflow_name: ShortText | None = None
    status: StepStatuses | None = Field(None, description="One status, or several with commas.")
    engine_workflow_id: ShortText | None = None
    prompt_id: ShortText | None = None
    server_address: ShortText | None = None
    input_hash: Hash | None = None
    used: UUID | None = Field(None, description="Only steps that were given this version.")
    cursor: Cursor | None = Field(None, description="meta.next_cursor of the page before.")
    limit: int = Field(50, ge=1, le=500)


class StepsOfExecutionQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    status: StepStatuses | None = Field(None, description="One status, or several with commas.")
    level: Count | None = None
    ready: bool | None = Field(None, description="true: only queued steps whose dependencies have completed.")
    latest: bool = Field(False, description="true: of each step only its latest attempt.")
    cursor: Cursor | None = Field(None, description="meta.next_cursor of the page before.")
    limit: int = Field(100, ge=1, le=500)


class LatestQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    want: Literal["approved", "latest"] = "approved"
    schema_key: Path | None = Field(None, description="Of a step with several outputs: the one at this path.")


class ReusableQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    step_name: ShortText = Field(json_schema_extra={"example": "edit_frame1"})
    input_hash: Hash = Field(json_schema_extra={"example": "9f86d081884c7d65"})


class Step(Shape):
    """A step of a run, or a step on its own."""

    id: UUID
    project_id: UUID | None
    execution_id: UUID | None
    step_name: str | None
    workflow_name: str | None
    step_order: int | None
    level: int | None
    depends_on: Any
    attempt: int | None
    retry_of: UUID | None = Field(description="The attempt before this one.")
    engine_workflow_id: str | None
    engine_run_id: str | None
    status: Literal["queued", "running", "completed", "failed", "skipped"] | None
    input: Any
    inputs: list[UUID] = Field(description="Versions it was given.")
    output: Any
    outputs: list[UUID] = Field(description="Versions it made.")
    parameters: Any
    definition: Any
    server_address: str | None
    prompt_id: str | None
    input_hash: str | None
    error_message: str | None
    queued_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    user_created: UUID | None
    date_created: datetime | None
    ready: bool = Field(description="Queued, and every step it depends on has completed.")
    allowed_statuses: list[str] = Field(description="The statuses it may move to now.")


class StepAnswer(Shape):
    data: Step


class StepCreated(Shape):
    data: Step
    meta: Existing


class ExistingSteps(Shape):
    existing: bool | list[bool]


class StepsCreated(Shape):
    """The step; or the steps in the order they were sent, and for each whether it was there before."""

    data: Step | list[Step]
    meta: ExistingSteps


class StepsAnswer(Shape):
    data: list[Step]
    meta: PageMeta


class OutputsAnswer(Shape):
    data: list[Version]


class OutputAnswer(Shape):
    data: Version


class Reusable(Shape):
    step: Step
    outputs: list[StandingVersion]


class ReusableAnswer(Shape):
    data: Reusable | None


_ADDING = ("step_status_known", "project_not_found", "execution_not_found", "artifact_not_found",
           "step_dependency_unknown", "step_dependency_cycle", "invalid_text")  # fmt: skip


@api.post(
    "/steps",
    operation_id="createStep",
    summary="Record a step",
    description="Of a run, or on its own. 201 for a new step; 200 for the same one again: in a run by its step_name"
    " while it is queued or running, or completed with the same input and a usable output; on its own by what its"
    " engine or server calls it. After a failed one it is the next attempt.",
    responses={200: StepCreated, 201: StepCreated, **refusals(*_ADDING)},
)
@operation("produce")
def post_steps(call: Call, body: StepBody) -> Answer:
    if body.execution_id is None:
        step, new = steps.add_step(call, body.row(), body.project_id)
    else:
        ((step, new),) = steps.add_steps(call, body.execution_id, [body.row()], body.project_id)
    return _created(call, step, new)


@api.post(
    "/executions/<id>/steps",
    operation_id="createSteps",
    summary="Record steps of a run",
    description="One step, or several in `steps`, which may depend on each other, all or nothing. The same name is the"
    " same step, as for POST /v1/steps.",
    responses={200: StepsCreated, 201: StepsCreated, **refusals(*_ADDING)},
)
@operation("produce")
def post_execution_steps(call: Call, path: ById, body: StepsBody) -> Answer:
    wanted = [body] if body.steps is None else body.steps
    added = steps.add_steps(call, path.id, [step.row() for step in wanted], body.project_id)
    if body.steps is None:
        return _created(call, *added[0])
    status = 201 if any(new for _, new in added) else 200
    return Answer(steps.present(call, [step for step, _ in added]), status, {"existing": [not new for _, new in added]})


@api.patch(
    "/steps/<id>",
    operation_id="changeStep",
    summary="Change a step",
    description="queued → running → completed, failed or skipped. The same change again is the same answer. What a step"
    " was given and gave back is filled in when it is known; once it has ended it is not replaced.",
    responses={
        200: StepAnswer,
        **refusals("step_status_known", "step_not_found", "step_status_order", "step_ended", "artifact_not_found",
                   "invalid_text"),
    },
)  # fmt: skip
@operation("produce")
def patch_step(call: Call, path: ById, body: StepChange) -> Answer:
    step = steps.change_step(call, path.id, body.model_dump(exclude_unset=True))
    return Answer(steps.present(call, [step])[0])


@api.post(
    "/steps/<id>/retry",
    operation_id="retryStep",
    summary="Try a step again",
    description="A step that has ended gets its next attempt, with the same input; 200 when it has one already.",
    responses={200: StepCreated, 201: StepCreated, **refusals("step_not_found", "step_unfinished")},
)
@operation("produce")
def post_retry(call: Call, path: ById, body: RetryBody) -> Answer:
    return _created(call, *steps.retry_step(call, path.id, body.status))


@api.get(
    "/steps",
    operation_id="listSteps",
    summary="List steps",
    description="Newest first, in pages.",
    responses={200: StepsAnswer, **refusals("project_not_found", "step_status_known", "restricted_policy")},
)
@operation("read")
def get_steps(call: Call, query: StepsQuery) -> Answer:
    filters = query.model_dump(exclude={"cursor", "limit"})
    if query.project_id:
        filters["project_id"] = find_project(call, query.project_id)["id"]
    filters["status"] = query.status.split(",") if query.status else None
    rows, cursor = steps.list_steps(call, filters, cursor=query.cursor, limit=query.limit)
    return Answer(rows, meta={"next_cursor": cursor})


@api.get(
    "/executions/<id>/steps",
    operation_id="listExecutionSteps",
    summary="Read the steps of a run",
    description="By level, order and time, in pages; every attempt, unless only the latest are asked for.",
    responses={200: StepsAnswer, **refusals("execution_not_found", "step_status_known", "restricted_policy")},
)
@operation("read")
def get_execution_steps(call: Call, path: ById, query: StepsOfExecutionQuery) -> Answer:
    filters = query.model_dump(exclude={"cursor", "limit"})
    filters["status"] = query.status.split(",") if query.status else None
    rows, cursor = steps.steps_of(call, path.id, filters, cursor=query.cursor, limit=query.limit)
    return Answer(rows, meta={"next_cursor": cursor})


@api.get(
    "/steps/<id>",
    operation_id="getStep",
    summary="Read a step",
    description="With the versions it was given and made.",
    responses={200: StepAnswer, **refusals("step_not_found", "restricted_policy")},
)
@operation("read")
def get_step(call: Call, path: ById) -> Answer:
    return Answer(steps.present(call, [steps.find_step(call, path.id)])[0])


@api.get(
    "/steps/<id>/artifacts",
    operation_id="listStepArtifacts",
    summary="Read what a step made",
    description="Every version, newest first; edits of them included.",
    responses={200: OutputsAnswer, **refusals("step_not_found", "restricted_policy")},
)
@operation("read")
def get_step_artifacts(call: Call, path: ById) -> Answer:
    steps.find_step(call, path.id)
    return Answer(_shown(call, outputs_by_step(call, [path.id])[path.id]))


@api.get(
    "/steps/<id>/latest",
    operation_id="getStepOutput",
    summary="Read a step's current output",
    description="The newest approved version it made, or an edit of one. want=latest: the newest that nobody has"
    " rejected or put away, decided or not.",
    responses={
        200: OutputAnswer,
        **refusals("step_not_found", "step_output_missing", "restricted_policy", "schema_key_grammar"),
    },
)
@operation("read")
def get_step_latest(call: Call, path: ById, query: LatestQuery) -> Answer:
    step = steps.find_step(call, path.id)
    version = current_output(call, step, want=query.want, schema_key=query.schema_key)
    return Answer(_shown(call, [version])[0])


@api.get(
    "/projects/<id>/reusable",
    operation_id="findReusableStep",
    summary="Find an output that was made from the same input",
    description="In any run of the project: the newest completed step of this name and input_hash with a usable output;"
    " null when there is none.",
    responses={200: ReusableAnswer, **refusals("project_not_found", "restricted_policy")},
)
@operation("read")
def get_reusable(call: Call, path: ProjectPath, query: ReusableQuery) -> Answer:
    project = find_project(call, path.id)
    step = reusable(call, project["id"], query.step_name, query.input_hash)
    if step is None:
        return Answer(None)
    outputs = newest_by_path(outputs_by_step(call, [step["id"]])[step["id"]])
    named = [{**version_name(version), "status": version["status"]} for version in outputs]
    return Answer({"step": steps.present(call, [step])[0], "outputs": named})


def _created(call: Call, step: dict[str, Any], new: bool) -> Answer:
    headers = {"Location": f"/v1/steps/{step['id']}"} if new else {}
    return Answer(steps.present(call, [step])[0], 201 if new else 200, {"existing": not new}, headers)


def _shown(call: Call, versions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Versions as the API shows them everywhere, without the column that says which step made them."""
    return present_versions(call, [{k: v for k, v in row.items() if k != "made_by"} for row in versions])
