"""Keys at the Review desk act on what one sees, and on nothing that lies under it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Desk
from tests.browser.inbox_page import InboxPage
from tests.browser.review_page import ReviewPage
from tests.directus.works import Database, Producer, Reviews, picture

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def test_the_help_keeps_keys_from_the_version_under_it(desk: Desk, given: Producer, database: Database) -> None:
    work = given.candidates()
    review = ReviewPage(desk).open(work.version)
    shortcuts = desk.page.get_by_role("dialog", name="Keyboard shortcuts")

    review.press("?")
    expect(shortcuts).to_be_visible()
    desk.page.keyboard.press("a")
    desk.page.keyboard.press("Escape")
    expect(shortcuts).to_be_hidden()
    expect(desk.page).to_have_url(re.compile(work.version))
    expect(review.bar).to_have_count(0)

    review.press("a")
    expect(review.bar).to_be_visible()
    review.press("z")
    assert database.status(work.version) == "pending"
    assert desk.complaints == []


def test_dialogs_of_the_list_have_their_own_keys(desk: Desk, given: Producer) -> None:
    work = given.work()
    for path in ("brand.logo", "brand.mark"):
        given.submit(work, path, picture())
    inbox = InboxPage(desk).open(work.project)
    dialog = desk.page.get_by_role("dialog")

    inbox.press("r")
    expect(dialog).to_have_accessible_name("Reject one version")
    inbox.press("Escape")
    expect(dialog).to_have_count(0)
    inbox.press(" ")
    expect(dialog).to_have_accessible_name(re.compile("brand.logo"))
    inbox.press("j")
    expect(dialog).to_have_accessible_name(re.compile("brand.mark"))
    # A button that has the focus is pressed by space; elsewhere space closes what it opened.
    dialog.get_by_role("button", name="Previous").focus()
    inbox.press(" ")
    expect(dialog).to_have_accessible_name(re.compile("brand.logo"))
    dialog.get_by_role("button", name="Previous").evaluate("button => button.blur()")
    inbox.press(" ")
    expect(dialog).to_have_count(0)
    expect(inbox.row("brand.logo")).to_be_visible()
    assert desk.complaints == []


def test_going_back_to_a_context_is_not_left_by_a_key(desk: Desk, given: Producer, by_reviewer: Reviews) -> None:
    work = given.work()
    for text in ("Slow tea", "Fast tea"):
        assert by_reviewer.press([given.submit(work, "brand.tagline", value={"text": text})], "approve").status == 200
    desk.page.goto(f"{desk.url}/admin/artifacts/projects/{work.project}?tab=timeline")
    desk.page.get_by_role("button", name="Go back to it").click()
    dialog = desk.page.get_by_role("dialog", name="Go back to context 1")
    expect(dialog).to_contain_text("Slow tea")

    desk.page.keyboard.press("i")
    desk.page.keyboard.press("1")

    expect(dialog).to_be_visible()
    expect(desk.page).to_have_url(re.compile(f"{work.project}.*tab=timeline"))
    desk.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    desk.page.keyboard.press("i")
    expect(desk.page).to_have_url(re.compile("/admin/artifacts$"))


def test_a_row_that_stays_selected_keeps_its_tick(desk: Desk, given: Producer) -> None:
    work = given.candidates(("brand.logo", "brand.mark", "brand.name"))
    inbox = InboxPage(desk).open(work.project)
    ticks = [inbox.row(path).get_by_role("checkbox") for path in ("brand.logo", "brand.mark", "brand.name")]

    ticks[0].click()
    ticks[2].click(modifiers=["Shift"])
    ticks[1].click(modifiers=["Shift"])

    expect(inbox.selection).to_contain_text("3 selected")
    for tick in ticks:
        expect(tick).to_be_checked()
