"""Clients that do not give up: each request is sent again, the same under the same key, until it has an answer."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import requests

from sidecar.stack.stack import Stack
from tests.directus.people import Answer, Person

PATHS = ("brand.logo", "brand.colors", "story", "scenes[0].image")
CLIENTS = 6
# What a request may be told while something is down: come again.
PASSING = ("database_unavailable", "registry_busy", "directus_unavailable", "idempotency_key_in_use")
GIVEN_UP = 60.0


@dataclass(eq=False)
class Request:
    """A request under its key, with what it was told in the end. The key stands in what it writes, too."""

    kind: str
    key: str
    version: str | None = None
    tries: int = 0
    status: int = 0
    body: Any = None
    replayed: bool = False

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status < 300

    @property
    def code(self) -> str | None:
        return self.body["errors"][0]["extensions"]["code"] if self.status >= 400 else None


@dataclass
class Load:
    """What the clients share: where they work, what they were told, and when the last success came."""

    stack: Stack
    projects: list[str]
    requests: list[Request] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    trouble: Counter[str] = field(default_factory=Counter)
    over: threading.Event = field(default_factory=threading.Event)
    succeeded_at: float = 0.0
    longest_silence: float = 0.0
    failures: list[BaseException] = field(default_factory=list)

    def pause(self, dice: random.Random, least: float, most: float) -> None:
        """Let them work for a while. Raises what ended one of them."""
        self.over.wait(dice.uniform(least, most))
        if self.failures:
            raise self.failures[0]

    def recovered(self, seconds: float) -> float:
        """How long it took from now until a request begun after now succeeded. Fails after `seconds`."""
        since = time.monotonic()
        while self.succeeded_at <= since:
            assert time.monotonic() < since + seconds, f"no request succeeded within {seconds:.0f} s: {self.trouble}"
            if self.failures:
                raise self.failures[0]
            time.sleep(0.02)
        taken = self.succeeded_at - since
        self.longest_silence = max(self.longest_silence, taken)
        return taken

    @property
    def retries(self) -> int:
        return sum(request.tries - 1 for request in self.requests)


@contextmanager
def load_on(stack: Stack, projects: list[str], seed: str, *, operations: int = 500) -> Iterator[Load]:
    """Clients at work while the block runs; then each finishes what it began, and every request has its answer."""
    load = Load(stack, projects)
    clients = [Client(load, random.Random(f"{seed}/{number}"), number) for number in range(CLIENTS)]
    threads = [threading.Thread(target=client.work, args=[operations]) for client in clients]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.over.set()
        for thread in threads:
            thread.join()
        for client in clients:
            client.close()
    if load.failures:
        raise load.failures[0]


class Client:
    """One client: a service token, or (every third) a static token that Directus is asked about."""

    def __init__(self, load: Load, dice: random.Random, number: int) -> None:
        self.load, self.dice, self.rest = load, dice, threading.Event()
        environment = load.stack.environment()
        token = environment["DIRECTUS_ADMIN_TOKEN" if number % 3 == 2 else "SIDECAR_TOKEN"]
        self.person = Person(environment["SIDECAR_URL"], token)
        self.directus_database = environment["DIRECTUS_DATABASE_URL"]
        self.stories = [self.approved, self.promoted, self.promoted, self.rejected, self.by_task, self.reverted]

    def work(self, operations: int) -> None:
        try:
            for _ in range(operations):
                if self.load.over.is_set():
                    return
                self.dice.choice(self.stories)(self.dice.choice(self.load.projects))
        except BaseException as error:
            self.load.failures.append(error)

    def close(self) -> None:
        self.person.close()

    # Stories

    def approved(self, project: str) -> None:
        version = self.submitted(project)
        self.ask("comment", "/v1/reviews", {"artifact_version_ids": [version], "action": "comment"}, version)
        self.ask("approve", f"/v1/artifacts/{version}/approve", {}, version)

    def rejected(self, project: str) -> None:
        version = self.submitted(project)
        self.ask("reject", f"/v1/artifacts/{version}/reject", {}, version)

    def promoted(self, project: str) -> None:
        """Approved first, then promoted into the context as it was seen; seen again after a conflict."""
        version = self.submitted(project)
        approved = self.ask("vote", f"/v1/artifacts/{version}/approve", {"promote": False}, version)
        for _ in range(20):
            if not approved.succeeded or self.load.over.is_set():
                return
            seen = self.read(f"/v1/projects/{project}/context").headers["ETag"]
            body = {"artifact_version_ids": [version]}
            told = self.ask("promote", "/v1/promotions", body, version, {"If-Match": seen})
            if told.code != "context_version_conflict":
                return

    def by_task(self, project: str) -> None:
        """Approved while its task is worked on, which is then done without the registry being told: the worker's."""
        task, _ = self.given_task_output(project)
        self.finish(task)
        self.load.tasks.append(task)

    def given_task_output(self, project: str) -> tuple[str, str]:
        """A task that is worked on, and its approved output, which is not in the context yet."""
        task = str(uuid.uuid4())
        made = "insert into tasks (id, project_id, title, status) values (%s, %s, 'Draw', 'in_progress')"
        self.write(f"{made} on conflict do nothing", task, project)
        version = self.submitted(project, task)
        self.ask("vote", f"/v1/artifacts/{version}/approve", {"promote": "task_done"}, version)
        return task, version

    def finish(self, task: str) -> None:
        self.write("update tasks set status = 'done' where id = %s", task)

    def reverted(self, project: str) -> None:
        """Going back is a new version of the context every time it is done."""
        version = int(self.read(f"/v1/projects/{project}/context").headers["ETag"].strip('"'))
        if version:
            self.ask("revert", f"/v1/projects/{project}/context/revert", {"to_version": version - 1})

    def submitted(self, project: str, task: str | None = None) -> str:
        """A version of its own: the same content again would be another one, were it not for the key."""
        body = {
            "project_id": project, "schema_key": self.dice.choice(PATHS), "source_task_id": task, "deduplicate": False,
        }  # fmt: skip
        told = self.ask("submit", "/v1/artifacts", body)
        assert told.status == 201, f"{told}"
        return told.body["data"]["id"]

    # Asking

    def ask(
        self,
        kind: str,
        path: str,
        body: dict[str, Any],
        version: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Request:
        """The same request until it has an answer that is not "come again"."""
        request = Request(kind, str(uuid.uuid4()), version)
        body = {**body, **({"value": {"key": request.key}} if kind == "submit" else {"reason": request.key})}
        answer = self.until_answered("POST", path, body, {**(headers or {}), "Idempotency-Key": request.key}, request)
        request.status, request.body = answer.status, answer.body
        request.replayed = answer.headers.get("Idempotency-Replayed") == "true"
        self.load.requests.append(request)
        return request

    def read(self, path: str) -> Answer:
        return self.until_answered("GET", path, None, {}, Request("read", ""))

    def until_answered(self, method: str, path: str, body: Any, headers: dict[str, str], request: Request) -> Answer:
        give_up = time.monotonic() + GIVEN_UP
        while True:
            request.tries += 1
            begun = time.monotonic()
            answer = self.sent(method, path, body, headers)
            if answer is not None:
                if answer.status < 500:
                    self.load.succeeded_at = max(self.load.succeeded_at, begun)
                return answer
            assert time.monotonic() < give_up, f"{path} had no answer for {GIVEN_UP:.0f} s: {self.load.trouble}"
            self.rest.wait(self.dice.uniform(0.02, 0.2))  # as clients do before they come again

    def sent(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer | None:
        """The answer; None where there is none, or one that says to come again. Anything else is a failure."""
        try:
            answer = self.person.send(method, path, body, headers)
        except requests.RequestException as error:
            self.load.trouble[type(error).__name__] += 1
            return None
        if answer.status < 400:
            return answer
        if answer.code in PASSING:
            self.load.trouble[answer.code] += 1
            return None
        assert answer.status < 500, f"{method} {path} {body}: {answer.status} {answer.body}"
        return answer

    def write(self, statement: str, *values: Any) -> None:
        """As Directus' own role, past Directus and its Flows."""
        give_up = time.monotonic() + GIVEN_UP
        while True:
            try:
                with psycopg.connect(self.directus_database, connect_timeout=10) as connection:
                    connection.execute(statement, values)  # type: ignore[arg-type]
                return
            except psycopg.OperationalError:
                assert time.monotonic() < give_up, f"the database did not answer for {GIVEN_UP:.0f} s"
                self.rest.wait(0.05)
