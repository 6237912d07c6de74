"""Many versions decided in one go in the Review desk: all of them, or none."""

from __future__ import annotations

import re
import uuid

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Desk
from tests.browser.inbox_page import InboxPage
from tests.directus.people import eventually
from tests.directus.works import Database, Producer, Reviews, Work, promoted

pytestmark = [pytest.mark.slow, pytest.mark.browser]

MANY = 20


def given_many(given: Producer) -> Work:
    name = uuid.uuid4().hex[:8]
    return given.candidates([f"scenes_{name}[{number}].text" for number in range(MANY)])


def test_twenty_versions_are_approved_as_one(desk: Desk, given: Producer, database: Database) -> None:
    work = given_many(given)
    inbox = InboxPage(desk).open(work.project)

    inbox.press("*")
    expect(inbox.selection).to_contain_text(f"{MANY} selected")
    inbox.press("a")
    expect(desk.page.get_by_role("progressbar", name=f"{MANY} versions approved")).to_be_visible()
    inbox.send()

    project = promoted(database, work)
    desk.picture("desk batch")
    assert {database.status(version) for version in work.versions} == {"approved"}
    # One request, one promotion: the context never showed half of it.
    assert project["context_version"] == 1
    (promotion,) = database.promotions(work.project)
    assert len(promotion["changes"]) == MANY
    expect(desk.page.get_by_text("The filters hide everything")).to_be_visible()
    assert desk.complaints == []


def test_one_in_the_way_stops_all_and_the_rest_can_go_on(
    desk: Desk, given: Producer, database: Database, by_administrator: Reviews
) -> None:
    work = given_many(given)
    inbox = InboxPage(desk).open(work.project)
    inbox.press("*", "r")
    dialog = desk.page.get_by_role("dialog", name=f"Reject {MANY} versions")
    dialog.get_by_role("textbox", name="Reason").fill("Not what was asked for.")
    taken = work.versions[7]
    by_administrator.press([taken], "approve", "Just right").data  # noqa: B018  asserts

    inbox.press("Control+Enter")
    inbox.send()

    expect(inbox.refusal.get_by_role("alert")).to_contain_text("Nothing was decided: all of them or none.")
    expect(inbox.refusal.get_by_role("listitem")).to_have_text(re.compile(r"\[7\]\.text v1"))
    desk.picture("desk batch refused")
    others = [version for version in work.versions if version != taken]
    assert {database.status(version) for version in others} == {"pending"}

    inbox.refusal.get_by_role("button", name="Go on without it").click()
    inbox.send()
    eventually(lambda: database.status(others[0]) == "rejected", "the rejection")
    assert {database.status(version) for version in others} == {"rejected"}
    assert {database.version(version)["rejection_reason"] for version in others} == {"Not what was asked for."}
    assert database.status(taken) == "approved"
