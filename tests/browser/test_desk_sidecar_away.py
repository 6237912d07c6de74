"""The sidecar is stopped while a reviewer decides: the decision is kept, and sent again it is done once."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from sidecar.stack.stack import Stack
from tests.browser.conftest import Desk
from tests.browser.review_page import ReviewPage
from tests.directus.people import Person, eventually
from tests.directus.works import Database, Producer, picture

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.xdist_group("fragile")]


def test_a_decision_is_kept_while_the_registry_is_away_and_done_once(
    given_desk: Callable[..., Desk], given_person: Callable[..., Person], fragile_stack: Stack
) -> None:
    environment = fragile_stack.environment()
    given = Producer(given_person(environment["DIRECTUS_PRODUCER_TOKEN"], url=environment["DIRECTUS_URL"]))
    database = Database(environment["DATABASE_ADMIN_URL"])
    work = given.work()
    version = given.submit(work, f"scene_{uuid.uuid4().hex[:8]}.cover", picture("teal", 200))
    review = ReviewPage(given_desk(fragile_stack)).open(version, at_work=work.project)
    review.press("r")
    review.page.keyboard.type("Too calm.")

    fragile_stack.stop("sidecar")
    review.page.keyboard.press("Control+Enter")
    review.send()

    refusal = review.bar.get_by_role("alert")
    expect(refusal).to_contain_text("The artifact registry does not answer.")
    expect(refusal).to_contain_text("Your decision is kept and can be sent again.")
    review.desk.picture("desk sidecar away")
    review.page.reload()
    expect(review.bar.get_by_role("alert")).to_contain_text("Your decision is kept")
    assert database.status(version) == "pending"

    fragile_stack.start("sidecar")
    review.bar.get_by_role("button", name="Send again").click()
    expect(review.bar).to_contain_text("rejected")
    eventually(lambda: database.status(version) == "rejected", "the kept decision is done")
    assert [a["reason"] for a in database.approvals(version)] == ["Too calm."]
    database.close()
