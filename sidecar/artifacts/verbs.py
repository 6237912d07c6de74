"""/v1/artifacts/{id}: edit, restore, use, tags, comparison; and what a project, a path or a task has."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from sidecar.answers import ANOTHER_ID, ById, ProjectPath, Shape, Version, VersionName, refusals
from sidecar.artifacts import read
from sidecar.artifacts.compare import compare
from sidecar.artifacts.copy import Copied, Wish
from sidecar.artifacts.edit import Edit, edit, look_over
from sidecar.artifacts.http import VersionAnswer, VersionsAnswer
from sidecar.artifacts.http import api as versions
from sidecar.artifacts.latest import Want, latest_of_path, latest_of_project
from sidecar.artifacts.restore import restore
from sidecar.artifacts.tags import MOST, tag
from sidecar.artifacts.trail import trail
from sidecar.artifacts.upload import submit_upload
from sidecar.artifacts.use import use
from sidecar.call import Answer, Call
from sidecar.edge import answer, described, json_body, operation, permitted, read_model
from sidecar.paths import Path
from sidecar.projects.find import find_project
from sidecar.review.http import PromoteWhen, Reason, Reviewed

api = APIBlueprint("verbs", __name__, url_prefix="/v1", abp_tags=[Tag(name="Artifacts", description="Versions.")])


def _said(text: str) -> str:
    if not (stripped := text.strip()):
        raise PydanticCustomError("string_too_short", "there is nothing but white space")
    return stripped


Word = Annotated[
    str,
    StringConstraints(min_length=1, max_length=255),
    AfterValidator(_said),
    Field(json_schema_extra={"pattern": r"[^\s\u0085]"}),
]


class WishBody(BaseModel):
    """Why, and what is to become of the new version."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "Back to the first draft."}]})
    reason: Reason | None = Field(None, description="Kept with the approval, else as a comment.")
    approve: bool = Field(False, description="Approve it at once, which needs the right to review.")
    promote: PromoteWhen = Field(
        True, description="With approve: true: at once; task_done: when its task is done; false: not now."
    )

    def wish(self) -> Wish:
        when: Any = "task_done" if self.promote == "task_done" else "now" if self.promote else "never"
        return Wish((self.reason or "").strip() or None, self.approve, when)


class EditBody(WishBody):
    """What is different. In multipart, `files` (or `file`) replace the files, and value is JSON text."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"value": {"mood": "calm"}, "reason": "Too loud."}]}
    )
    value: Any = Field(None, description="The new value; left out, it stays.")
    file_ids: list[UUID] | None = Field(
        None, max_length=100, description="All files of the new version, the first one primary; left out, they stay."
    )
    metadata: dict[str, Any] | None = Field(None, description="Instead of the old; left out, it stays.")
    tags: list[Word] | None = Field(None, max_length=MOST, description="Instead of the old; left out, they stay.")

    def submission(self, file_ids: list[UUID] | None = None) -> Edit:
        """What edit() takes; `file_ids` are files uploaded with the request."""
        fields = {name: getattr(self, name) for name in ("value", "metadata", "tags") if name in self.model_fields_set}
        files = None if self.file_ids is None and not file_ids else (*(file_ids or []), *(self.file_ids or []))
        return Edit(fields, files, self.wish())


class UseBody(WishBody):
    """Where to. Another project, another path, or both."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"project_id": "autumn-brand", "schema_key": "brand.logo"}]}
    )
    project_id: Word = Field(description="The project's id or key.")
    schema_key: Path | None = Field(None, description="The path there; left out, the version's own.")
    source_task_id: UUID | None = Field(None, description="The task it is an output of there.")


