"""What agents made is hostile until shown otherwise: nothing of it runs, nothing is reached, and the desk goes on."""

from __future__ import annotations

import json
import re
import socket
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import accessible
from tests.browser.conftest import Desk
from tests.browser.hostile import APART, FILES, Hostile, Listener, listening
from tests.browser.review_page import ReviewPage
from tests.directus.people import eventually
from tests.directus.works import Producer, Work

pytestmark = [pytest.mark.slow, pytest.mark.browser]

BY_NAME = {each.name: each for each in FILES}
# Of every window that the desk can look into; the others cannot look into it either.
HACKED = """() => {
  const windows = [window];
  for (const each of windows) for (let at = 0; at < each.length; at += 1) windows.push(each[at]);
  return windows.some((each) => { try { return each.hacked !== undefined } catch { return false } });
}"""


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as listener:
        socket.create_connection(listener.socket.getsockname()).close()
        eventually(lambda: listener.heard, "the listener hears who connects")
        listener.heard.clear()
        yield listener


class Candidates:
    """A hostile one, and a plain one that comes after it."""

    def __init__(self, desk: Desk, given: Producer, listener: Listener):
        self.desk, self.given, self.listener = desk, given, listener
        self.work: Work = given.work()
        self.dialogs: list[str] = []
        desk.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))

    def file(self, hostile: Hostile) -> tuple[str, bytes]:
        content = hostile.content(self.listener.address)
        file = self.given.person.upload(hostile.name, content, hostile.mime)
        fields = {"primary_file_id": file, "artifact_type": hostile.artifact_type, "value": None}
        return self.given.submit(self.work, f"a_{uuid.uuid4().hex[:8]}.file", **fields), content

    def value(self, value: Any, path: str) -> str:
        """By the registry's own API: its JSON arrives as it was written."""
        body = {"project_id": self.work.project, "schema_key": path, "value": value}
        return self.given.person.post("/artifacts/v1/artifacts", body).data["id"]

    def plain(self) -> str:
        return self.given.submit(self.work, "z.plain", value={"text": "Slow tea"})

    def review(self, version: str) -> ReviewPage:
        return ReviewPage(self.desk).open(version, at_work=self.work.project)

    def form(self, version: str) -> Locator:
        self.desk.open_item("artifact_versions", version)
        box = self.desk.page.get_by_role("region", name="Review", exact=True)
        box.locator(".status").first.wait_for()
        return box

    def nothing_happened(self) -> None:
        assert self.desk.page.evaluate(HACKED) is False
        assert self.dialogs == []
        assert self.listener.heard == []


@pytest.fixture
def candidates(desk: Desk, given: Producer, listener: Listener) -> Candidates:
    return Candidates(desk, given, listener)


def goes_on(review: ReviewPage, other: str) -> None:
    """The page answers: a key opens the next candidate."""
    review.press("j")
    review.shows(other)
    review.panel.locator(".status").first.wait_for()


def downloaded(page: Page, within: Locator, name: str) -> bytes:
    with page.expect_download() as download:
        within.get_by_role("link", name=f"Download {name}").click()
    assert download.value.suggested_filename == name
    return download.value.path().read_bytes()


@pytest.mark.parametrize("name", BY_NAME)
def test_a_file_runs_nothing_reaches_nothing_and_holds_up_nothing(candidates: Candidates, name: str) -> None:
    hostile = BY_NAME[name]
    version, content = candidates.file(hostile)
    other = candidates.plain()

    review = candidates.review(version)
    stage = review.page.locator(".stage").first
    expect(stage).to_contain_text(hostile.notice)
    candidates.desk.picture(f"desk hostile {name}")
    assert accessible(review.page, "main", but=("iframe",)) == []
    assert downloaded(review.page, stage, name) == content
    candidates.nothing_happened()
    goes_on(review, other)

    box = candidates.form(version)
    expect(box).to_contain_text(hostile.notice)
    box.get_by_role("textbox", name="Reason", exact=True).fill("Not what was asked for.")
    expect(box.get_by_role("link", name=f"Download {name}")).to_be_visible()
    candidates.nothing_happened()


def test_a_drawing_is_shown_as_a_picture_and_its_source_as_text(candidates: Candidates) -> None:
    version, _ = candidates.file(BY_NAME["drawing.svg"])
    page = candidates.review(version).page

    image = page.locator(".drawing img")
    assert eventually(lambda: image.evaluate("image => image.naturalWidth"), "the drawing is drawn") == 400
    image.click()
    page.get_by_role("button", name="Show its source").click()
    expect(page.get_by_text("xlink:href").first).to_be_visible()
    candidates.nothing_happened()


