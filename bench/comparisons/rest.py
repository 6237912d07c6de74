"""Approve and promote here, against the same by hand: Directus' REST API on plain collections, without this product."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from bench.figures import Ratio, Result, Run, Side, at_least
from bench.load import UnexpectedAnswer, Wire, request
from bench.lots import lot, write
from bench.plain_directus import DATABASE, plain_directus
from bench.promoters import product, warm_up
from bench.stack import Bench

NAME = "rest"
TITLE = "The same by Directus' REST API alone"

PATHS = 10


def compare(bench: Bench) -> Result:
    """One client; the client of the plain Directus merges the context itself, in five requests."""
    ours, theirs = Side("POST …/approve"), Side("five requests to a plain Directus")
    rounds, count = (1, 10) if bench.quick else (5, 60)
    promote = product(bench)
    warm_up(bench, {"product": promote})
    with plain_directus(bench) as (url, token):
        by_hand = ByHand(url, token)
        _by_hand(bench, by_hand, 10)
        for number in range(rounds):
            lots = lot(1, count, paths=PATHS)
            write(bench, [lots])
            for who in ("ours", "theirs") if number % 2 == 0 else ("theirs", "ours"):
                if who == "ours":
                    ours.runs.append(promote(lots, 30.0))
                else:
                    theirs.runs.append(_by_hand(bench, by_hand, count))
        by_hand.wire.close()
    return Result(NAME, TITLE, [Ratio(theirs, ours, "p50", at_least(20))])


def _by_hand(bench: Bench, by_hand: ByHand, count: int) -> Run:
    versions = _pending(bench, count)
    durations = []
    for version in versions:
        began = time.perf_counter()
        by_hand.approve_and_promote(*version)
        durations.append(time.perf_counter() - began)
    return Run(durations, sum(durations))


def _pending(bench: Bench, count: int) -> list[tuple[str, str, str, int, dict[str, Any]]]:
    """(project, version, path, number, value) of pending versions, on the paths of a fresh project in turn."""
    value = {"prompt": "a lighthouse above the fog at dawn, wide, film grain", "seed": 7919, "steps": 30}
    project, made = str(uuid.uuid4()), []
    ids = [str(uuid.uuid4()) for _ in range(PATHS)]
    paths = [f"scene_{number:05d}.image" for number in range(PATHS)]
    context = {
        path.split(".")[0]: {"image": {**value, "artifact_version_id": ids[number], "version": 1}}
        for number, path in enumerate(paths)
    }
    insert = (
        "insert into artifact_versions (id, project_id, schema_key, version_number, status, value)"
        " values (%s, %s, %s, %s, %s, %s)"
    )
    with psycopg.connect(bench.url("admin", DATABASE)) as connection:
        connection.execute(
            "insert into projects (id, title, context, context_version) values (%s, 'Bench', %s, 1)",
            [project, Jsonb(context)],
        )
        for number, path in enumerate(paths):
            connection.execute(insert, [ids[number], project, path, 1, "approved", Jsonb(value)])
        for number in range(count):
            version, path, of_path = str(uuid.uuid4()), paths[number % PATHS], 2 + number // PATHS
            connection.execute(insert, [version, project, path, of_path, "pending", Jsonb(value)])
            made.append((project, version, path, of_path, value))
    return made


class ByHand:
    """A program that keeps the registry's promises as well as it can over REST: nothing holds the requests together."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token, self.wire = url, token, Wire(url)

    def approve_and_promote(self, project: str, version: str, path: str, number: int, value: dict[str, Any]) -> None:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self._send("PATCH", f"/items/artifact_versions/{version}", {"status": "approved", "approved_at": at})
        known = json.loads(self._send("GET", f"/items/projects/{project}?fields=context,context_version"))["data"]
        context, first, last = known["context"], *path.split(".")
        old = context[first][last]["artifact_version_id"]
        self._send("PATCH", f"/items/artifact_versions/{old}", {"status": "superseded"})
        context[first][last] = {**value, "artifact_version_id": version, "approved_at": at, "version": number}
        written = {"context": context, "context_version": known["context_version"] + 1}
        self._send("PATCH", f"/items/projects/{project}", written)
        record = {"version_id": version, "project_id": project, "action": "approve", "actor": "reviewer"}
        self._send("POST", "/items/artifact_approvals", record)

    def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
        status, answer = self.wire.ask(request(self.url, method, path, self.token, body))
        if status not in (200, 204):
            raise UnexpectedAnswer(f"{method} {path}: {status} {answer[:500]!r}")
        return answer
