"""The whole workflow, step by step, as n8n's HTTP nodes send it to Directus."""

from __future__ import annotations

import pytest

from tests.directus.people import Person, settled
from tests.directus.rest_workflow import (
    REASON,
    assert_promoted_once,
    finish_task,
    record_approval,
    run_task,
    set_status,
)
from tests.directus.works import Database, Producer


@pytest.mark.parametrize("role", ["administrator", "reviewer"])
@pytest.mark.parametrize("order", ["status first", "record first"])
def test_the_workflow_promotes_the_approved_logo(
    request: pytest.FixtureRequest, given: Producer, producer: Person, database: Database, order: str, role: str
) -> None:
    person: Person = request.getfixturevalue(role)
    user = person.get("/users/me").data["id"]
    work = given.work()
    run_task(producer, work)

    if order == "status first":
        set_status(person, work, user)
        record = record_approval(person, work, user)
    else:
        record = record_approval(person, work, user)
        set_status(person, work, user)
    assert (record["action"], record["reason"], record["actor_id"]) == ("approve", REASON, user)
    assert database.project(work.project)["context_version"] == 0, "an approval alone waits for its task"
    finish_task(person, work)

    assert_promoted_once(database, work, user)


def test_another_done_changes_nothing(given: Producer, producer: Person, reviewer: Person, database: Database) -> None:
    work = given.work()
    run_task(producer, work)
    set_status(reviewer, work, reviewer.id)
    record_approval(reviewer, work, reviewer.id)
    finish_task(reviewer, work)
    assert_promoted_once(database, work, reviewer.id)
    before = database.everything_of(work)

    finish_task(reviewer, work)

    assert settled(lambda: database.everything_of(work)) == before


def test_an_actor_claimed_by_somebody_else_is_kept_as_feedback(
    given: Producer, reviewer: Person, administrator: Person, database: Database
) -> None:
    work = given.candidates()
    somebody = administrator.get("/users/me").data["id"]

    record = record_approval(reviewer, work, somebody)

    assert record["actor_id"] == reviewer.id
    (stored,) = database.approvals(work.version)
    assert str(stored["actor_id"]) == reviewer.id
    assert stored["feedback"]["claimed"]["actor_id"] == somebody
    assert str(database.version(work.version)["approved_by"]) == reviewer.id


def test_an_approver_claimed_in_the_status_edit_is_not_believed(
    given: Producer, reviewer: Person, administrator: Person, database: Database
) -> None:
    work = given.candidates()

    set_status(reviewer, work, administrator.get("/users/me").data["id"])

    version = database.version(work.version)
    assert (version["status"], str(version["approved_by"])) == ("approved", reviewer.id)


def test_the_record_alone_approves(given: Producer, reviewer: Person, database: Database) -> None:
    work = given.candidates()

    record_approval(reviewer, work, reviewer.id)

    assert database.status(work.version) == "approved"
    assert len(database.approvals(work.version)) == 1


def test_the_same_record_again_is_the_same_record(given: Producer, reviewer: Person, database: Database) -> None:
    work = given.candidates()

    first = record_approval(reviewer, work, reviewer.id)
    again = record_approval(reviewer, work, reviewer.id)

    assert first["id"] == again["id"]
    assert len(database.approvals(work.version)) == 1


def test_a_second_reason_becomes_a_comment(given: Producer, reviewer: Person, database: Database) -> None:
    work = given.candidates()
    record_approval(reviewer, work, reviewer.id)

    other = {"artifact_version_id": work.version, "action": "approve", "reason": "And the colours are right"}
    reviewer.post("/items/artifact_approvals", other).data  # noqa: B018  asserts

    assert [(a["action"], a["reason"]) for a in database.approvals(work.version)] == [
        ("approve", REASON),
        ("comment", "And the colours are right"),
    ]


def test_a_rejection_by_record_keeps_its_reason_and_feedback(
    given: Producer, reviewer: Person, database: Database
) -> None:
    work = given.candidates()
    regions = {"regions": [{"shape": "rect", "x": 0.1, "y": 0.2, "width": 0.3, "height": 0.1, "comment": "too thin"}]}

    record = {"artifact_version_id": work.version, "action": "reject", "reason": "Too thin", "feedback": regions}
    answer = reviewer.post("/items/artifact_approvals", record).data

    assert (answer["action"], answer["feedback"]) == ("reject", regions)
    version = database.version(work.version)
    assert (version["status"], version["rejection_reason"]) == ("rejected", "Too thin")


def test_a_wrong_number_is_replaced(given: Producer, database: Database) -> None:
    work = given.work()

    given.submit(work, version_number=41)
    given.submit(work, version_number=1)

    assert [database.version(one)["version_number"] for one in work.versions] == [1, 2]
