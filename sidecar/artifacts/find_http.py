"""Finding versions: /v1/artifacts and /v1/artifacts/counts."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from sidecar.answers import PageMeta, Shape, Version, refusals
from sidecar.artifacts.find import Dimension, Filters, Order, count_versions, find_versions, pattern
from sidecar.artifacts.http import STATUSES, ArtifactType, ShortText
from sidecar.artifacts.status import ApprovalStatus, Lifecycle, filters_of_approval, statuses_of_lifecycle
from sidecar.call import Answer, Call
from sidecar.edge import operation
from sidecar.errors import CODES
from sidecar.paths import LONGEST, is_path
from sidecar.projects.find import find_project
from sidecar.review.http import ApprovalRecord
from sidecar.review.record import approvals_of_versions

api = APIBlueprint("find", __name__, url_prefix="/v1", abp_tags=[Tag(name="Artifacts", description="Versions.")])

TYPES = frozenset(get_args(ArtifactType))
DIMENSIONS = get_args(Dimension)
_REFUSED = (
    "restricted_policy", "project_not_found", "version_status_known", "artifact_type_known", "schema_key_grammar",
)  # fmt: skip

_STEP = r"([A-Za-z0-9_-]+|\*)(\[(0|[1-9][0-9]{0,3}|\*)\])?"
_PATHS = rf"^(\*\*|{_STEP}(\.{_STEP}){{0,6}}(\.({_STEP}|\*\*))?)$"


def _several(words: frozenset[str], code: str, sentence: str) -> AfterValidator:
    """One word of `words`, or several with commas."""

    def check(text: str) -> str:
        if not words.issuperset(text.split(",")):
            raise PydanticCustomError(code, sentence)  # type: ignore[arg-type]
        return text

    return AfterValidator(check)


def _listed(words: Any) -> str:
    return "^(WORD)(,(WORD))*$".replace("WORD", "|".join(sorted(words)))


def _path_or_pattern(text: str) -> str:
    if len(text) > LONGEST or not re.fullmatch(_PATHS, text) or not is_path(text.replace("*", "1")):
        raise PydanticCustomError("schema_key_grammar", CODES["schema_key_grammar"].sentence)  # type: ignore[arg-type]
    return text


def _moment(text: Any) -> Any:
    # pydantic would take a number for seconds since 1970.
    if not re.match(r"\d{4}-\d\d-\d\dT", str(text)):
        raise PydanticCustomError("moment", "say a moment such as 2026-01-31T12:00:00Z")
    return text


Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
_MOMENT: Any = {"example": "2026-01-31T12:00:00Z"}


class FindQuery(BaseModel):
    """What versions are wanted: all that is said must be so."""

    model_config = ConfigDict(extra="forbid")

    project_id: ShortText | None = Field(
        None, description="The project's id or key.", json_schema_extra={"example": "spring-brand"}
    )
    schema_key: Annotated[str, AfterValidator(_path_or_pattern)] | None = Field(
        None,
        description="A path, or a pattern: `scene_images[*]` (any index), `brand.*` (any word there), `brand.**`"
        " (everything below).",
        json_schema_extra={"pattern": _PATHS, "maxLength": LONGEST, "example": "brand.logo"},
    )
    status: (
        Annotated[str, _several(STATUSES, "version_status_known", "one of these is no status of a version")] | None
    ) = Field(
        None,
        description="One status, or several with commas.",
        json_schema_extra={"pattern": _listed(STATUSES), "example": "pending,approved"},
    )
    lifecycle: Lifecycle | None = Field(None, description="candidate is pending, published is approved.")
    approval_status: ApprovalStatus | None = Field(
        None, description="auto_approved is by a rule, edited by an edit; what is archived is not among them."
    )
    review_state: Literal["changes_requested", "none"] | None = Field(
        None, description="none: nobody asked for changes. An inbox is status=pending&review_state=none."
    )
    awaiting_promotion: bool | None = Field(None, description="Approved, and not in the context yet.")
    outdated: bool | None = Field(None, description="Pending, and older than the approved version of its path.")
    artifact_type: Annotated[str, _several(TYPES, "artifact_type_known", "one of these is no artifact type")] | None = (
        Field(
            None,
            description="One type, or several with commas.",
            json_schema_extra={"pattern": _listed(TYPES), "example": "image,video"},
        )
    )
    has_file: bool | None = None
    tag: ShortText | None = Field(None, description="A tag, or several with commas: each must be there.")
    q: Annotated[str, StringConstraints(min_length=2, max_length=200)] | None = Field(
        None,
        description='Words in value, metadata, tags, path and the name of the primary file: all of them, "in this'
        ' order", one or the other, -not. The last may be unfinished. Keys of objects are not searched.',
        json_schema_extra={"example": "calm harb"},
    )
    user_created: UUID | None = Field(None, description="The Directus user who submitted it.")
    task_id: UUID | None = Field(None, description="Made for this task or linked to it.")
    execution_id: UUID | None = None
    step_id: UUID | None = None
    created_from: Moment | None = Field(None, description="Submitted then or later.", json_schema_extra=_MOMENT)
    created_to: Moment | None = Field(None, description="Submitted before.", json_schema_extra=_MOMENT)

    def filters(self, call: Call) -> Filters:
        """What find_versions() takes. Raises Refusal project_not_found."""
        same = ("review_state", "user_created", "task_id", "execution_id", "step_id", "created_from", "created_to",
                "has_file", "awaiting_promotion", "outdated", "q")  # fmt: skip
        path, expression = pattern(self.schema_key) if self.schema_key else (None, None)
        return Filters(
            project_id=find_project(call, self.project_id)["id"] if self.project_id else None,
            schema_key=path,
            path_pattern=expression,
            artifact_type=self.artifact_type.split(",") if self.artifact_type else None,
            tags=[tag for tag in self.tag.split(",") if tag] if self.tag else None,
            **{name: getattr(self, name) for name in same},
            **self._status(),
        )

    def _status(self) -> dict[str, Any]:
        """The filters that say a status in one way or another: all of them hold."""
        wanted, others = set(STATUSES), {}
        if self.status:
            wanted &= set(self.status.split(","))
        if self.lifecycle:
            wanted &= statuses_of_lifecycle(self.lifecycle)
        if self.approval_status:
            statuses, others = filters_of_approval(self.approval_status)
            wanted &= statuses
        # Said again for the plan: an index of few rows knows the status only.
        if self.awaiting_promotion:
            wanted &= {"approved"}
        if self.outdated or self.review_state == "changes_requested":
            wanted &= {"pending"}
        return {"status": None if wanted == STATUSES else sorted(wanted), **others}


class ListQuery(FindQuery):
    order: Order = Field("newest", description="oldest first is what an inbox needs.")
    include: Literal["approvals"] | None = Field(
        None, description="approvals: with every record of each version, its reason and feedback."
    )
    cursor: str | None = Field(None, max_length=300, description="meta.next_cursor of the page before.")
    limit: int = Field(50, ge=1, le=500)


class CountsQuery(FindQuery):
    by: Annotated[
        str, _several(frozenset(DIMENSIONS), "dimension", f"count by {', '.join(DIMENSIONS)}, several with commas")
    ] = Field(
        "status",
        description="What makes a group: status, project, schema_key, artifact_type, task; several with commas.",
        json_schema_extra={"pattern": _listed(DIMENSIONS), "example": "project,schema_key"},
    )
    limit: int = Field(100, ge=1, le=1000, description="So many groups, the largest first.")


class ListedVersion(Version):
    approvals: list[ApprovalRecord] | None = Field(
        None, description="With include=approvals: every decision and comment, oldest first."
    )


class ListedAnswer(Shape):
    data: list[ListedVersion]
    meta: PageMeta


class Counted(Shape):
    """A group of versions; what it was not counted by is null."""

    project_id: UUID | None
    project_key: str | None
    project_title: str | None
    status: str | None
    schema_key: str | None
    artifact_type: str | None
    task_id: UUID | None
    task_title: str | None
    count: int
    oldest: datetime | None = Field(description="When the one that waits longest was submitted.")
    newest: datetime | None


class CountsMeta(Shape):
    complete: bool = Field(description="false: there are more than 50,000, and the newest of them were counted.")


class CountsAnswer(Shape):
    data: list[Counted]
    meta: CountsMeta


@api.get(
    "/artifacts",
    operation_id="listArtifacts",
    summary="Find versions",
    description="By filters in any combination and by words, newest first, in pages. What is added meanwhile neither"
    " moves nor repeats the others.",
    responses={200: ListedAnswer, **refusals(*_REFUSED)},
)
@operation("read")
def list_artifacts(call: Call, query: ListQuery) -> Answer:
    versions, cursor = find_versions(
        call, query.filters(call), order=query.order, cursor=query.cursor, limit=query.limit
    )
    if query.include:
        records = approvals_of_versions(call, [version["id"] for version in versions])
        versions = [{**version, "approvals": records[version["id"]]} for version in versions]
    return Answer(versions, meta={"next_cursor": cursor})


@api.get(
    "/artifacts/counts",
    operation_id="countArtifacts",
    summary="Count versions",
    description="In groups, with the same filters: what waits in each project, at each path, for each task, and since"
    " when.",
    responses={200: CountsAnswer, **refusals(*_REFUSED)},
)
@operation("read")
def get_counts(call: Call, query: CountsQuery) -> Answer:
    by: Any = list(dict.fromkeys(query.by.split(",")))
    groups, complete = count_versions(call, query.filters(call), by, query.limit)
    return Answer(groups, meta={"complete": complete})
