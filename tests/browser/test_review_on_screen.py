"""A reviewer, who is no administrator, decides in Directus' own app: what they see, and what is then so."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from sidecar.stack.stack import Stack
from tests.browser.conftest import Desk
from tests.directus.people import Person, eventually
from tests.directus.works import Database, Producer, Reviews, Work, picture, promoted

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def given_pictures(given: Producer, number: int = 1) -> tuple[Work, list[str]]:
    """Work with pictures to review at paths that nobody else has on their screen."""
    work = given.work()
    paths = [f"scene_{uuid.uuid4().hex[:8]}.cover" for _ in range(number)]
    for path in paths:
        given.submit(work, path, picture("teal", 400), value={"format": "PNG", "mood": "calm"})
    return work, paths


def test_a_reviewer_logs_in(given_desk: Callable[..., Desk], running_stack: Stack) -> None:
    desk = given_desk(running_stack, logged_in=False)
    environment = running_stack.environment()

    desk.log_in(environment["DIRECTUS_REVIEWER_EMAIL"], environment["DIRECTUS_REVIEWER_PASSWORD"])

    # Directus goes back to the page they looked at last.
    desk.page.locator('a[href$="/admin/content"]').first.click()
    expect(desk.page.get_by_text("Artifact Versions").first).to_be_visible()
    desk.picture("after log-in")


def test_the_list_shows_thumbnails_and_bookmarks(desk: Desk, given: Producer) -> None:
    _, (path,) = given_pictures(given)

    desk.open_list()

    thumbnail = desk.row(path).locator("img")
    expect(thumbnail).to_be_visible()
    assert eventually(lambda: thumbnail.evaluate("image => image.naturalWidth"), "the thumbnail is loaded") > 0
    for bookmark in ("Waiting for review", "Approved today", "Rejected"):
        expect(desk.page.get_by_text(bookmark, exact=True).first).to_be_visible()
    desk.picture("list of versions")
    desk.page.get_by_role("link", name="Waiting for review").click()
    expect(desk.page).to_have_url(re.compile(r"bookmark="))
    expect(desk.row("Rejected")).to_have_count(0)
    expect(desk.row("Approved")).to_have_count(0)
    expect(desk.page.locator("tbody tr").first).to_be_visible()
    desk.picture("bookmark waiting for review")
    assert desk.complaints == []


def test_a_version_is_approved_by_the_button_on_its_page(
    desk: Desk, given: Producer, database: Database, reviewer: Person
) -> None:
    work, (path,) = given_pictures(given)
    desk.open_item("artifact_versions", work.version)
    expect(desk.page.locator(".field img").first).to_be_visible()
    desk.picture("version to review")

    desk.press_review()
    desk.picture("review dialog")
    desk.decide("Approve", "Calm, as asked for")

    expect(desk.dialog).to_have_count(0)
    promoted(database, work)
    version = database.version(work.version)
    assert (version["status"], str(version["approved_by"])) == ("approved", reviewer.id)
    assert [(a["action"], a["reason"]) for a in database.approvals(work.version)] == [("approve", "Calm, as asked for")]
    scene = path.split(".")[0]
    assert database.context(work.project)[scene]["cover"]["mood"] == "calm"
    expect(desk.field("status").locator("input")).to_have_value("Approved")
    desk.picture("version approved")
    assert desk.complaints == []


def test_several_versions_are_approved_from_the_list(desk: Desk, given: Producer, database: Database) -> None:
    work, paths = given_pictures(given, 3)
    desk.open_list()
    for path in paths:
        desk.row(path).get_by_role("checkbox").click()

    desk.page.get_by_text("Flows", exact=True).click()
    desk.press_review()
    desk.decide("Approve")

    for path in paths:
        expect(desk.row(path).get_by_text("Approved")).to_be_visible()
    desk.picture("several versions approved")
    assert [database.status(one) for one in work.versions] == ["approved"] * 3
    (promotion,) = database.promotions(work.project)
    assert sorted(change["schema_key"] for change in promotion["changes"]) == sorted(paths)
    assert desk.complaints == []


def test_several_versions_are_rejected_from_the_list_with_a_reason(
    desk: Desk, given: Producer, database: Database
) -> None:
    work, paths = given_pictures(given, 2)
    desk.open_list()
    for path in paths:
        desk.row(path).get_by_role("checkbox").click()

    desk.page.get_by_text("Flows", exact=True).click()
    desk.press_review()
    desk.decide("Reject", "Too calm")

    for path in paths:
        expect(desk.row(path).get_by_text("Rejected")).to_be_visible()
    assert [database.version(one)["rejection_reason"] for one in work.versions] == ["Too calm"] * 2
    desk.open_item("artifact_versions", work.version)
    expect(desk.field("rejection_reason").locator("textarea")).to_have_value("Too calm")
    desk.picture("version rejected")
    assert desk.complaints == []


def test_a_version_is_approved_by_editing_its_status(
    desk: Desk, given: Producer, database: Database, reviewer: Person
) -> None:
    work, _ = given_pictures(given)
    desk.open_item("artifact_versions", work.version)

    desk.choose(desk.field("status"), "Approved")
    desk.save()

    eventually(lambda: database.status(work.version) == "approved", "the version is approved")
    assert str(database.version(work.version)["approved_by"]) == reviewer.id
    assert database.project(work.project)["context_version"] == 0, "it waits for its task"
    desk.picture("saved by status")
    desk.open_item("tasks", work.task)
    desk.choose(desk.field("status"), "Done")
    desk.picture("task set to done")
    desk.save()
    promoted(database, work)
    desk.open_item("projects", work.project)
    desk.picture("project with context")
    assert desk.complaints == []


def test_a_refused_button_says_why(desk: Desk, given: Producer, database: Database, by_reviewer: Reviews) -> None:
    work, (path,) = given_pictures(given)
    desk.open_list()
    desk.row(path).get_by_role("checkbox").click()
    by_reviewer.press(work.versions, "reject", "Too calm").data  # noqa: B018  somebody else was faster
    before = database.everything_of(work)

    desk.page.get_by_text("Flows", exact=True).click()
    desk.press_review()
    desk.decide("Approve")

    expect(desk.page.get_by_text("Not possible now").first).to_be_visible()
    desk.show_what_is_wrong()
    expect(desk.page.get_by_text(f"Version 1 of {path} is rejected already.").first).to_be_visible()
    desk.picture("button refused")
    assert database.everything_of(work) == before


def test_a_refused_edit_of_the_status_says_why(
    desk: Desk, given: Producer, database: Database, by_reviewer: Reviews
) -> None:
    work, (path,) = given_pictures(given)
    desk.open_item("artifact_versions", work.version)
    by_reviewer.press(work.versions, "reject", "Too calm").data  # noqa: B018  somebody else was faster
    before = database.everything_of(work)

    desk.choose(desk.field("status"), "Approved")
    desk.save()

    expect(desk.page.get_by_text("Not possible now").first).to_be_visible()
    desk.show_what_is_wrong()
    expect(desk.page.get_by_text(f"Version 1 of {path} is rejected already.").first).to_be_visible()
    desk.picture("edit refused")
    assert database.everything_of(work) == before


def test_a_request_for_changes_without_a_reason_says_what_is_missing(
    desk: Desk, given: Producer, database: Database
) -> None:
    work, _ = given_pictures(given)
    desk.open_item("artifact_versions", work.version)

    desk.press_review()
    desk.decide("Request changes")

    expect(desk.page.get_by_text("Please check what was entered").first).to_be_visible()
    desk.show_what_is_wrong()
    expect(desk.page.get_by_text("Say what should change.").first).to_be_visible()
    desk.picture("reason missing")
    assert database.version(work.version)["review_state"] is None


@pytest.mark.xdist_group("fragile")
def test_deciding_while_the_registry_is_away_says_so(
    given_desk: Callable[..., Desk], fragile_stack: Stack, given_person: Callable[..., Person]
) -> None:
    environment = fragile_stack.environment()
    producer = given_person(environment["DIRECTUS_PRODUCER_TOKEN"], url=environment["DIRECTUS_URL"])
    work, _ = given_pictures(Producer(producer))
    desk = given_desk(fragile_stack)
    desk.open_item("artifact_versions", work.version)
    fragile_stack.stop("sidecar")

    desk.choose(desk.field("status"), "Approved")
    desk.save()

    expect(desk.page.get_by_text("Please try again in a moment").first).to_be_visible()
    desk.show_what_is_wrong()
    expect(desk.page.get_by_text("The artifact registry does not answer. Nothing was decided.").first).to_be_visible()
    desk.picture("registry away")
    database = Database(environment["DATABASE_ADMIN_URL"])
    assert database.status(work.version) == "pending"
    database.close()


def test_what_is_fixed_cannot_be_typed_into(desk: Desk, given: Producer) -> None:
    work, _ = given_pictures(given)

    desk.open_item("artifact_versions", work.version)

    expect(desk.field("schema_key").locator("input")).to_be_disabled()
    expect(desk.field("version_number").locator("input")).to_be_disabled()
