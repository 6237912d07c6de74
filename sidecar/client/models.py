"""What the registry answers, as values. Fields that a newer registry adds are ignored."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class File(Model):
    id: UUID
    type: str | None = None
    filename_download: str | None = None
    filesize: int | None = None
    width: int | None = None
    height: int | None = None


class Version(Model):
    """An artifact version. `value` is the JSON that was submitted; treat it as read-only."""

    id: UUID
    project_id: UUID
    schema_key: str
    version_number: int
    status: str
    review_state: str | None = None
    artifact_type: str | None = None
    value: Any = None
    metadata: Any = None
    primary_file_id: UUID | None = None
    files: list[File] = []
    source_url: str | None = None
    content_hash: str | None = None
    parent_id: UUID | None = None
    source_task_id: UUID | None = None
    execution_id: UUID | None = None
    step_id: UUID | None = None
    tags: list[str] | None = None
    approved_at: datetime | None = None
    approved_by: UUID | None = None
    rejection_reason: str | None = None
    promoted_at: datetime | None = None
    date_created: datetime | None = None
    bytes_removed_at: datetime | None = None
    erased_at: datetime | None = None
    allowed_actions: list[str] = []

    @property
    def decided(self) -> bool:
        """Whether somebody has looked at it: a request for changes counts."""
        return self.status not in ("intermediate", "pending") or self.review_state is not None


class Counted(Model):
    """A group of versions; what it was not counted by is None."""

    project_id: UUID | None = None
    project_key: str | None = None
    project_title: str | None = None
    status: str | None = None
    schema_key: str | None = None
    artifact_type: str | None = None
    task_id: UUID | None = None
    task_title: str | None = None
    count: int
    oldest: datetime | None = None
    newest: datetime | None = None


class Counts(Model):
    """`complete` False: there are more than the registry counts, and the newest of them were counted."""

    groups: list[Counted]
    complete: bool


class VersionName(Model):
    artifact_version_id: UUID
    schema_key: str
    version_number: int
    status: str | None = None


class Lock(Model):
    """A lock; `schema_key` None is the whole project's."""

    schema_key: str | None
    owner: str | None = None
    owner_id: UUID | None = None
    reason: str | None = None
    since: datetime | None = None

    def covers(self, path: str) -> bool:
        """Whether `path` is the locked one or lies below it."""
        return self.schema_key is None or path == self.schema_key or path.startswith(
            (f"{self.schema_key}.", f"{self.schema_key}[")
        )  # fmt: skip


class ReviewLink(Model):
    """A review link; `url` is there only where it was just made."""

    id: UUID
    guest_name: str
    guest_email: str | None = None
    note: str | None = None
    may: list[str]
    state: str
    url: str | None = None
    made_by_label: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None


class Submitted(Model):
    """What became of a submission.

    `existing`: nothing was added, `version` was there with this content or stands at a locked path. A version that was
    rejected before comes with its `rejection_reason`.
    """

    version: Version
    existing: bool
    rejection_reason: str | None = None
    locked: Lock | None = None


class Project(Model):
    id: UUID
    key: str | None = None
    title: str | None = None
    kind: str | None = None
    status: str | None = None
    template_id: UUID | None = None
    context_version: int
    planning_locked: bool | None = None


class PathStanding(Model):
    """How a path stands; of a pattern in the template, `paths` are those that fit it."""

    schema_key: str
    title: str | None = None
    artifact_type: str | None = None
    expected: bool
    state: str | None = None
    approved: dict[str, Any] | None = None
    newest: dict[str, Any] | None = None
    counts: dict[str, int] = {}
    awaiting_promotion: bool = False
    pattern: bool = False
    paths: list[PathStanding] = []


class Context(Model):
    """A project's context, or what was asked for of it, at one version."""

    project_id: UUID
    version: int
    document: Any


class ContextChange(Model):
    schema_key: str | None
    from_version_id: UUID | None = None
    to_version_id: UUID | None = None
    before: Any = None
    after: Any = None
    entry: Any = None


class ContextPromotion(Model):
    """One step in the history of a context."""

    context_version: int
    actor_id: UUID | None = None
    actor_label: str | None = None
    reason: str | None = None
    changes: list[ContextChange]
    date_created: datetime | None = None


