"""Somebody else decides while a reviewer is still writing: they are told, and nothing they wrote is lost."""

from __future__ import annotations

import uuid

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Desk
from tests.browser.review_page import ReviewPage
from tests.directus.conftest import by_administrator as by_administrator
from tests.directus.people import Person
from tests.directus.works import Database, Producer, Reviews, picture

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def test_who_comes_second_is_told_and_keeps_the_text(
    desk: Desk, given: Producer, administrator: Person, by_administrator: Reviews, database: Database
) -> None:
    work, path = given.work(), f"scene_{uuid.uuid4().hex[:8]}.cover"
    version = given.submit(work, path, picture("teal", 200))
    review = ReviewPage(desk).open(version, at_work=work.project)
    review.press("r")
    review.page.keyboard.type("Too calm.")

    by_administrator.press([version], "approve", "Just right").data  # noqa: B018  asserts
    review.page.keyboard.press("Control+Enter")
    review.send()

    refusal = review.bar.get_by_role("alert")
    expect(refusal).to_contain_text(f"Version 1 of {path} is approved already.")
    expect(refusal).to_contain_text("Nothing was decided; what you wrote is still there.")
    review.bar.get_by_role("link", name="Look at it").click()
    review.shows(version)
    expect(review.panel).to_contain_text("Approved")
    expect(review.panel.get_by_role("alert").filter(has_text="already")).to_be_visible()
    expect(review.button("Reject")).to_have_count(0)
    expect(review.reason).to_have_value("Too calm.")
    desk.picture("desk someone faster")
    assert [(a["action"], a["reason"]) for a in database.approvals(version)] == [("approve", "Just right")]


def test_a_decision_of_somebody_else_appears_by_itself(desk: Desk, given: Producer, by_administrator: Reviews) -> None:
    work = given.work()
    version = given.submit(work, f"scene_{uuid.uuid4().hex[:8]}.cover", picture("teal", 200))
    review = ReviewPage(desk).open(version, at_work=work.project)
    expect(review.panel.get_by_text("Approving would change")).to_be_visible()
    review.press("m")
    review.page.keyboard.type("Still looking.")

    by_administrator.press([version], "reject", "Too dark").data  # noqa: B018  asserts

    expect(review.panel.get_by_text("while you were looking")).to_be_visible()
    expect(review.panel).to_contain_text("Too dark")
    expect(review.reason).to_have_value("Still looking.")
    assert desk.complaints == []
