"""Waiting at the server as it runs: who waits takes no place from others, and the server ends in spite of them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from pydantic import SecretStr

from sidecar.client import Registry
from sidecar.settings import Settings, variable
from sidecar.stack import ports

WAITING = 12


@pytest.fixture
def server(settings: Settings) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The sidecar under gunicorn: one process with two threads, and room for some who wait."""
    port = ports.choose(set())
    chosen = settings.model_copy(update={"port": port, "workers": 1, "threads": 2, "waiting": WAITING})
    values = {name: getattr(chosen, name) for name in Settings.model_fields}
    environment = os.environ | {
        variable(name): value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in values.items()
    }
    program = [sys.executable, "-m", "gunicorn", "-c", "python:sidecar.gunicorn_conf", "sidecar.wsgi:app"]
    process = subprocess.Popen(program, env=environment, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    while process.poll() is None and not _answers(url):
        pass
    yield url, process
    process.terminate()
    process.wait(timeout=60)


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=30).ok
    except requests.ConnectionError:
        return False


def test_who_waits_takes_no_thread_from_others_and_is_let_go_at_the_end(server, given, producer, project, reviewer):
    url, process = server
    headers = {"Authorization": f"Bearer {producer.token}"}
    version = producer.submit(project).json["data"]["id"]
    address = f"{url}/v1/artifacts/{version}?wait=60&until=decided"

    def wait() -> tuple[int, float]:
        began = time.monotonic()
        answer = requests.get(address, headers=headers, timeout=90)
        return answer.status_code, time.monotonic() - began

    with ThreadPoolExecutor(WAITING + 1) as threads:
        waiting = [threads.submit(wait) for _ in range(WAITING)]
        while requests.get(address, headers=headers, timeout=90).status_code != 503:
            pass  # until all have a seat: one more is refused then
        body = {"project_id": str(project), "schema_key": "other", "value": 1}
        submitted = requests.post(f"{url}/v1/artifacts", json=body, headers=headers, timeout=30)
        assert submitted.status_code == 201
        assert not any(one.done() for one in waiting)

        with Registry(url, producer.token) as registry:
            asked = threads.submit(registry.wait_for_decision, submitted.json()["data"]["id"], 60)
            reviewer.approve(submitted.json()["data"]["id"])
            assert asked.result(timeout=60).status == "approved", "the client looks now and then where there is no seat"

        began = time.monotonic()
        process.terminate()
        assert [one.result(timeout=60)[0] for one in waiting] == [200] * WAITING
        process.wait(timeout=60)
        assert time.monotonic() - began < 13, "gunicorn would have ended them after fifteen seconds"
