"""Finding versions in a registry with a million of them, against one with ten thousand: lists, words, counts."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg

from bench import explain, statements
from bench.figures import Detail, Ratio, Result, Run, Side
from bench.load import one_caller, request
from bench.promoters import rotated
from bench.stack import HERE, Bench
from sidecar.provision.database import migrate

NAME = "search"
TITLE = "Finding versions in a large registry"

# A thousand versions each, on average.
SMALL, LARGE, QUICK = 10, 1_000, 20
AT_ONCE = 20
LOT = "library"

# What the library (library.sql) has much of, little of, and in few projects. The n-th request asks of the n-th project.
ASKED = {
    "newest": "",
    "of a project": "project_id={project}",
    "inbox, oldest first": "status=pending&review_state=none&order=oldest",
    "of a task": "task_id={task}",
    "a path in all projects, rejected": "schema_key=brand.logo&status=rejected",
    "a pattern in a project": "project_id={project}&schema_key=brand.*",
    "a word in every version": "q=1024",
    "a word in one project's versions": "q=theme{number}",
    "an unfinished word": "q=them",
    "no such word": "q=nothingofthekind",
    "a common word in a project": "q=1024&project_id={project}",
    "a tag in a quarter of them": "tag=draft",
    "a tag in a thousandth": "tag=rare",
    "what waits, counted": "/counts?by=project,schema_key&status=pending",
}

HOT: dict[str, dict[str, Any]] = {
    "artifacts.newest_versions": {},
    "artifacts.oldest_versions": {"status": ["pending"], "review_state": "none"},
    "artifacts.newest_near": {"q": "1024"},
    "artifacts.newest_with_words": {"q": "theme5"},
    "artifacts.count_versions": {"status": ["pending"], "by": ["project", "schema_key"]},
    "artifacts.count_with_words": {"q": "theme5"},
}


def compare(bench: Bench) -> Result:
    """One client; each question is put to both registries in turn, each behind a sidecar of its own."""
    sizes = {SMALL: "bench_library_small", QUICK if bench.quick else LARGE: "bench_library_large"}
    rounds, count = (1, 6) if bench.quick else (5, 40)
    with ExitStack() as opened:
        urls = {}
        for projects, database in sizes.items():
            opened.enter_context(_library(bench, database, projects))
            urls[database] = opened.enter_context(bench.gunicorn(database, "sidecar.wsgi:app", database))
        projects_of = {database: projects for projects, database in sizes.items()}
        ratios = []
        for name, query in ASKED.items():
            sides = {item: Side(f"{name}: {projects_of[item]:,} projects") for item in urls}
            for number in range(-1, rounds):
                for item in rotated(list(urls), max(number, 0)):
                    run = _ask(bench, urls[item], query, projects_of[item], count)
                    if number >= 0:  # the first warms the caches
                        sides[item].runs.append(run)
            small, large = (sides[item] for item in sizes.values())
            ratios.append(Ratio(large, small, "p50"))
        details = [_costs(bench, database) for database in list(sizes.values())[1:]]
    return Result(NAME, TITLE, ratios, details=details)


def _ask(bench: Bench, url: str, query: str, projects: int, count: int) -> Run:
    token = bench.environment["SIDECAR_TOKEN"]
    sent = []
    for n in range(count):
        number = n * 7 % projects
        filled = query.format(number=number, project=_id(f"project/{number}"), task=_id(f"task/{number}/3"))
        address = f"/v1/artifacts{filled}" if filled.startswith("/") else f"/v1/artifacts?{filled}"
        sent.append(request(url, "GET", address, token))
    return one_caller(url, sent)


def _id(text: str) -> uuid.UUID:
    return uuid.UUID(hashlib.md5(f"{LOT}/{text}".encode(), usedforsecurity=False).hexdigest())


@contextmanager
def _library(bench: Bench, database: str, projects: int) -> Iterator[None]:
    """A database with a library; dropped with the block."""
    bench.drop_database(database)
    bench.copy_database(database)
    bench.prepare(bench.url("admin", database))
    with bench.seeding(database) as connection:
        connection.execute((HERE / "library.sql").read_bytes())
        connection.execute("select setseed(0.5)")
        connection.execute("select bench.add_snippets()")
        connection.execute("drop index sidecar.search_words_by_word")
        for first in range(0, projects, AT_ONCE):
            last = min(first + AT_ONCE, projects) - 1
            connection.execute("select bench.add_library(%s, %s, %s)", [LOT, first, last])
    migrate(bench.url("admin", database))  # the words of what was there before, and their index
    with bench.administrator(database) as connection:
        connection.execute("vacuum (analyze) sidecar.search_words")
    try:
        yield
    finally:
        bench.drop_database(database)


def _costs(bench: Bench, database: str) -> Detail:
    """What each statement costs inside PostgreSQL, planned for its values as the product has it planned."""
    every = statements.every()
    nothing = dict.fromkeys(
        ("project_id", "schema_key", "path_pattern", "status", "review_state", "artifact_type", "user_created",
         "task_id", "execution_id", "step_id", "created_from", "created_to", "has_file", "awaiting_promotion",
         "outdated", "by_rule", "edited", "tags", "q", "after_date", "after_id")
    )  # fmt: skip
    bounds = {"limit": 51, "near": 2_000, "most": 50_000, "by": ["status"]}
    rows = []
    url = bench.url("sidecar", database)
    with psycopg.connect(url, cursor_factory=psycopg.ClientCursor, autocommit=True) as connection:
        for name, values in HOT.items():
            text = "explain (analyze, buffers, format json) " + every[name]
            plans = [
                connection.execute(text, nothing | bounds | values).fetchone()[0][0]  # type: ignore[arg-type, index]
                for _ in range(explain.REPEATED)
            ]
            cost = explain._cost(name, plans)
            rows.append(
                [
                    f"`{name}`",
                    f"{cost.planning:.2f} ms",
                    f"{cost.running:.2f} ms",
                    f"{cost.hit} / {cost.read}",
                    cost.scans,
                ]
            )
    return Detail("Its statements there", ("statement", "planning", "running", "pages hit / read", "by"), rows)
