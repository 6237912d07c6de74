"""Parts that stop and come back: nothing is decided by halves, and what was missed is made up for, once."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from sidecar.provision.ids import REVIEW_FLOW
from sidecar.stack.stack import Stack
from tests.directus.people import Person, eventually, settled
from tests.directus.works import Database, Producer, Reviews, Work, promoted

pytestmark = pytest.mark.xdist_group("fragile")

# From the sidecar's return to the promotion it missed.
SECONDS = 15.0


@pytest.fixture
def running_stack(fragile_stack: Stack) -> Stack:
    return fragile_stack


@pytest.fixture
def environment(fragile_stack: Stack) -> dict[str, str]:
    return fragile_stack.environment()


@pytest.fixture
def stopped(fragile_stack: Stack) -> Iterator[list[str]]:
    """Names put in here are started again, whatever becomes of the test."""
    names: list[str] = []
    yield names
    for name in names:
        fragile_stack.start(name)


def given_approved(given: Producer, by_reviewer: Reviews) -> Work:
    """Work whose outputs are approved and whose task is not done yet."""
    work = given.candidates(["brand.logo", "brand.colors"])
    for version in work.versions:
        by_reviewer.edit(version, "approved").data  # noqa: B018  asserts
    return work


def assert_promoted_once(database: Database, work: Work) -> None:
    assert promoted(database, work)["context_version"] == 1
    assert settled(lambda: len(database.promotions(work.project))) == 1
    assert set(database.context(work.project)["brand"]) == {"logo", "colors"}
    assert [len(database.approvals(version)) for version in work.versions] == [1, 1]
    assert database.task(work.task)["promotion_error"] is None


@pytest.mark.parametrize("away", [["sidecar"], ["sidecar", "worker"], ["worker"]], ids=" and ".join)
def test_a_task_done_meanwhile_is_promoted_soon_after(
    fragile_stack: Stack,
    given: Producer,
    by_reviewer: Reviews,
    database: Database,
    stopped: list[str],
    away: list[str],
) -> None:
    work = given_approved(given, by_reviewer)
    for part in away:
        fragile_stack.stop(part)
        stopped.append(part)

    assert by_reviewer.finish(work.task).data["status"] == "done"
    if away == ["sidecar", "worker"]:
        assert settled(lambda: database.project(work.project)["context_version"]) == 0
    for part in away:
        fragile_stack.start(part)
    returned = time.monotonic()

    promoted(database, work)
    assert time.monotonic() - returned < SECONDS
    assert_promoted_once(database, work)


def test_killed_parts_leave_nothing_half_done(
    fragile_stack: Stack, given: Producer, by_reviewer: Reviews, database: Database, stopped: list[str]
) -> None:
    work = given_approved(given, by_reviewer)
    stopped += ["sidecar", "worker"]
    fragile_stack.kill("sidecar")
    fragile_stack.kill("worker")
    by_reviewer.finish(work.task).data  # noqa: B018  asserts

    fragile_stack.start("sidecar")
    fragile_stack.start("worker")

    assert_promoted_once(database, work)


def decide_by_edit(reviews: Reviews, work: Work):
    return reviews.edit(work.version, "approved")


def decide_by_record(reviews: Reviews, work: Work):
    record = {"artifact_version_id": work.version, "action": "approve", "reason": "Good"}
    return reviews.person.post("/items/artifact_approvals", record)


def decide_by_button(reviews: Reviews, work: Work):
    return reviews.press([work.version], "approve")


@pytest.mark.parametrize("decide", [decide_by_edit, decide_by_record, decide_by_button])
def test_nothing_is_decided_while_the_sidecar_is_away(
    fragile_stack: Stack, given: Producer, by_reviewer: Reviews, database: Database, stopped: list[str], decide
) -> None:
    work = given.candidates()
    before = database.everything_of(work)
    fragile_stack.stop("sidecar")
    stopped.append("sidecar")

    answer = decide(by_reviewer, work)

    assert (answer.status, answer.code) == (503, "registry_unavailable")
    assert answer.sentence == "The artifact registry does not answer. Nothing was decided. Try again in a moment."
    assert database.everything_of(work) == before
    fragile_stack.start("sidecar")
    assert decide(by_reviewer, work).status == 200
    assert database.status(work.version) == "approved"


def test_what_needs_no_decision_goes_on_while_the_sidecar_is_away(
    fragile_stack: Stack, given: Producer, administrator: Person, database: Database, stopped: list[str]
) -> None:
    fragile_stack.stop("sidecar")
    stopped.append("sidecar")

    work = given.candidates(pictures=True)
    edit = {"tags": ["nice"]}
    assert administrator.patch(f"/items/artifact_versions/{work.version}", edit).data["tags"] == ["nice"]
    assert administrator.delete(f"/items/artifact_versions/{work.version}").code == "version_kept"


def test_directus_comes_back_with_everything_in_place(
    fragile_stack: Stack, given: Producer, by_reviewer: Reviews, database: Database, stopped: list[str]
) -> None:
    work = given_approved(given, by_reviewer)
    stopped.append("directus")
    fragile_stack.stop("directus")
    fragile_stack.start("directus")

    by_reviewer.finish(work.task).data  # noqa: B018  asserts

    assert_promoted_once(database, work)


def test_a_service_token_needs_no_directus(
    fragile_stack: Stack,
    given: Producer,
    database: Database,
    environment: dict[str, str],
    stopped: list[str],
    given_person,
) -> None:
    work = given.candidates()
    stopped.append("directus")
    fragile_stack.stop("directus")

    sidecar = given_person(environment["SIDECAR_TOKEN"], url=environment["SIDECAR_URL"])
    static = given_person(environment["DIRECTUS_ADMIN_TOKEN"], url=environment["SIDECAR_URL"])

    refused = static.get(f"/v1/artifacts/{work.version}")
    assert (refused.status, refused.code) == (503, "directus_unavailable")
    assert sidecar.post(f"/v1/artifacts/{work.version}/approve", {}).status == 200
    assert database.status(work.version) == "approved"


def test_everything_down_and_up_again(
    fragile_stack: Stack,
    given: Producer,
    by_reviewer: Reviews,
    environment: dict[str, str],
    given_person,
    stopped: list[str],
) -> None:
    work = given_approved(given, by_reviewer)
    by_reviewer.finish(work.task).data  # noqa: B018  asserts
    stopped += ["postgres", "directus", "sidecar", "worker"]
    for part in ("worker", "sidecar", "directus", "postgres"):
        fragile_stack.kill(part) if part != "postgres" else fragile_stack.stop(part)

    for part in ("postgres", "directus", "sidecar", "worker"):
        fragile_stack.start(part)

    database = Database(environment["DATABASE_ADMIN_URL"])
    assert_promoted_once(database, work)
    database.close()
    reviews = Reviews(given_person(environment["DIRECTUS_ADMIN_TOKEN"]), REVIEW_FLOW)
    other = given.candidates()
    assert eventually(lambda: reviews.press([other.version], "approve").status == 200, "the button works")
