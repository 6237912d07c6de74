"""How a request says where its run is resumed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

ResumeUrl = Annotated[str, StringConstraints(max_length=2000, pattern=r"^https?://[!-~]+$")]
ResumeWhen = Literal["all", "any"]

URL_FIELD = (
    "Where a program waits: it is sent the decision, once. A secret: kept apart, never answered or logged."
    " Private addresses need ARTIFACTS_WEBHOOK_ALLOW."
)


class ResumeFields(BaseModel):
    """What a run waits for."""

    resume_url: ResumeUrl | None = Field(
        None,
        description=URL_FIELD + " null takes it away.",
        json_schema_extra={"writeOnly": True, "example": "https://n8n.example.com/webhook-waiting/41"},
    )
    resume_when: ResumeWhen | None = Field(
        None, description="When it is resumed: all of its versions are decided (else), or any of them."
    )
    resume_of: Literal["execution", "task"] | None = Field(
        None, description="Whose versions: the run's own outputs (else), or those of its task."
    )
    resume_expects: int | None = Field(
        None, ge=1, le=10_000, description="With all: not before so many paths are decided; else 1."
    )
