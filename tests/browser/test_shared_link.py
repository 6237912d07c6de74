"""The page of a review link, in a browser that nobody is logged in with."""

from __future__ import annotations

import io
import struct
import uuid
import wave
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import accessible
from tests.browser.conftest import PICTURES
from tests.directus.people import Person
from tests.directus.works import Database, Producer, Work, picture

pytestmark = [pytest.mark.slow, pytest.mark.browser]

ALL = ["view", "comment", "decide"]
HOSTILE = """<!doctype html><title>x</title><script>document.title = 'taken over'; fetch('http://evil.example/')</script>
<img src="http://evil.example/x.png" onerror="alert(1)">"""
DRAWING = """<svg xmlns="http://www.w3.org/2000/svg" width="60" height="60"><script>alert(1)</script>
<image href="http://evil.example/y.png" width="9" height="9"/><rect width="60" height="60" fill="teal"/></svg>"""


@pytest.fixture
def sidecar(given_person: Callable[..., Person], reviewer: Person, environment: dict[str, str]) -> Person:
    """The reviewer as a program that calls the registry itself."""
    return given_person(reviewer.token, reviewer.id, environment["SIDECAR_URL"])


@pytest.fixture
def invite(sidecar: Person) -> Callable[..., dict[str, Any]]:
    """`invite(version)`: a link for Ada; as the API answers it."""

    def make(*versions: str, may: list[str] = ALL, note: str | None = None) -> dict[str, Any]:
        sent = {"guest_name": "Ada Lovelace", "may": may, "note": note, "artifact_version_ids": list(versions[1:])}
        return sidecar.post(f"/v1/artifacts/{versions[0]}/links", sent).data

    return make


class Guest:
    """A page in a browser of its own, with all that it asks for and complains of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)

    def picture(self, name: str) -> None:
        PICTURES.mkdir(exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


@pytest.fixture
def given_guest(browser: Browser) -> Iterator[Callable[..., Guest]]:
    contexts = []

    def make(theme: str = "light", width: int = 1100) -> Guest:
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme))  # type: ignore[arg-type]
        return Guest(contexts[-1].new_page())

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def guest(given_guest: Callable[..., Guest]) -> Guest:
    return given_guest()


@pytest.fixture
def work(given: Producer) -> Work:
    return given.work("Spring campaign")


def path() -> str:
    return f"scene_{uuid.uuid4().hex[:8]}.cover"


def sound() -> bytes:
    """A second of silence."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(struct.pack("<h", 0) * 8000)
    return content.getvalue()


def test_a_guest_looks_comments_and_approves(
    given: Producer, work: Work, invite: Callable[..., dict[str, Any]], guest: Guest, database: Database
) -> None:
    cover = path()
    version = given.submit(work, cover, picture("teal", 300))
    page = guest.page
    page.goto(invite(version, note="Is the green right?\nWe print on Friday.")["url"])

    expect(page.get_by_role("heading", level=1)).to_have_text("For Ada Lovelace to review")
    expect(page.get_by_text("We print on Friday.")).to_be_visible()
    article = page.get_by_role("article", name=f"{cover}, version 1")
    expect(article).to_contain_text("Waits for a decision")
    shown = article.get_by_role("img")
    shown.evaluate("image => image.decode()")
    assert shown.evaluate("image => image.naturalWidth") == 300
    assert accessible(page, "body") == []

    # By keyboard alone: each field and button is reached, in the order in which it is read.
    article.get_by_role("link", name="Download logo.png").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("A little darker, maybe.")
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(article.get_by_role("button", name="Only comment")).to_be_focused()
    page.keyboard.press("Enter")
    expect(article.get_by_text("You commented")).to_be_visible()
    assert database.status(version) == "pending"

    article.get_by_label("What you want to say").fill("Good as it is.")
    article.get_by_role("button", name="Approve").click()
    expect(article.get_by_text("You approved this")).to_be_visible()
    expect(article).to_contain_text("It was decided: approved.")
    expect(article.get_by_role("button", name="Approve")).to_have_count(0)
    page.reload()
    assert database.status(version) == "approved"
    records = [(r["action"], r["reason"]) for r in database.approvals(version) if r["action"] != "share"]
    assert records == [("comment", "A little darker, maybe."), ("approve", "Good as it is.")]
    assert "(guest of " in database.approvals(version, "approve")[0]["actor_label"]
    assert guest.complaints == []


@pytest.mark.parametrize(("theme", "width"), [("light", 1100), ("dark", 1100), ("light", 360)])
def test_it_can_be_read_by_day_by_night_and_on_a_telephone(
    given: Producer, work: Work, invite: Callable[..., dict[str, Any]], given_guest: Any, theme: str, width: int
) -> None:
    first = given.submit(work, path(), picture("orange", 240), value={"colour": "orange", "size": 240})
    text = given.person.upload("caption.txt", b"Spring begins at sea.\n", "text/plain")
    voice = given.person.upload("voice.wav", sound(), "audio/wav")
    print_ = given.person.upload("print.pdf", b"%PDF-1.4\n%%EOF", "application/pdf")
    others = [given.submit(work, path(), primary_file_id=file) for file in (text, voice, print_)]
    guest = given_guest(theme, width)
    page = guest.page

    page.goto(invite(first, *others, note="Four things before we print.")["url"])

    expect(page.get_by_role("article")).to_have_count(4)
    expect(page.get_by_text("Spring begins at sea.")).to_be_visible()
    page.locator("audio").evaluate(
        "audio => new Promise(done => audio.readyState ? done() : audio.onloadedmetadata = done)"
    )
    assert page.locator("audio").evaluate("audio => audio.duration") == pytest.approx(1)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download print.pdf").click()
    assert download.value.suggested_filename == "print.pdf"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert accessible(page, "body") == []
    page.evaluate("document.activeElement.blur()")
    guest.picture(f"shared link {theme} {width}")
    assert guest.complaints == []


