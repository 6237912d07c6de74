"""The worker as a process of its own, with receivers that fail in every way beside good ones: nothing is lost, nothing
blocks another, and a worker that is killed in the middle changes nothing of that."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, contextmanager

import psycopg
from pydantic import SecretStr
from standardwebhooks import Webhook

from sidecar.settings import Settings, variable
from tests.events.receiver import breaks_off, drips, ok, pours, says

VERSIONS = 12
# A submission, an approval and a promotion of each.
EVENTS = 3 * VERSIONS


@contextmanager
def working(settings: Settings):
    """`artifacts worker`, killed at the end."""
    values = {name: getattr(settings, name) for name in Settings.model_fields}
    environment = os.environ | {
        variable(name): value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in values.items()
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "sidecar.cli", "worker"], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def all_of(receiver, number=EVENTS):
    return receiver.wait(lambda messages: len({message.id for message in messages}) >= number, seconds=90)


def test_every_event_arrives_though_receivers_fail_and_the_worker_is_killed(
    telling, endpoint, receivers, hanging, producer, reviewer, project, admin, capsys
):
    settings = telling.model_copy(update={"webhook_retry_seconds": 120, "reconcile_seconds": 1})
    receiving = {
        "good": receivers(),
        "500 twice": receivers(says(500), says(500), ok),
        "429 once": receivers(says(429, Retry_After="2"), ok),
        "breaks off once": receivers(breaks_off, ok),
        "redirects once": receivers(says(302, Location="http://127.0.0.1:1/"), ok),
        "10 MB": receivers(pours),
        "slow body": receivers(drips),
    }
    made = {name: endpoint(receiver.url, description=name) for name, receiver in receiving.items()}
    endpoint(hanging.url, description="hangs")
    gone = endpoint(receivers(says(410)).url, description="gone")
    with closing(socket.socket()) as refusing:
        refusing.bind(("127.0.0.1", 0))
        endpoint(f"http://127.0.0.1:{refusing.getsockname()[1]}/hook", description="refuses")
        began = time.monotonic()
        with working(settings):
            for number in range(VERSIONS // 2):
                reviewer.approve(producer.submit(project, f"path_{number}", number).json["data"]["id"])
            receiving["good"].wait(lambda messages: len(messages) >= 3, seconds=60)
        # SIGKILL, while others are in the middle.
        with working(settings):
            for number in range(VERSIONS // 2, VERSIONS):
                reviewer.approve(producer.submit(project, f"path_{number}", number).json["data"]["id"])
            found = {name: all_of(receiver) for name, receiver in receiving.items()}
            taken = time.monotonic() - began

    rows = []
    for name, messages in found.items():
        ids = Counter(message.id for message in messages)
        numbers = {message.id: message.data["sequence"] for message in messages}
        assert sorted(numbers.values()) == list(range(1, EVENTS + 1)), name
        for message in messages:
            assert Webhook(made[name]["secret"]).verify(message.body, message.headers)
        assert len({message.body for message in messages}) == len(ids), "each event is the same at every try"
        late = max(messages[-1].at - began, 0)
        rows.append(f"{name:16} {len(ids)} events in {len(messages)} messages, the last after {late:.1f} s")
    assert admin.get(f"/v1/webhooks/{gone['id']}").json["data"]["active"] is False
    assert 1 <= len(hanging.messages) < 40, "tried now and then"
    with capsys.disabled():
        print(f"\n{EVENTS} events, one worker killed, all there after {taken:.1f} s:\n  " + "\n  ".join(rows))


def test_a_decision_wakes_a_program_in_a_moment(telling, receiver, producer, reviewer, project, capsys):
    took = []
    with working(telling):
        for number in range(20):
            version = producer.submit(project, f"path_{number}", number, resume_url=receiver.url).json["data"]["id"]
            answer = reviewer.approve(version)
            began = time.monotonic()
            assert answer.status_code == 200
            messages = receiver.wait(lambda messages, wanted=number + 1: len(messages) == wanted, seconds=60)
            took.append(messages[-1].at - began)

    assert [message.data["decision"] for message in receiver.messages] == ["approved"] * 20
    with capsys.disabled():
        took.sort()
        print(f"\napproved → woken: median {took[10] * 1000:.0f} ms, slowest {took[-1] * 1000:.0f} ms")


def test_a_worker_outlives_a_database_that_goes_away(telling, endpoint, receiver, producer, project, urls):
    endpoint(receiver.url)
    with working(telling):
        producer.submit(project, value=1)
        all_of(receiver, 1)
        with psycopg.connect(urls["admin"], autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and application_name = 'artifacts-worker'"
            )
        producer.submit(project, value=2)
        all_of(receiver, 2)
