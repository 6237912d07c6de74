"""A whole sitting without a mouse: whoever reviews always stands somewhere, and sees where."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from sidecar.stack.stack import Stack
from tests.browser.conftest import Desk
from tests.browser.inbox_page import InboxPage
from tests.browser.review_page import ReviewPage
from tests.directus.people import eventually
from tests.directus.works import Database, Producer, Reviews, picture, promoted

pytestmark = [pytest.mark.slow, pytest.mark.browser]

MOST_TABS = 60
# The element that has the keyboard, where a person can see it; null where there is none.
STANDS = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const { left, top, right, bottom } = at.getBoundingClientRect();
  const seen = right > left && bottom > top && right > 0 && bottom > 0 && left < innerWidth && top < innerHeight;
  return seen ? at.tagName : null;
}"""


class Keyboard:
    """Hands that have nothing else."""

    def __init__(self, page: Page):
        self.page = page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def write(self, text: str) -> None:
        self.page.keyboard.type(text)

    def tab_to(self, place: Locator) -> None:
        place.wait_for()
        for _ in range(MOST_TABS):
            if place.evaluate("place => place === document.activeElement"):
                return
            self.press("Tab")
        raise AssertionError(f"{MOST_TABS} presses of the tab key do not lead to {place}")

    def stands(self) -> None:
        eventually(lambda: self.page.evaluate(STANDS), "the keyboard stands somewhere that can be seen")


