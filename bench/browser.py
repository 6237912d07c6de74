"""A real browser at a Directus: what a person sees there, and when."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
MISSING = "`desk` drives chromium, which is not installed: `apt-get install chromium` brings it."
SECONDS = 60

# Kept by the page itself, so that asking for it takes no time of what is measured. Something is painted when the frame
# after the one that found it begins. `seen(there)` answers when; a page says it of itself from its beginning.
WATCH = """
window.seen = (there) => new Promise((done) => {
    const look = () => (there() ? requestAnimationFrame(() => done(performance.now())) : requestAnimationFrame(look));
    look();
});
window.seen(() => (%s)()).then((now) => (window.openedAt = now));
"""


def program() -> str | None:
    """Where chromium is."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=OPTIONS)
        yield browser
        browser.close()


def logged_in(browser: Browser, url: str, email: str, password: str, there: str) -> Page:
    """A page with cookies of its own: two Directus on one host would take each other's.

    `there`: a function of the page that says whether what it is opened for is there.
    """
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
    page = context.new_page()
    page.set_default_timeout(SECONDS * 1000)
    page.add_init_script(WATCH % there)
    given = {"email": email, "password": password, "mode": "session"}
    answer = page.request.post(f"{url}/auth/login", data=given)
    if not answer.ok:
        raise RuntimeError(f"{url}: {answer.status} {answer.text()[:500]}")
    return page


def opened(page: Page, address: str) -> float:
    """Seconds from asking for a page until what it is for was painted; the page is at rest afterwards."""
    page.bring_to_front()  # a page behind another one asks for nothing and paints nothing
    page.goto(address, wait_until="commit")
    took = page.wait_for_function("window.openedAt").json_value() / 1000
    page.wait_for_load_state("networkidle")
    return took
