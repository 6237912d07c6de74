"""A program that waits for a decision: from its submission to its going on, by both ways of waiting."""

from __future__ import annotations

import math
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import SimpleQueue
from statistics import median

from bench.figures import Detail, Ratio, Result, Run, Side
from bench.stack import Bench
from sidecar.client import Registry

NAME = "wait"
TITLE = "A program waits for a decision"

PATIENCE = 30.0


def compare(bench: Bench) -> Result:
    """One version after the other is submitted, waited for and approved; by resume_url, by a long poll."""
    rounds, count = (1, 10) if bench.quick else (5, 40)
    # The worker is started anew, with leave to call this program.
    os.environ["ARTIFACTS_WEBHOOK_ALLOW"] = "127.0.0.1"
    with bench.without_worker():
        pass
    approval, woken, polled = Side("the approval itself"), Side("approval → resume_url"), Side("approval → long poll")
    whole: dict[str, list[float]] = {"resume_url": [], "long poll": []}
    token = bench.environment["SIDECAR_TOKEN"]
    with (
        Registry(bench.environment["SIDECAR_URL"], token) as producer,
        Registry(bench.environment["SIDECAR_URL"], token, actor=bench.actor.id) as reviewer,
        _called() as (url, calls),
        ThreadPoolExecutor(1) as thread,
    ):
        project = producer.projects.create_or_find(f"wait-{uuid.uuid4().hex}").id

        def by_url(path: str) -> tuple[float, float, float, float]:
            body = {"project_id": str(project), "schema_key": path, "value": path, "resume_url": url}
            began = time.perf_counter()
            version = producer._transport.post("/v1/artifacts", body).data["id"]
            return began, *_approved(reviewer, version), calls.get(timeout=PATIENCE)

        def by_poll(path: str) -> tuple[float, float, float, float]:
            began = time.perf_counter()
            version = producer.submit(project, path, path).version
            asked = thread.submit(lambda: (producer.wait_for_decision(version, PATIENCE), time.perf_counter())[1])
            time.sleep(0.05)  # until it waits
            return began, *_approved(reviewer, version.id), asked.result()

        for number in range(rounds):
            for side, name, way in ((woken, "resume_url", by_url), (polled, "long poll", by_poll)):
                seen = [way(f"round_{number}.{name.replace(' ', '_')}_{n}") for n in range(count)]
                side.runs.append(_run([resumed - sent for _, sent, _, resumed in seen]))
                whole[name] += [resumed - began for began, _, _, resumed in seen]
                if side is woken:
                    approval.runs.append(_run([done - sent for _, sent, done, _ in seen]))
    rows = [
        [side.name, *_shown([duration for run in side.runs for duration in run.durations])]
        for side in (approval, woken, polled)
    ]
    rows += [[f"submission → approval → {name}", *_shown(durations)] for name, durations in whole.items()]
    detail = Detail("Until the program goes on", ("from … to …", "median ms", "p99 ms", "slowest ms"), rows)
    return Result(NAME, TITLE, [Ratio(woken, approval, "p50"), Ratio(polled, approval, "p50")], [], [detail])


def _approved(reviewer: Registry, version: object) -> tuple[float, float]:
    """When the approval was sent, and when it was answered."""
    sent = time.perf_counter()
    reviewer.reviews.approve(version)  # type: ignore[arg-type]
    return sent, time.perf_counter()


def _run(durations: list[float]) -> Run:
    return Run(durations, sum(durations))


def _shown(durations: list[float]) -> list[str]:
    ordered = sorted(durations)
    values = (median(ordered), ordered[math.ceil(0.99 * len(ordered)) - 1], ordered[-1])
    return [f"{value * 1000:,.0f}" for value in values]


@contextmanager
def _called() -> Iterator[tuple[str, SimpleQueue[float]]]:
    """An address, and the moments at which it is called."""
    calls: SimpleQueue[float] = SimpleQueue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            calls.put(time.perf_counter())
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        log_message: Callable[..., None] = lambda *_: None

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/resume", calls
    finally:
        server.shutdown()
        server.server_close()
