"""Asking whether a context has changed, against a Flask program that answers nothing at all."""

from __future__ import annotations

from bench.figures import Ratio, Result, Side, at_most
from bench.load import many_callers, one_caller, request
from bench.lots import lot, write
from bench.promoters import rotated
from bench.stack import Bench

NAME = "context"
TITLE = "Reading a context that has not changed"

READ, EMPTY, HEALTH = "GET …/context: 304", "empty Flask answer", "GET /healthz"
STATEMENT = "Flask route with one small statement"


def compare(bench: Bench) -> Result:
    """One client and eight; /healthz shows what the sidecar's own request costs without a caller and a database."""
    item = lot(1, 1, paths=10)
    write(bench, [item])
    sidecar, token = bench.environment["SIDECAR_URL"], bench.environment["SIDECAR_TOKEN"]
    path = f"/v1/projects/{item.project()}/context"
    with bench.minimal() as empty:
        asked = {
            READ: (sidecar, request(sidecar, "GET", path, token, If_None_Match='"1"'), 304),
            EMPTY: (empty, request(empty, "GET", "/empty", None), 200),
            STATEMENT: (empty, request(empty, "GET", f"/version/{item.project()}", None), 200),
            HEALTH: (sidecar, request(sidecar, "GET", "/healthz", None), 200),
        }
        rounds, count, seconds = (1, 100, 0.5) if bench.quick else (7, 1000, 2.0)
        one = _in_turn(asked, rounds, lambda url, sent, expect: one_caller(url, [sent] * count, expect=expect))
        eight = _in_turn(
            asked, rounds,
            lambda url, sent, expect: many_callers(url, [[sent] * 100_000] * 8, seconds=seconds, expect=expect),
        )  # fmt: skip
    for side in eight.values():
        side.name += ", 8 clients"
    ratios = [
        Ratio(one[READ], one[EMPTY], "p50", at_most(1.5)),
        Ratio(one[STATEMENT], one[EMPTY], "p50"),
        Ratio(one[HEALTH], one[EMPTY], "p50"),
        Ratio(eight[READ], eight[EMPTY], "throughput"),
    ]
    client = eight[EMPTY].summary()["client_cpu_ms"]
    note = f"The measuring client itself took {client:.3f} ms of processor time for an empty answer (8 clients)."
    return Result(NAME, TITLE, ratios, [note])


def _in_turn(asked: dict, rounds: int, run) -> dict[str, Side]:
    sides = {name: Side(name) for name in asked}
    for place in asked.values():
        run(*place)
    for number in range(rounds):
        for name in rotated(list(asked), number):
            sides[name].runs.append(run(*asked[name]))
    return sides