def test_a_page_is_shown_without_what_it_reaches_for_and_its_links_lead_nowhere(candidates: Candidates) -> None:
    version, _ = candidates.file(BY_NAME["menu.html"])
    page = candidates.review(version).page
    frame = page.locator("iframe.page")
    expect(frame).to_have_attribute("sandbox", "")
    within = frame.content_frame
    expect(within.get_by_role("heading", name="Tea menu")).to_be_visible()

    within.get_by_role("link", name="More tea").click()
    within.get_by_role("button", name="Order").click()

    expect(within.get_by_role("heading", name="Tea menu")).to_be_visible()
    assert len(page.context.pages) == 1
    candidates.nothing_happened()


def test_text_is_text_and_shows_what_would_turn_it_round(candidates: Candidates) -> None:
    version, _ = candidates.file(BY_NAME["menu.txt"])
    page = candidates.review(version).page

    expect(page.get_by_text("</pre></li><img src=", exact=False)).to_contain_text("␣txt.exe")
    candidates.nothing_happened()


def test_a_drawing_that_is_no_drawing_says_so(candidates: Candidates) -> None:
    broken = Hostile("torn.svg", "image/svg+xml", "image", lambda _: b"<svg><rect", "The drawing is broken.")
    version, _ = candidates.file(broken)
    expect(candidates.review(version).page.locator(".stage").first).to_contain_text(broken.notice)


def test_a_film_that_is_no_film_says_so(candidates: Candidates) -> None:
    broken = Hostile("cut.mp4", "video/mp4", "video", lambda _: b"no film " * 99, "This browser cannot play it.")
    version, content = candidates.file(broken)
    review = candidates.review(version)
    expect(review.page.locator(".stage").first).to_contain_text(broken.notice)
    assert downloaded(review.page, review.page.locator(".stage").first, broken.name) == content


def test_a_change_behind_a_key_of_every_object_is_seen(candidates: Candidates) -> None:
    path = "brand.rules"
    before, after = {"tone": "calm"}, json.loads('{"tone": "calm", "__proto__": {"hacked": 1}, "constructor": "mine"}')
    first = candidates.value(before, path)
    assert candidates.given.person.get(f"/artifacts/v1/artifacts/{first}").data["value"] == before
    second = candidates.value(after, path)

    review = candidates.review(second)
    review.page.get_by_role("button", name="v1 Pending").click()

    changes = review.page.get_by_role("region", name="Value")
    expect(changes.get_by_role("listitem").filter(has_text="/__proto__")).to_contain_text("hacked")
    expect(changes.get_by_role("listitem").filter(has_text="/constructor")).to_contain_text("mine")
    assert review.page.evaluate("({}).hacked") is None
    candidates.nothing_happened()
    goes_on(review, first)


def test_ten_thousand_keys_and_sixty_levels_are_drawn_in_parts(candidates: Candidates) -> None:
    keys = {f"key_{number}": number for number in range(10_000)}
    deep: Any = "the end"
    for _ in range(60):
        deep = {"below": deep}
    path = "brand.data"
    first, second = candidates.value(keys, path), candidates.value({**keys, "deep": deep, "key_17": "mine"}, path)

    review = candidates.review(first)
    expect(review.page.get_by_role("button", name="Show more of 9,800")).to_be_visible()
    box = candidates.form(second)
    expect(box.get_by_role("button", name=re.compile("^Show more of 9,8"))).to_be_visible()

    review = candidates.review(second)
    review.page.get_by_role("button", name="v1 Pending").click()
    changes = review.page.get_by_role("region", name="Value").get_by_role("listitem")
    expect(changes).to_have_count(2)
    expect(changes.filter(has_text="/key_17")).to_contain_text("mine")
    goes_on(review, first)


def test_texts_that_differ_in_everything_are_not_compared_line_by_line(candidates: Candidates) -> None:
    def lines(word: str) -> Hostile:
        content = "\n".join(f"{word}{number * 7919 % 100_003}" for number in range(80_000)).encode()
        return Hostile("log.txt", "text/plain", "text", lambda _: content, APART)

    path, versions = f"log_{uuid.uuid4().hex[:8]}.text", []
    for each in (lines("a"), lines("b")):
        file = candidates.given.person.upload(each.name, each.content(""), each.mime)
        fields = {"primary_file_id": file, "artifact_type": "text", "value": None}
        versions.append(candidates.given.submit(candidates.work, path, **fields))

    review = candidates.review(versions[1])
    review.page.get_by_role("button", name="v1 Pending").click()

    expect(review.page.get_by_text("Too much differs from v1 Pending")).to_be_visible()
    expect(review.page.get_by_text("b0", exact=True)).to_be_visible()
    goes_on(review, versions[0])
