"""Somebody who may look and not decide: they see the candidate, no buttons, and why."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from sidecar.stack.stack import Stack
from tests.browser.conftest import Desk
from tests.browser.review_page import ReviewPage
from tests.directus.people import Person
from tests.directus.works import Database, Producer, picture

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.xdist_group("seats")]

READS = ("projects", "tasks", "artifact_versions", "artifact_files", "artifact_approvals", "directus_files")


@pytest.fixture
def onlooker(administrator: Person) -> Iterator[dict[str, str]]:
    """Logs in to Directus' app and reads what there is to review. Takes the third seat."""
    name = uuid.uuid4().hex[:8]
    log_in = {"email": f"onlooker-{name}@example.com", "password": secrets.token_urlsafe(16)}
    policy = administrator.post("/policies", {"name": f"Looks on {name}", "app_access": True}).data["id"]
    for collection in READS:
        rule = {"policy": policy, "collection": collection, "action": "read", "fields": ["*"]}
        administrator.post("/permissions", rule).data  # noqa: B018  asserts
    user = administrator.post("/users", {"first_name": "Odd", "status": "active", **log_in}).data["id"]
    administrator.post("/access", {"user": user, "policy": policy}).data  # noqa: B018
    yield log_in
    for made in (f"/users/{user}", f"/policies/{policy}"):
        assert administrator.delete(made).status == 204, made


def test_an_onlooker_sees_the_candidate_and_why_they_cannot_decide(
    given_desk: Callable[..., Desk], running_stack: Stack, onlooker: dict[str, str], given: Producer, database: Database
) -> None:
    work, path = given.work(), f"scene_{uuid.uuid4().hex[:8]}.cover"
    version = given.submit(work, path, picture("teal", 200))
    desk = given_desk(running_stack, logged_in=False)
    desk.be_logged_in(onlooker["email"], onlooker["password"])
    review = ReviewPage(desk).open(version)

    expect(review.page.locator(".stage img").first).to_be_visible()
    expect(review.panel).to_contain_text("You may look, and not decide.")
    expect(review.panel).to_contain_text("You do not have the right to do this.")
    expect(review.panel).to_contain_text("Ask an administrator of Directus for the policy that gives it.")
    for name in ("Approve", "Reject", "Request changes", "Comment"):
        expect(review.button(name)).to_have_count(0)
    for key in ("a", "r", "c", "m", "p"):
        review.press(key)
    expect(review.bar).to_have_count(0)
    expect(review.reason).to_have_count(0)
    desk.picture("desk no rights")
    assert database.status(version) == "pending"