class TagsBody(BaseModel):
    """Either the tags it shall have, or some to add and remove."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"tags": ["final", "print"]}]})
    tags: list[Word] | None = Field(None, max_length=MOST, description="Instead of those it has.")
    add: list[Word] = Field(default=[], max_length=MOST)
    remove: list[Word] = Field(default=[], max_length=500)

    @model_validator(mode="after")
    def _one_way(self) -> TagsBody:
        if (self.tags is None) == (not self.add and not self.remove):
            raise PydanticCustomError("one_of", "send either tags, or add and remove")
        return self


class CompareQuery(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    earlier: UUID | None = Field(
        None,
        alias="with",
        description="The version to compare with; else its parent.",
        json_schema_extra={"example": ANOTHER_ID},
    )


class LatestQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    schema_key: Path | None = Field(None, description="One path; else every path, in pages.")
    want: Want = Field("approved", description="latest: the newest that is neither rejected nor archived.")
    cursor: Path | None = Field(None, description="meta.next_cursor of the page before.")
    limit: int = Field(100, ge=1, le=500)


class PageQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    cursor: str | None = Field(None, max_length=300, description="meta.next_cursor of the page before.")
    limit: int = Field(50, ge=1, le=500)


class AuditQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    cursor: int | None = Field(None, ge=1, le=2**63 - 1, description="meta.next_cursor of the page before.")
    limit: int = Field(50, ge=1, le=500)


class CopyMeta(Shape):
    existing: bool = Field(description="Whether the version was there already.")
    review: Reviewed | None = Field(description="Where it was to be approved: what came of it.")


class CopyAnswer(Shape):
    data: Version
    meta: CopyMeta


class ValueChange(Shape):
    op: Literal["add", "remove", "replace"]
    path: str = Field(description="A JSON pointer: in the later value for what was added, else in the earlier.")
    before: Any
    after: Any
    text: str | None = Field(description="A unified diff, where texts of several lines differ.")


class ComparedFile(Shape):
    id: UUID
    type: str | None
    filename_download: str | None
    sha256: str | None


class ComparedFiles(Shape):
    added: list[ComparedFile]
    removed: list[ComparedFile]
    kept: list[ComparedFile]


class Compared(Shape):
    before: VersionName
    after: VersionName
    value: list[ValueChange]
    metadata: list[ValueChange]
    truncated: bool = Field(description="Whether there are more changes than the first 1,000.")
    files: ComparedFiles


class ComparedAnswer(Shape):
    data: Compared


class LatestMeta(Shape):
    next_version: int | None = Field(description="Of one path: the number its next version will have.")
    next_cursor: str | None


class LatestAnswer(Shape):
    data: Version | list[Version] | None = Field(
        description="Of one path its version, null where there is none; else a list of one for each path."
    )
    meta: LatestMeta


class AuditEntry(Shape):
    number: int
    kind: str = Field(description="approval (a record of any action), reason (added to one later) or promotion.")
    action: str | None
    schema_key: str | None
    version_number: int | None
    artifact_version_id: UUID | None
    task_id: UUID | None
    actor_id: UUID | None
    actor_type: str | None
    actor_label: str | None
    reason: str | None
    feedback: Any
    promotion_id: UUID | None
    context_version: int | None
    request_id: str | None
    date_created: datetime | None
    hash: str = Field(description="SHA-256 of this entry and the hash before it.")


class AuditMeta(Shape):
    next_cursor: int | None


class AuditAnswer(Shape):
    data: list[AuditEntry]
    meta: AuditMeta


_COPY_REFUSALS = refusals(
    "artifact_not_found", "path_locked", "path_conflict", "file_not_found", "own_work", "already_decided",
    "context_path_occupied", "template_violation", "template_broken",
)  # fmt: skip


@api.post(
    "/artifacts/<id>/edit",
    operation_id="editArtifact",
    summary="Edit a version",
    description="What is changed becomes the next version of its path, edited_from this one; the rest is kept.",
    responses={
        201: CopyAnswer,
        **refusals(
            "artifact_not_found", "path_locked", "path_conflict", "file_not_found", "own_work", "already_decided",
            "context_path_occupied", "invalid_json", "value_not_json", "body_too_large", "unsupported_media_type",
            "file_upload_failed", "file_type_mismatch", "template_violation", "template_broken",
        ),
    },
)  # fmt: skip
@described(path=ById, body=EditBody)
@permitted("produce")
def edit_artifact(id: str) -> Response:
    version_id = read_model(ById, {"id": id}, "path").id

    def edited(call: Call, change: Edit) -> Answer:
        return _copied(call, edit(call, version_id, change))

    def looked_over(call: Call, body: EditBody) -> str:
        return look_over(call, version_id, body.wish())

    if request.mimetype == "multipart/form-data":
        return submit_upload(EditBody, edited, looked_over, ("files", "file"))
    typed = read_model(EditBody, json_body())
    return answer(lambda call: edited(call, typed.submission()))


@api.post(
    "/artifacts/<id>/restore",
    operation_id="restoreArtifact",
    summary="Restore a version",
    description="Its content becomes the next version of its path, restored_from this one, whatever became of it.",
    responses={201: CopyAnswer, **_COPY_REFUSALS},
)
@operation("produce")
def post_restore(call: Call, path: ById, body: WishBody) -> Answer:
    return _copied(call, restore(call, path.id, body.wish()))


@api.post(
    "/artifacts/<id>/use",
    operation_id="useArtifact",
    summary="Use a version elsewhere",
    description="Its content becomes a version of another project or path, derived_from this one; files are shared."
    " 200 when that path's newest version has this content already.",
    responses={
        200: CopyAnswer,
        201: CopyAnswer,
        **refusals(
            "artifact_not_found", "project_not_found", "task_not_found", "path_locked", "path_conflict", "own_work",
            "file_not_found", "already_decided", "context_path_occupied", "used_in_place", "schema_key_grammar",
            "template_violation", "template_broken",
        ),
    },
)  # fmt: skip
@operation("produce")
def post_use(call: Call, path: ById, body: UseBody) -> Answer:
    return _copied(call, use(call, path.id, body.project_id, body.schema_key, body.wish(), body.source_task_id))


# Beside its GET: two blueprints cannot describe one address.
@versions.patch(
    "/artifacts/<id>",
    operation_id="tagArtifact",
    summary="Tag a version",
    description="Tags may change after decisions, too; each change is recorded.",
    responses={200: VersionAnswer, **refusals("artifact_not_found", "too_many_tags")},
)
@operation("produce")
def patch_artifact(call: Call, path: ById, body: TagsBody) -> Answer:
    version = tag(call, path.id, tags=body.tags, add=body.add, remove=body.remove)
    return Answer(read.present(call, [version])[0])


@api.get(
    "/artifacts/<id>/diff",
    operation_id="diffArtifacts",
    summary="Compare two versions",
    description="What this version has otherwise than the one it is compared with.",
    responses={200: ComparedAnswer, **refusals("artifact_not_found", "restricted_policy")},
)
@operation("read")
def get_artifact_diff(call: Call, path: ById, query: CompareQuery) -> Answer:
    return Answer(compare(call, path.id, query.earlier))


@api.get(
    "/projects/<id>/artifacts/latest",
    operation_id="getLatest",
    summary="Read what a path has now",
    description="The approved version, or the newest. Ask before making something that is there already.",
    responses={200: LatestAnswer, **refusals("project_not_found", "schema_key_grammar", "restricted_policy")},
)
@operation("read")
def get_latest(call: Call, path: ProjectPath, query: LatestQuery) -> Answer:
    project_id = find_project(call, path.id)["id"]
    if query.schema_key:
        version, number = latest_of_path(call, project_id, query.schema_key, query.want)
        return Answer(version, meta={"next_version": number, "next_cursor": None})
    rows = latest_of_project(call, project_id, query.want, after=query.cursor, limit=query.limit + 1)
    more, rows = len(rows) > query.limit, rows[: query.limit]
    return Answer(rows, meta={"next_version": None, "next_cursor": rows[-1]["schema_key"] if more else None})


@api.get(
    "/projects/<id>/audit",
    operation_id="readAudit",
    summary="Read a project's audit",
    description="Every record and promotion, newest first; each entry's hash covers the one before it.",
    responses={200: AuditAnswer, **refusals("project_not_found", "restricted_policy")},
)
@operation("read")
def get_audit(call: Call, path: ProjectPath, query: AuditQuery) -> Answer:
    project_id = find_project(call, path.id)["id"]
    rows = trail(call, project_id, before=query.cursor, limit=query.limit + 1)
    more, rows = len(rows) > query.limit, rows[: query.limit]
    return Answer(rows, meta={"next_cursor": rows[-1]["number"] if more else None})


@api.get(
    "/tasks/<id>/artifacts",
    operation_id="listTaskArtifacts",
    summary="List a task's versions",
    description="Those made for it and those linked to it, newest first.",
    responses={200: VersionsAnswer, **refusals("task_not_found", "restricted_policy")},
)
@operation("read")
def get_task_artifacts(call: Call, path: ById, query: PageQuery) -> Answer:
    versions, cursor = read.versions_of_task(call, path.id, cursor=query.cursor, limit=query.limit)
    return Answer(versions, meta={"next_cursor": cursor})


def _copied(call: Call, copied: Copied) -> Answer:
    meta = {"existing": not copied.new, "review": copied.review}
    version = read.present(call, [copied.version])[0]
    headers = {"Location": f"/v1/artifacts/{version['id']}"} if copied.new else {}
    return Answer(version, 201 if copied.new else 200, meta, headers)
