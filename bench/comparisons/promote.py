"""Approve and promote over HTTP, against the same statements without what lies between caller and database."""

from __future__ import annotations

from bench import trips
from bench.figures import Ratio, Result, at_least, at_most
from bench.promoters import in_database, in_turn, minimal, product, warm_up
from bench.same import refuse_different
from bench.stack import Bench

NAME = "promote"
TITLE = "Approve and promote one version"

PRODUCT, DATABASE, MINIMAL = "POST …/approve", "one PL/pgSQL call (pgbench)", "minimal Flask route"
ONE_CALL = "Flask route that makes the PL/pgSQL call"


def compare(bench: Bench) -> Result:
    with bench.minimal() as address:
        promoters = {PRODUCT: product(bench), DATABASE: in_database(bench), MINIMAL: minimal(address)}
        promoters[ONE_CALL] = minimal(address, "approve-in-database")
        refuse_different(bench, promoters)
        warm_up(bench, promoters)
        rounds = 1 if bench.quick else 5
        one = in_turn(bench, promoters, rounds=rounds, callers=1, versions=30 if bench.quick else 300)
        rounds = 1 if bench.quick else 5
        versions = 20 if bench.quick else 500
        eight = in_turn(bench, promoters, rounds=rounds, callers=8, versions=versions, seconds=1 if bench.quick else 4)
    for side in one.values():
        side.name += ", 1 client"
    for side in eight.values():
        side.name += ", 8 clients"
    ratios = [
        Ratio(one[PRODUCT], one[DATABASE], "p50", at_most(1.6)),
        Ratio(one[PRODUCT], one[MINIMAL], "p50"),
        Ratio(one[MINIMAL], one[DATABASE], "p50"),
        Ratio(one[ONE_CALL], one[DATABASE], "p50"),
        Ratio(eight[PRODUCT], eight[MINIMAL], "throughput", at_least(0.8)),
        Ratio(eight[PRODUCT], eight[DATABASE], "throughput", at_least(0.3)),
    ]
    return Result(NAME, TITLE, ratios, details=[trips.detail(bench)])
