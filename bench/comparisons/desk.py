"""The Review desk in a real browser, with 5,000 versions that wait, beside Directus' own pages with as many rows."""

from __future__ import annotations

import gzip
import secrets
from collections.abc import Callable

import psycopg
from playwright.sync_api import Page

from bench.browser import chromium, logged_in, opened
from bench.figures import Detail, Ratio, Result, Run, Side
from bench.plain_directus import DATABASE, plain_directus
from bench.promoters import rotated
from bench.stack import REPOSITORY, Bench
from sidecar.directus import Directus

NAME = "desk"
TITLE = "The Review desk with 5,000 pending versions, in a browser"

PROJECTS, PATHS, WITH_OLDER = 20, 250, 10
LOT = "desk"
DIST = REPOSITORY / "directus-extension" / "dist"

# What a page was opened for: the first version that can be decided on, the first row of a list.
IN_INBOX = "() => document.querySelector('[role=treegrid] [role=row] a[href*=\"/artifacts/versions/\"]')"
IN_LIST = "() => document.querySelector('tbody tr td:nth-child(2)')?.innerText.trim()"

# From the event as the browser dates it until the next candidate, or the form with its values, was painted.
NEXT = """() => {
    window.took = 0;
    const marks = () => performance.getEntriesByName('artifacts:candidate-painted').length;
    const before = marks();
    addEventListener('keydown', ({ timeStamp }) =>
        seen(() => marks() > before).then((now) => (window.took = now - timeStamp)), { capture: true, once: true });
}"""
FORM = """() => {
    window.took = 0;
    const there = () => [...document.querySelectorAll('.v-form input')].some(({ value }) => value.startsWith('scene_'));
    addEventListener('click', ({ timeStamp }) =>
        seen(there).then((now) => (window.took = now - timeStamp)), { capture: true, once: true });
}"""
# Nobody decides faster than this; meanwhile the desk reads what comes next.
LOOK_MS = 600


def compare(bench: Bench) -> Result:
    """One person at a time, the browser's cache filled. Ours and the plain Directus' pages are opened in turn."""
    rounds, opens, steps = (1, 1, 2) if bench.quick else (5, 3, 6)
    _fill(bench)
    known = bench.environment
    with plain_directus(bench) as (plain, token), chromium() as browser:
        _fill_plain(bench)
        ours, theirs = known["DIRECTUS_URL"], plain
        reviewer = (known["DIRECTUS_REVIEWER_EMAIL"], known["DIRECTUS_REVIEWER_PASSWORD"])
        desk = logged_in(browser, ours, *reviewer, IN_INBOX)
        lists = logged_in(browser, theirs, *_reader(theirs, token), IN_LIST)
        inbox, rows = f"{ours}/admin/artifacts", f"{theirs}/admin/content/artifact_versions"
        opening = _in_turn(
            {
                "opening the inbox: first row painted": lambda: [opened(desk, inbox) for _ in range(opens)],
                "opening a list of items in a plain Directus": lambda: [opened(lists, rows) for _ in range(opens)],
            },
            rounds,
        )
        scripts = _scripts(lists)
        opened(desk, inbox)
        desk.keyboard.press("j")
        desk.keyboard.press("Enter")
        desk.wait_for_function("performance.getEntriesByName('artifacts:candidate-painted').length > 0")
        looking = _in_turn(
            {
                "`j`: next candidate painted": lambda: [_next(desk) for _ in range(steps)],
                "a click in that list: form of the item painted": lambda: [_form(lists, n) for n in range(steps)],
            },
            rounds,
        )
    ratios = [Ratio(measured, compared, "p50") for measured, compared in (opening, looking)]
    return Result(NAME, TITLE, ratios, details=[_sizes(scripts)])


def _in_turn(ways: dict[str, Callable[[], list[float]]], rounds: int) -> list[Side]:
    sides = {name: Side(name) for name in ways}
    for number in range(-1, rounds):
        for name in rotated(list(ways), max(number, 0)):
            durations = ways[name]()
            if number >= 0:  # the first fills the caches
                sides[name].runs.append(Run(durations, sum(durations)))
    return list(sides.values())


def _next(page: Page) -> float:
    """Seconds from the key to the candidate after this one."""
    page.bring_to_front()
    page.wait_for_timeout(LOOK_MS)
    page.evaluate(NEXT)
    page.keyboard.press("j")
    return page.wait_for_function("window.took").json_value() / 1000


