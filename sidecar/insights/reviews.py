"""How reviewing goes: what waits and for how long, how long decisions take, what share of each path is approved."""

from __future__ import annotations

from typing import Any

from sidecar.call import Call
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]

# What an answer is made of is bounded, whatever the registry holds: a million rows behind them change nothing.
MOST_WAITING = 50_000
MOST_DECISIONS = 20_000
MOST_PATHS = 20
# The hours at which one age of waiting ends and the next begins.
AGES = {"hour": 1, "day": 24, "three_days": 72, "week": 168, "older": None}


def reviews(call: Call, *, days: int) -> tuple[Row, Row]:
    """The figures of the last `days`, and in the meta whether more was there than is counted."""
    bounds = [hours for hours in AGES.values() if hours is not None]
    limits = {"bounds": bounds, "most": MOST_WAITING}
    waiting: Any = call.connection.execute(sql.waiting, limits).fetchone()
    decided: Any = call.connection.execute(
        sql.decisions, {"days": days, "most": MOST_DECISIONS, "paths": MOST_PATHS}
    ).fetchone()
    # Where nothing waits there is no row to count for any age.
    ages = waiting.pop("by_age") or [0] * len(AGES)
    data = {
        "waiting": {**waiting, "by_age": dict(zip(AGES, ages, strict=True))},
        "decided": {key: decided[key] for key in ("versions", "median_seconds", "p90_seconds", "by_day")},
        "paths": decided["by_path"],
    }
    return data, {"days": days, "truncated": waiting["total"] == MOST_WAITING or decided["decisions"] == MOST_DECISIONS}
