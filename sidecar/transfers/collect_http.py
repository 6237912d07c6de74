"""POST /v1/steps/{id}/collect: a step's outputs from the server it ran on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from sidecar.answers import ById, refusals
from sidecar.artifacts.batch import submit_batch
from sidecar.artifacts.http import BatchAnswer, submitted
from sidecar.artifacts.read import present
from sidecar.artifacts.store import Keep, answer_with_files
from sidecar.artifacts.submit import Submission
from sidecar.call import Answer, Call
from sidecar.edge import answered_before, described, json_body, permitted, read_model, registry, run
from sidecar.executions.words import ShortText
from sidecar.paths import DEEPEST, LONGEST, Path, is_path
from sidecar.transfers.collect import (
    MOST_OUTPUTS,
    Source,
    collected_before,
    collector,
    finished_outputs,
    paths_for,
    source_of,
    submission_of,
)
from sidecar.transfers.comfy import Output, stays_inside

api = APIBlueprint(
    "collecting", __name__, url_prefix="/v1",
    abp_tags=[Tag(name="Transfers", description="Files to and from the servers of steps.")],
)  # fmt: skip


def _path_or_list(text: str) -> str:
    if not is_path(text.replace("[*]", f"[{MOST_OUTPUTS - 1}]")):
        raise PydanticCustomError("schema_key_grammar", "this is no path, nor one with [*]")
    if text.count("[*]") > 1:
        raise PydanticCustomError("list_path", "a path has a single [*]")
    return text


def _name(text: str) -> str:
    if not stays_inside(text):
        raise PydanticCustomError("output_name", "a filename is a name without folders")
    return text


def _folder(text: str) -> str:
    if not stays_inside("file", text):
        raise PydanticCustomError("output_name", "a subfolder lies below its folder, and does not lead out of it")
    return text


_STEP = r"[A-Za-z0-9_-]+(\[(\*|0|[1-9][0-9]{0,3})\])?"
# scene_12.image, or frames[*]: outputs in their order are frames[0], frames[1] …
ListPath = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST), AfterValidator(_path_or_list),
    Field(json_schema_extra={
        "pattern": rf"^{_STEP}(\.{_STEP}){{0,{DEEPEST - 1}}}$", "example": "scene_12.image",
    }),
]  # fmt: skip
FileName = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(_name)]
FolderName = Annotated[str, StringConstraints(max_length=255), AfterValidator(_folder)]


class OutputBody(BaseModel):
    """A file on the server, as ComfyUI names it."""

    model_config = ConfigDict(extra="forbid")
    filename: FileName = Field(examples=["ComfyUI_00012_.png"])
    subfolder: FolderName = ""
    type: Literal["output", "temp", "input"] = "output"
    node_id: ShortText | None = Field(None, examples=["9"])
    schema_key: Path | None = Field(None, description="Its path; else the node's in paths, else that of all.")


class CollectBody(BaseModel):
    """Which outputs, from where, and at which paths they are kept."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"server": "comfy1", "prompt_id": "0f3f6d6e-prompt", "schema_key": "scene_12.image"}]
        },
    )
    server: ShortText | None = Field(
        None, description="The name or the origin of a server that the operator has named; else the step's"
        " server_address.", examples=["comfy1"],
    )  # fmt: skip
    prompt_id: ShortText | None = Field(None, description="Else the step's.")
    project_id: ShortText | None = Field(
        None, description="The project's id or key; else the step's project.", examples=["spring-brand"]
    )
    schema_key: ListPath | None = Field(
        None, description="The path of every output that has none of its own. With [*], outputs are numbered from 0."
    )
    paths: dict[str, ListPath] = Field(
        default={}, max_length=MOST_OUTPUTS, description="Paths by the node that made the output.",
        examples=[{"9": "scene_12.image", "12": "scene_12.mask"}],
    )  # fmt: skip
    outputs: list[OutputBody] | None = Field(
        None, max_length=MOST_OUTPUTS, description="Left out: every output in the server's history of the prompt; where"
        " only paths are sent, those of its nodes.",
    )  # fmt: skip
    status: Literal["pending", "intermediate"] = Field("pending", description="pending waits for review.")
    derived_from: list[UUID] = Field(default=[], max_length=100, description="Versions they were made from.")
    tags: list[ShortText] | None = Field(None, max_length=50)
    metadata: dict[str, Any] | None = Field(None, description="Kept beside filename, subfolder, comfy_folder_type,"
                                            " node_id, server and prompt_id.")  # fmt: skip
    if_locked: Literal["existing", "fail"] = Field(
        "existing", description="On a locked path: existing answers with the version that is there, fail refuses."
    )

    @model_validator(mode="after")
    def _each_has_a_path(self) -> CollectBody:
        given = self.outputs or []
        left = [output for output in given if not output.schema_key and self._wanted(output.node_id) is None]
        if left or (self.outputs is None and not self.schema_key and not self.paths):
            raise PydanticCustomError("path_missing", "say schema_key, paths, or the schema_key of each output")
        return self

    def placed(self, settings: Any, source: Source) -> list[tuple[Output, str]]:
        """Each output with its path. Raises Refusal prompt_unfinished, server_failed, too_many_outputs."""
        if self.outputs is None:
            found = finished_outputs(settings, source)
            return paths_for((output, self._wanted(output.node_id)) for output in found)
        return paths_for((self._output(b), b.schema_key or self._wanted(b.node_id)) for b in self.outputs)

    def said(self) -> dict[str, Any]:
        """What is the same of every submission."""
        fields = self.model_dump(include={"status", "tags", "metadata", "if_locked"})
        return {**fields, "derived_from": tuple(self.derived_from)}

    def _wanted(self, node_id: str | None) -> str | None:
        return self.paths.get(node_id or "", self.schema_key)

    @staticmethod
    def _output(body: OutputBody) -> Output:
        return Output(body.filename, body.subfolder, body.type, body.node_id)


