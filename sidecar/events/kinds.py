"""The events there are, and what each tells. docs/reference/events.md is generated from these."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from sidecar.answers import Shape


class Links(Shape):
    api: str | None = Field(description="Where the sidecar tells more.")
    desk: str | None = Field(description="Where Directus shows it: a path below Directus' own address.")


class Told(Shape):
    """What every event says."""

    sequence: int | None = Field(
        description="1, 2, 3 … of the project's events, in the order in which they were committed, without a gap;"
        " null for webhook.test."
    )
    project_id: UUID | None
    project_key: str | None
    links: Links


class VersionTold(Told):
    artifact_version_id: UUID
    schema_key: str
    version_number: int
    artifact_type: str | None
    status: str = Field(description="The status that the event is about.")
    review_state: str | None
    primary_file_id: UUID | None
    task_id: UUID | None = Field(description="The task it was made for.")
    execution_id: UUID | None = Field(description="The run that made it.")
    step_id: UUID | None
    request_id: str | None
    actor_id: UUID | None = Field(description="The Directus user who did it, if it was one.")
    actor_type: str | None = Field(description="human, ai, system or rule.")
    actor_label: str | None
    reason: str | None
    feedback: Any = Field(description="As it was given with the decision.")
    feedback_omitted: bool = Field(description="Whether it was too large to be sent.")


class ChangeTold(Shape):
    schema_key: str
    artifact_version_id: UUID | None = Field(description="null where the path has left the context.")


class ContextTold(Told):
    promotion_id: UUID
    context_version: int
    actor_id: UUID | None
    actor_label: str | None
    reason: str | None
    changes: list[ChangeTold] = Field(description="The first 50.")
    changes_total: int


class TaskTold(Told):
    task_id: UUID
    task_title: str | None
    error: str | None = Field(description="What it failed on, as a sentence.")


class TransferTold(Told):
    transfer_id: UUID
    artifact_version_id: UUID
    schema_key: str
    version_number: int
    target_server: str
    attempts: int | None
    error: str | None


class ExecutionTold(Told):
    execution_id: UUID
    name: str | None
    status: str = Field(description="The status that the event is about.")
    task_id: UUID | None
    engine: str | None
    engine_workflow_id: str | None
    engine_run_id: str | None
    error: str | None
    started_at: datetime | None
    completed_at: datetime | None


class TestTold(Told):
    __test__ = False  # no test of ours: pytest reads names
    webhook_id: UUID


EventType = Literal[
    "version.submitted", "version.approved", "version.rejected", "version.changes_requested", "version.superseded",
    "context.promoted", "context.reverted", "task.promotion_failed", "transfer.failed", "execution.finished",
]  # fmt: skip

# What each event means, and the model of its `data`.
EVENTS: dict[str, tuple[str, type[Told]]] = {
    "version.submitted": ("A version waits for review: a new one, or a draft that was submitted.", VersionTold),
    "version.approved": ("A version was approved: by its last vote where a path asks for several.", VersionTold),
    "version.rejected": ("A version was rejected.", VersionTold),
    "version.changes_requested": ("Somebody asked for changes of a version, the first time or again.", VersionTold),
    "version.superseded": ("Another version of its path was approved.", VersionTold),
    "context.promoted": ("A project's context has a new version.", ContextTold),
    "context.reverted": (
        "A project's context went back to what an earlier version held, as a new version.",
        ContextTold,
    ),
    "task.promotion_failed": ("A task is done and its outputs could not be promoted.", TaskTold),
    "transfer.failed": ("A version could not be sent to another server, and is not tried again.", TransferTold),
    "execution.finished": ("A run was completed, failed or cancelled.", ExecutionTold),
}
TEST = "webhook.test"
TEST_MEANING = "Somebody asked whether an endpoint is reached."
