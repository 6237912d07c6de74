"""A promotion into a large context, against one into a small one."""

from __future__ import annotations

from bench.figures import Ratio, Result, Side, at_most
from bench.lots import lot, write
from bench.promoters import product, rotated, warm_up
from bench.stack import Bench

NAME = "size"
TITLE = "A promotion into a large context"

PATHS = (10, 1_000, 10_000)


def compare(bench: Bench) -> Result:
    """One client; each round promotes into each size."""
    promote = product(bench)
    warm_up(bench, {"product": promote})
    sides = {paths: Side(f"{paths:,} paths") for paths in PATHS}
    rounds, versions = (1, 10) if bench.quick else (5, 60)
    for number in range(rounds):
        lots = {side.name: lot(1, versions, paths=paths) for paths, side in sides.items()}
        write(bench, list(lots.values()))
        for name in rotated(list(lots), number):
            side = next(side for side in sides.values() if side.name == name)
            side.runs.append(promote(lots[name], 10.0))
    small, large, largest = (sides[paths] for paths in PATHS)
    return Result(NAME, TITLE, [Ratio(large, small, "p50", at_most(2.5)), Ratio(largest, small, "p50")])
