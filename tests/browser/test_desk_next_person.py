"""Two people at one browser: Directus logs out and in without a new page, and the desk keeps apart what is whose."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from sidecar.stack.stack import Stack
from tests.browser.conftest import Desk
from tests.browser.review_page import ReviewPage
from tests.directus.works import Database, Producer

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def go(desk: Desk, path: str) -> None:
    """As a click within Directus goes there: without a reload."""
    desk.page.evaluate(
        "to => document.querySelector('#app').__vue_app__.config.globalProperties.$router.push(to)", path
    )


def log_in_anew(desk: Desk, email: str, password: str) -> None:
    desk.page.locator("input[type=email]").fill(email)
    desk.page.locator("input[type=password]").fill(password)
    desk.page.locator("input[type=password]").press("Enter")
    desk.page.wait_for_url(re.compile(r"/admin/(?!login)"))


def test_the_next_person_finds_and_sends_nothing_of_the_one_before(
    given_desk: Callable[..., Desk], running_stack: Stack, given: Producer, database: Database
) -> None:
    environment = running_stack.environment()
    work = given.candidates(("brand.logo", "brand.mark"))
    decided, drafted = work.versions
    desk = given_desk(running_stack)
    review = ReviewPage(desk).open(drafted)
    desk.page.evaluate("window.sameDocument = true")
    review.reason.fill("Only half a sent")
    go(desk, f"/artifacts/versions/{decided}")
    desk.page.get_by_role("heading", name="brand.logo v1").first.wait_for()
    review.press("a")
    expect(review.bar).to_contain_text("brand.logo")

    go(desk, "/logout")
    desk.page.wait_for_url(re.compile("/login"))
    log_in_anew(desk, environment["DIRECTUS_ADMIN_EMAIL"], environment["DIRECTUS_ADMIN_PASSWORD"])
    go(desk, f"/artifacts/versions/{drafted}")

    expect(review.reason).to_have_value("")
    expect(review.bar).to_have_count(0)
    assert desk.page.evaluate("window.sameDocument") is True
    assert "artifacts:acts" not in desk.page.evaluate("Object.keys(sessionStorage)")
    assert database.status(decided) == "pending"