def test_a_whole_sitting_by_keyboard(
    given_desk: Callable[..., Desk],
    running_stack: Stack,
    given: Producer,
    by_administrator: Reviews,
    database: Database,
) -> None:
    work, scene = given.work(), f"scene_{uuid.uuid4().hex[:8]}"
    before = given.submit(work, f"{scene}.cover", picture("teal", 300))
    by_administrator.press([before], "approve").data  # noqa: B018  asserts
    promoted(database, work)
    cover = given.submit(work, f"{scene}.cover", picture("navy", 300))
    texts = [given.submit(work, f"{scene}.text_{at}", value={"text": f"Scene {at}."}) for at in range(4)]
    desk = given_desk(running_stack, logged_in=False)
    page, hands, inbox = desk.page, Keyboard(desk.page), InboxPage(desk)

    # Log in, and to the desk.
    environment = running_stack.environment()
    page.goto(f"{desk.url}/admin/login")
    hands.tab_to(page.locator("input[type=email]"))
    hands.write(environment["DIRECTUS_REVIEWER_EMAIL"])
    hands.tab_to(page.locator("input[type=password]"))
    hands.write(environment["DIRECTUS_REVIEWER_PASSWORD"])
    hands.press("Enter")
    page.wait_for_url(re.compile(r"/admin/(?!login)"))
    hands.tab_to(page.locator('a[href$="/admin/artifacts"]').first)
    hands.press("Enter")
    inbox.list.wait_for()
    hands.stands()

    # Filter by path.
    hands.press("f")
    field = page.get_by_role("textbox", name="Find or type")
    expect(field).to_be_focused()
    hands.write("Path")
    hands.press("Enter")
    expect(page.get_by_role("group", name="Path")).to_be_visible()
    expect(field).to_be_focused()
    hands.write(f"{scene}.*")
    hands.press("Enter")
    expect(page).to_have_url(re.compile(f"schema_key={scene}"))
    expect(inbox.list.get_by_role("link", name=scene)).to_have_count(5)
    expect(inbox.list).to_be_focused()
    expect(page).to_have_title(re.compile(r"^Inbox \(5\) · Review desk · "))

    # Walk, and look without opening.
    hands.press("Home", "j", "j", "k")
    expect(inbox.row(f"{scene}.text_0")).to_have_class(re.compile("active"))
    hands.press(" ")
    preview = page.get_by_role("dialog", name=f"Preview of {scene}.text_0 v1")
    expect(preview).to_be_focused()
    hands.press("j")
    expect(page.get_by_role("dialog", name=f"Preview of {scene}.text_1 v1")).to_contain_text("Scene 1.")
    hands.press("k", "Escape")
    expect(preview).to_have_count(0)
    expect(inbox.list).to_be_focused()

    # Three at once, with a reason.
    hands.press("x", "J", "J")
    expect(inbox.selection).to_contain_text("3 selected")
    hands.press("r")
    dialog = page.get_by_role("dialog", name="Reject 3 versions")
    expect(dialog.get_by_role("textbox", name="Reason")).to_be_focused()
    hands.write("Too long.")
    hands.press("Control+Enter")
    expect(dialog).to_have_count(0)
    expect(inbox.list).to_be_focused()
    eventually(lambda: {database.status(each) for each in texts[:3]} == {"rejected"}, "the three are rejected")
    assert {database.version(each)["rejection_reason"] for each in texts[:3]} == {"Too long."}
    expect(inbox.list.get_by_role("link", name=scene)).to_have_count(2)

    # Help, and away again.
    hands.press("?")
    shortcuts = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(shortcuts).to_be_focused()
    hands.press("Escape")
    expect(shortcuts).to_have_count(0)
    expect(inbox.list).to_be_focused()

    # Open the picture, compare it.
    hands.press("Home")
    expect(inbox.row(f"{scene}.cover")).to_have_class(re.compile("active"))
    hands.press("Enter")
    review = ReviewPage(desk)
    review.shows(cover)
    review.panel.locator(".status").first.wait_for()
    expect(page).to_have_title(re.compile(rf"^{scene}\.cover v2 · Spring campaign · Review desk · "))
    hands.stands()
    for key, mode in (("2", "Wipe"), ("3", "Overlay"), ("4", "Difference"), ("1", "Side by side")):
        hands.press(key)
        expect(page.get_by_role("button", name=mode, exact=True)).to_have_attribute("aria-pressed", "true")
        hands.stands()

    # A pin, moved to its place.
    hands.press("p")
    expect(page.get_by_role("textbox", name=re.compile("^Mark 1"))).to_be_focused()
    hands.write("Nice light here.")
    hands.press("Escape")
    hands.stands()
    mark = page.locator('[data-mark="0"]')
    hands.tab_to(mark)
    hands.press(*["ArrowUp"] * 10)
    expect(page.get_by_role("textbox", name=re.compile("^Mark 1"))).to_have_value("Nice light here.")

    # Approve, undo, approve again.
    hands.press("a")
    review.shows(texts[3])
    hands.stands()
    expect(review.bar).to_contain_text(f"{scene}.cover v2 approved")
    hands.press("z")
    review.shows(cover)
    hands.stands()
    expect(page.get_by_role("textbox", name=re.compile("^Mark 1"))).to_have_value("Nice light here.")
    assert database.status(cover) == "pending"
    hands.press("a")
    review.shows(texts[3])
    eventually(lambda: database.status(cover) == "approved", "the picture is approved")
    (record,) = database.approvals(cover, "approve")
    assert [(each["y"], each["comment"]) for each in record["feedback"]["regions"]] == [(0.4, "Nice light here.")]

    # Words in the panel go with the next decision; after it the keyboard stands in the list.
    hands.press("?")
    expect(shortcuts).to_be_focused()
    hands.press("Escape")
    expect(shortcuts).to_have_count(0)
    hands.stands()
    hands.press("r")
    expect(review.reason).to_be_focused()
    hands.write("Too short.")
    hands.press("Escape")
    hands.stands()
    expect(review.reason).to_have_value("Too short.")
    hands.press("i")
    inbox.list.wait_for()
    expect(page).to_have_title(re.compile(r"^Inbox"))
    expect(inbox.list).to_be_focused()
    assert database.status(texts[3]) == "pending"
    # Before the log-in Directus asks whether there is a session.
    assert [each for each in desk.complaints if not each.endswith("/auth/refresh")] == []
