"""/v1/artifacts/{id}: versions made from a version (edit, restore, use), and tags."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from sidecar.answers import ById, Shape, Version, refusals
from sidecar.artifacts import read
from sidecar.artifacts.copy import Copied, Wish
from sidecar.artifacts.edit import Edit, edit, look_over
from sidecar.artifacts.http import VersionAnswer
from sidecar.artifacts.http import api as versions
from sidecar.artifacts.restore import restore
from sidecar.artifacts.tags import MOST, tag
from sidecar.artifacts.upload import submit_upload
from sidecar.artifacts.use import use
from sidecar.call import Answer, Call
from sidecar.edge import answer, described, json_body, operation, permitted, read_model
from sidecar.paths import Path
from sidecar.review.http import PromoteWhen, Reason, Reviewed

api = APIBlueprint("copies", __name__, url_prefix="/v1", abp_tags=[Tag(name="Artifacts", description="Versions.")])


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


class CopyMeta(Shape):
    existing: bool = Field(description="Whether the version was there already.")
    review: Reviewed | None = Field(description="Where it was to be approved: what came of it.")


class CopyAnswer(Shape):
    data: Version
    meta: CopyMeta


_COPY_REFUSALS = refusals(
    "artifact_not_found", "path_locked", "path_conflict", "file_not_found", "own_work", "already_decided",
    "context_path_occupied", "template_violation", "template_broken", "bytes_removed", "version_erased",
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
            "file_upload_failed", "file_type_mismatch", "template_violation", "template_broken", "bytes_removed",
            "version_erased",
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
            "template_violation", "template_broken", "bytes_removed", "version_erased",
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
    responses={200: VersionAnswer, **refusals("artifact_not_found", "too_many_tags", "version_erased")},
)
@operation("produce")
def patch_artifact(call: Call, path: ById, body: TagsBody) -> Answer:
    version = tag(call, path.id, tags=body.tags, add=body.add, remove=body.remove)
    return Answer(read.present(call, [version])[0])


def _copied(call: Call, copied: Copied) -> Answer:
    meta = {"existing": not copied.new, "review": copied.review}
    version = read.present(call, [copied.version])[0]
    headers = {"Location": f"/v1/artifacts/{version['id']}"} if copied.new else {}
    return Answer(version, 201 if copied.new else 200, meta, headers)
