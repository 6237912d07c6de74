"""A reviewer compares, draws a pin, rejects with it; the next version shows what was said."""

from __future__ import annotations

import uuid

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Desk
from tests.browser.review_page import ReviewPage
from tests.directus.people import eventually
from tests.directus.works import Database, Producer, picture

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def test_a_pin_is_drawn_and_the_next_version_shows_it(desk: Desk, given: Producer, database: Database) -> None:
    work, path = given.work(), f"scene_{uuid.uuid4().hex[:8]}.cover"
    first = given.submit(work, path, picture("teal", 400))
    review = ReviewPage(desk).open(first, at_work=work.project)

    review.press("p")
    review.page.keyboard.type("The horizon tilts.")
    mark = review.page.locator('[data-mark="0"]')
    mark.focus()
    for _ in range(10):
        review.page.keyboard.press("ArrowLeft")
    review.button("Reject").click()

    expect(review.bar).to_contain_text(f"{path} v1 rejected")
    review.send()
    eventually(lambda: database.status(first) == "rejected", "the first version is rejected")
    (record,) = database.approvals(first)
    assert record["reason"] == "The horizon tilts."
    (region,) = record["feedback"]["regions"]
    assert (region["shape"], region["x"], region["y"], region["comment"]) == ("point", 0.4, 0.5, "The horizon tilts.")
    assert region["file_id"] == work.files[0]

    second = given.submit(work, path, picture("navy", 400))
    review.open(second, at_work=work.project)
    earlier = review.page.get_by_role("img", name="Mark 1·1 on an earlier version: The horizon tilts.")
    expect(earlier).to_be_visible()
    expect(review.panel).to_contain_text("Was this fixed?")
    expect(review.panel).to_contain_text("The horizon tilts.")
    desk.picture("desk earlier pin")
    review.page.get_by_role("checkbox", name="Show the earlier mark").uncheck()
    expect(earlier).to_have_count(0)
    assert desk.complaints == []


def test_undoing_a_decision_brings_the_candidate_back_with_what_was_written(
    desk: Desk, given: Producer, database: Database
) -> None:
    work = given.work()
    paths = [f"scene_{uuid.uuid4().hex[:8]}.cover" for _ in range(2)]
    first, second = [given.submit(work, path, picture("teal", 200)) for path in sorted(paths)]
    review = ReviewPage(desk).open(first, at_work=work.project)
    expect(review.page.get_by_text("1 of 2", exact=True)).to_be_visible()

    review.press("r")
    review.page.keyboard.type("Too calm.")
    review.page.keyboard.press("Control+Enter")
    review.shows(second)
    review.press("z")

    review.shows(first)
    expect(review.reason).to_have_value("Too calm.")
    review.page.reload()
    expect(review.reason).to_have_value("Too calm.")
    assert [database.status(each) for each in (first, second)] == ["pending", "pending"]
    assert desk.complaints == []


def test_leaving_the_page_sends_what_waits(desk: Desk, given: Producer, database: Database) -> None:
    work = given.work()
    version = given.submit(work, f"scene_{uuid.uuid4().hex[:8]}.cover", picture("teal", 200))
    review = ReviewPage(desk).open(version, at_work=work.project)

    review.press("a")
    expect(review.bar).to_contain_text("approved")
    review.page.goto("about:blank")

    eventually(lambda: database.status(version) == "approved", "the decision was sent as the page was left")
    assert len(database.approvals(version, "approve")) == 1
