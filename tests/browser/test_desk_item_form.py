"""In the form of a version: everything for a decision is there, and the form shows what came of it."""

from __future__ import annotations

import re
import uuid

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.axe import accessible
from tests.browser.conftest import Desk
from tests.directus.people import Person, eventually
from tests.directus.works import Database, Producer, picture

pytestmark = [pytest.mark.slow, pytest.mark.browser]


class Form:
    """The review within the form of one version."""

    def __init__(self, desk: Desk):
        self.desk, self.page = desk, desk.page

    def open(self, version: str) -> Form:
        self.desk.open_item("artifact_versions", version)
        self.box.locator(".status").first.wait_for()
        return self

    @property
    def box(self) -> Locator:
        return self.page.get_by_role("region", name="Review", exact=True)

    @property
    def reason(self) -> Locator:
        return self.box.get_by_role("textbox", name="Reason", exact=True)

    def button(self, name: str) -> Locator:
        return self.box.get_by_role("button", name=re.compile(f"^{name}"))

    @property
    def status(self) -> Locator:
        """Directus' own field, further down."""
        return self.desk.field("status").get_by_role("textbox")

    def leave(self) -> None:
        """Within Directus, without a new page."""
        self.page.locator('a[href$="/content/tasks"]').first.click()


@pytest.fixture
def candidate(given: Producer) -> str:
    work = given.work()
    return given.submit(work, f"scene_{uuid.uuid4().hex[:8]}.cover", picture("teal", 300))


def test_rejecting_in_the_form_shows_in_the_form(desk: Desk, candidate: str, database: Database) -> None:
    form = Form(desk).open(candidate)
    first = form.page.locator(".v-form .field").first
    expect(first).to_have_attribute("data-field", "desk")

    form.button("Reject").click()
    expect(form.box).to_contain_text("Say why first")
    form.reason.fill("The horizon tilts.")
    form.button("Reject").click()

    expect(form.box).to_contain_text("It can still be undone.")
    assert database.status(candidate) == "pending"
    eventually(lambda: database.status(candidate) == "rejected", "the decision was sent after the time to undo")
    expect(form.box.locator(".status").first).to_contain_text("Rejected")
    # Directus' own fields, without a reload.
    expect(form.status).to_have_value("Rejected")
    expect(desk.field("rejection_reason").locator("textarea")).to_have_value("The horizon tilts.")
    expect(form.button("Approve")).to_have_count(0)
    assert [row["action"] for row in database.approvals(candidate)] == ["reject"]
    assert desk.complaints == []


def test_what_is_typed_in_the_form_stays_when_the_decision_is_done(
    desk: Desk, candidate: str, database: Database
) -> None:
    form = Form(desk).open(candidate)
    tags = desk.field("tags").locator("input").first
    tags.fill("spring")
    tags.press("Enter")
    expect(desk.field("tags")).to_contain_text("spring")

    form.button("Approve").click()
    eventually(lambda: database.status(candidate) == "approved", "approved")

    expect(form.status).to_have_value("Approved")
    expect(desk.field("tags")).to_contain_text("spring")


def test_undoing_keeps_what_was_written(desk: Desk, candidate: str, database: Database) -> None:
    form = Form(desk).open(candidate)
    form.reason.fill("Too calm.")
    form.button("Request changes").click()
    form.button("Undo").click()

    expect(form.reason).to_have_value("Too calm.")
    form.page.reload()
    expect(form.reason).to_have_value("Too calm.")
    assert database.approvals(candidate) == []


def test_leaving_the_form_sends_what_waits_and_says_what_is_refused(
    desk: Desk, given: Producer, reviewer: Person, database: Database
) -> None:
    work = given.candidates(["brand.logo", "brand.colors"])
    accepted, refused = work.versions
    form = Form(desk).open(accepted)
    form.button("Approve").click()
    form.leave()
    eventually(lambda: database.status(accepted) == "approved", "sent as the form was left")

    form.open(refused)
    form.button("Approve").click()
    expect(form.box).to_contain_text("It can still be undone.")
    reviewer.patch(f"/items/artifact_versions/{refused}", {"status": "rejected"}).data  # noqa: B018  asserts
    form.leave()

    expect(desk.page.locator("body")).to_contain_text("Not done: brand.colors v1 approved")
    assert database.status(refused) == "rejected"


def test_ctrl_enter_sends_and_a_comment_decides_nothing(desk: Desk, candidate: str, database: Database) -> None:
    form = Form(desk).open(candidate)
    form.button("Comment").click()
    form.reason.press_sequentially("Nice light.")
    form.page.keyboard.press("Control+Enter")

    (record,) = eventually(lambda: database.approvals(candidate, "comment"), "the comment is kept")
    assert record["reason"] == "Nice light."
    assert database.status(candidate) == "pending"


def test_the_status_field_still_decides(desk: Desk, candidate: str, database: Database) -> None:
    Form(desk).open(candidate)
    desk.choose(desk.field("status"), "Approved")
    desk.save()
    eventually(lambda: database.status(candidate) == "approved", "approved by the status field")


def test_what_is_not_saved_yet_has_no_review(desk: Desk) -> None:
    desk.page.goto(f"{desk.url}/admin/content/artifact_versions/+")
    desk.page.locator(".v-form .field").first.wait_for()
    expect(Form(desk).box).to_have_count(0)


@pytest.mark.parametrize("width", [768, 1024, 1440])
def test_it_fits_and_is_accessible(desk: Desk, candidate: str, width: int) -> None:
    desk.page.set_viewport_size({"width": width, "height": 900})
    form = Form(desk).open(candidate)
    form.box.get_by_role("button", name=re.compile("^Approve")).wait_for()

    over = form.box.evaluate("box => box.scrollWidth - box.clientWidth")
    assert over <= 0
    assert accessible(desk.page, ".item-review") == []
    desk.picture(f"item form {width}")


def test_the_ways_to_the_desk(desk: Desk, candidate: str) -> None:
    form = Form(desk).open(candidate)
    ways = form.box.get_by_role("navigation", name="More about this version")
    expect(ways.get_by_role("link", name="Lineage")).to_have_attribute(
        "href", re.compile(f"/artifacts/versions/{candidate}/lineage$")
    )
    ways.get_by_role("link", name="Open in the Review desk").click()
    expect(desk.page).to_have_url(re.compile(f"/artifacts/versions/{candidate}"))
