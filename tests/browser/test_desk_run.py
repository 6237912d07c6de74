"""A reviewer looks at a run: what ran when, what failed and why, what came out, and what would run again."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.axe import accessible
from tests.browser.conftest import Desk
from tests.directus.works import Database, Producer, picture

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


def given_run(given: Producer, steps: dict[str, tuple[str, str]]) -> str:
    """A run of this morning that is over, whose steps took from one time to another."""
    work = given.work()
    run = given.create("task_executions", project_id=work.project, name="Film run", status="completed")
    for level, (name, (start, end)) in enumerate(steps.items()):
        times = {
            field: f"2026-11-20T{time}Z"
            for field, time in (("queued_at", start), ("started_at", start), ("completed_at", end))
        }
        more = {"project_id": work.project, "execution_id": run, "level": level, "status": "completed"}
        given.create("execution_steps", step_name=name, **more, **times)
    return run


def place(element: Locator) -> tuple[float, float]:
    """Where it begins, and how wide it is."""
    box = element.bounding_box()
    assert box
    return box["x"], box["width"]


def test_a_part_of_the_time_is_seen_by_keyboard(desk: Desk, given: Producer) -> None:
    run = given_run(
        given, {"Brief": ("08:00:00", "08:00:02"), "Frames": ("08:10:00", "08:30:00"), "Film": ("08:30:00", "09:00:00")}
    )
    page = desk.page
    page.goto(f"{desk.url}/admin/artifacts/runs/{run}")
    steps, seen = page.get_by_role("listbox", name="Steps in time"), page.locator(".axis").get_by_role("status")
    film = steps.get_by_role("option").filter(has_text="Film")
    ticks = page.locator(".tick")
    expect(ticks.first).to_have_text("0s")
    expect(ticks.last).to_have_text("1h")
    name = place(film.locator(".name"))

    steps.focus()
    page.keyboard.press("ArrowDown")
    for _ in range(12):
        page.keyboard.press("+")
    # Around the step one is on, so that its beginning and its end are still there.
    expect(seen).to_have_text(re.compile(r"^Showing 0s to [\d.]+s of 1h\.$"))
    expect(ticks.first).to_have_text("0s")
    expect(film.locator(".said")).to_have_class(re.compile("ahead"))
    assert place(film.locator(".name")) == name
    assert accessible(page, "main") == []
    desk.picture("run enlarged")

    before = seen.inner_text()
    page.keyboard.press("ArrowRight")
    expect(seen).not_to_have_text(before)
    page.keyboard.press("End")
    # The step one goes to comes into sight.
    expect(film.locator(".said")).not_to_have_class(re.compile("ahead"))
    expect(film.locator(".bar")).to_have_count(1)
    expect(ticks.first).to_contain_text(re.compile("^(29|30)m"))

    page.keyboard.press("0")
    expect(seen).to_have_text("")
    expect(ticks.last).to_have_text("1h")
    assert desk.complaints == []


def test_a_part_of_the_time_is_seen_by_mouse(desk: Desk, given: Producer) -> None:
    run = given_run(given, {"Frames": ("08:00:00", "08:30:00"), "Film": ("08:30:00", "09:00:00")})
    page = desk.page
    page.goto(f"{desk.url}/admin/artifacts/runs/{run}")
    option, seen = page.get_by_role("option"), page.locator(".axis").get_by_role("status")
    lane = page.locator(".axis .lane")
    expect(option).to_have_count(2)
    left, width = place(lane)
    row = option.first.bounding_box()
    assert row

    def at(part: float) -> tuple[float, float]:
        return left + part * width, row["y"] + row["height"] / 2

    page.mouse.move(*at(0.75))
    page.mouse.down()
    page.mouse.move(*at(0.5), steps=5)
    expect(page.locator(".body .picked")).to_be_visible()
    page.mouse.up()
    expect(seen).to_have_text(re.compile(r"^Showing (30m|29m 5\ds|30m \ds) to (45m|44m 5\ds|45m \ds) of 1h\.$"))
    # It was no click: no step is chosen.
    assert "step=" not in page.url

    half = seen.inner_text()
    page.mouse.move(*at(0.5))
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    expect(seen).not_to_have_text(half)
    page.get_by_role("button", name="Show the whole run").click()
    expect(seen).to_have_text("")
    option.first.click()
    expect(page.get_by_role("complementary", name="Step Frames")).to_be_visible()
    assert desk.complaints == []


def test_of_a_long_run_only_what_is_seen_is_there(desk: Desk, given: Producer, database: Database) -> None:
    work = given.work()
    run = given.create("task_executions", project_id=work.project, name="Long run", status="completed")
    database.connection.execute(
        "insert into execution_steps (project_id, execution_id, step_name, level, status, queued_at, started_at,"
        " completed_at) select %s, %s, 'step ' || n, n, 'completed', t, t, t + interval '900 ms'"
        " from generate_series(1, 2000) n, lateral (select timestamptz '2026-11-20 08:00Z' + n * interval '1 s') x(t)",
        [work.project, run],
    )
    page = desk.page
    page.goto(f"{desk.url}/admin/artifacts/runs/{run}")
    option = page.get_by_role("option")
    first = option.filter(has_text=re.compile(r"^step 1,"))
    expect(first).to_be_visible()
    assert option.count() < 80

    page.get_by_role("listbox", name="Steps in time").focus()
    page.keyboard.press("End")
    for _ in range(12):
        page.keyboard.press("+")
    last = option.filter(has_text=re.compile(r"^step 2000,"))
    expect(last).to_be_visible()
    expect(last).to_have_attribute("aria-setsize", "2000")
    # Enlarged around it, its second is wide enough to be seen.
    assert place(last.locator(".bar"))[1] > 10
    expect(first).to_have_count(0)
    assert option.count() < 80
    assert desk.complaints == []
