"""/v1/artifacts: submit, read."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from sidecar.answers import ById, PageMeta, Shape, Version, refusals
from sidecar.artifacts import read
from sidecar.artifacts.status import is_decided
from sidecar.artifacts.submit import Submission, submit
from sidecar.artifacts.upload import submit_fetched, submit_many, submit_upload
from sidecar.call import Answer, Call
from sidecar.edge import answer, described, json_body, operation, permitted, read_model, read_query, registry, run
from sidecar.errors import Refusal
from sidecar.locks.http import Lock
from sidecar.paths import Path
from sidecar.waiting.words import URL_FIELD, ResumeUrl, ResumeWhen

api = APIBlueprint("artifacts", __name__, url_prefix="/v1", abp_tags=[Tag(name="Artifacts", description="Versions.")])

ShortText = Annotated[str, StringConstraints(min_length=1, max_length=255)]


ArtifactType = Literal["image", "audio", "video", "text", "json", "document"]
STATUSES = frozenset({"intermediate", "pending", "approved", "superseded", "rejected", "archived"})


class SubmitBody(BaseModel):
    """An output to be kept as the next version of its path."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "project_id": "spring-brand",
                    "schema_key": "brand.colors",
                    "value": {"primary": "#2e7d32"},
                    "tags": ["draft"],
                }
            ]
        },
    )

    project_id: ShortText = Field(description="The project's id or key.")
    schema_key: Path = Field(description="The path, such as brand.logo or scenes[3].image.", examples=["brand.logo"])
    value: Any = Field(None, description="Structured data: any JSON. In multipart, JSON text.")
    file_ids: list[UUID] = Field(
        default=[], max_length=100, description="Directus files, in order; the first is primary."
    )
    file_urls: list[Annotated[str, StringConstraints(min_length=1, max_length=2000)]] = Field(
        default=[],
        max_length=20,
        description="Addresses (http, https) of files to fetch and keep, after uploaded files and before file_ids.",
        examples=[["https://cdn.example.com/renders/logo.png"]],
    )
    primary_file_id: UUID | None = Field(None, description="The main file; put first.")
    artifact_type: ArtifactType | None = Field(
        None, description="Told from the primary file or the value when left out."
    )
    status: Literal["pending", "intermediate"] = Field("pending", description="pending waits for review.")
    source_task_id: UUID | None = Field(None, description="The task this is an output of; it becomes needs_review.")
    execution_id: UUID | None = None
    step_id: UUID | None = None
    parent_id: UUID | None = Field(None, description="The version it was edited from; else the version before it.")
    derived_from: list[UUID] = Field(default=[], max_length=100, description="Versions it was made from.")
    source_url: Annotated[str, StringConstraints(max_length=2000)] | None = Field(
        None, description="Where bytes live that are not kept here. Never fetched; see file_urls."
    )
    tags: list[ShortText] | None = Field(None, max_length=50)
    metadata: dict[str, Any] | None = None
    deduplicate: bool = Field(True, description="The same content as the path's newest version is that version.")
    resume_url: ResumeUrl | None = Field(
        None,
        description=URL_FIELD + " With execution_id or step_id for that run's versions, else for this one.",
        json_schema_extra={"writeOnly": True, "example": "https://n8n.example.com/webhook-waiting/41"},
    )
    resume_when: ResumeWhen = Field(
        "all", description="With resume_url: when all versions of the run are decided, or any."
    )
    if_locked: Literal["existing", "fail"] = Field(
        "existing", description="On a locked path: existing answers with the version that is there, fail refuses."
    )

    def submission(self, file_ids: list[UUID] | None = None) -> Submission:
        """What submit() takes; `file_ids` are files uploaded with the request."""
        fields = self.model_dump(exclude={"project_id", "file_ids", "file_urls", "derived_from"})
        return Submission(
            project=self.project_id,
            file_ids=(*(file_ids or []), *self.file_ids),
            derived_from=tuple(self.derived_from),
            **fields,
        )


