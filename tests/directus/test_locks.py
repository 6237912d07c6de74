"""Locks as people in Directus meet them: ticking Locked, inserting at a locked path, editing what is written there."""

from __future__ import annotations

import pytest

from tests.directus.people import Person
from tests.directus.works import LOGO, Database, Producer


@pytest.fixture
def agent(given_person, environment) -> Person:
    """The producer as the sidecar's caller."""
    return given_person(environment["DIRECTUS_PRODUCER_TOKEN"], url=environment["SIDECAR_URL"])


@pytest.fixture
def desk(given_person, environment) -> Person:
    """A program with every right as the sidecar's caller."""
    return given_person(environment["SIDECAR_TOKEN"], url=environment["SIDECAR_URL"])


def insert(person: Person, project: str, path: str = LOGO):
    return person.post("/items/artifact_versions", {"project_id": project, "schema_key": path, "value": {"by": "hand"}})


def test_an_insert_at_a_locked_path_is_refused_with_a_sentence(
    given: Producer, producer: Person, administrator: Person, desk: Person, database: Database
) -> None:
    work = given.candidates()
    lock = {"reason": "The client has signed.", "owner": "The art desk"}
    desk.send("PUT", f"/v1/projects/{work.project}/locks/brand", lock).data  # noqa: B018  asserts

    before = database.everything_of(work)
    for person in (producer, administrator):
        answer = insert(person, work.project)
        assert (answer.status, answer.code) == (409, "path_locked")
        assert answer.sentence == "The path brand is locked by The art desk: The client has signed."
    assert database.everything_of(work) == before

    desk.send("DELETE", f"/v1/projects/{work.project}/locks/brand").data  # noqa: B018  asserts
    assert insert(producer, work.project).status == 200


def test_ticking_locked_in_directus_locks_the_project(
    given: Producer, producer: Person, administrator: Person, agent: Person, database: Database
) -> None:
    work = given.candidates()
    administrator.patch(f"/items/projects/{work.project}", {"planning_locked": True}).data  # noqa: B018  asserts

    answer = agent.post("/v1/artifacts", {"project_id": work.project, "schema_key": LOGO, "value": {"n": 2}})
    assert (answer.status, answer.data["id"]) == (200, work.version)
    assert answer.body["meta"]["locked"]["schema_key"] is None
    assert insert(producer, work.project).sentence == "This project is locked."
    assert insert(producer, work.project, "brand.claim").status == 200
    refused = agent.send("DELETE", f"/v1/projects/{work.project}/locks")
    assert (refused.status, refused.code) == (403, "lock_of_another")

    administrator.patch(f"/items/projects/{work.project}", {"planning_locked": False}).data  # noqa: B018  asserts
    assert database.project(work.project)["locks"] == {}
    assert insert(producer, work.project).status == 200


def test_locks_are_not_edited_in_directus(
    given: Producer, administrator: Person, desk: Person, database: Database
) -> None:
    work = given.candidates()
    desk.send("PUT", f"/v1/projects/{work.project}/locks/brand", {}).data  # noqa: B018  asserts
    before = database.everything_of(work)
    for locks in ({}, None, {"brand": {"owner": "me"}}):
        answer = administrator.patch(f"/items/projects/{work.project}", {"locks": locks})
        assert (answer.status, answer.code) == (409, "locks_by_registry")
    assert database.everything_of(work) == before
    answer = administrator.post("/items/projects", {"title": "x", "locks": {"a": {}}})
    assert (answer.status, answer.code) == (409, "locks_by_registry")
