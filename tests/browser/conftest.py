"""A reviewer at the screen: chromium, logged in to the running stack's Directus."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect, sync_playwright

from sidecar.stack.stack import Stack
from tests.directus.conftest import administrator as administrator
from tests.directus.conftest import by_administrator as by_administrator
from tests.directus.conftest import by_reviewer as by_reviewer
from tests.directus.conftest import database as database
from tests.directus.conftest import environment as environment
from tests.directus.conftest import fragile_stack as fragile_stack
from tests.directus.conftest import fragile_stack_removed as fragile_stack_removed
from tests.directus.conftest import given as given
from tests.directus.conftest import given_person as given_person
from tests.directus.conftest import producer as producer
from tests.directus.conftest import reviewer as reviewer

PICTURES = Path(__file__).resolve().parents[1] / "output"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
SECONDS = 40
# The desk asks again every five to twenty seconds.
expect.set_options(timeout=25_000)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's chromium. Without one the tests fail, because nobody would notice that they were skipped."""
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    assert program, "these tests drive chromium, which is not installed: `apt-get install chromium` brings it."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=OPTIONS)
        yield browser
        browser.close()


class Desk:
    """What a reviewer does on the screen of one Directus."""

    def __init__(self, page: Page, url: str, pictures: Path):
        self.page, self.url, self.pictures = page, url, pictures
        self.complaints: list[str] = []
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _listen(self, said: ConsoleMessage) -> None:
        """Keep what the page complains of; the browser itself asks for a favicon.ico that Directus does not have, and a
        list may show another test's picture that is broken on purpose."""
        place = said.location.get("url", "")
        is_broken_picture = "/assets/" in place and "status of 400" in said.text
        if said.type == "error" and not place.endswith("/favicon.ico") and not is_broken_picture:
            self.complaints.append(f"{said.text} {place}")

    def log_in(self, email: str, password: str) -> None:
        self.page.goto(f"{self.url}/admin/login")
        self.page.locator("input[type=email]").fill(email)
        self.page.locator("input[type=password]").fill(password)
        self.page.locator("input[type=password]").press("Enter")
        self.page.wait_for_url(re.compile(r"/admin/(?!login)"))

    def be_logged_in(self, email: str, password: str) -> None:
        """As after an earlier log-in: by the session cookie."""
        given = {"email": email, "password": password, "mode": "session"}
        assert self.page.request.post(f"{self.url}/auth/login", data=given).ok

    def open_list(self, collection: str = "artifact_versions") -> None:
        self.page.goto(f"{self.url}/admin/content/{collection}")
        self.page.locator("tbody tr").first.wait_for()

    def open_item(self, collection: str, key: str) -> None:
        self.page.goto(f"{self.url}/admin/content/{collection}/{key}")
        self.page.locator(".v-form .field").first.wait_for()

    def row(self, text: str) -> Locator:
        """The row of a list that shows `text`."""
        return self.page.locator("tbody tr").filter(has_text=text)

    def field(self, name: str) -> Locator:
        """The field of the form on the page; the one in the dialog is in `dialog`."""
        return self.page.locator(f'#main-content [data-field="{name}"], main [data-field="{name}"]').first

    @property
    def dialog(self) -> Locator:
        return self.page.locator("#dialog-outlet .v-card")

    def choose(self, field: Locator, text: str) -> None:
        # The select itself has no box to be scrolled to.
        field.scroll_into_view_if_needed()
        field.locator(".v-select").click()
        self.page.locator("#menu-outlet").get_by_text(text, exact=True).click()

    def press_review(self) -> None:
        """The Review button in the sidebar, of a list or of a form, where it is folded away under Flows."""
        button = self.page.locator("button:visible").filter(has_text=re.compile(r"Review\s*$"))
        if not button.count():
            self.page.get_by_text("Flows", exact=True).click()
        button.first.click()

    def decide(self, decision: str, reason: str | None = None) -> None:
        """Fill in the Review button's dialog, which is open, and confirm it."""
        self.choose(self.dialog.locator('[data-field="decision"]'), decision)
        if reason is not None:
            self.dialog.locator("textarea").fill(reason)
        self.dialog.get_by_role("button", name=re.compile("^Run Flow")).click()

    def save(self) -> None:
        self.page.locator('button:has([data-icon="check"]), button:has-text("Save")').first.click()

    def show_what_is_wrong(self) -> None:
        """Open the details of Directus' notice, where the sentence is."""
        details = self.page.get_by_text(re.compile("Report Error|Details", re.I))
        if details.count():
            details.first.click()

    def picture(self, name: str) -> None:
        self.pictures.mkdir(exist_ok=True)
        self.page.wait_for_load_state("networkidle")
        self.page.screenshot(path=self.pictures / f"{name}.png")


@pytest.fixture
def given_desk(browser: Browser) -> Iterator[Callable[..., Desk]]:
    """Opens a browser of its own at a stack, with its reviewer logged in."""
    contexts = []

    def open_at(stack: Stack, *, logged_in: bool = True) -> Desk:
        environment = stack.environment()
        contexts.append(browser.new_context(viewport={"width": 1400, "height": 1000}, locale="en-US"))
        page = contexts[-1].new_page()
        page.set_default_timeout(SECONDS * 1000)
        desk = Desk(page, environment["DIRECTUS_URL"], PICTURES)
        if logged_in:
            desk.be_logged_in(environment["DIRECTUS_REVIEWER_EMAIL"], environment["DIRECTUS_REVIEWER_PASSWORD"])
        return desk

    yield open_at
    for context in contexts:
        context.close()


@pytest.fixture
def desk(given_desk: Callable[..., Desk], running_stack: Stack) -> Desk:
    return given_desk(running_stack)