class BatchBody(BaseModel):
    """Outputs to be kept together."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "artifacts": [
                        {"project_id": "spring-brand", "schema_key": "brand.claim", "value": "Tea."},
                        {"project_id": "spring-brand", "schema_key": "brand.colors", "value": {"primary": "#2e7d32"}},
                    ]
                }
            ]
        },
    )
    artifacts: list[SubmitBody] = Field(min_length=1, max_length=100, description="In order: 1 to 100.")
    partial: bool = Field(False, description="true keeps what can be kept; else all of them or none.")


class PartialBatchBody(BaseModel):
    """A batch whose items are read one by one, each with its own result."""

    model_config = ConfigDict(extra="forbid")
    artifacts: list[Any] = Field(min_length=1, max_length=100)
    partial: bool


class ReadQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    wait: int = Field(0, ge=0, le=60, description="For how many seconds the answer may wait.")
    until: Literal["decided"] = Field(
        "decided", description="For what: approved, rejected, put away, or changes requested."
    )


class VersionsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    limit: int = Field(100, ge=1, le=1000)


class ItemErrorExtensions(BaseModel):
    model_config = ConfigDict(extra="allow")
    code: str
    next: str = Field(description="What to do now.")


class OneItemError(Shape):
    """A refusal, as it would be answered if the item had come by itself."""

    message: str
    extensions: ItemErrorExtensions


class SubmitMeta(Shape):
    existing: bool
    rejection_reason: str | None = None
    locked: Lock | None = Field(None, description="The lock for which nothing was added.")


class BatchItemMeta(Shape):
    existing: bool | None = Field(None, description="null when it was refused.")
    rejection_reason: str | None = None
    locked: Lock | None = None
    error: OneItemError | None = Field(description="Why this one was not kept; null when it was.")


class BatchMeta(Shape):
    new: int
    existing: int
    refused: int
    items: list[BatchItemMeta] = Field(description="What became of each, in order.")


class BatchAnswer(Shape):
    data: list[Version | None] = Field(description="The version of each, in order; null for one that was refused.")
    meta: BatchMeta


class VersionAnswer(Shape):
    data: Version


class SubmitAnswer(Shape):
    data: Version
    meta: SubmitMeta


class VersionsAnswer(Shape):
    data: list[Version]
    meta: PageMeta


@api.post(
    "/artifacts",
    operation_id="submitArtifact",
    summary="Submit an output",
    description="Keeps an output as the next version of its path. 201 for a new version, 200 for one that exists.",
    responses={
        201: SubmitAnswer,
        200: SubmitAnswer,
        **refusals(
            "project_not_found", "template_violation", "template_broken", "file_not_found", "path_conflict",
            "path_locked", "schema_key_grammar", "task_not_found",
            "execution_not_found", "step_not_found", "artifact_not_found", "invalid_json", "value_not_json",
            "body_too_large", "upload_too_large", "unsupported_media_type", "file_upload_failed", "file_type_mismatch",
            "file_url_refused", "file_url_failed", "file_url_too_large",
        ),
    },
)  # fmt: skip
@described(body=SubmitBody)
@permitted("produce")
def submit_artifact() -> Response:
    if request.mimetype == "multipart/form-data":
        return submit_upload(SubmitBody, submitted)
    typed = read_model(SubmitBody, json_body())
    if typed.file_urls:
        return submit_fetched(typed, submitted)
    return answer(lambda call: submitted(call, typed.submission()))


@api.post(
    "/artifacts/batch",
    operation_id="submitArtifacts",
    summary="Submit many outputs",
    description="In one transaction and in order: two outputs of one path get two numbers, one after the other. All or"
    " nothing; with partial, each by itself. 201 when anything new is kept, else 200.",
    responses={
        201: BatchAnswer,
        200: BatchAnswer,
        **refusals(
            "project_not_found", "file_not_found", "path_conflict", "path_locked", "schema_key_grammar",
            "task_not_found", "execution_not_found", "step_not_found", "artifact_not_found", "invalid_json",
            "body_too_large", "unsupported_media_type", "file_upload_failed", "file_type_mismatch", "file_url_refused",
            "file_url_failed", "file_url_too_large", "template_violation", "template_broken",
        ),
    },
)  # fmt: skip
@described(body=BatchBody)
@permitted("produce")
def submit_artifacts() -> Response:
    raw = json_body()
    partial = isinstance(raw, dict) and raw.get("partial") is True
    bodies = _each(read_model(PartialBatchBody, raw)) if partial else read_model(BatchBody, raw).artifacts
    return submit_many(bodies, submitted, partial=partial)


def _each(batch: PartialBatchBody) -> list[SubmitBody | Refusal]:
    bodies: list[SubmitBody | Refusal] = []
    for item in batch.artifacts:
        try:
            bodies.append(read_model(SubmitBody, item))
        except Refusal as refusal:
            bodies.append(refusal)
    return bodies


def submitted(call: Call, submission: Submission) -> Answer:
    """Submit and answer: 201 with the new version, or 200 with the one that exists."""
    version, new = submit(call, submission)
    locked = version.pop("locked", None)
    meta = {"existing": not new, "rejection_reason": None if new else version["rejection_reason"]}
    meta |= {"locked": locked} if locked else {}
    headers = {"Location": f"/v1/artifacts/{version['id']}"} if new else {}
    return Answer(read.present(call, [version])[0], 201 if new else 200, meta, headers)


@api.get(
    "/artifacts/<id>",
    operation_id="getArtifact",
    summary="Read a version",
    description="With its files and what the caller may do with it now. With wait, the answer comes when the version is"
    " decided or changes of it are requested, or after that many seconds as it stands.",
    responses={200: VersionAnswer, **refusals("artifact_not_found", "restricted_policy", "too_many_waiting")},
)
@described(path=ById, query=ReadQuery)
@permitted("read")
def get_artifact(id: str) -> Response:
    version_id, asked = read_model(ById, {"id": id}, "path").id, read_query(ReadQuery)
    if asked.wait:
        with registry().room.seat(version_id) as decided:
            # The connection goes back to the pool before the waiting begins.
            if not is_decided(run(lambda call: read.find_version(call, version_id))):
                decided.wait(asked.wait)
    return answer(lambda call: Answer(read.present(call, [read.find_version(call, version_id)])[0]))


@api.get(
    "/artifacts/<id>/versions",
    operation_id="listVersions",
    summary="Read every version of its path",
    description="Newest first.",
    responses={200: VersionsAnswer, **refusals("artifact_not_found", "restricted_policy")},
)
@operation("read")
def get_versions(call: Call, path: ById, query: VersionsQuery) -> Answer:
    return Answer(read.versions_of_path(call, path.id, query.limit), meta={"next_cursor": None})
