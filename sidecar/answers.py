"""The shapes that several features answer with, for the OpenAPI description."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from sidecar.errors import CODES


class Shape(BaseModel):
    """A JSON object of the API."""

    model_config = ConfigDict(extra="forbid")


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


class File(Shape):
    id: UUID
    type: str | None
    title: str | None
    filename_download: str | None
    filesize: int | None
    width: int | None
    height: int | None


class Version(Shape):
    """An artifact version."""

    id: UUID
    project_id: UUID
    schema_key: str
    version_number: int
    status: str
    review_state: str | None
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
    files: list[File]
    allowed_actions: list[str]


def refusals(*codes: str) -> dict[int, Any]:
    """The OpenAPI responses for these codes, beside the ones every operation has."""
    everywhere = ("token_missing", "forbidden", "invalid_value", "internal_error", "registry_busy")
    by_status: dict[int, list[str]] = {}
    for code in (*everywhere, *codes):
        by_status.setdefault(CODES[code].status, []).append(code)
    return {
        status: {
            "description": "; ".join(f"`{code}`: {CODES[code].sentence}" for code in names),
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Errors"}}},
        }
        for status, names in sorted(by_status.items())
    }
