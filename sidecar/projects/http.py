"""/v1/projects."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from uuid import UUID

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from sidecar.answers import Shape, refusals
from sidecar.call import Answer, Call
from sidecar.edge import operation
from sidecar.errors import CODES
from sidecar.paths import Path
from sidecar.projects import find

api = APIBlueprint("projects", __name__, url_prefix="/v1", abp_tags=[Tag(name="Projects", description="Projects.")])


def _slug(key: str) -> str:
    # An id is taken wherever a key is: a key that reads like one could never be found.
    looks_like_id = re.fullmatch(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", key)
    if looks_like_id or not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,99}", key):
        raise PydanticCustomError("project_key_known", CODES["project_key_known"].sentence)  # type: ignore[arg-type]
    return key


class ProjectBody(BaseModel):
    """A project to create, or to find when the key exists."""

    model_config = ConfigDict(extra="forbid")
    key: Annotated[str, AfterValidator(_slug)] = Field(examples=["spring-brand"])
    title: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = Field(
        None, description="Else the key."
    )
    kind: Literal["project", "story", "scene"] = "project"
    parent_id: UUID | None = None
    template_id: UUID | None = None


class ProjectPath(BaseModel):
    id: str = Field(max_length=255, description="The project's id or key.")


class ProjectsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    has_approved: Path | None = Field(None, description="Only projects with an approved version at this path.")
    cursor: UUID | None = None
    limit: int = Field(50, ge=1, le=500)


class Project(Shape):
    id: UUID
    key: str | None
    title: str | None
    kind: str | None
    status: str | None
    context_version: int
    planning_locked: bool | None


class ProjectAnswer(Shape):
    data: Project


class ProjectsMeta(Shape):
    next_cursor: UUID | None


class ProjectsAnswer(Shape):
    data: list[Project]
    meta: ProjectsMeta


@api.post(
    "/projects",
    operation_id="createProject",
    summary="Create or find a project by its key",
    description="201 for a new project, 200 for one that exists, which is left as it is.",
    responses={200: ProjectAnswer, 201: ProjectAnswer, **refusals("project_key_known", "reference_not_found")},
)
@operation("produce")
def post_projects(call: Call, body: ProjectBody) -> Answer:
    values = {**body.model_dump(), "title": body.title or body.key, "status": "active"}
    project, new = find.create_or_find(call, values)
    return Answer(project, 201 if new else 200, headers={"Location": f"/v1/projects/{project['id']}"} if new else {})


@api.get(
    "/projects",
    operation_id="listProjects",
    summary="List projects",
    description="In pages, in the order of their ids.",
    responses={200: ProjectsAnswer, **refusals("restricted_policy")},
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