class Promotion(Model):
    """`status` is promoted, already_promoted or nothing_to_promote; `changes` and `stale` are a dry run's."""

    project_id: UUID | None = None
    context_version: int | None = None
    status: str
    promoted: list[VersionName] = []
    superseded: list[VersionName] = []
    withdrawn: list[str] = []
    changes: list[ContextChange] | None = None
    stale: list[VersionName] | None = None


class Decision(VersionName):
    """What was decided on one version, and how it stands now."""

    action: str
    review_state: str | None = None
    repeated: bool = False


class Review(Model):
    decisions: list[Decision]
    promotions: list[Promotion]


class ApprovalRecord(Model):
    id: UUID
    artifact_version_id: UUID
    action: str
    actor_id: UUID | None = None
    actor_type: str | None = None
    actor_label: str | None = None
    reason: str | None = None
    feedback: Any = None
    date_created: datetime | None = None


class LessonVersion(Model):
    artifact_version_id: UUID
    project_id: UUID
    schema_key: str
    version_number: int


class LessonReason(Model):
    """Why versions were turned down, and how many; `approved_instead` names what was approved instead of the last."""

    reason: str | None = None
    count: int
    last_at: datetime
    versions: list[LessonVersion] = []
    feedback: list[Any] = []
    approved_instead: dict[str, Any] | None = None


class Lessons(Model):
    """What decisions teach. `text` is a section for a prompt; the others are what it was made from."""

    turned_down: list[LessonReason] = []
    approved: list[dict[str, Any]] = []
    edits: list[dict[str, Any]] = []
    comments: list[dict[str, Any]] = []
    meta: dict[str, Any] = {}
    text: str

    def __str__(self) -> str:
        return self.text

    def __bool__(self) -> bool:
        """Whether there is anything to heed."""
        return bool(self.turned_down or self.approved or self.edits or self.comments)


class Rejection(LessonVersion):
    """A version that was rejected or sent back; `records` are all that was said of it, oldest first."""

    status: str
    action: str
    reason: str | None = None
    decided_at: datetime
    records: list[dict[str, Any]] = []
    approved_instead: dict[str, Any] | None = None


class Relation(Model):
    """`from_version_id` is the newer version, `to_version_id` what it was made from."""

    id: UUID
    from_version_id: UUID
    to_version_id: UUID
    relation_type: str
    metadata: Any = None
    date_created: datetime | None = None


class Lineage(Model):
    """Nodes and edges as the API shows them."""

    nodes: list[dict[str, Any]]
    edges: list[dict[str, Any]]
    truncated: bool = False


class Affected(VersionName):
    """A version that must be looked at again."""

    project_id: UUID
    direct: bool


class Execution(Model):
    id: UUID
    project_id: UUID | None = None
    task_id: UUID | None = None
    name: str | None = None
    workflow_type: str | None = None
    status: str | None = None
    current_level: int | None = None
    engine: str | None = None
    engine_workflow_id: str | None = None
    engine_run_id: str | None = None
    error_message: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    allowed_statuses: list[str] = []


class Step(Model):
    """One attempt at a step. `inputs` and `outputs` are ids of versions."""

    id: UUID
    project_id: UUID | None = None
    execution_id: UUID | None = None
    step_name: str | None = None
    workflow_name: str | None = None
    level: int | None = None
    depends_on: list[str] | None = None
    attempt: int | None = None
    retry_of: UUID | None = None
    engine_run_id: str | None = None
    status: str | None = None
    input: Any = None
    inputs: list[UUID] = []
    output: Any = None
    outputs: list[UUID] = []
    parameters: Any = None
    input_hash: str | None = None
    error_message: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None


class SentFile(Model):
    """A file as the server names it: by this name the next step loads it."""

    name: str
    subfolder: str = ""
    type: str = "input"
    file_id: UUID | None = None


class Transfer(Model):
    """A version on its way to a server. `result` are its files there, once it has arrived."""

    id: UUID
    artifact_version_id: UUID
    project_id: UUID
    schema_key: str
    version_number: int
    source_step_id: UUID | None = None
    target_step_id: UUID | None = None
    target_server: str
    target_subfolder: str | None = None
    status: str
    attempts: int = 0
    next_attempt_at: datetime | None = None
    uploaded_at: datetime | None = None
    error_message: str | None = None
    result: list[SentFile] | None = None
    date_created: datetime | None = None


