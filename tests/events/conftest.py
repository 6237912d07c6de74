"""A registry that may send to this machine, and a worker of its own for each test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from sidecar.database import Database
from sidecar.events.deliver import deliver_next
from sidecar.events.number import number_events
from sidecar.settings import Settings
from sidecar.waiting.wake import wake_decided
from tests.events.receiver import Answer, Receiver, hangs
from tests.given import Given, Person
from tests.rows import Rows


@pytest.fixture
def receivers() -> Iterator[Callable[..., Receiver]]:
    """`receivers(answer, …)`: a new one that answers so."""
    made: list[Receiver] = []

    def make(*answers: Answer) -> Receiver:
        made.append(Receiver(*answers))
        return made[-1]

    yield make
    for receiver in made:
        receiver.close()


@pytest.fixture
def receiver(receivers: Callable[..., Receiver]) -> Receiver:
    """One that takes everything."""
    return receivers()


@pytest.fixture
def hanging(receivers: Callable[..., Receiver]) -> Iterator[Receiver]:
    """One that never answers."""
    released = threading.Event()
    yield receivers(hangs(released))
    released.set()


@pytest.fixture
def telling(settings: Settings) -> Settings:
    """The worker's settings: this machine may be sent to, and nothing takes long."""
    return settings.model_copy(
        update={"webhook_allow": "127.0.0.1", "webhook_seconds": 1, "public_url": "https://registry.example.com"}
    )


@pytest.fixture
def pool(telling: Settings) -> Iterator[Database]:
    pool = Database(telling.database_url.get_secret_value(), largest=4)
    pool.open()
    yield pool
    pool.close()


class Worker:
    """What the worker does, one thing after the other, when the test says so."""

    def __init__(self, pool: Database, settings: Settings, database: Rows) -> None:
        self.pool, self.settings, self.database = pool, settings, database

    def number(self) -> None:
        """Number all that happened, and wake who waits."""
        while (projects := number_events(self.pool, self.settings)) is not None:
            wake_decided(self.pool, projects)
        wake_decided(self.pool, set())

    def deliver(self, **different: Any) -> None:
        """Send what is due."""
        settings = self.settings.model_copy(update=different)
        while deliver_next(self.pool, settings):
            pass

    def work(self, **different: Any) -> None:
        self.number()
        self.deliver(**different)

    def later(self, seconds: float = 100_000) -> None:
        """Let time pass for what waits for its next try."""
        for table, *columns in (
            ("deliveries", "due", "first_tried_at"),
            ("delivery_queues", "paused_until", "held_until", "failing_since"),
        ):
            for column in columns:
                self.database.run(
                    f"update sidecar.{table} set {column} = {column} - make_interval(secs => %s)", seconds
                )


@pytest.fixture
def worker(pool: Database, telling: Settings, database: Rows) -> Worker:
    return Worker(pool, telling, database)


@pytest.fixture
def admin(given: Given) -> Person:
    """A program with every right."""
    return given.token("admin")


@pytest.fixture
def endpoint(admin: Person) -> Callable[..., dict[str, Any]]:
    """`endpoint(receiver.url, events=[…])`: a new one, with its secret."""

    def make(url: str, **fields: Any) -> dict[str, Any]:
        answer = admin.post("/v1/webhooks", {"url": url, **fields})
        assert answer.status_code == 201, answer.text
        return answer.json["data"]

    return make


@pytest.fixture
def project(given: Given) -> UUID:
    return given.project("spring-brand")
