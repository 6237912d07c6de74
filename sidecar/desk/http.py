"""/v1/inbox and /v1/artifacts/{id}/sheet: what the Review desk shows, one request for each screen."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from sidecar.answers import ById, Shape, Version, Votes, refusals
from sidecar.artifacts.http import ArtifactType, ShortText
from sidecar.call import Answer, Call
from sidecar.desk.inbox import MOST_PROJECTS, Wanted, inbox
from sidecar.desk.may import WhyNot
from sidecar.desk.sheet import MOST_CANDIDATES, MOST_EARLIER, MOST_RECORDS, MOST_VERSIONS, review_sheet
from sidecar.edge import operation, unless_known
from sidecar.errors import CODES
from sidecar.locks.http import Lock
from sidecar.paths import DEEPEST, LONGEST
from sidecar.projects.find import find_project

api = APIBlueprint(
    "desk", __name__, url_prefix="/v1", abp_tags=[Tag(name="Review desk", description="One request for each screen.")]
)

# Both answers hang on names, titles and votes in eight tables: no mark of those would be cheaper to keep than an
# answer is to make, so an ETag is the hash of its bytes.
_UNCHANGED = {"description": "What If-None-Match names is still the answer."}
_MAY = "Whether the caller's approval would count now; rejecting and sending back needs the right to review alone."


_STEP = r"[A-Za-z0-9_-]+(\[(0|[1-9][0-9]{0,3})\])?"
# What paths begin with is no path itself: scenes[ and brand. are meant, too.
_PATHS = rf"^({_STEP}(\.{_STEP}){{0,{DEEPEST - 1}}}|[A-Za-z0-9_.\[\]-]*\*)$"


def _path_or_start(text: str) -> str:
    if not re.fullmatch(_PATHS, text):
        raise PydanticCustomError("schema_key_grammar", CODES["schema_key_grammar"].sentence)  # type: ignore[arg-type]
    return text


class InboxQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    project_id: ShortText | None = Field(
        None, description="The project's id or key.", json_schema_extra={"example": "spring-brand"}
    )
    schema_key: Annotated[str, AfterValidator(_path_or_start)] | None = Field(
        None,
        max_length=LONGEST + 1,
        description="One path, or what paths begin with and an asterisk: brand.* is all below brand.",
        json_schema_extra={"example": "brand.*", "pattern": _PATHS},
    )
    artifact_type: ArtifactType | None = None
    producer: UUID | None = Field(None, description="The Directus user who made it.")
    task_id: UUID | None = Field(None, description="Made for this task, or linked to it.")
    q: Annotated[str, StringConstraints(min_length=2, max_length=200)] | None = Field(
        None, description="Text, as in GET /v1/artifacts."
    )
    older_than_hours: int | None = Field(None, ge=0, le=1_000_000, description="Waiting for longer than this.")
    younger_than_hours: int | None = Field(None, ge=0, le=1_000_000, description="Waiting for no longer than this.")
    decidable: bool = Field(
        True, description="true: only what the caller's approval would count for. false: all that waits."
    )
    cursor: UUID | None = Field(None, description="meta.next_cursor of the page before.")
    limit: int = Field(200, ge=1, le=1000)

    def wanted(self, project_id: UUID | None) -> Wanted:
        """What inbox() takes."""
        path, star, _ = (self.schema_key or "").partition("*")
        filters = self.model_dump(exclude={"project_id", "schema_key", "cursor", "limit"})
        place = {"path_start": path} if star else {"schema_key": path or None}
        return Wanted(project_id=project_id, **place, **filters)


class InboxFile(Shape):
    """The primary file."""

    id: UUID
    type: str | None = Field(description="Such as image/png.")
    title: str | None
    width: int | None = Field(description="In pixels.")
    height: int | None
    changed_at: datetime | None = Field(description="Since when its bytes are not those that were submitted.")
    poster_id: UUID | None = Field(description="A Directus file that is a picture of what is no picture itself.")


class InboxTask(Shape):
    id: UUID
    title: str | None


class Producer(Shape):
    """Who made it."""

    id: UUID | None = Field(description="A Directus user; null for a program that is none.")
    name: str | None = Field(
        description="A person's first and last name, else the e-mail address; of a program, what its run is called."
    )


class CurrentVersion(Shape):
    id: UUID
    version_number: int


class InboxRow(Shape):
    """A version that waits for a decision."""

    id: UUID
    project_id: UUID
    schema_key: str
    version_number: int
    artifact_type: str | None
    file: InboxFile | None = Field(description="The primary file.")
    excerpt: str | None = Field(
        description="Where there is no picture: how the value begins, at most 160 characters. Of an object its texts,"
        " else its JSON; null for values of more than 250 kB."
    )
    task: InboxTask | None = Field(description="The task it was made for.")
    producer: Producer | None
    date_created: datetime | None
    votes: Votes = Field(description="Approvals so far, and how many the template asks for.")
    own_vote: bool = Field(description="The caller has approved it.")
    may_decide: bool = Field(description=_MAY)
    why_not: WhyNot | None = Field(
        description="own_work: the template lets nobody approve what they made. already_voted: others must approve."
        " not_allowed: the caller does not review."
    )
    outdated: bool = Field(description="A newer version of the path is approved.")
    current: CurrentVersion | None = Field(description="What is approved at the path now.")
    earlier_feedback: int = Field(description="How often earlier versions of the path were rejected or sent back.")


class WaitingProject(Shape):
    id: UUID
    key: str | None
    title: str | None
    waiting: int
    oldest: datetime | None = Field(description="Since when the longest waits.")


class WaitingTypes(Shape):
    """How many of each type of artifact."""

    image: int
    audio: int
    video: int
    text: int
    json_: int = Field(alias="json")
    document: int
    unknown: int = Field(description="Inserted without a type.")


class WaitingProducer(Shape):
    id: UUID | None = Field(description="null: by programs that are no users.")
    name: str | None
    count: int


class InboxFacets(Shape):
    artifact_type: WaitingTypes
    producer: list[WaitingProducer] = Field(description="Those with the most first, at most 100.")


class InboxMeta(Shape):
    next_cursor: UUID | None = Field(description="Send it as cursor for the next page; null on the last one.")
    total: int | None = Field(description="How many wait, on all pages. This and what follows: on the first page only.")
    oldest: datetime | None = Field(description="Since when the longest waits.")
    projects: list[WaitingProject] | None = Field(
        description=f"Those where something waits, in the order of the list; at most {MOST_PROJECTS:,}."
    )
    facets: InboxFacets | None


class InboxAnswer(Shape):
    data: list[InboxRow]
    meta: InboxMeta


class SheetProject(Shape):
    id: UUID
    key: str | None
    title: str | None
    context_version: int


class SheetTask(Shape):
    id: UUID
    title: str | None
    description: str | None
    status: str | None


class SheetRun(Shape):
    id: UUID
    name: str | None
    status: str | None


class SheetStep(Shape):
    id: UUID
    step_name: str | None
    attempt: int | None


class PathVersion(Shape):
    """A version in the history of a path."""

    id: UUID
    version_number: int
    status: str
    review_state: str | None
    artifact_type: str | None
    primary_file_id: UUID | None
    date_created: datetime | None
    rejection_reason: str | None
    producer: str | None = Field(description="The name of the Directus user who made it.")


class SheetRule(Shape):
    """What the project's template asks for at the path; null is not asked for."""

    title: str | None
    description: str | None
    artifact_type: str | None
    mime_types: list[str] | None
    max_bytes: int | None
    approvals_required: int
    producer_may_approve: bool
    promote: Literal["approval", "task_done"]
    auto_approve: str | None = Field(description="A JSONPath filter: what it finds is approved by the rule.")
    value_schema: Any = Field(alias="schema", description="The JSON Schema of the value.")


