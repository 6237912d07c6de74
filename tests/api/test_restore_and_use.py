"""Old content as a new version, a version taken elsewhere, drafts handed in, and tags."""

from __future__ import annotations

import uuid

import pytest
from psycopg.types.json import Jsonb

from tests.api.test_edit import data, relations
from tests.given import code


@pytest.fixture
def project(given):
    return given.project()


# Restore


@pytest.mark.parametrize("status", ["intermediate", "pending", "rejected", "superseded", "archived", "approved"])
def test_whatever_became_of_a_version_it_is_restored_as_the_next_one(given, project, producer, database, status):
    files = (given.file(), given.file())
    old = given.version(project, "a", {"n": 1}, status=status, files=files, tags=Jsonb(["x"]))

    version = data(producer.post(f"/v1/artifacts/{old}/restore", {"reason": "It was better."}))

    assert (version["version_number"], version["status"], version["value"], version["tags"]) == (
        2, "pending", {"n": 1}, ["x"],
    )  # fmt: skip
    assert [file["id"] for file in version["files"]] == [str(file) for file in files]
    assert relations(database, version["id"]) == [("restored_from", old)]
    assert database.status(old) == status
    assert [row["reason"] for row in database.approvals(version["id"])] == ["It was better."]


def test_a_restored_version_may_be_approved_at_once(given, project, reviewer, database):
    old = given.promoted(project, "a", {"n": 1})
    data(reviewer.approve(given.version(project, "a", {"n": 2})), 200)
    answer = reviewer.post(f"/v1/artifacts/{old}/restore", {"approve": True})
    assert (data(answer)["status"], data(answer)["approval_status"]) == ("approved", "approved")
    assert database.context(project)["a"]["n"] == 1
    assert database.context(project)["a"]["version"] == 3


def test_restoring_never_finds_an_equal_version(producer, project):
    old = data(producer.submit(project, "a", 1))
    numbers = [data(producer.post(f"/v1/artifacts/{old['id']}/restore"))["version_number"] for _ in range(2)]
    assert numbers == [2, 3]


def test_a_path_that_is_in_the_way_now_refuses_the_way_back(given, project, producer, database):
    old = given.version(project, "a", status="archived")
    given.version(project, "a.b")
    with database.unchanged():
        assert code(producer.post(f"/v1/artifacts/{old}/restore")) == "path_conflict"


def test_restoring_is_refused_as_editing_is(given, project, producer, reviewer, database):
    old = given.version(project, "a")
    reviewer.call("PUT", f"/v1/projects/{project}/locks", json={})
    with database.unchanged():
        assert code(producer.post(f"/v1/artifacts/{old}/restore", {"approve": True})) == "forbidden"
        assert code(producer.post(f"/v1/artifacts/{old}/restore")) == "path_locked"
        assert code(producer.post(f"/v1/artifacts/{uuid.uuid4()}/restore")) == "artifact_not_found"
        assert code(producer.post(f"/v1/artifacts/{old}/restore", {"value": 1})) == "invalid_value"


# Use


def test_a_version_is_used_in_another_project_and_shares_its_files(given, project, producer, database):
    files = (given.file(), given.file())
    source = given.approved(project, "brand.logo", {"n": 1}, files=files, task=given.task(project))
    there = given.project("there")
    task = given.task(there)

    version = data(
        producer.post(
            f"/v1/artifacts/{source}/use",
            {"project_id": "there", "schema_key": "cover.logo", "source_task_id": str(task)},
        )
    )

    assert (version["project_id"], version["schema_key"], version["status"]) == (str(there), "cover.logo", "pending")
    assert (version["value"], version["parent_id"]) == ({"n": 1}, None)
    assert [file["id"] for file in version["files"]] == [str(file) for file in files]
    assert relations(database, version["id"]) == [("derived_from", source)]
    assert (version["source_task_id"], database.task(task)["status"]) == (str(task), "needs_review")


def test_using_twice_finds_the_version_that_is_there(given, project, producer, reviewer, database):
    source = data(producer.submit(project, "a", {"n": 1}))
    there = given.project("there")
    body = {"project_id": "there"}
    first = data(producer.post(f"/v1/artifacts/{source['id']}/use", body))
    again = producer.post(f"/v1/artifacts/{source['id']}/use", body)
    assert (data(again, 200)["id"], again.json["meta"]["existing"]) == (first["id"], True)

    approved = reviewer.post(f"/v1/artifacts/{source['id']}/use", {**body, "approve": True, "reason": "Good here."})
    assert (data(approved, 200)["status"], data(approved, 200)["schema_key"]) == ("approved", "a")
    assert database.context(there)["a"]["n"] == 1
    repeated = reviewer.post(f"/v1/artifacts/{source['id']}/use", {**body, "approve": True, "reason": "Good here."})
    assert data(repeated, 200)["id"] == first["id"]
    assert database.actions(first["id"]) == ["approve"]


