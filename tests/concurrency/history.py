"""What clients asked and were told, with the times between which it must have happened."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from tests.directus.people import Person

FOREVER = float("inf")


@dataclass(eq=False)
class Operation:
    """One request and its answer. `start` and `end` are of one clock, in seconds."""

    client: int
    kind: str
    arguments: dict[str, Any]
    start: float
    end: float = FOREVER
    status: int = 0
    body: Any = None
    etag: str | None = None
    replayed: bool = False
    key: str | None = None

    @property
    def data(self) -> Any:
        return self.body["data"]

    @property
    def refusal(self) -> dict[str, Any]:
        """The refusal's code and details."""
        return self.body["errors"][0]["extensions"]

    @property
    def code(self) -> str | None:
        """The refusal's code; None where there is none."""
        return self.refusal.get("code") if self.status >= 400 else None

    def __str__(self) -> str:
        told = self.code or self.body
        asked = {name: value for name, value in self.arguments.items() if value is not None}
        return f"[{self.start:9.4f} – {self.end:9.4f}] client {self.client}: {self.kind} {asked} → {self.status} {told}"


@dataclass
class History:
    """Every operation of a run, in the order of their starts once sorted. Filled by many threads."""

    operations: list[Operation] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def now(self) -> float:
        return time.monotonic() - self.started

    def send(
        self,
        client: int,
        person: Person,
        kind: str,
        arguments: dict[str, Any],
        method: str,
        path: str,
        json: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Operation:
        """Ask, wait for the answer and keep both. A request that gets no answer raises: nobody stops here."""
        operation = Operation(client, kind, arguments, self.now())
        operation.key = (headers or {}).get("Idempotency-Key")
        answer = person.send(method, path, json, headers)
        operation.end, operation.status, operation.body = self.now(), answer.status, answer.body
        operation.etag = answer.headers.get("ETag")
        operation.replayed = answer.headers.get("Idempotency-Replayed") == "true"
        self.operations.append(operation)
        return operation


def in_threads(work: list[Any]) -> None:
    """Call every function of `work` at once, each in a thread of its own; raises what the first of them raised."""
    failures: list[BaseException] = []
    together = threading.Barrier(len(work))

    def run(one: Any) -> None:
        try:
            together.wait()
            one()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=[one]) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