class Violation(Shape):
    """Something of the version that is not as its template asks."""

    pointer: str = Field(description="A JSON pointer into the value.")
    rule: str = Field(description="The word of the template, such as schema, artifact_type, mime_types or max_bytes.")
    message: str
    schema_path: str = Field(description="A JSON pointer into the template's rules for the path.")


class Vote(Shape):
    actor_id: UUID | None
    label: str | None
    date: datetime | None


class SheetVotes(Votes):
    by: list[Vote] = Field(description="In the order they were given; each person once.")


class SheetRecord(Shape):
    """An approval record."""

    id: UUID
    action: str
    actor_id: UUID | None
    actor_type: str | None
    actor_label: str | None
    reason: str | None
    feedback: Any
    date_created: datetime | None


class EarlierFeedback(SheetRecord):
    """Why an earlier version of the path was rejected or sent back."""

    artifact_version_id: UUID
    version_number: int


class UsedReason(Shape):
    action: Literal["approve", "reject", "request_changes"]
    reason: str
    count: int


class Sheet(Shape):
    """All that a decision on a version needs."""

    version: Version
    project: SheetProject
    task: SheetTask | None = Field(description="The task it was made for.")
    producer: Producer | None
    run: SheetRun | None
    step: SheetStep | None
    approved: Version | None = Field(description="What is approved at this path now.")
    candidates: list[Version] = Field(
        description=f"The other pending versions of the path, newest first; at most {MOST_CANDIDATES}."
    )
    history: list[PathVersion] = Field(description=f"The whole path, newest first; at most {MOST_VERSIONS}.")
    history_truncated: bool = Field(description="There are older versions than these.")
    rule: SheetRule | None = Field(description="null where no template names the path.")
    rule_broken: str | None = Field(description="What of the template cannot be read: approving is refused with it.")
    violations: list[Violation] = Field(description="Approving is refused while there are any.")
    votes: SheetVotes
    own_vote: bool = Field(description="The caller has approved it.")
    may_decide: bool = Field(description=_MAY)
    why_not: WhyNot | Literal["not_pending"] | None = Field(description="As in the inbox; not_pending: its status.")
    outdated: bool = Field(description="A newer version of the path is approved.")
    records: list[SheetRecord] = Field(
        description=f"What was said of this version, oldest first; the newest {MOST_RECORDS}."
    )
    earlier_feedback: list[EarlierFeedback] = Field(
        description=f"Why earlier versions of the path came back, newest first; at most {MOST_EARLIER}."
    )
    reasons: list[UsedReason] = Field(
        description="What people say most: at this path, then in the project; at most four of each action."
    )
    lock: Lock | None = Field(description="The lock nearest to the path.")


