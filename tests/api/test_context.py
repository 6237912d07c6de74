"""Reading the context and the projects."""

from __future__ import annotations

import uuid

import pytest

from tests.given import code


@pytest.fixture
def project(given):
    project = given.project("spring-brand")
    given.promoted(project, "brand.logo", {"primary": "#1A365D"})
    return project


@pytest.mark.parametrize("name", ["id", "key"])
def test_the_context_is_read_by_id_or_key_with_its_version(project, producer, database, name):
    answer = producer.get(f"/v1/projects/{project if name == 'id' else 'spring-brand'}/context")

    assert answer.json == {
        "data": database.context(project),
        "meta": {"project_id": str(project), "context_version": 1},
    }
    assert answer.headers["ETag"] == '"1"'


@pytest.mark.parametrize("seen", ['"1"', 'W/"1"', '"0", "1"'])
def test_a_context_seen_already_is_not_sent_again(project, producer, seen):
    answer = producer.get("/v1/projects/spring-brand/context", headers={"If-None-Match": seen})

    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", '"1"')


def test_a_context_that_moved_on_is_sent(given, project, producer):
    given.promoted(project, "brand.font")

    answer = producer.get("/v1/projects/spring-brand/context", headers={"If-None-Match": '"1"'})

    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')


def test_a_part_of_the_context_is_read_by_its_path(project, producer):
    def part(path):
        return producer.get(f"/v1/projects/spring-brand/context?path={path}").json["data"]

    assert part("brand.logo")["primary"] == "#1A365D"
    assert part("brand.logo.primary") == "#1A365D"
    assert set(part("brand")) == {"logo"}


@pytest.mark.parametrize("path", ["brand.font", "song", "brand[0]", "brand.logo.primary.deeper"])
def test_a_path_that_the_context_does_not_hold_is_not_found(project, producer, path):
    answer = producer.get(f"/v1/projects/spring-brand/context?path={path}")

    assert (answer.status_code, code(answer)) == (404, "path_not_in_context")


def test_a_path_that_is_none_is_refused(project, producer):
    assert code(producer.get("/v1/projects/spring-brand/context?path=a..b")) == "schema_key_grammar"


@pytest.mark.parametrize("name", ["nowhere", str(uuid.UUID(int=7)), "%ff", "x" * 300])
def test_a_project_that_is_not_there_is_not_found(producer, name):
    for path in (f"/v1/projects/{name}", f"/v1/projects/{name}/context"):
        answer = producer.get(path)
        assert code(answer) in ("project_not_found", "invalid_value"), answer.text
        assert producer.get(path, headers={"If-None-Match": '"1"'}).status_code == answer.status_code


def test_a_project_without_promotions_has_an_empty_context_at_version_zero(given, producer):
    answer = producer.get(f"/v1/projects/{given.project()}/context")

    assert (answer.json["data"], answer.headers["ETag"]) == ({}, '"0"')


def test_a_project_is_created_once_and_found_from_then_on(producer, database):
    body = {"key": "spring-brand", "title": "Spring brand", "kind": "story"}

    first, again = producer.post("/v1/projects", body), producer.post("/v1/projects", {**body, "title": "Other"})

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.headers["Location"] == f"/v1/projects/{first.json['data']['id']}"
    assert again.json == first.json
    row = database.one("select * from projects")
    assert (row["key"], row["title"], row["kind"], row["user_created"]) == (
        "spring-brand", "Spring brand", "story", producer.id,
    )  # fmt: skip
    assert (row["context"], row["context_version"]) == ({}, 0)


@pytest.mark.parametrize(
    "key", ["", "Spring", "a b", "-a", "é", "a" * 101, "a.b", str(uuid.UUID(int=7)), uuid.UUID(int=7).hex]
)
def test_a_key_that_is_no_slug_is_refused(producer, key):
    assert code(producer.post("/v1/projects", {"key": key})) == "project_key_known"


def test_a_project_below_one_that_is_not_there_is_refused(producer, database):
    with database.unchanged():
        answer = producer.post("/v1/projects", {"key": "scene-1", "parent_id": str(uuid.uuid4())})

    assert (answer.status_code, code(answer)) == (422, "reference_not_found")


def test_projects_are_listed_in_pages(given, producer):
    made = sorted(str(given.project()) for _ in range(5))

    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        answer = producer.get("/v1/projects", query_string={"limit": 2, **({"cursor": cursor} if cursor else {})})
        seen += [project["id"] for project in answer.json["data"]]
        cursor = answer.json["meta"]["next_cursor"]

    assert seen == made


def test_projects_are_found_by_what_they_have_approved(given, producer):
    with_logo, with_pending, with_song = given.project(), given.project(), given.project()
    given.approved(with_logo, "brand.logo")
    given.version(with_pending, "brand.logo")
    given.approved(with_song, "song")

    listed = producer.get("/v1/projects?has_approved=brand.logo").json["data"]

    assert [project["id"] for project in listed] == [str(with_logo)]


def test_a_project_is_read_by_id_and_by_key(project, producer):
    by_id, by_key = (producer.get(f"/v1/projects/{name}").json["data"] for name in (project, "spring-brand"))

    assert by_id == by_key
    assert (by_id["id"], by_id["context_version"], "context" in by_id) == (str(project), 1, False)
