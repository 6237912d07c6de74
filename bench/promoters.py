"""Ways to approve and promote the versions of a lot: the product, the minimal route, and the database by itself."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bench.figures import Run, Side
from bench.load import many_callers, one_caller, request
from bench.lots import Lot, lot, write
from bench.stack import Bench
from sidecar.stack.postgres import binaries

Promoter = Callable[[Lot, float], Run]


def product(bench: Bench, url: str | None = None) -> Promoter:
    """POST /v1/artifacts/{id}/approve, which approves and promotes."""
    address, token = url or bench.environment["SIDECAR_URL"], bench.environment["SIDECAR_TOKEN"]

    def requests_of(item: Lot, caller: int) -> list[bytes]:
        paths = (f"/v1/artifacts/{item.version(caller, n)}/approve" for n in range(item.versions))
        return [request(address, "POST", path, token, {}, **bench.sidecar_headers) for path in paths]

    return _over_http(address, requests_of)


def minimal(address: str, route: str = "approve") -> Promoter:
    """A route of minimal.py."""

    def requests_of(item: Lot, caller: int) -> list[bytes]:
        return [request(address, "POST", f"/{route}/{item.version(caller, n)}", None) for n in range(item.versions)]

    return _over_http(address, requests_of)


def in_database(bench: Bench, database: str | None = None) -> Promoter:
    """promote.sql, called by pgbench in the sidecar's role over prepared statements."""

    def run(item: Lot, seconds: float) -> Run:
        script = (
            "\\set n :n + 1\n"
            f"select bench.approve_nth('{item.name}', :client_id, :n, '{bench.actor.id}', '{bench.actor.label}');\n"
        )
        return pgbench(bench.url("sidecar", database), script, callers=item.callers, times=item.versions)

    return run


def _over_http(address: str, requests_of: Callable[[Lot, int], list[bytes]]) -> Promoter:
    def run(item: Lot, seconds: float) -> Run:
        scripts = [requests_of(item, caller) for caller in range(item.callers)]
        if item.callers == 1:
            return one_caller(address, scripts[0])
        return many_callers(address, scripts, seconds=seconds)

    return run


def pgbench(url: str, script: str, *, callers: int, times: int) -> Run:
    """Run a script `times` times by each of `callers`; `:n` counts from 0 for each."""
    place = urlsplit(url)
    with tempfile.TemporaryDirectory(prefix="artifacts-pgbench-") as folder:
        file = Path(folder) / "script.sql"
        file.write_text(script)
        command = [
            str(binaries(None) / "pgbench"), "--no-vacuum", "--protocol=prepared", f"--client={callers}",
            f"--jobs={min(callers, 2)}", f"--transactions={times}", "--define=n=-1", f"--file={file}", "--log",
            f"--log-prefix={folder}/log", "--host", str(place.hostname), "--port", str(place.port),
            "--username", unquote(place.username or ""), place.path.lstrip("/"),
        ]  # fmt: skip
        environment = os.environ | {"PGPASSWORD": unquote(place.password or "")}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode or "number of failed transactions: 0 " not in done.stdout:
            raise RuntimeError(f"pgbench: {done.stdout[-1000:]} {done.stderr[-2000:]}")
        lines = [line.split() for log in Path(folder).glob("log*") for line in log.read_text().splitlines()]
    # Each line: client, number, microseconds it took, script, and when it was over in seconds and microseconds.
    durations = [int(line[2]) / 1e6 for line in lines]
    ends = [int(line[4]) + int(line[5]) / 1e6 for line in lines]
    starts = [end - duration for end, duration in zip(ends, durations, strict=True)]
    return Run(durations, max(ends) - min(starts))


def in_turn(
    bench: Bench,
    promoters: dict[str, Promoter],
    *,
    rounds: int,
    callers: int,
    versions: int,
    seconds: float = 4.0,
    paths: int = 10,
    database: str | None = None,
) -> dict[str, Side]:
    """Let every promoter work on lots of the same size, round by round, each round beginning with another one."""
    sides = {name: Side(name) for name in promoters}
    for number in range(rounds):
        lots = {name: lot(callers, versions, paths=paths) for name in promoters}
        write(bench, list(lots.values()), database)
        for name in rotated(list(promoters), number):
            sides[name].runs.append(promoters[name](lots[name], seconds))
    return sides


def rotated(names: Sequence[str], by: int) -> list[str]:
    by %= len(names)
    return [*names[by:], *names[:by]]


def warm_up(bench: Bench, promoters: dict[str, Promoter], database: str | None = None) -> None:
    """Fill pools, plans and caches: psycopg prepares a statement when a connection runs it the sixth time."""
    in_turn(bench, promoters, rounds=1, callers=16, versions=5 if bench.quick else 20, database=database)
