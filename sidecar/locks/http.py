"""/v1/projects/{id}/locks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from sidecar.answers import ProjectPath, Shape, refusals
from sidecar.call import Answer, Call
from sidecar.edge import operation
from sidecar.locks.lock import lock, locks_of, unlock
from sidecar.paths import Path
from sidecar.projects.find import find_project

api = APIBlueprint(
    "locks", __name__, url_prefix="/v1", abp_tags=[Tag(name="Locks", description="Paths that are left as they are.")]
)

# Stripped after it is measured, as the description says it is.
Reason = Annotated[str, StringConstraints(max_length=2000), AfterValidator(str.strip)]
_REFUSED = ("project_not_found", "lock_of_another")


class LockPath(ProjectPath):
    schema_key: Path = Field(description="The path; what lies below it is covered, too.")


class LockBody(BaseModel):
    """Why, and who is to be asked."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "The panel plan is final.", "owner": "Robin"}]}
    )
    reason: Reason | None = Field(None, description="What those who come to it are told.")
    owner: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = Field(
        None, description="What to call the owner; else the caller's name. Who may unlock is the caller all the same."
    )


class UnlockQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    reason: Reason | None = Field(None, description="Why; kept in the audit.")


class Lock(Shape):
    schema_key: str | None = Field(description="The locked path; null is the whole project.")
    owner: str | None = Field(description="null when the project was locked in Directus.")
    owner_id: UUID | None
    reason: str | None
    since: datetime | None


class LockAnswer(Shape):
    data: Lock


class Unlocked(Shape):
    released: Lock | None = Field(description="The lock that was there; null where there was none.")


class UnlockAnswer(Shape):
    data: Unlocked


class LocksAnswer(Shape):
    data: list[Lock]


@api.get(
    "/projects/<id>/locks",
    operation_id="listLocks",
    summary="Read a project's locks",
    description="The project's own first, then by path.",
    responses={200: LocksAnswer, **refusals("project_not_found", "restricted_policy")},
)
@operation("read")
def get_locks(call: Call, path: ProjectPath) -> Answer:
    return Answer(locks_of(call, find_project(call, path.id)["id"]))


@api.put(
    "/projects/<id>/locks/<schema_key>",
    operation_id="lockPath",
    summary="Lock a path",
    description="With everything below it. Submissions of others get the version that is there until it is unlocked.",
    responses={200: LockAnswer, **refusals(*_REFUSED, "schema_key_grammar")},
)
@operation("produce")
def put_path_lock(call: Call, path: LockPath, body: LockBody) -> Answer:
    return _locked(call, path.id, path.schema_key, body)


@api.put(
    "/projects/<id>/locks",
    operation_id="lockProject",
    summary="Lock a whole project",
    description="As ticking Locked in Directus does. A path that has nothing yet still takes its first version.",
    responses={200: LockAnswer, **refusals(*_REFUSED)},
)
@operation("produce")
def put_project_lock(call: Call, path: ProjectPath, body: LockBody) -> Answer:
    return _locked(call, path.id, None, body)


@api.delete(
    "/projects/<id>/locks/<schema_key>",
    operation_id="unlockPath",
    summary="Unlock a path",
    description="Its owner may, and reviewers. Locks of paths above and below it stay.",
    responses={200: UnlockAnswer, **refusals(*_REFUSED, "schema_key_grammar")},
)
@operation("produce")
def delete_path_lock(call: Call, path: LockPath, query: UnlockQuery) -> Answer:
    return _unlocked(call, path.id, path.schema_key, query)


@api.delete(
    "/projects/<id>/locks",
    operation_id="unlockProject",
    summary="Unlock a whole project",
    description="Its owner may, and reviewers. Locks of its paths stay.",
    responses={200: UnlockAnswer, **refusals(*_REFUSED)},
)
@operation("produce")
def delete_project_lock(call: Call, path: ProjectPath, query: UnlockQuery) -> Answer:
    return _unlocked(call, path.id, None, query)


def _locked(call: Call, project: str, schema_key: str | None, body: LockBody) -> Answer:
    project_id = find_project(call, project)["id"]
    return Answer(lock(call, project_id, schema_key, owner=body.owner, reason=body.reason or None))


def _unlocked(call: Call, project: str, schema_key: str | None, query: UnlockQuery) -> Answer:
    project_id = find_project(call, project)["id"]
    return Answer({"released": unlock(call, project_id, schema_key, reason=query.reason or None)})