@api.post(
    "/steps/<id>/collect",
    operation_id="collectStepOutputs",
    summary="Fetch a step's outputs from its server",
    description="Each file becomes a version of the step, its run and its task: all of them, or none. Collected again,"
    " nothing is added. 201 when anything new is kept, else 200.",
    responses={
        201: BatchAnswer,
        200: BatchAnswer,
        **refusals(
            "step_not_found", "project_not_found", "server_not_allowed", "prompt_unfinished", "output_missing",
            "server_failed", "too_many_outputs", "file_url_too_large", "file_type_mismatch", "file_upload_failed",
            "schema_key_grammar", "path_conflict", "path_locked", "artifact_not_found", "template_violation",
            "template_broken", "invalid_json", "body_too_large", "unsupported_media_type",
        ),
    },
)  # fmt: skip
@described(path=ById, body=CollectBody)
@permitted("produce")
def collect_step_outputs(id: str) -> Response:
    path, body = read_model(ById, {"id": id}, "path"), read_model(CollectBody, json_body())
    if (replayed := answered_before(request.get_data)) is not None:
        return replayed
    asked = {"server": body.server, "prompt_id": body.prompt_id, "project": body.project_id}
    source = run(lambda call: source_of(call, path.id, **asked))

    def gather(keep: Keep) -> Callable[[Call], Answer]:
        settings = registry().settings
        fetched = collector(settings, source.server)
        items = [
            submission_of(source, output, schema_key, keep(fetched(output), schema_key), body.said())
            for output, schema_key in body.placed(settings, source)
        ]
        return lambda call: submit_batch(call, list(items), _one, partial=False)

    return answer_with_files(gather)


def _one(call: Call, submission: Submission) -> Answer:
    known = collected_before(call, submission)
    if known is None:
        return submitted(call, submission)
    meta = {"existing": True, "rejection_reason": known["rejection_reason"]}
    return Answer(present(call, [known])[0], 200, meta)
