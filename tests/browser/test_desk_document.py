"""A reviewer turns the pages of a PDF beside the approved one, marks a page, and rejects with it."""

from __future__ import annotations

import re
import uuid

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.axe import accessible
from tests.browser.conftest import Desk
from tests.browser.review_page import ReviewPage
from tests.directus.people import Person, eventually
from tests.directus.works import Database, Producer, Work
from tests.documents import document_with, locked

pytestmark = [pytest.mark.slow, pytest.mark.browser]

APPROVED = document_with("The harbour wakes", "The harbour works", "The harbour sleeps")
CANDIDATE = document_with("The harbour wakes", "The harbour burns", "The harbour sleeps", fill=(1, 0.97, 0.9))


class Pages:
    """What is to be seen of documents on the review page."""

    def __init__(self, review: ReviewPage):
        self.page = review.page

    @property
    def number(self) -> Locator:
        return self.page.get_by_role("spinbutton", name="Page")

    def show(self, *numbers: int) -> None:
        """The candidate's page and those beside it have come, and are pictures."""
        pictures = self.page.locator(".pictures .layer img")
        expect(pictures).to_have_count(len(numbers))
        for at, number in enumerate(numbers):
            expect(pictures.nth(at)).to_have_attribute("src", re.compile(rf"/pages/{number}\?width="))
            expect(pictures.nth(at)).to_have_js_property("complete", True)
            assert pictures.nth(at).evaluate("picture => picture.naturalWidth") >= 1600

    def turn_to(self, number: int) -> None:
        self.number.fill(str(number))
        self.number.press("Enter")


def submit(given: Producer, work: Work, path: str, content: bytes) -> str:
    work.files.append(given.person.upload("script.pdf", content, "application/pdf"))
    return given.submit(work, path, primary_file_id=work.files[-1])


@pytest.fixture
def compared(given: Producer, reviewer: Person) -> tuple[Work, str]:
    """Work whose first version is approved and whose second one waits, and their path."""
    work, path = given.work(), f"film_{uuid.uuid4().hex[:8]}.script"
    first = submit(given, work, path, APPROVED)
    assert reviewer.post(f"/artifacts/v1/artifacts/{first}/approve", {}).status == 200
    submit(given, work, path, CANDIDATE)
    return work, path


def test_a_page_is_marked_beside_the_approved_one_and_the_mark_keeps_its_page(
    desk: Desk, given: Producer, database: Database, compared: tuple[Work, str]
) -> None:
    work, path = compared
    review = ReviewPage(desk).open(work.version, at_work=work.project)
    pages = Pages(review)
    pages.show(1, 1)
    expect(review.page.get_by_text("of 3", exact=True)).to_be_visible()

    review.press("PageDown")
    pages.show(2, 2)
    review.press("p")
    review.page.keyboard.type("Nothing burns.")
    mark = review.page.locator('[data-mark="0"]')
    expect(mark).to_be_visible()
    desk.picture("desk document")
    assert accessible(review.page) == []

    review.press("PageDown")
    pages.show(3, 3)
    expect(mark).to_have_count(0)
    review.page.locator('[data-region="0"] textarea').focus()
    pages.show(2, 2)
    expect(mark).to_be_visible()

    review.button("Reject").click()
    expect(review.bar).to_contain_text(f"{path} v2 rejected")
    review.send()
    eventually(lambda: database.status(work.version) == "rejected", "the second version is rejected")
    (record,) = database.approvals(work.version, "reject")
    (region,) = record["feedback"]["regions"]
    assert region == {
        "shape": "point", "x": 0.5, "y": 0.5, "page": 2, "file_id": work.files[1], "comment": "Nothing burns.",
    }  # fmt: skip

    review.open(submit(given, work, path, CANDIDATE), at_work=work.project)
    earlier = review.page.get_by_role("img", name="Mark 2·1 on an earlier version: Nothing burns.")
    pages.show(1, 1)
    expect(earlier).to_have_count(0)
    pages.turn_to(2)
    pages.show(2, 2)
    expect(earlier).to_be_visible()
    assert desk.complaints == []


def test_pages_are_compared_as_pictures_are_and_either_side_turns_by_itself(
    desk: Desk, compared: tuple[Work, str]
) -> None:
    work, _path = compared
    review = ReviewPage(desk).open(work.version, at_work=work.project)
    pages = Pages(review)
    pages.show(1, 1)

    for key, mode in (("2", "wipe"), ("3", "overlay"), ("4", "difference"), ("1", "side")):
        review.press(key)
        expect(review.page.locator(".room")).to_have_class(re.compile(rf"\b{mode}\b"))
        pages.show(1, 1)

    review.page.get_by_role("button", name="Turn together").click()
    approved = review.page.get_by_role("group", name="Pages of v1 approved")
    approved.get_by_role("button", name="Next page").click()
    pages.show(1, 2)
    approved.get_by_role("button", name="Next page").click()
    pages.show(1, 3)
    expect(approved.get_by_role("button", name="Next page")).to_be_disabled()
    assert accessible(review.page) == []
    review.page.get_by_role("button", name="Turn together").click()
    pages.show(1, 1)

    for _ in range(3):
        review.press("+")
    expect(review.page.locator(".pictures .layer img").first).to_have_attribute("src", re.compile("width=2400"))
    assert desk.complaints == []


def test_a_document_with_a_password_is_said_to_have_one_and_can_be_downloaded(desk: Desk, given: Producer) -> None:
    work = given.work()
    version = submit(given, work, f"film_{uuid.uuid4().hex[:8]}.script", locked())
    review = ReviewPage(desk).open(version, at_work=work.project)

    expect(review.page.get_by_role("alert")).to_contain_text("The document needs a password")
    with review.page.expect_download() as saved:
        review.page.get_by_role("link", name="Download", exact=True).click()
    assert saved.value.path().read_bytes() == locked()
    # The browser itself notes that what was asked for is refused.
    assert [said for said in desk.complaints if "/pages" not in said] == []
