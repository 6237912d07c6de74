"""A promotion in a registry with a million versions, against one with ten thousand; and each hot statement there."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import islice

from bench import explain
from bench.figures import Ratio, Result, Run, Side, at_most
from bench.history import Place, histories
from bench.load import one_caller, request
from bench.promoters import rotated
from bench.stack import Bench

NAME = "million"
TITLE = "A promotion in a large registry"

SMALL, LARGE = 10_000, 1_000_000
QUICK = 20_000


def compare(bench: Bench) -> Result:
    """Both registries lie on the same server, each behind a sidecar of its own; one client jumps between projects."""
    sizes = (SMALL, QUICK if bench.quick else LARGE)
    with histories(bench, sizes) as (small, large), ExitStack() as servers:
        sides = {item.database: Side(f"{item.versions:,} versions") for item in (small, large)}
        urls = {
            item.database: servers.enter_context(bench.gunicorn(item.database, "sidecar.wsgi:app", item.database))
            for item in (small, large)
        }
        rounds, count = (1, 20) if bench.quick else (6, 120)
        # Every version is promoted once; the first 100 of each fill the pools' prepared statements.
        waiting = {item.database: item.pending(seed=1) for item in (small, large)}
        for item in (small, large):
            _promote(bench, urls[item.database], list(islice(waiting[item.database], 100)))
        for number in range(rounds):
            for name in rotated(list(sides), number):
                sides[name].runs.append(_promote(bench, urls[name], list(islice(waiting[name], count))))
        statements = explain.detail(bench, large, waiting[large.database])
    ratio = Ratio(sides[large.database], sides[small.database], "p50", at_most(1.2))
    return Result(NAME, TITLE, [ratio], details=[statements])


def _promote(bench: Bench, url: str, places: list[Place]) -> Run:
    token = bench.environment["SIDECAR_TOKEN"]
    sent = [
        request(url, "POST", f"/v1/artifacts/{p.version}/approve", token, {}, **bench.sidecar_headers) for p in places
    ]
    return one_caller(url, sent)