def _form(page: Page, number: int) -> float:
    """Seconds from the click on a row to its form; back in the list afterwards."""
    page.bring_to_front()
    page.wait_for_timeout(LOOK_MS)
    page.evaluate(FORM)
    page.locator("tbody tr").nth(number).click()
    seconds = page.wait_for_function("window.took").json_value() / 1000
    page.go_back()
    page.locator("tbody tr td:nth-child(2)").first.wait_for()
    return seconds


def _scripts(page: Page) -> tuple[int, int]:
    """Bytes of the scripts that Directus' own list has loaded, and of them compressed."""
    addresses = page.evaluate(
        "() => performance.getEntriesByType('resource').map(({ name }) => name)"
        ".filter((name) => new URL(name).pathname.endsWith('.js'))"
    )
    bodies = [page.request.get(address).body() for address in dict.fromkeys(addresses)]
    return sum(map(len, bodies)), sum(len(gzip.compress(body)) for body in bodies)


def _sizes(scripts: tuple[int, int]) -> Detail:
    app, api = ((DIST / name).read_bytes() for name in ("app.js", "api.js"))
    rows = [
        ["our bundle in the browser (`app.js`)", *_sized(len(app), len(gzip.compress(app)))],
        ["our bundle in the server (`api.js`)", *_sized(len(api), len(gzip.compress(api)))],
        ["Directus' own scripts for a list of items", *_sized(*scripts)],
    ]
    return Detail("Bytes", ("what", "as it is", "gzip"), rows)


def _sized(*sizes: int) -> list[str]:
    return [f"{size / 1000:,.0f} kB" for size in sizes]


def _reader(url: str, token: str) -> tuple[str, str]:
    """Somebody who may read there. An administrator's first page has a dialog of Directus upon it."""
    client = Directus(url, token=token)
    client.session.trust_env = False
    policy = client.post("/policies", json={"name": "Reads", "app_access": True})["data"]["id"]
    for collection in ("projects", "tasks", "artifact_versions"):
        rule = {"policy": policy, "collection": collection, "action": "read", "fields": ["*"]}
        client.post("/permissions", json=rule)
    email, password = "reader@example.com", secrets.token_urlsafe(16)
    user = client.post("/users", json={"email": email, "password": password, "status": "active"})["data"]["id"]
    client.post("/access", json={"user": user, "policy": policy})
    return email, password


def _fill(bench: Bench) -> None:
    """Candidates of 250 paths in each of 20 projects, ten of them with an approved version. A kept stack has them."""
    with bench.administrator() as connection:
        asked = "select from public.projects where id = bench.project_id(%s, 0)"
        if connection.execute(asked, [LOT]).fetchone() is not None:
            return
    with bench.seeding() as connection:
        connection.execute("select bench.add_projects(%s, %s, %s)", [LOT, PROJECTS, WITH_OLDER])
        connection.execute(
            "insert into public.artifact_versions (id, project_id, schema_key, version_number, status, artifact_type,"
            " value, date_created)"
            " select bench.version_id(%(lot)s, p, k), bench.project_id(%(lot)s, p), bench.path(k),"
            " case when k < %(older)s then 2 else 1 end, 'pending', 'json', bench.value(k),"
            " now() - make_interval(mins => k)"
            " from generate_series(0, %(projects)s - 1) p, generate_series(0, %(paths)s - 1) k",
            {"lot": LOT, "projects": PROJECTS, "paths": PATHS, "older": WITH_OLDER},
        )


def _fill_plain(bench: Bench) -> None:
    """As many rows with the same values."""
    with psycopg.connect(bench.url("admin", DATABASE)) as connection:
        connection.execute(
            "insert into projects (id, title, context_version)"
            " select md5('desk/' || p)::uuid, 'Desk ' || p, 1 from generate_series(0, %s - 1) p",
            [PROJECTS],
        )
        connection.execute(
            "insert into artifact_versions (id, project_id, schema_key, version_number, status, value)"
            " select md5('desk/' || p || '/' || k)::uuid, md5('desk/' || p)::uuid,"
            " 'scene_' || lpad(k::text, 5, '0') || '.image', 1, 'pending', jsonb_build_object("
            " 'prompt', 'a lighthouse above the fog at dawn, wide, film grain', 'seed', k * 7919, 'width', 1024,"
            " 'height', 1024, 'model', 'painter-xl', 'steps', 30, 'guidance', 6.5)"
            " from generate_series(0, %s - 1) p, generate_series(0, %s - 1) k",
            [PROJECTS, PATHS],
        )
