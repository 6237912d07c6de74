"""A reviewer looks at a run: what ran when, what failed and why, what came out, and what would run again."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.axe import accessible
from tests.browser.conftest import Desk
from tests.directus.works import Producer, picture

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def test_a_run_is_found_and_its_failure_understood(desk: Desk, given: Producer) -> None:
    work = given.work()
    given.submit(work, picture=picture("teal", 120))
    change = given.person.patch
    for status in ("running", "completed"):
        assert change(f"/items/execution_steps/{work.step}", {"status": status}).status == 200
    within = {"project_id": work.project, "execution_id": work.execution}
    write = given.create("execution_steps", **within, step_name="Write", level=1, depends_on=["Draw"], status="running")
    broken = {"status": "failed", "error_message": "The model does not answer."}
    assert change(f"/items/execution_steps/{write}", broken).status == 200

    page = desk.page
    page.goto(f"{desk.url}/admin/artifacts/runs?project={work.project}")
    row = page.get_by_role("row").filter(has_text="Logo run")
    expect(row).to_contain_text("1 of 2 steps")
    assert accessible(page, "main") == []
    row.get_by_role("link", name="Logo run").click()

    steps = page.get_by_role("listbox", name="Steps in time")
    expect(steps.get_by_role("option")).to_have_count(2)
    steps.focus()
    page.keyboard.press("ArrowDown")
    drawn = page.get_by_role("complementary", name="Step Draw")
    expect(drawn.get_by_role("link", name=re.compile("brand.logo"))).to_be_visible()
    page.keyboard.press("ArrowDown")
    written = page.get_by_role("complementary", name="Step Write")
    expect(written).to_contain_text("The model does not answer.")
    assert accessible(page, "main") == []
    desk.picture("run")

    page.get_by_role("tab", name="If taken up again").click()
    expect(page.get_by_text("1 would run again, 1 would be kept.")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Write")).to_contain_text("It failed.")
    page.get_by_role("tab", name="Table").click()
    expect(page.get_by_role("table", name="Steps").get_by_role("row").filter(has_text="Write")).to_contain_text("Draw")

    given.create("execution_steps", **within, step_name="Publish", level=2, status="queued")
    expect(page.get_by_role("table", name="Steps").get_by_role("row").filter(has_text="Publish")).to_be_visible()
    assert desk.complaints == []
