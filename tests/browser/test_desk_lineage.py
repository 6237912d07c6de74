"""A reviewer sees what was made from what, why something is out of date, and what a change would reach."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import accessible
from tests.browser.conftest import Desk
from tests.directus.works import Producer, Reviews, Work, picture

# The picture is laid out in a worker, which a busy machine starts late.
pytestmark = [pytest.mark.slow, pytest.mark.browser]


def made_from(given: Producer, newer: str, source: str, how: str = "derived_from") -> None:
    given.create("artifact_relations", from_version_id=newer, to_version_id=source, relation_type=how)


def node(page: Page, path: str) -> Locator:
    return page.get_by_role("group", name=re.compile("^Picture of the lineage")).get_by_role(
        "link", name=re.compile(rf"^{re.escape(path)}\b")
    )


def row_of(page: Page, path: str) -> Locator:
    table = page.get_by_role("table", name="Versions of the lineage")
    return table.get_by_role("row").filter(has=page.get_by_role("link", name=path, exact=True))


@pytest.fixture
def posters(given: Producer, by_reviewer: Reviews) -> Work:
    """A logo that was replaced, a poster made from it, and a print of the poster."""
    work = given.work()
    logo = given.submit(work, "brand.logo", picture("teal", 120))
    poster = given.submit(work, "poster.image", picture("orange", 120))
    made_from(given, poster, logo)
    assert by_reviewer.press([logo, poster], "approve").status == 200
    made_from(given, given.submit(work, "poster.print"), poster, "transcoded_from")
    newer = given.submit(work, "brand.logo", picture("purple", 140))
    assert by_reviewer.press([newer], "approve").status == 200
    return work


def test_a_lineage_is_walked_and_unfolded_by_keyboard(desk: Desk, posters: Work) -> None:
    page, (logo, poster, printed, _newer) = desk.page, posters.versions
    page.goto(f"{desk.url}/admin/artifacts/versions/{logo}/lineage?steps=no")
    expect(node(page, "poster.image")).to_contain_text("brand.logo v1 (superseded); v2 is approved")
    expect(node(page, "poster.print")).to_have_count(0)
    assert accessible(page, "main") == []

    node(page, "brand.logo").focus()
    page.keyboard.press("ArrowRight")
    expect(node(page, "poster.image")).to_be_focused()
    page.keyboard.press("e")
    expect(node(page, "poster.print")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(node(page, "poster.print")).to_be_focused()
    desk.picture("lineage")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/artifacts/versions/{printed}$"))
    assert poster not in page.url
    assert desk.complaints == []


def test_what_must_be_looked_at_again_is_shown_and_told(desk: Desk, posters: Work) -> None:
    page = desk.page
    page.goto(f"{desk.url}/admin/artifacts/versions/{posters.versions[0]}/lineage?steps=no")
    page.get_by_role("button", name="Impact of a change").click()
    expect(page.get_by_text("2 versions must be looked at again")).to_be_visible()
    expect(node(page, "poster.print")).to_contain_text("by way of others")
    assert accessible(page, "main") == []

    page.get_by_role("button", name="Table").click()
    expect(row_of(page, "poster.image")).to_contain_text("Made from it directly")
    expect(row_of(page, "poster.print")).to_contain_text("transcoded from poster.image v1")
    assert accessible(page, "main") == []
    with page.expect_download() as download:
        page.get_by_role("link", name="PROV-JSON").click()
    assert '"prefix"' in download.value.path().read_text(encoding="utf-8")
    assert desk.complaints == []


@pytest.fixture
def chain(given: Producer) -> Work:
    """Fourteen versions, each made from the one before it: more than fits on a screen."""
    work = given.work()
    for number in range(14):
        version = given.submit(work, f"cut_{number:02}.video")
        if number:
            made_from(given, version, work.versions[-2], "edited_from" if number % 2 else "derived_from")
    return work


def test_a_small_map_shows_all_of_a_large_lineage_and_leads_through_it(desk: Desk, chain: Work) -> None:
    page = desk.page
    page.goto(f"{desk.url}/admin/artifacts/versions/{chain.versions[0]}/lineage?steps=no&depth=100")
    expect(node(page, "cut_00.video")).to_be_in_viewport()
    expect(node(page, "cut_13.video")).to_have_count(0)
    small, frame = page.locator(".map"), page.locator(".map .frame")
    # What cannot be reached by keyboard is not announced either.
    assert accessible(page, "main") == []
    desk.picture("lineage map")

    room = small.bounding_box()
    assert room
    page.mouse.click(room["x"] + room["width"] - 8, room["y"] + room["height"] / 2)
    expect(node(page, "cut_13.video")).to_be_in_viewport()
    expect(node(page, "cut_00.video")).not_to_be_in_viewport()

    held = frame.bounding_box()
    assert held
    page.mouse.move(held["x"] + held["width"] / 2, held["y"] + held["height"] / 2)
    page.mouse.down()
    page.mouse.move(room["x"] + 8, room["y"] + room["height"] / 2, steps=6)
    page.mouse.up()
    expect(node(page, "cut_00.video")).to_be_in_viewport()
    expect(node(page, "cut_13.video")).to_have_count(0)

    page.keyboard.press("0")
    expect(small).to_have_count(0)
    page.keyboard.press("h")
    expect(small).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator(".map :focus")).to_have_count(0)
    assert desk.complaints == []
