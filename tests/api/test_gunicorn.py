"""What only a real server shows: the refusal of a body that is too large reaches its sender."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests
from pydantic import SecretStr

from sidecar.settings import Settings, variable
from sidecar.stack import ports
from tests.given import multipart


@pytest.fixture
def server(settings: Settings) -> Iterator[str]:
    """The sidecar under gunicorn, as `make up` starts it, with one worker."""
    port = ports.choose(set())
    chosen = settings.model_copy(update={"port": port, "workers": 1, "upload_limit": 100_000})
    values = {name: getattr(chosen, name) for name in Settings.model_fields}
    environment = os.environ | {
        variable(name): value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in values.items()
    }
    program = [sys.executable, "-m", "gunicorn", "-c", "python:sidecar.gunicorn_conf", "sidecar.wsgi:app"]
    process = subprocess.Popen(program, env=environment, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    while process.poll() is None and not answers(url):
        pass
    yield url
    process.terminate()
    process.wait(timeout=20)


def answers(url: str) -> bool:
    try:
        with requests.get(f"{url}/healthz", timeout=5) as answer:
            return answer.ok
    except requests.ConnectionError:
        return False


def test_the_refusal_of_a_large_body_reaches_its_sender(server, given, producer, database):
    project = given.project()
    headers = {"Authorization": f"Bearer {producer.token}"}
    large = b'{"project_id": "%s", "schema_key": "a", "value": "%s"}' % (str(project).encode(), b"x" * 50 * 1024**2)
    form = multipart({"project_id": str(project).encode(), "schema_key": b"a"}, [("files", "a.png", b"x" * 10**7)])

    with database.unchanged(), requests.Session() as session:
        answer = session.post(
            f"{server}/v1/artifacts", data=large, headers={**headers, "Content-Type": "application/json"}, timeout=60
        )
        assert answer.status_code == 413
        assert answer.json()["errors"][0]["extensions"]["code"] == "body_too_large"
        assert answer.json()["errors"][0]["extensions"]["limit"] == 2 * 1024**2

        answer = session.post(
            f"{server}/v1/artifacts", data=form["data"], headers={**headers, "Content-Type": form["content_type"]},
            timeout=60,
        )  # fmt: skip
        assert answer.json()["errors"][0]["extensions"] | {"limit": 100_000} == answer.json()["errors"][0]["extensions"]

        # the same connection still serves
        small = {"project_id": str(project), "schema_key": "a..b"}
        answer = session.post(f"{server}/v1/artifacts", json=small, headers=headers, timeout=60)
        assert answer.json()["errors"][0]["extensions"]["code"] == "schema_key_grammar"


def test_a_body_sent_in_chunks_is_read_and_limited_too(server, given, producer):
    project = given.project()
    headers = {"Authorization": f"Bearer {producer.token}", "Content-Type": "application/json"}
    fitting = [b'{"project_id": "%s", ' % str(project).encode(), b'"schema_key": "a"}']

    with requests.Session() as session:
        url = f"{server}/v1/artifacts"
        assert session.post(url, data=iter(fitting), headers=headers, timeout=60).status_code == 201

        answer = session.post(url, data=(b" " * 2**16 for _ in range(100)), headers=headers, timeout=60)
        assert answer.status_code == 413
        assert answer.json()["errors"][0]["extensions"]["code"] == "body_too_large"

        assert session.post(url, data=iter(fitting), headers=headers, timeout=60).status_code == 200


def test_a_body_sent_in_chunks_may_be_repeated_under_a_key(server, given, producer, database):
    project = given.project()
    headers = {"Authorization": f"Bearer {producer.token}", "Content-Type": "application/json"}
    fitting = [b'{"project_id": "%s", "deduplicate": false, ' % str(project).encode(), b'"schema_key": "a"}']

    with requests.Session() as session:
        for key, body, status in (("fits", fitting, 201), ("large", [b" " * 2**16] * 100, 413)):
            named = {**headers, "Idempotency-Key": key}
            first, again = (
                session.post(f"{server}/v1/artifacts", data=iter(body), headers=named, timeout=60) for _ in range(2)
            )
            assert (first.status_code, again.status_code) == (status, status)
            assert first.content == again.content
            assert again.headers["Idempotency-Replayed"] == "true"

    assert database.value("select count(*) from artifact_versions") == 1
