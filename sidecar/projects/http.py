"""/v1/projects."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from sidecar.answers import ProjectPath, Shape, Votes, refusals
from sidecar.call import Answer, Call
from sidecar.edge import operation
from sidecar.errors import CODES
from sidecar.paths import Path
from sidecar.projects import find
from sidecar.projects.paths import State, paths_of

api = APIBlueprint("projects", __name__, url_prefix="/v1", abp_tags=[Tag(name="Projects", description="Projects.")])


def _slug(key: str) -> str:
    # An id is taken wherever a key is: a key that reads like one could never be found.
    looks_like_id = re.fullmatch(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", key)
    if looks_like_id or not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,99}", key):
        raise PydanticCustomError("project_key_known", CODES["project_key_known"].sentence)  # type: ignore[arg-type]
    return key


class ProjectBody(BaseModel):
    """A project to create, or to find when the key exists."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"key": "spring-brand", "title": "Spring brand"}]}
    )
    key: Annotated[str, AfterValidator(_slug)] = Field(
        description="Not one that reads like an id.",
        examples=["spring-brand"],
        json_schema_extra={"pattern": "^[a-z0-9][a-z0-9_-]{0,99}$"},
    )
    title: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = Field(
        None, description="Else the key."
    )
    kind: Literal["project", "story", "scene"] = "project"
    parent_id: UUID | None = Field(None, description="The project it belongs to, as a scene belongs to its story.")
    template_id: UUID | None = Field(None, description="The project template, by id.")
    template: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = Field(
        None, description="The project template, by id or name, instead of template_id.", examples=["Brand"]
    )

    @model_validator(mode="after")
    def _one_template(self) -> ProjectBody:
        if self.template is not None and self.template_id is not None:
            raise PydanticCustomError("one_of", "send template or template_id, not both")
        return self


class ProjectsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    has_approved: Path | None = Field(
        None,
        description="Only projects with an approved version at this path.",
        json_schema_extra={"example": "brand.logo"},
    )
    cursor: UUID | None = None
    limit: int = Field(50, ge=1, le=500)


class Project(Shape):
    id: UUID
    key: str | None
    title: str | None
    kind: str | None
    status: str | None
    template_id: UUID | None
    context_version: int
    planning_locked: bool | None


class ProjectAnswer(Shape):
    data: Project


class ProjectsMeta(Shape):
    next_cursor: UUID | None


class ProjectsAnswer(Shape):
    data: list[Project]
    meta: ProjectsMeta


class StandingApproved(Shape):
    artifact_version_id: UUID
    version_number: int
    approved_at: datetime | None
    promoted_at: datetime | None


class StandingNewest(Shape):
    artifact_version_id: UUID
    version_number: int
    status: str
    review_state: str | None


class PathCounts(Shape):
    intermediate: int
    pending: int
    approved: int
    superseded: int
    rejected: int
    archived: int


class PathStanding(Shape):
    """How a path stands."""

    schema_key: str
    title: str | None = Field(description="From the template.")
    artifact_type: str | None = Field(description="From the template, else of the newest version.")
    expected: bool = Field(description="Whether the template names it, itself or by a pattern.")
    state: State | None = Field(
        description="approved_pending: a newer version waits. missing: nothing was submitted, or all was put away. null"
        " for a pattern that some paths fit."
    )
    approved: StandingApproved | None
    newest: StandingNewest | None
    counts: PathCounts = Field(description="Versions by status.")
    votes: Votes = Field(description="Approvals of the newest version that waits, and how many the template asks for.")
    awaiting_promotion: bool = Field(description="Approved, and not in the context yet.")


class ListedPath(PathStanding):
    """A path, or a pattern of the template with the paths that fit it."""

    pattern: bool
    paths: list[PathStanding] = Field(description="For a pattern: the paths in use that fit it.")


class TemplateName(Shape):
    id: UUID
    name: str


class TemplateProblem(Shape):
    path: str
    word: str
    message: str


class PathsMeta(Shape):
    project_id: UUID
    context_version: int
    template: TemplateName | None
    additional_paths: bool = Field(description="Whether paths that the template does not name may be submitted.")
    problems: list[TemplateProblem] = Field(description="What of the template cannot be read.")


class PathsAnswer(Shape):
    data: list[ListedPath]
    meta: PathsMeta


@api.post(
    "/projects",
    operation_id="createProject",
    summary="Create or find a project by its key",
    description="201 for a new project, 200 for one that exists, which is left as it is. A new project of a template"
    " gets the template's tasks.",
    responses={
        200: ProjectAnswer,
        201: ProjectAnswer,
        **refusals("project_key_known", "reference_not_found", "template_not_found", "template_broken"),
    },
)
@operation("produce")
def post_projects(call: Call, body: ProjectBody) -> Answer:
    values = {**body.model_dump(exclude={"template"}), "title": body.title or body.key, "status": "active"}
    if body.template is not None:
        values["template_id"] = find.find_template(call, body.template)
    project, new = find.create_or_find(call, values)
    return Answer(project, 201 if new else 200, headers={"Location": f"/v1/projects/{project['id']}"} if new else {})


@api.get(
    "/projects",
    operation_id="listProjects",
    summary="List projects",
    description="In pages, in the order of their ids.",
    responses={200: ProjectsAnswer, **refusals("restricted_policy", "schema_key_grammar")},
)
@operation("read")
def get_projects(call: Call, query: ProjectsQuery) -> Answer:
    rows = find.list_projects(call, has_approved=query.has_approved, after=query.cursor, limit=query.limit + 1)
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    return Answer(rows, meta={"next_cursor": rows[-1]["id"] if more else None})


@api.get(
    "/projects/<id>",
    operation_id="getProject",
    summary="Read a project",
    description="By id or key, without its context.",
    responses={200: ProjectAnswer, **refusals("project_not_found", "restricted_policy")},
)
@operation("read")
def get_project(call: Call, path: ProjectPath) -> Answer:
    return Answer(find.find_project(call, path.id))


@api.get(
    "/projects/<id>/paths",
    operation_id="listPaths",
    summary="Read how each path stands",
    description="Each path the template names, patterns with the paths that fit them; then the other paths in use."
    " Each by name.",
    responses={200: PathsAnswer, **refusals("project_not_found", "restricted_policy")},
)
@operation("read")
def get_paths(call: Call, path: ProjectPath) -> Answer:
    paths, meta = paths_of(call, path.id)
    return Answer(paths, meta=meta)