def test_what_cannot_be_used_is_refused(given, project, producer, reviewer, database):
    source = given.version(project, "a")
    locked = given.project("locked")
    given.version(locked, "a")
    reviewer.call("PUT", f"/v1/projects/{locked}/locks/a", json={})
    with database.unchanged():
        for body, expected in [
            ({"project_id": str(project)}, "used_in_place"),
            ({"project_id": str(project), "schema_key": "a"}, "used_in_place"),
            ({"project_id": str(project), "schema_key": "a.b"}, "path_conflict"),
            ({"project_id": "nowhere"}, "project_not_found"),
            ({"project_id": "locked"}, "path_locked"),
            ({"project_id": "locked", "schema_key": "b", "approve": True}, "forbidden"),
            ({"project_id": "locked", "schema_key": "b..c"}, "schema_key_grammar"),
            ({"project_id": "locked", "schema_key": "b", "source_task_id": str(uuid.uuid4())}, "task_not_found"),
            ({}, "invalid_value"),
        ]:
            assert code(producer.post(f"/v1/artifacts/{source}/use", body)) == expected, body


# Drafts


def test_a_draft_that_is_submitted_brings_its_task_to_review(given, project, producer, database):
    task = given.task(project)
    draft = given.version(project, "a", status="intermediate", task=task)
    answer = data(producer.post(f"/v1/artifacts/{draft}/submit"), 200)
    assert answer["decisions"][0]["status"] == "pending"
    assert database.task(task)["status"] == "needs_review"
    with database.unchanged():
        assert data(producer.post(f"/v1/artifacts/{draft}/submit"), 200)["decisions"][0]["repeated"]


def test_a_cancelled_task_stays_cancelled_when_its_draft_is_submitted(given, project, producer, database):
    task = given.task(project, status="cancelled")
    draft = given.version(project, "a", status="intermediate", task=task)
    data(producer.post(f"/v1/artifacts/{draft}/submit"), 200)
    assert database.task(task)["status"] == "cancelled"


def test_a_draft_that_a_rule_lets_pass_is_approved_when_it_is_submitted(given, producer, database):
    rule = "$[?(@.score >= 0.9)]"
    project = given.project(template_id=given.template({"a": {"auto_approve": rule}}))
    good = given.version(project, "a", {"score": 0.95}, status="intermediate")
    answer = data(producer.post(f"/v1/artifacts/{good}/submit"), 200)
    assert (answer["decisions"][0]["status"], len(answer["promotions"])) == ("approved", 1)
    (record,) = database.approvals(good)
    assert record["actor_type"] == "rule"
    poor = given.version(project, "a", {"score": 0.1}, status="intermediate")
    assert data(producer.post(f"/v1/artifacts/{poor}/submit"), 200)["decisions"][0]["status"] == "pending"


def test_a_candidate_is_withdrawn_and_put_away_by_its_producer(given, project, producer, database):
    for verb, status in (("withdraw", "pending"), ("archive", "intermediate")):
        own = given.version(project, "a", status=status, user_created=producer.id)
        data(producer.post(f"/v1/artifacts/{own}/{verb}"), 200)
        assert database.status(own) == "archived"
        other = given.version(project, "a", status=status)
        assert code(producer.post(f"/v1/artifacts/{other}/{verb}")) == "forbidden"


# Tags


def test_tags_change_after_the_decision_and_each_change_is_recorded(given, project, producer, database):
    version = given.promoted(project, "a", tags=Jsonb(["x"]))

    tagged = data(producer.call("PATCH", f"/v1/artifacts/{version}", json={"tags": ["final", "print", "final"]}), 200)

    assert tagged["tags"] == ["final", "print"]
    record = next(row for row in database.approvals(version) if row["action"] == "tag")
    assert (record["feedback"], record["actor_id"]) == (
        {"before": ["x"], "after": ["final", "print"]}, producer.id,
    )  # fmt: skip
    with database.unchanged():
        data(producer.call("PATCH", f"/v1/artifacts/{version}", json={"tags": ["final", "print"]}), 200)
    some = data(producer.call("PATCH", f"/v1/artifacts/{version}", json={"add": ["new"], "remove": ["final"]}), 200)
    assert some["tags"] == ["print", "new"]
    assert data(producer.call("PATCH", f"/v1/artifacts/{version}", json={"tags": []}), 200)["tags"] == []


@pytest.mark.parametrize(
    "body",
    [{}, {"tags": ["x"], "add": ["y"]}, {"tags": "x"}, {"tags": [1]}, {"tags": ["x" * 256]}, {"tags": [" "]},
     {"value": 1}, {"tags": None}, {"tags": ["\x00"]}],
)  # fmt: skip
def test_tags_that_cannot_be_read_are_refused(given, project, producer, database, body):
    version = given.version(project, "a")
    with database.unchanged():
        assert producer.call("PATCH", f"/v1/artifacts/{version}", json=body).status_code in (400, 422)


def test_there_are_at_most_fifty_tags(given, project, producer, database):
    version = given.version(project, "a", tags=Jsonb([f"t{n}" for n in range(50)]))
    with database.unchanged():
        answer = producer.call("PATCH", f"/v1/artifacts/{version}", json={"add": ["one more"]})
    assert (answer.status_code, code(answer)) == (409, "too_many_tags")
    assert code(producer.call("PATCH", f"/v1/artifacts/{uuid.uuid4()}", json={"tags": []})) == "artifact_not_found"