class StepToResume(Model):
    """Whether a step's output can be used again, and why not."""

    step_name: str
    step_id: UUID | None = None
    attempt: int | None = None
    status: str | None = None
    input_hash: str | None = None
    usable: bool
    reason: str
    output: Any = None
    outputs: list[VersionName] = []


class Reusable(Model):
    """A completed step of any run of the project, and the versions that stand for what it made."""

    step: Step
    outputs: list[VersionName]


class RetainedRule(Model):
    """What a template's rule did, or would do, to versions of one status in one project."""

    project_id: UUID
    project: str | None = None
    rule: str
    status: str
    archived: int
    bytes_removed: int
    files: int
    bytes: int


class Retained(Model):
    """A page of retention. `bytes_removed` are versions that lost their files, `files` those that go with them; `held`
    are files that something else refers to. `waiting` says what the worker has still to delete."""

    dry_run: bool
    archived: int
    bytes_removed: int
    files: int
    bytes: int
    held: list[dict[str, Any]] = []
    rules: list[RetainedRule] = []
    versions: list[dict[str, Any]] = []
    problems: list[dict[str, Any]] = []
    waiting: dict[str, Any] = {}


class Erased(Model):
    """What was, or would be, erased. `copies` are other versions that hold the same: {…, how, erased}."""

    status: str
    dry_run: bool
    erased: list[VersionName]
    copies: list[dict[str, Any]] = []
    files: list[dict[str, Any]] = []
    promotions: list[dict[str, Any]] = []
    taken_out_of: dict[str, int] = {}


class WaitingFile(File):
    """A primary file; `poster_id` is a picture of what is none itself."""

    title: str | None = None
    poster_id: UUID | None = None


class Waiting(Model):
    """A version that waits for a decision. `why_not` is own_work, already_voted or not_allowed."""

    id: UUID
    project_id: UUID
    schema_key: str
    version_number: int
    artifact_type: str | None = None
    file: WaitingFile | None = None
    excerpt: str | None = None
    task: dict[str, Any] | None = None
    producer: dict[str, Any] | None = None
    votes: dict[str, int] = {}
    own_vote: bool = False
    may_decide: bool
    why_not: str | None = None
    outdated: bool = False
    current: dict[str, Any] | None = None
    earlier_feedback: int = 0
    date_created: datetime | None = None


class ReviewSheet(Model):
    """All that a decision on `version` needs. `approved` is what stands at its path, `candidates` what else waits,
    `violations` what the template asks for and it is not, `earlier_feedback` why earlier versions came back."""

    version: Version
    project: dict[str, Any]
    task: dict[str, Any] | None = None
    producer: dict[str, Any] | None = None
    run: dict[str, Any] | None = None
    step: dict[str, Any] | None = None
    approved: Version | None = None
    candidates: list[Version] = []
    history: list[dict[str, Any]] = []
    history_truncated: bool = False
    rule: dict[str, Any] | None = None
    rule_broken: str | None = None
    violations: list[dict[str, Any]] = []
    votes: dict[str, Any] = {}
    own_vote: bool = False
    may_decide: bool
    why_not: str | None = None
    outdated: bool = False
    records: list[dict[str, Any]] = []
    earlier_feedback: list[dict[str, Any]] = []
    reasons: list[dict[str, Any]] = []
    lock: Lock | None = None


class Endpoint(Model):
    """Where events are sent. `secret` is there when it was made just now, and never again."""

    id: UUID
    url: str
    description: str | None = None
    events: list[str] = []
    active: bool
    failing_since: datetime | None = None
    problem: str | None = None
    has_secret: bool = False
    previous_secret_until: datetime | None = None
    pending: int = 0
    failed: int = 0
    secret: str | None = None


class Secret(Model):
    """A new secret; the one of before signs, too, until `previous_until`."""

    secret: str
    previous_until: datetime | None = None


class Event(Model):
    """What happened. `id` is the header webhook-id of its deliveries."""

    id: str
    type: str
    timestamp: datetime
    data: dict[str, Any]


class Delivery(Model):
    """An event on its way to an endpoint, or a decision on its way to a run that waits for it."""

    id: UUID
    message_id: str
    type: str
    webhook_id: UUID | None = None
    execution_id: UUID | None = None
    sequence: int | None = None
    status: str
    attempts: int
    next_attempt_at: datetime | None = None
    answer_status: int | None = None
    answer: str | None = None
    duration_ms: int | None = None
    error: str | None = None
    date_created: datetime
    finished_at: datetime | None = None
