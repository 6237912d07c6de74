"""The shapes that several features answer with, for the OpenAPI description."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from sidecar.errors import CODES


class Shape(BaseModel):
    """A JSON object of the API."""

    model_config = ConfigDict(extra="forbid")


# The ids that the description's examples name.
AN_ID = "6f1c0a52-6f0e-4a0b-9a53-7f0f3a1d2b11"
ANOTHER_ID = "7be1c0a4-3a55-4c1b-8f54-51f7b8f1b902"


class ById(BaseModel):
    """The address of one thing."""

    id: UUID = Field(json_schema_extra={"example": AN_ID})


class ProjectPath(BaseModel):
    """The address of a project."""

    id: str = Field(
        max_length=255, description="The project's id or key.", json_schema_extra={"example": "spring-brand"}
    )


class PageMeta(Shape):
    next_cursor: str | None = Field(description="Send it as cursor for the next page; null on the last one.")


class Existing(Shape):
    existing: bool = Field(description="Whether it was there before.")


class ErrorExtensions(BaseModel):
    model_config = ConfigDict(extra="allow", title="ErrorExtensions")
    code: str = Field(description="A stable name of the refusal; docs/reference/errors.md lists them all.")
    next: str = Field(description="What to do now.")
    request_id: str


class OneError(Shape):
    message: str = Field(description="A sentence for people.")
    extensions: ErrorExtensions


class Errors(Shape):
    """Every failure, in Directus' own shape."""

    errors: list[OneError]


class VersionName(Shape):
    artifact_version_id: UUID
    schema_key: str
    version_number: int


class Votes(Shape):
    given: int
    required: int


def version_name(version: Mapping[str, Any]) -> dict[str, Any]:
    """How answers name a version, from its row: a VersionName."""
    return {
        "artifact_version_id": version["id"],
        "schema_key": version["schema_key"],
        "version_number": version["version_number"],
    }


class File(Shape):
    id: UUID
    type: str | None
    title: str | None
    filename_download: str | None
    filesize: int | None
    width: int | None
    height: int | None
    changed_at: datetime | None = Field(description="Since when its bytes are not those that were submitted.")


class RemovedFile(Shape):
    """A file that a version had."""

    id: UUID
    filename_download: str | None = Field(description="null when the version was erased.")
    type: str | None
    filesize: int | None
    sha256: str | None
    removed_at: datetime


class Version(Shape):
    """An artifact version."""

    id: UUID
    project_id: UUID
    schema_key: str
    version_number: int
    status: str
    review_state: str | None
    lifecycle: str = Field(
        description="The status in four words: intermediate, candidate (pending), published (approved) or archived"
        " (superseded, rejected, archived)."
    )
    approval_status: str = Field(
        description="pending, approved, rejected, auto_approved (by a rule) or edited (approved, made by an edit)."
    )
    artifact_type: str | None
    value: Any
    metadata: Any
    primary_file_id: UUID | None
    source_url: str | None
    content_hash: str | None
    parent_id: UUID | None
    source_task_id: UUID | None
    execution_id: UUID | None
    step_id: UUID | None
    request_id: str | None
    tags: Any
    approved_at: datetime | None
    approved_by: UUID | None
    rejection_reason: str | None
    promoted_at: datetime | None
    user_created: UUID | None
    date_created: datetime | None
    bytes_removed_at: datetime | None = Field(description="When its files were taken away.")
    erased_at: datetime | None = Field(description="When what it was was erased: value, metadata, tags, files.")
    files: list[File]
    removed_files: list[RemovedFile] = Field(description="The files it had, with their hashes.")
    content_changed: bool = Field(description="Bytes of a file were replaced in Directus after they were submitted.")
    content_changed_reason: str | None = Field(description="Which file's, as a sentence.")
    allowed_actions: list[str]


def refusals(*codes: str) -> dict[int, Any]:
    """The OpenAPI responses for these codes, beside the ones every operation has."""
    everywhere = (
        "token_missing", "token_invalid", "forbidden", "actor_not_allowed", "actor_unknown", "restricted_policy",
        "invalid_value", "internal_error", "registry_busy", "database_unavailable", "directus_unavailable",
    )  # fmt: skip
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys((*everywhere, *codes)):
        by_status.setdefault(CODES[code].status, []).append(code)
    return {
        status: {
            "description": "; ".join(f"`{code}`: {CODES[code].sentence}" for code in names),
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Errors"}}},
        }
        for status, names in sorted(by_status.items())
    }
