"""Events for Python programs, and by the command line; and what of waiting a client sees."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from sidecar.cli import main
from sidecar.client import Conflict, NotFound, Registry
from sidecar.client.errors import refusal
from sidecar.database import Database
from sidecar.events.deliver import deliver_next
from sidecar.events.number import number_events
from sidecar.provision.database import url_for
from sidecar.settings import Settings
from tests.events.receiver import Receiver, ok, says
from tests.rows import Rows


@pytest.fixture
def receiver():
    receiver = Receiver(ok)
    yield receiver
    receiver.close()


@pytest.fixture
def right(token) -> str:
    """A token with every right."""
    return token("admin")


@pytest.fixture
def administrator(address, right, registries):
    return registries.enter_context(Registry(address, right))


@pytest.fixture
def submit(registry, project):
    return lambda path: registry.submit(project, path, {"of": path}).version


@pytest.fixture
def work(stack, client_rows: Rows):
    """What the worker does, once; endpoints of other tests are off, and what happened in them was before."""
    url = url_for(stack.environment()["DATABASE_URL"], database=client_rows.connection.info.dbname)
    settings = Settings.model_validate(
        {
            "database_url": url,
            "directus_url": "http://127.0.0.1:9",
            "directus_token": stack.secrets["files_token"],
            "directus_secret": stack.secrets["directus_secret"],
            "webhook_allow": "127.0.0.1",
            "webhook_seconds": 5,
        }
    )
    database = Database(url, largest=4)
    database.open()

    def once() -> None:
        while number_events(database, settings) is not None:
            pass
        while deliver_next(database, settings):
            pass

    once()  # what other tests have left is told to nobody
    yield once
    client_rows.run("update webhook_endpoints set active = false")
    database.close()


def test_an_endpoint_from_its_making_to_a_replay(work, administrator, registry, project, submit, receiver):
    made = administrator.events.add(receiver.url, description="n8n", events=["version.submitted"])
    assert made.secret
    assert made.secret.startswith("whsec_")
    assert next(one for one in administrator.events.endpoints() if one.id == made.id).secret is None
    submit("a")
    administrator.events.test(made)
    work()

    assert sorted(receiver.types()) == ["version.submitted", "webhook.test"]
    deliveries = list(administrator.events.deliveries(made, status="delivered"))
    assert [one.status for one in deliveries] == ["delivered", "delivered"]
    again = administrator.events.replay(deliveries[0])
    assert (again.id, again.status) == (deliveries[0].id, "pending")
    work()
    assert administrator.events.delivery(again).status == "delivered"
    assert administrator.events.replay_all(made, status="all", since=datetime.now(UTC) - timedelta(hours=1)) == 2
    assert administrator.events.change(made, active=False).active is False
    with pytest.raises(Conflict, match="webhook_inactive"):
        administrator.events.test(made)
    assert administrator.events.renew_secret(made, overlap=0).previous_until is None
    (event,) = registry.events.list(project, types=["version.submitted"])
    assert (event.data["sequence"], event.type) == (1, "version.submitted")
    assert list(registry.events.list(project, after=1)) == []
    with pytest.raises(NotFound, match="webhook_not_found"):
        administrator.events.change(project.id, active=True)


def test_the_commands_do_the_same(work, right, address, submit, project, receiver):
    def artifacts(*words: str) -> str:
        done = CliRunner().invoke(main, ["events", "--url", address, "--token", right, *words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    endpoint, secret = artifacts("add", receiver.url, "--event", "version.submitted").split()
    assert secret.startswith("whsec_")
    receiver.answers[:] = [says(410)]
    submit("a")
    work()
    assert "off" in artifacts("endpoints")
    assert "failed" in artifacts("log", "--endpoint", endpoint)
    receiver.answers[:] = [ok]
    assert artifacts("switch", endpoint, "--on") == f"{receiver.url} is on.\n"
    assert artifacts("replay", "--endpoint", endpoint) == "1 to be sent again.\n"
    artifacts("test", endpoint)
    work()
    assert sorted(receiver.types()) == ["version.submitted", "version.submitted", "webhook.test"]
    assert artifacts("secret", endpoint).startswith("whsec_")
    (line,) = artifacts("list", "--project", str(project.id)).splitlines()
    assert json.loads(line)["data"]["sequence"] == 1


def test_a_wait_is_one_request_and_ends_with_the_decision(registry, reviewer, submit, monkeypatch):
    version = submit("a")
    asked = []
    get = registry._transport.get
    monkeypatch.setattr(registry._transport, "get", lambda path, **query: asked.append(query) or get(path, **query))
    decides = threading.Thread(target=lambda: reviewer.reviews.approve(version))
    decides.start()
    began = time.monotonic()

    assert registry.wait_for_decision(version, timeout=50).status == "approved"
    assert time.monotonic() - began < 30
    (query,) = asked
    assert 40 < query["wait"] <= 50
    decides.join()


def test_where_there_is_no_seat_the_client_looks_now_and_then(registry, reviewer, submit, monkeypatch):
    version = submit("a")
    get = registry._transport.get

    def full(path, **query):
        if query.get("wait"):
            raise refusal({"message": "Full.", "extensions": {"code": "too_many_waiting"}}, status=503)
        return get(path, **query)

    monkeypatch.setattr(registry._transport, "get", full)
    decides = threading.Thread(target=lambda: reviewer.reviews.approve(version))
    decides.start()

    assert registry.wait_for_decision(version, timeout=50).status == "approved"
    decides.join()