class SheetAnswer(Shape):
    data: Sheet


@api.get(
    "/inbox",
    operation_id="readInbox",
    summary="Read what waits for a decision",
    description="Pending versions that were not sent back, by project, task and path, in pages. With an ETag;"
    " If-None-Match answers 304 while nothing changed.",
    responses={
        200: InboxAnswer,
        304: _UNCHANGED,
        **refusals("project_not_found", "restricted_policy", "schema_key_grammar"),
    },
)
@operation("read")
def get_inbox(call: Call, query: InboxQuery) -> Response:
    project_id = find_project(call, query.project_id)["id"] if query.project_id else None
    rows, meta = inbox(call, query.wanted(project_id), cursor=query.cursor, limit=query.limit)
    return unless_known(Answer(rows, meta=meta))


@api.get(
    "/artifacts/<id>/sheet",
    operation_id="readReviewSheet",
    summary="Read all that a decision on a version needs",
    description="What stands at its path, what the template asks for, who said what, and what may be done. With an"
    " ETag; If-None-Match answers 304 while nothing changed.",
    responses={200: SheetAnswer, 304: _UNCHANGED, **refusals("artifact_not_found", "restricted_policy")},
)
@operation("read")
def get_sheet(call: Call, path: ById) -> Response:
    return unless_known(Answer(review_sheet(call, path.id)))
