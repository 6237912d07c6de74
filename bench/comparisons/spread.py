"""Many callers in one project, against the same callers each in a project of its own."""

from __future__ import annotations

from bench.figures import Ratio, Result, Side, at_least
from bench.lots import lot, write
from bench.promoters import product, rotated, warm_up
from bench.stack import Bench

NAME = "spread"
TITLE = "One project with all the load"

CALLERS = 64


def compare(bench: Bench) -> Result:
    """Documents are equally large on both sides: as many paths as there are callers."""
    promote = product(bench)
    warm_up(bench, {"product": promote})
    one, many = Side(f"{CALLERS} clients in one project"), Side(f"{CALLERS} clients in {CALLERS} projects")
    rounds, versions, seconds = (1, 5, 2.0) if bench.quick else (5, 60, 4.0)
    for number in range(rounds):
        lots = {side.name: lot(CALLERS, versions, paths=CALLERS, shared=side is one) for side in (one, many)}
        write(bench, list(lots.values()))
        for name in rotated(list(lots), number):
            (one if name == one.name else many).runs.append(promote(lots[name], seconds))
    return Result(NAME, TITLE, [Ratio(one, many, "throughput", at_least(0.8))])
