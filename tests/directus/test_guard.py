"""What nobody writes past the registry, Directus' administrator included: refused with a sentence, and nothing changed."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.directus.people import Answer, Person
from tests.directus.works import LOGO, Database, Producer, Reviews, Work, picture, promoted

WHEN = "2001-02-03T04:05:06Z"


@dataclass
class Scene:
    """Work of which `approved` is in the context and `pending` waits; `other` is work of somebody else."""

    work: Work
    other: Work
    approved: str
    pending: str
    approval: str
    promotion: str
    link: str
    user: str


@pytest.fixture
def scene(given: Producer, by_reviewer: Reviews, database: Database, administrator: Person) -> Scene:
    work = given.candidates([LOGO, LOGO], pictures=True)
    approved, pending = work.versions
    by_reviewer.press([approved], "approve").data  # noqa: B018  asserts
    promoted(database, work)
    (record,) = database.approvals(approved)
    (promotion,) = database.promotions(work.project)
    link = database.row("select id from artifact_files where artifact_version_id = %s", approved)["id"]
    user = administrator.get("/users/me").data["id"]
    other = given.candidates(["brand.colors"], pictures=True)
    return Scene(work, other, approved, pending, str(record["id"]), str(promotion["id"]), str(link), user)


@contextmanager
def unchanged(database: Database, scene: Scene) -> Iterator[None]:
    before = [database.everything_of(scene.work), database.everything_of(scene.other)]
    yield
    assert [database.everything_of(scene.work), database.everything_of(scene.other)] == before


def assert_refused(answer: Answer) -> None:
    """With a client's error and a sentence that a person understands."""
    assert 400 <= answer.status < 500, f"{answer.status}: {answer.body}"
    assert answer.sentence.endswith("."), answer.sentence
    assert " " in answer.sentence
    assert "unexpected" not in answer.sentence


# Fields of versions

FROZEN: dict[str, Callable[[Scene], object]] = {
    "id": lambda scene: str(uuid.uuid4()),
    "project_id": lambda scene: scene.other.project,
    "schema_key": lambda scene: "brand.mark",
    "version_number": lambda scene: 7,
    "artifact_type": lambda scene: "video",
    "value": lambda scene: {"format": "forged"},
    "metadata": lambda scene: {"width": 1},
    "parent_id": lambda scene: scene.other.version,
    "source_task_id": lambda scene: scene.other.task,
    "execution_id": lambda scene: scene.other.execution,
    "step_id": lambda scene: scene.other.step,
    "request_id": lambda scene: "forged",
    "source_url": lambda scene: "https://example.com/forged.png",
    "user_created": lambda scene: scene.user,
    "date_created": lambda scene: WHEN,
}
DECISIVE: dict[str, Callable[[Scene], object]] = {
    "review_state": lambda scene: "changes_requested",
    "approved_at": lambda scene: WHEN,
    "approved_by": lambda scene: scene.user,
    "rejection_reason": lambda scene: "forged",
    "promoted_at": lambda scene: WHEN,
}
SEALED: dict[str, Callable[[Scene], object]] = {
    "primary_file_id": lambda scene: scene.other.files[0],
    "content_hash": lambda scene: "0" * 64,
}

Way = Callable[[Person, Scene, str, dict], Answer]


def alone(person: Person, scene: Scene, version: str, edit: dict) -> Answer:
    return person.patch(f"/items/artifact_versions/{version}", edit)


def by_keys(person: Person, scene: Scene, version: str, edit: dict) -> Answer:
    return person.patch("/items/artifact_versions", {"keys": [version], "data": edit})


def by_query(person: Person, scene: Scene, version: str, edit: dict) -> Answer:
    return person.patch("/items/artifact_versions", {"query": {"filter": {"id": {"_eq": version}}}, "data": edit})


def in_an_array(person: Person, scene: Scene, version: str, edit: dict) -> Answer:
    return person.patch("/items/artifact_versions", [{"id": version, **edit}])


def through_its_project(person: Person, scene: Scene, version: str, edit: dict) -> Answer:
    versions = {"create": [], "update": [{"id": version, **edit}], "delete": []}
    return person.patch(f"/items/projects/{scene.work.project}", {"versions": versions})


def through_its_task(person: Person, scene: Scene, version: str, edit: dict) -> Answer:
    links = {"create": [{"artifact_version_id": {"id": version, **edit}}], "update": [], "delete": []}
    return person.patch(f"/items/tasks/{scene.work.task}", {"artifacts": links})


def through_an_approval(person: Person, scene: Scene, version: str, edit: dict) -> Answer:
    record = {"action": "comment", "reason": "forged", "artifact_version_id": {"id": version, **edit}}
    return person.post("/items/artifact_approvals", record)


def by_import(person: Person, scene: Scene, version: str, edit: dict) -> Answer:
    rows = json.dumps([{"id": version, **edit}]).encode()
    return person.post("/utils/import/artifact_versions", files={"file": ("rows.json", rows, "application/json")})


def by_graphql(person: Person, scene: Scene, version: str, edit: dict) -> Answer:
    text = "mutation($id: ID!, $data: update_artifact_versions_input!) "
    text += "{ update_artifact_versions_item(id: $id, data: $data) { id } }"
    foreign = {name: {"id": value} for name, value in edit.items() if name in FOREIGN}
    answer = person.post("/graphql", {"query": text, "variables": {"id": version, "data": edit | foreign}})
    # GraphQL answers 200 with errors in it; what Directus would have answered by REST is in their extensions.
    return Answer(400, answer.body, answer.headers) if isinstance(answer.body, dict) and "errors" in answer.body else answer


FOREIGN = ("project_id", "parent_id", "source_task_id", "execution_id", "step_id", "primary_file_id")
WAYS = [
    alone,
    by_keys,
    by_query,
    in_an_array,
    through_its_project,
    through_its_task,
    through_an_approval,
    by_import,
    by_graphql,
]


def by_name(ways: list) -> list:
    return [pytest.param(way, id=way.__name__) for way in ways]


@pytest.mark.parametrize("way", by_name(WAYS))
@pytest.mark.parametrize("field", FROZEN | DECISIVE)
def test_a_field_of_a_pending_version_is_refused(
    administrator: Person, database: Database, scene: Scene, field: str, way: Way
) -> None:
    if field == "id" and way not in (alone, by_keys, by_query):
        return  # there the id says which version is meant
    with unchanged(database, scene):
        assert_refused(way(administrator, scene, scene.pending, {field: (FROZEN | DECISIVE)[field](scene)}))


@pytest.mark.parametrize("way", by_name(WAYS))
@pytest.mark.parametrize("field", FROZEN | DECISIVE | SEALED)
def test_a_field_of_an_approved_version_is_refused(
    administrator: Person, database: Database, scene: Scene, field: str, way: Way
) -> None:
    if field == "id" and way not in (alone, by_keys, by_query):
        return
    with unchanged(database, scene):
        assert_refused(way(administrator, scene, scene.approved, {field: (FROZEN | DECISIVE | SEALED)[field](scene)}))
