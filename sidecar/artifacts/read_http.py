"""What there is: /v1/artifacts/{id}/diff, and what a path, a project or a task has."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field

from sidecar.answers import ANOTHER_ID, ById, ProjectPath, Shape, Version, VersionName, refusals
from sidecar.artifacts.compare import compare
from sidecar.artifacts.find import versions_of_task
from sidecar.artifacts.http import VersionsAnswer
from sidecar.artifacts.latest import Want, latest_of_path, latest_of_project
from sidecar.artifacts.trail import trail
from sidecar.call import Answer, Call
from sidecar.edge import operation
from sidecar.paths import Path
from sidecar.projects.find import find_project

api = APIBlueprint("versions", __name__, url_prefix="/v1", abp_tags=[Tag(name="Artifacts", description="Versions.")])


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
    kind: str = Field(
        description="approval (a record of any action), reason (added to one later), promotion,"
        " or erasure (of an entry in a promotion)."
    )
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
    versions, cursor = versions_of_task(call, path.id, cursor=query.cursor, limit=query.limit)
    return Answer(versions, meta={"next_cursor": cursor})
