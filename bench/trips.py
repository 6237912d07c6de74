"""Where the time of one approve-and-promote goes: each exchange with the database, counted and timed.

The sidecar's own app answers in this process, so that its statements can be watched; psycopg's two ways to the server
are wrapped for that. What is left of a request's time is Python's: reading, deciding, merging, writing the answer.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any
from unittest.mock import patch

import psycopg

from bench import statements
from bench.figures import Detail
from bench.lots import lot, write
from bench.stack import Bench
from sidecar.app import create_app
from sidecar.settings import read_settings
from sidecar.stack import environments

REST = "Python: request, decision, document, answer"


def detail(bench: Bench) -> Detail:
    """A table of the exchanges of one request, in their order: medians over many requests, in ms."""
    requests = _watched(bench, 20 if bench.quick else 200)
    usual = max({tuple(r) for r in requests}, key=lambda names: sum(tuple(r) == names for r in requests))
    alike = [r for r in requests if tuple(r) == usual]
    rows = [[f"`{name}`", f"{median(r[name] for r in alike) * 1000:.3f} ms"] for name in usual]
    total = median(sum(r.values()) for r in alike) * 1000
    trips = len(usual) - 1
    title = f"One POST …/approve inside the sidecar: {trips} exchanges with the database, {total:.2f} ms"
    return Detail(title, ("exchange", "takes"), rows)


def _watched(bench: Bench, count: int) -> list[dict[str, float]]:
    """Per request: seconds by exchange, and what is left."""
    item = lot(1, count + 10)
    write(bench, [item])
    settings = read_settings(environments.of_sidecar(bench.stack) | {"ARTIFACTS_LOG_LEVEL": "error"})
    app = create_app(settings)
    headers = {"Authorization": f"Bearer {bench.environment['SIDECAR_TOKEN']}", "X-Actor-Id": bench.actor.id}
    client, seen = app.test_client(), []
    try:
        for number in range(count + 10):
            with watching() as exchanges:
                began = time.perf_counter()
                answer = client.post(f"/v1/artifacts/{item.version(0, number)}/approve", json={}, headers=headers)
                took = time.perf_counter() - began
            if answer.status_code != 200:
                raise RuntimeError(answer.text)
            exchanges[REST] = took - sum(exchanges.values())
            seen.append(dict(exchanges))
    finally:
        app.extensions["artifacts"].database.close()
    return seen[10:]  # the first ones fill the pool, the caches and the prepared statements


@contextmanager
def watching() -> Iterator[dict[str, float]]:
    """Time everything that psycopg sends meanwhile, by the statement's name; the second time as `name (2)`."""
    exchanges: dict[str, float] = defaultdict(float)
    names = {text: name for name, text in statements.every().items()}

    def noted(name: str, began: float) -> None:
        number = 1
        while (key := name if number == 1 else f"{name} ({number})") in exchanges:
            number += 1
        exchanges[key] = time.perf_counter() - began

    with (
        patch.object(psycopg.Cursor, "execute", _timed(psycopg.Cursor.execute, names, noted)),
        patch.object(psycopg.Connection, "_exec_command", _timed_command(noted)),
    ):
        yield exchanges


def _timed(
    original: Callable[..., Any], names: dict[str, str], noted: Callable[[str, float], None]
) -> Callable[..., Any]:
    def execute(cursor: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        inner = _Inner()
        try:
            _current.append(inner)
            return original(cursor, query, *args, **kwargs)
        finally:
            _current.pop()
            text = query if isinstance(query, str) else bytes(query).decode()
            noted(
                names.get(text) or " ".join(text.split()[:4]) or "check that the connection lives",
                began + inner.seconds,
            )

    return execute


class _Inner:
    """BEGIN is sent by the first statement, inside its execute: its time is its own."""

    seconds = 0.0


_current: list[_Inner] = []


def _timed_command(noted: Callable[[str, float], None]) -> Callable[..., Any]:
    original = psycopg.Connection._exec_command  # the generator by which BEGIN and COMMIT are sent

    def exec_command(connection: Any, command: bytes, *args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        result = yield from original(connection, command, *args, **kwargs)
        if _current:
            _current[-1].seconds += time.perf_counter() - began
        noted(command.split()[0].decode(), began)
        return result

    return exec_command