def test_what_agents_made_cannot_do_anything(
    given: Producer, work: Work, invite: Callable[..., dict[str, Any]], guest: Guest, environment: dict[str, str]
) -> None:
    page_file = given.person.upload("page.html", HOSTILE.encode(), "text/html")
    drawing = given.person.upload("drawing.svg", DRAWING.encode(), "image/svg+xml")
    value = {"<script>alert(1)</script>": "<img src=x onerror=alert(1)>", "order": "\u202egnp.evil"}
    versions = [given.submit(work, path(), primary_file_id=file, value=value) for file in (page_file, drawing)]
    url = invite(*versions, note="<script>alert(1)</script>")["url"]
    page = guest.page

    page.goto(url)
    page.get_by_role("img", name="Picture drawing.svg").evaluate("image => image.decode()")
    page.wait_for_load_state("networkidle")

    assert page.title() == "For review"
    expect(page.get_by_text("taken over")).to_be_visible()  # to be read
    assert page.locator("script, iframe, object, embed, svg").count() == 0
    # A script that got in all the same would not run.
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'}))"
    )
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<img src=http://evil.example/z.png onerror=\"ran=1\">')"
    )
    assert page.evaluate("window.ran === undefined")
    sidecar = environment["SIDECAR_URL"]
    loaded = page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
    assert [each for each in loaded if not each.startswith(sidecar) and "z.png" not in each] == []
    assert [each for each in guest.asked if "evil" in each and "z.png" not in each] == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Download page.html").click()
    assert download.value.suggested_filename == "page.html"
    assert [each for each in guest.complaints if "alert" in each or each == "1"] == []


def test_after_the_decision_of_another_tab_the_outcome_is_shown(
    given: Producer, work: Work, invite: Callable[..., dict[str, Any]], guest: Guest, database: Database
) -> None:
    version = given.submit(work, path(), picture("teal", 64))
    url = invite(version)["url"]
    page, other = guest.page, guest.page.context.new_page()
    page.goto(url)
    other.goto(url)
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_text("You rejected this")).to_be_visible()

    other.get_by_label("What you want to say").fill("Take it.")
    other.get_by_role("button", name="Approve").click()

    expect(other.get_by_role("alert")).to_contain_text("is rejected already")
    expect(other.get_by_role("article")).to_contain_text("It was decided: rejected.")
    assert database.status(version) == "rejected"
    assert accessible(other, "body") == []
    other.goto(url)
    expect(other.get_by_role("button", name="Approve")).to_have_count(0)


def test_a_link_that_has_ended_says_so_and_shows_nothing(
    given: Producer,
    work: Work,
    invite: Callable[..., dict[str, Any]],
    guest: Guest,
    sidecar: Person,
    database: Database,
) -> None:
    cover = path()
    version = given.submit(work, cover, picture("teal", 64))
    page, revoked = guest.page, invite(version)
    page.goto(revoked["url"])
    sidecar.delete(f"/v1/links/{revoked['id']}").data  # noqa: B018  asserts

    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("alert")).to_contain_text("This review link was revoked.")
    expect(page.locator("body")).not_to_contain_text(cover)
    assert accessible(page, "body") == []
    guest.picture("shared link revoked")

    expired = invite(version)
    database.rows("update sidecar.review_links set expires_at = now() where id = %s returning id", expired["id"])
    page.goto(expired["url"])
    expect(page.get_by_role("alert")).to_contain_text("This review link has expired.")
    expect(page.locator("body")).not_to_contain_text(cover)


def test_what_reads_links_in_mails_changes_nothing(
    given: Producer, work: Work, invite: Callable[..., dict[str, Any]], guest: Guest, database: Database
) -> None:
    version = given.submit(work, path(), picture("teal", 64))
    url = invite(version)["url"]
    before = database.everything_of(work)
    ask = guest.page.request

    for headers in ({}, {"Accept": "text/html"}, {"User-Agent": "Slackbot-LinkExpanding 1.0"}):
        for address in (url, f"{url}?action=approve&artifact_version_id={version}"):
            assert ask.get(address, headers=headers).status == 200
            assert ask.head(address, headers=headers).status == 200
    # Without a page's own token, a form that is sent decides nothing either.
    assert ask.post(url, form={"action": "approve", "artifact_version_id": version}).status == 422
    guest.page.goto(url)
    guest.page.goto("about:blank")

    assert database.everything_of(work) == before
    assert database.status(version) == "pending"


def test_guesses_are_slowed_down_and_the_link_still_works(
    given: Producer, work: Work, invite: Callable[..., dict[str, Any]], guest: Guest
) -> None:
    url = invite(given.submit(work, path(), picture("teal", 64)))["url"]
    ask = guest.page.request
    base, token = url.rsplit("/", 1)
    guesses = [f"{base}/{token[:-8]}{number:08d}" for number in range(80)]

    answers = [ask.get(guess, headers={"Accept": "text/html"}) for guess in guesses]

    assert {answer.status for answer in answers} == {404, 429}
    # Each process counts for itself.
    assert [answer.status for answer in answers].count(404) <= 40
    assert all(answer.headers["retry-after"] for answer in answers if answer.status == 429)
    guest.page.goto(url)
    expect(guest.page.get_by_role("article")).to_have_count(1)
