"""/v1/retention, and erasing: /v1/artifacts/{id}/erase."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from sidecar.answers import ById, Shape, VersionName, refusals
from sidecar.artifacts.read import find_version
from sidecar.call import Answer, Call
from sidecar.edge import operation
from sidecar.errors import Refusal
from sidecar.projects.find import find_project
from sidecar.retention.erase import Erasure, erase
from sidecar.retention.retain import MOST, as_cursor, as_place, retain

api = APIBlueprint(
    "retention",
    __name__,
    url_prefix="/v1",
    abp_tags=[Tag(name="Retention", description="What is kept, and for how long.")],
)


def _said(text: str) -> str:
    if not (stripped := text.strip()):
        raise PydanticCustomError("string_too_short", "there is nothing but white space")
    return stripped


ProjectName = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Cursor = Annotated[str, StringConstraints(max_length=400)]


class DueQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    project_id: ProjectName | None = Field(
        None, description="One project, by id or key; else all.", json_schema_extra={"example": "spring-brand"}
    )
    cursor: Cursor | None = Field(None, description="meta.next_cursor of the page before.")
    limit: int = Field(MOST, ge=1, le=500, description="Versions in one page.")


class RetainBody(BaseModel):
    """Which project, and whether only to look."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"project_id": "spring-brand", "dry_run": True}]}
    )
    project_id: ProjectName | None = Field(None, description="One project, by id or key; else all.")
    dry_run: bool = Field(False, description="Answer what would be done, and change nothing.")
    cursor: Cursor | None = Field(None, description="meta.next_cursor of the request before.")
    limit: int = Field(MOST, ge=1, le=500, description="Versions taken up by one request, which is one transaction.")


class RetainedRule(Shape):
    project_id: UUID
    project: str | None = Field(description="The project's key.")
    rule: str = Field(description="The template's path or pattern.")
    status: str = Field(description="The status that the versions had.")
    archived: int
    bytes_removed: int = Field(description="Versions that lost their files.")
    files: int = Field(description="Files that go with them, because nothing else refers to these.")
    bytes: int


class RetainedVersion(VersionName):
    project_id: UUID
    status: str = Field(description="The status that it had.")
    bytes_removed: bool


class FileInUse(Shape):
    file_id: UUID
    used_by: str = Field(description="What refers to it. It stays as long as that does.")


class RetentionProblem(Shape):
    project_id: UUID
    path: str
    word: str
    message: str


class FilesWaiting(Shape):
    files: int = Field(description="Files that the worker is to have Directus delete.")
    bytes: int
    held: int = Field(description="Files that something else refers to; they go when that does.")
    oldest: datetime | None = Field(description="Since when the first of them waits.")
    error: str | None = Field(description="Why the last try did not succeed.")


class Retained(Shape):
    dry_run: bool
    archived: int
    bytes_removed: int
    files: int
    bytes: int
    held: list[FileInUse]
    rules: list[RetainedRule]
    versions: list[RetainedVersion]
    problems: list[RetentionProblem] = Field(description="Rules that cannot be read, and so ask for nothing.")
    waiting: FilesWaiting


class RetainedMeta(Shape):
    next_cursor: str | None = Field(description="Send it as cursor to go on; null when that was all.")


class RetainedAnswer(Shape):
    data: Retained
    meta: RetainedMeta


class EraseBody(BaseModel):
    """Why, how far, and that it is meant."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"reason": "Request 17: erase my portrait.", "dry_run": True},
                {"reason": "Request 17: erase my portrait.", "confirm": True, "include_copies": True},
            ]
        },
    )
    reason: Annotated[
        str,
        StringConstraints(min_length=1, max_length=2000),
        AfterValidator(_said),
        Field(json_schema_extra={"pattern": r"[^\s\u0085]"}),
    ] = Field(description="Why; kept in the audit for ever, so name nobody.")
    confirm: bool | Annotated[str, StringConstraints(max_length=255)] = Field(
        False, description="true, or the version's path: that it is meant."
    )
    dry_run: bool = Field(False, description="Answer what would go, and change nothing.")
    include_copies: bool = Field(False, description="Erase the other versions that hold the same, too.")
    forget_hash: bool = Field(
        False, description="Take away the hashes of content and files, from which a short text could be guessed."
    )


class ErasedVersion(VersionName):
    project_id: UUID


class CopyOfErased(VersionName):
    project_id: UUID
    how: str = Field(
        description="edited_from, restored_from or transcoded_from it; same_content; same_bytes, in one of its files."
    )
    erased: bool


class ErasedFile(Shape):
    file_id: UUID
    filesize: int
    used_by: str | None = Field(description="What else refers to it and keeps it; null: Directus deletes it.")


class ErasedFromContext(Shape):
    project_id: UUID
    context_version: int


class TakenOutOf(Shape):
    promotions: int
    documents: int
    answers: int = Field(description="Kept answers to requests with an Idempotency-Key.")
    steps: int
    revisions: int = Field(description="Directus' own history.")


class Erased(Shape):
    status: str = Field(description="erased or already_erased.")
    dry_run: bool
    erased: list[ErasedVersion]
    copies: list[CopyOfErased] = Field(description="Other versions that hold the same.")
    files: list[ErasedFile]
    promotions: list[ErasedFromContext] = Field(description="By which it left the contexts that it stood in.")
    taken_out_of: TakenOutOf


class ErasedAnswer(Shape):
    data: Erased


@api.get(
    "/retention",
    operation_id="getRetention",
    summary="See what is due",
    description="What the templates' retention would archive and remove now, in pages, and which files wait for it.",
    responses={200: RetainedAnswer, **refusals("project_not_found")},
)
@operation("administer")
def get_retention(call: Call, query: DueQuery) -> Answer:
    return _retained(call, query.project_id, query.cursor, query.limit, dry_run=True)


@api.post(
    "/retention",
    operation_id="applyRetention",
    summary="Archive what is due",
    description="As the templates say; the worker does the same once a day. Go on with meta.next_cursor until null.",
    responses={200: RetainedAnswer, **refusals("project_not_found")},
)
@operation("administer")
def post_retention(call: Call, body: RetainBody) -> Answer:
    return _retained(call, body.project_id, body.cursor, body.limit, dry_run=body.dry_run)


@api.post(
    "/artifacts/<id>/erase",
    operation_id="eraseArtifact",
    summary="Erase a version",
    description="What it was is taken out of everything that the registry keeps; its number, dates and records stay.",
    responses={200: ErasedAnswer, **refusals("artifact_not_found", "confirmation_required", "too_many_copies")},
)
@operation("administer")
def post_erase(call: Call, path: ById, body: EraseBody) -> Answer:
    version = find_version(call, path.id)
    if not body.dry_run and body.confirm is not True and body.confirm != version["schema_key"]:
        raise Refusal("confirmation_required", details={"schema_key": version["schema_key"]})
    wish = Erasure(body.reason, body.include_copies, body.forget_hash)
    return Answer({"dry_run": body.dry_run, **erase(call, path.id, wish, dry_run=body.dry_run)})


def _retained(call: Call, project: str | None, cursor: str | None, limit: int, *, dry_run: bool) -> Answer:
    project_id = find_project(call, project)["id"] if project else None
    data, place = retain(call, project_id=project_id, after=as_place(cursor), dry_run=dry_run, most=limit)
    return Answer(data, meta={"next_cursor": as_cursor(place)})
