"""The two Flows: the Review button, and promoting when a task is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.directus.people import Person, eventually, settled
from tests.directus.works import LOGO, Database, Producer, Reviews, Work, promoted

COLORS = "brand.colors"


# The Review button


def test_the_button_approves_one_version(given: Producer, by_reviewer: Reviews, database: Database) -> None:
    work = given.candidates()

    answer = by_reviewer.press([work.version], "approve")

    assert answer.status == 200, answer.body
    version = database.version(work.version)
    assert (version["status"], str(version["approved_by"])) == ("approved", by_reviewer.person.id)
    (record,) = database.approvals(work.version)
    assert (record["action"], record["actor_type"], str(record["actor_id"])) == (
        "approve",
        "human",
        by_reviewer.person.id,
    )


def test_the_button_rejects_many_with_a_reason(given: Producer, by_reviewer: Reviews, database: Database) -> None:
    work = given.candidates([LOGO, LOGO, COLORS])
    reason = 'Too thin: "hair lines" & {{$env.SECRET}}\nsecond line'

    answer = by_reviewer.press(work.versions, "reject", reason)

    assert answer.status == 200, answer.body
    for one in work.versions:
        version = database.version(one)
        assert (version["status"], version["rejection_reason"]) == ("rejected", reason)
        assert [(a["action"], a["reason"]) for a in database.approvals(one)] == [("reject", reason)]


def test_the_button_asks_for_changes(given: Producer, by_reviewer: Reviews, database: Database) -> None:
    work = given.candidates()

    answer = by_reviewer.press([work.version], "request_changes", "Thicker lines, please")

    assert answer.status == 200, answer.body
    version = database.version(work.version)
    assert (version["status"], version["review_state"]) == ("pending", "changes_requested")
    by_reviewer.press([work.version], "approve").data  # noqa: B018  it may still be approved
    assert database.status(work.version) == "approved"


def test_the_button_says_that_a_request_for_changes_needs_a_reason(
    given: Producer, by_reviewer: Reviews, database: Database
) -> None:
    work = given.candidates()

    answer = by_reviewer.press([work.version], "request_changes")

    assert (answer.status, answer.code, answer.sentence) == (
        422,
        "reason_required",
        "Say what should change. Give a reason or structured feedback.",
    )
    assert database.version(work.version)["review_state"] is None


def test_the_button_says_why_it_refuses(given: Producer, by_reviewer: Reviews, database: Database) -> None:
    work = given.candidates()
    by_reviewer.press([work.version], "reject", "Too thin").data  # noqa: B018  asserts
    before = database.everything_of(work)

    answer = by_reviewer.press([work.version], "approve")

    assert (answer.status, answer.code) == (409, "already_decided")
    assert answer.sentence == (
        "Version 1 of brand.logo is rejected already. Look at its present status; submit a new version to change it."
    )
    assert database.everything_of(work) == before


def test_the_button_decides_all_or_none(given: Producer, by_reviewer: Reviews, database: Database) -> None:
    work = given.candidates([LOGO, COLORS])
    by_reviewer.press(work.versions[:1], "reject").data  # noqa: B018  asserts
    before = database.everything_of(work)

    answer = by_reviewer.press(work.versions, "approve")

    assert answer.status == 409
    assert database.everything_of(work) == before


@pytest.mark.parametrize("decision", ["publish", "", None])
def test_the_button_takes_no_other_decision(
    given: Producer, by_reviewer: Reviews, database: Database, decision: str | None
) -> None:
    work = given.candidates()

    answer = by_reviewer.press([work.version], decision)  # type: ignore[arg-type]

    assert 400 <= answer.status < 500, answer.body
    assert database.status(work.version) == "pending"


@pytest.mark.parametrize("role", ["reader", "producer"])
def test_the_button_is_refused_to_who_has_no_right(
    request: pytest.FixtureRequest, given: Producer, by_reviewer: Reviews, database: Database, role: str
) -> None:
    work = given.candidates()
    person: Person = request.getfixturevalue(role)

    answer = Reviews(person, by_reviewer.flow).press([work.version], "approve")

    assert (answer.status, answer.code) == (403, "forbidden")
    assert answer.sentence.startswith("You do not have the right to do this.")
    assert database.status(work.version) == "pending"


def test_the_button_is_not_there_for_who_is_not_logged_in(
    given: Producer, anonymous: Person, by_reviewer: Reviews, database: Database
) -> None:
    work = given.candidates()

    answer = Reviews(anonymous, by_reviewer.flow).press([work.version], "approve")

    assert answer.status in (401, 403)
    assert database.status(work.version) == "pending"


# Promoting when a task is done


def approve(reviews: Reviews, versions: list[str]) -> None:
    for version in versions:
        assert reviews.edit(version, "approved").status == 200


def test_a_done_task_promotes_all_its_outputs_as_one_set(
    given: Producer, by_reviewer: Reviews, database: Database
) -> None:
    work = given.candidates([LOGO, COLORS, "scene_images[2]"])
    approve(by_reviewer, work.versions)

    by_reviewer.finish(work.task).data  # noqa: B018  asserts

    project = promoted(database, work)
    assert settled(lambda: database.project(work.project)["context_version"]) == 1
    context = project["context"]
    assert context["_meta"]["total_artifacts"] == 3
    assert context["scene_images"][:2] == [None, None]
    assert context["scene_images"][2]["artifact_version_id"] == work.versions[2]
    (promotion,) = database.promotions(work.project)
    assert len(promotion["changes"]) == 3


def test_several_tasks_done_in_one_edit_promote_each_its_own(
    given: Producer, by_reviewer: Reviews, database: Database
) -> None:
    works = [given.candidates() for _ in range(3)]
    for work in works:
        approve(by_reviewer, work.versions)

    edit = {"keys": [work.task for work in works], "data": {"status": "done"}}
    by_reviewer.person.patch("/items/tasks", edit).data  # noqa: B018  asserts

    for work in works:
        assert promoted(database, work)["context_version"] == 1


def test_outputs_linked_to_the_task_are_promoted_too(
    given: Producer, producer: Person, by_reviewer: Reviews, database: Database
) -> None:
    work = given.work()
    given.submit(work, source_task_id=None)
    link = {"task_id": work.task, "artifact_version_id": work.version}
    producer.post("/items/task_artifacts", link).data  # noqa: B018  asserts
    approve(by_reviewer, work.versions)
    assert database.project(work.project)["context_version"] == 0

    by_reviewer.finish(work.task).data  # noqa: B018  asserts

    assert promoted(database, work)["context"]["brand"]["logo"]["artifact_version_id"] == work.version


def test_a_task_done_with_nothing_approved_is_quiet(given: Producer, by_reviewer: Reviews, database: Database) -> None:
    work = given.candidates()

    by_reviewer.finish(work.task).data  # noqa: B018  asserts

    def seen() -> tuple:
        return database.project(work.project)["context_version"], database.task(work.task)["promotion_error"]

    assert settled(seen) == (0, None)


def test_an_approval_after_the_task_is_done_promotes_at_once(
    given: Producer, by_reviewer: Reviews, database: Database
) -> None:
    work = given.candidates()
    by_reviewer.finish(work.task).data  # noqa: B018  asserts

    approve(by_reviewer, work.versions)

    assert database.project(work.project)["context_version"] == 1


def test_another_edit_of_a_task_promotes_nothing(given: Producer, by_reviewer: Reviews, database: Database) -> None:
    work = given.candidates()
    approve(by_reviewer, work.versions)

    by_reviewer.person.patch(f"/items/tasks/{work.task}", {"description": "done"}).data  # noqa: B018  asserts

    assert settled(lambda: database.project(work.project)["context_version"]) == 0


def test_what_a_promotion_failed_on_is_written_on_its_task_until_it_works(
    given: Producer, by_reviewer: Reviews, database: Database, write_as_registry: Callable[..., None]
) -> None:
    work = given.candidates()
    occupied = '{"brand": "a text from before the registry"}'
    write_as_registry("update projects set context = %s where id = %s", occupied, work.project)
    approve(by_reviewer, work.versions)

    by_reviewer.finish(work.task).data  # noqa: B018  asserts

    error = eventually(lambda: database.task(work.task)["promotion_error"], "the task says what failed")
    assert "holds something at" in error
    assert "context_path_occupied" in error
    assert by_reviewer.person.get(f"/items/tasks/{work.task}").data["promotion_error"] == error
    assert database.project(work.project)["context_version"] == 0

    write_as_registry("update projects set context = '{}' where id = %s", work.project)
    by_reviewer.finish(work.task).data  # noqa: B018  done again: try again

    promoted(database, work)
    assert eventually(lambda: database.task(work.task)["promotion_error"] is None, "the error is taken off")
    assert len(database.promotions(work.project)) == 1


def test_a_task_that_is_done_in_many_requests_at_once_is_promoted_once(
    given: Producer, by_reviewer: Reviews, database: Database
) -> None:
    work: Work = given.candidates([LOGO, COLORS])
    approve(by_reviewer, work.versions)

    for _ in range(5):
        by_reviewer.finish(work.task).data  # noqa: B018  asserts

    promoted(database, work)
    assert settled(lambda: len(database.promotions(work.project))) == 1


# Flows that people make


@pytest.fixture
def given_update_flow(administrator: Person) -> Iterator[Callable[..., str]]:
    """Makes a Flow, called by a webhook, that sets a version's status with full access; and its id."""
    made: list[str] = []

    def make(version: str, status: str, *, events: bool) -> str:
        options = {"method": "POST", "async": False, "return": "$last", "error_on_reject": True}
        flow = {"name": "Approve it all", "status": "active", "trigger": "webhook", "options": options}
        made.append(administrator.post("/flows", flow).data["id"])
        update = {"collection": "artifact_versions", "permissions": "$full", "key": [version], "emitEvents": events}
        operation = {"flow": made[-1], "key": "update", "type": "item-update", "position_x": 19, "position_y": 1}
        operation |= {"name": "Update", "options": update | {"payload": {"status": status}}}
        first = administrator.post("/operations", operation).data["id"]
        administrator.patch(f"/flows/{made[-1]}", {"operation": first}).data  # noqa: B018  asserts
        return made[-1]

    yield make
    for flow in made:
        administrator.delete(f"/flows/{flow}")


def test_a_flow_with_full_access_decides_as_the_system_or_not_at_all(
    given: Producer, anonymous: Person, database: Database, given_update_flow: Callable[..., str]
) -> None:
    work = given.candidates([LOGO, COLORS])
    announced = given_update_flow(work.versions[0], "approved", events=True)
    silent = given_update_flow(work.versions[1], "approved", events=False)

    assert anonymous.post(f"/flows/trigger/{announced}").status == 200
    refused = anonymous.post(f"/flows/trigger/{silent}")

    assert database.status(work.versions[0]) == "approved"
    assert [(a["actor_id"], a["actor_type"]) for a in database.approvals(work.versions[0])] == [(None, "system")]
    assert (refused.status, refused.code) == (409, "version_decided_by_registry")
    assert database.status(work.versions[1]) == "pending"
