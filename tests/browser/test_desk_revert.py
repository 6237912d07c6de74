"""A reviewer goes back to an earlier context: they see beforehand what will change, and nothing is lost."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.axe import accessible
from tests.browser.conftest import Desk
from tests.directus.works import Producer, Reviews, picture

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def approve(by_reviewer: Reviews, version: str) -> None:
    """By the button, which promotes at once."""
    assert by_reviewer.press([version], "approve").status == 200


def test_a_context_goes_back_with_a_look_beforehand(desk: Desk, given: Producer, by_reviewer: Reviews) -> None:
    work = given.work()
    first = given.submit(work, "brand.tagline", value={"text": "Slow tea"})
    approve(by_reviewer, first)
    second = given.submit(work, "brand.tagline", value={"text": "Fast tea"})
    approve(by_reviewer, second)
    approve(by_reviewer, given.submit(work, "brand.logo", picture("teal", 120), value={"format": "PNG"}))

    desk.page.goto(f"{desk.url}/admin/artifacts/projects/{work.project}?tab=timeline")
    entries = desk.page.get_by_role("region", name="Promotions").get_by_role("listitem")
    expect(entries).to_have_count(3)
    assert accessible(desk.page, "main") == []
    entries.last.get_by_role("button", name="Go back to it").click()
    dialog = desk.page.get_by_role("dialog", name="Go back to context 1")

    expect(dialog.get_by_text("Slow tea")).to_be_visible()
    expect(dialog.get_by_text("Fast tea")).to_be_visible()
    expect(dialog.get_by_text("brand.logo")).to_be_visible()
    dialog.get_by_role("textbox", name="Reason").fill("The printer has the first one.")
    desk.picture("revert of a context")
    dialog.get_by_role("button", name="Go back to it").click()

    expect(entries).to_have_count(4)
    expect(entries.first).to_contain_text("The printer has the first one.")
    desk.page.get_by_role("tab", name="Context").click()
    expect(desk.page.get_by_text("Context 4", exact=False)).to_be_visible()
    tree = desk.page.get_by_role("tree")
    expect(tree.get_by_role("treeitem", name=re.compile(r"\btagline\b"))).to_contain_text("Slow tea")
    expect(tree.get_by_role("treeitem", name=re.compile(r"\blogo\b"))).to_have_count(0)
    desk.page.get_by_role("tab", name="Audit").click()
    expect(desk.page.get_by_role("row").filter(has_text=re.compile("withdraw"))).to_be_visible()
    assert desk.complaints == []


def test_somebody_promotes_meanwhile_and_the_reason_stays(desk: Desk, given: Producer, by_reviewer: Reviews) -> None:
    work = given.work()
    for text in ("Slow tea", "Fast tea"):
        approve(by_reviewer, given.submit(work, "brand.tagline", value={"text": text}))
    desk.page.goto(f"{desk.url}/admin/artifacts/projects/{work.project}?tab=timeline")
    entries = desk.page.get_by_role("region", name="Promotions").get_by_role("listitem")
    entries.last.get_by_role("button", name="Go back to it").click()
    dialog = desk.page.get_by_role("dialog", name="Go back to context 1")
    dialog.get_by_role("textbox", name="Reason").fill("It was better.")
    expect(dialog.get_by_text("Slow tea")).to_be_visible()

    approve(by_reviewer, given.submit(work, "brand.tagline", value={"text": "No tea"}))
    dialog.get_by_role("button", name="Go back to it").click()

    expect(dialog.get_by_text("No tea")).to_be_visible()
    expect(dialog.get_by_role("textbox", name="Reason")).to_have_value("It was better.")
    dialog.get_by_role("button", name="Go back to it").click()
    expect(entries).to_have_count(4)
    desk.complaints = [said for said in desk.complaints if "409" not in said]
    assert desk.complaints == []


def test_the_context_is_walked_by_keyboard(desk: Desk, given: Producer, by_reviewer: Reviews) -> None:
    work = given.work()
    approve(by_reviewer, given.submit(work, "brand.colors", value={"primary": "#12403F"}))
    approve(by_reviewer, given.submit(work, "brand.logo", picture("teal", 120), value={"format": "PNG"}))
    desk.page.goto(f"{desk.url}/admin/artifacts/projects/{work.project}")
    group = desk.page.get_by_role("treeitem", name=re.compile("^brand"))
    group.focus()

    for key in ("ArrowDown", "ArrowDown", "Enter"):
        desk.page.keyboard.press(key)

    expect(desk.page.get_by_role("region", name="brand.logo")).to_contain_text("PNG")
    expect(desk.page).to_have_url(re.compile(r"path=brand\.logo"))
    assert accessible(desk.page, "main") == []
    desk.page.keyboard.press("ArrowLeft")
    desk.page.keyboard.press("ArrowLeft")
    expect(group).to_have_attribute("aria-expanded", "false")
    assert desk.complaints == []
