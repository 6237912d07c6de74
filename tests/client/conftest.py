"""A sidecar as programs outside meet it: a process of its own, on a database of its own, called over HTTP."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import requests

from sidecar.access.tokens import create_token
from sidecar.client import Project, Registry
from sidecar.provision.database import url_for
from sidecar.settings import Settings, variable
from sidecar.stack import ports
from sidecar.stack.stack import Stack
from tests.rows import Rows, fresh_database

_counter = itertools.count(1)
# A server that the sidecar may exchange files with. Nobody answers there.
SERVER = "http://127.0.0.1:9"


@pytest.fixture(scope="session")
def client_rows(stack: Stack) -> Iterator[Rows]:
    """The sidecar's database, as the sidecar's role."""
    with fresh_database(stack) as name:
        rows = Rows.connect(url_for(stack.environment()["DATABASE_URL"], database=name))
        yield rows
        rows.connection.close()


@pytest.fixture(scope="session")
def administrator_rows(stack: Stack, client_rows: Rows) -> Iterator[Rows]:
    """The same database as its administrator."""
    name = client_rows.connection.info.dbname
    rows = Rows.connect(url_for(stack.environment()["DATABASE_ADMIN_URL"], database=name))
    yield rows
    rows.connection.close()


@pytest.fixture(scope="session")
def address(stack: Stack, client_rows: Rows) -> Iterator[str]:
    """Where the sidecar answers. One for all tests, which make projects of their own."""
    port = ports.choose(set())
    chosen = {
        "database_url": url_for(stack.environment()["DATABASE_URL"], database=client_rows.connection.info.dbname),
        "directus_url": "http://127.0.0.1:9",
        "directus_token": stack.secrets["files_token"],
        "directus_secret": stack.secrets["directus_secret"],
        "port": port,
        "servers": SERVER,
        "workers": 1,
        "threads": 8,
        "log_level": "warning",
    }
    Settings.model_validate(chosen)
    environment = os.environ | {variable(name): str(value) for name, value in chosen.items()}
    program = [sys.executable, "-m", "gunicorn", "-c", "python:sidecar.gunicorn_conf", "sidecar.wsgi:app"]
    process = subprocess.Popen(program, env=environment, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    end = time.monotonic() + 60
    while not _answers(url):
        assert process.poll() is None, "the sidecar ended"
        assert time.monotonic() < end, "the sidecar does not answer"
    yield url
    process.terminate()
    process.wait(timeout=20)


def _answers(url: str) -> bool:
    try:
        with requests.get(f"{url}/readyz", timeout=5) as answer:
            return answer.ok
    except (requests.ConnectionError, requests.Timeout):
        return False


@pytest.fixture
def token(client_rows: Rows) -> Callable[[str], str]:
    """`token("producer")`: the secret of a new service token."""

    def make(role: str) -> str:
        return create_token(client_rows.connection, name=f"{role} {next(_counter)}", role=role, actor_type="system")

    return make


@pytest.fixture
def registries() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


@pytest.fixture
def registry(address: str, token: Callable[[str], str], registries: ExitStack) -> Registry:
    """The registry as a program that produces."""
    return registries.enter_context(Registry(address, token("producer")))


@pytest.fixture
def reviewer(address: str, token: Callable[[str], str], registries: ExitStack) -> Registry:
    """The registry as one who reviews."""
    return registries.enter_context(Registry(address, token("reviewer")))


@pytest.fixture
def project(registry: Registry) -> Project:
    return registry.projects.create_or_find(f"story-{os.getpid()}-{next(_counter)}", "A story")
