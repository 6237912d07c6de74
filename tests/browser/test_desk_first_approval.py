"""From the first log-in to the first approval, through the Review desk alone."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from sidecar.stack.stack import Stack
from tests.browser.axe import accessible
from tests.browser.conftest import Desk
from tests.browser.inbox_page import InboxPage
from tests.directus.people import Person, eventually
from tests.directus.works import Database, Producer, picture, promoted

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def test_who_logs_in_finds_what_waits_and_approves_it(
    given_desk: Callable[..., Desk], running_stack: Stack, given: Producer, database: Database, reviewer: Person
) -> None:
    work, path = given.work(f"Spring {uuid.uuid4().hex[:6]}"), f"scene_{uuid.uuid4().hex[:8]}.cover"
    version = given.submit(work, path, picture("teal", 400))
    desk = given_desk(running_stack, logged_in=False)
    environment = running_stack.environment()
    desk.log_in(environment["DIRECTUS_REVIEWER_EMAIL"], environment["DIRECTUS_REVIEWER_PASSWORD"])

    desk.page.locator('a[href$="/admin/artifacts"]').first.click()
    inbox = InboxPage(desk)
    inbox.list.wait_for()
    desk.page.get_by_role("searchbox", name="Search in what waits").fill(path)
    row = inbox.row(path)
    expect(row).to_be_visible()
    expect(inbox.list.get_by_role("row")).to_have_count(3)
    expect(inbox.list.get_by_role("row").first).to_contain_text("Spring")
    thumbnail = row.locator("img")
    assert eventually(lambda: thumbnail.evaluate("image => image.naturalWidth"), "the thumbnail is loaded") > 0
    assert desk.page.evaluate("performance.getEntriesByName('artifacts:inbox-painted').length") == 1
    assert accessible(desk.page, ".inbox") == []

    row.hover()
    row.get_by_role("button", name=re.compile("^Approve")).click()
    expect(row).to_contain_text("Approved")
    assert database.status(version) == "pending", "it can still be undone"
    inbox.send()

    project = promoted(database, work)
    assert database.status(version) == "approved"
    place, leaf = path.split(".")
    assert project["context"][place][leaf]["artifact_version_id"] == version
    assert [(a["action"], str(a["actor_id"])) for a in database.approvals(version)] == [("approve", reviewer.id)]
    expect(row).to_have_count(0)
    desk.picture("desk first approval")
    # Before the log-in Directus asks whether there is a session.
    assert [each for each in desk.complaints if not each.endswith("/auth/refresh")] == []


def test_all_of_it_by_keyboard_and_back_where_one_was(desk: Desk, given: Producer, database: Database) -> None:
    work = given.work()
    paths = [f"scene_{uuid.uuid4().hex[:8]}.text_{number}" for number in range(3)]
    versions = [given.submit(work, path, value={"text": f"Scene {number}."}) for number, path in enumerate(paths)]
    at = dict(zip(paths, versions, strict=True))
    first, second, third = sorted(paths)
    inbox = InboxPage(desk).open(work.project)

    inbox.press("j", "Enter")
    expect(desk.page).to_have_url(re.compile(f"/artifacts/versions/{at[second]}"))
    desk.page.go_back()
    expect(inbox.row(second)).to_have_class(re.compile("active"))
    inbox.press("r")
    dialog = desk.page.get_by_role("dialog", name="Reject one version")
    dialog.get_by_role("textbox", name="Reason").fill("Too long.")
    inbox.press("Control+Enter")
    expect(inbox.row(second)).to_contain_text("Rejected")
    expect(inbox.row(third)).to_have_class(re.compile("active"))
    inbox.press("z")
    expect(inbox.row(second)).not_to_contain_text("Rejected")
    inbox.press("k", "r")
    expect(dialog.get_by_role("textbox", name="Reason")).to_have_value("Too long.")
    inbox.press("Control+Enter")
    inbox.send()

    eventually(lambda: database.status(at[second]) == "rejected", "the rejection")
    assert database.version(at[second])["rejection_reason"] == "Too long."
    assert [database.status(at[path]) for path in (first, third)] == ["pending", "pending"]
    assert desk.complaints == []
