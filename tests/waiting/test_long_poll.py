"""GET /v1/artifacts/{id}?wait=…: the answer comes when somebody decides."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from sidecar.app import create_app
from sidecar.events.number import number_events
from sidecar.waiting import room
from tests.given import Person, code


@pytest.fixture
def version(producer, project):
    return producer.submit(project).json["data"]["id"]


@pytest.fixture
def seats(app):
    """How many wait just now."""
    here = app.extensions["artifacts"].room
    # A copy: requests take seats and leave them meanwhile.
    return lambda: sum(map(len, list(here._waiting.values())))


@pytest.fixture
def waiting(producer, seats):
    """`waiting(version, 10)`: a request that waits, as a future; it has a seat already."""
    with ThreadPoolExecutor(8) as threads:

        def ask(version, seconds, person=producer):
            before = seats()
            asked = threads.submit(person.get, f"/v1/artifacts/{version}?wait={seconds}&until=decided")
            while seats() == before and not asked.done():
                pass
            return asked

        yield ask


def test_what_is_decided_is_answered_at_once(reviewer, producer, version):
    reviewer.approve(version)
    began = time.monotonic()
    answer = producer.get(f"/v1/artifacts/{version}?wait=60&until=decided")

    assert answer.json["data"]["status"] == "approved"
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("action", ["approve", "reject", "request_changes"])
def test_the_answer_comes_with_the_decision(reviewer, waiting, version, action, pool, telling):
    asked = waiting(version, 60)
    reviewer.decide(action, version, reason="So.")
    began = time.monotonic()
    number_events(pool, telling)
    answer = asked.result(timeout=30)

    assert time.monotonic() - began < 5
    data = answer.json["data"]
    assert data["status"] != "pending" or data["review_state"] == "changes_requested"


def test_without_a_decision_the_version_is_answered_as_it_stands(producer, version):
    began = time.monotonic()
    answer = producer.get(f"/v1/artifacts/{version}?wait=1")

    assert (answer.status_code, answer.json["data"]["status"]) == (200, "pending")
    assert 1 <= time.monotonic() - began < 10


def test_it_comes_without_a_worker_too(reviewer, waiting, version):
    asked = waiting(version, 60)
    reviewer.approve(version)

    assert asked.result(timeout=30).json["data"]["status"] == "approved"


def test_it_comes_where_nothing_is_heard_too(reviewer, waiting, version, app, monkeypatch):
    monkeypatch.setattr(room, "_tell", lambda _connection: None)  # as behind a PgBouncer
    monkeypatch.setattr(room, "TRIAL_SECONDS", 0.1)
    asked = waiting(version, 60)
    reviewer.approve(version)

    assert asked.result(timeout=30).json["data"]["status"] == "approved"
    assert app.extensions["artifacts"].room.hears is False


def test_who_waits_holds_no_connection(waiting, version, app, reviewer, producer, project):
    database = app.extensions["artifacts"].database
    several = [waiting(version, 60) for _ in range(8)]
    while database.pool.get_stats().get("pool_available", 0) < database.pool.get_stats()["pool_size"]:
        pass
    assert producer.submit(project, "other").status_code == 201
    reviewer.approve(version)

    assert {asked.result(timeout=30).json["data"]["status"] for asked in several} == {"approved"}


def test_there_is_room_for_a_number_of_them(settings, given, version, reviewer):
    app = create_app(settings.model_copy(update={"waiting": 1}))
    client, person = app.test_client(), given.person("producer")
    caller = Person(client, person.token, person.id)
    seated = app.extensions["artifacts"].room
    try:
        with ThreadPoolExecutor(1) as thread:
            first = thread.submit(caller.get, f"/v1/artifacts/{version}?wait=60")
            while not seated._waiting:
                pass
            second = Person(app.test_client(), person.token, person.id).get(f"/v1/artifacts/{version}?wait=60")
            assert (second.status_code, code(second)) == (503, "too_many_waiting")
            assert second.headers["Retry-After"] == "5"
            reviewer.approve(version)
            assert first.result(timeout=30).json["data"]["status"] == "approved"
        assert caller.get(f"/v1/artifacts/{version}?wait=60").status_code == 200
    finally:
        app.extensions["artifacts"].database.close()


def test_a_process_that_ends_lets_everybody_go(waiting, version, app):
    asked = waiting(version, 60)
    app.extensions["artifacts"].room.close()

    assert asked.result(timeout=10).json["data"]["status"] == "pending"


def test_a_version_that_is_not_there_is_not_waited_for(producer, seats):
    answer = producer.get("/v1/artifacts/00000000-0000-4000-8000-000000000000?wait=60")

    assert (answer.status_code, seats()) == (404, 0)


@pytest.mark.parametrize("query", ["wait=61", "wait=-1", "wait=soon", "wait=1&until=never", "waiting=1"])
def test_other_words_are_refused(producer, version, query):
    assert code(producer.get(f"/v1/artifacts/{version}?{query}")) == "invalid_value"


def test_nobody_looks_when_nobody_waits(waiting, version, reviewer, app):
    waiting(version, 60)
    reviewer.approve(version)
    here = app.extensions["artifacts"].room
    while here._watching:
        pass

    assert not any(
        thread.name == "decisions" and thread.is_alive() and here._watching for thread in threading.enumerate()
    )
