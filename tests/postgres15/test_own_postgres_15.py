"""The product on a PostgreSQL that the user brought: version 15, the oldest that is promised."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.stack.ports import choose
from sidecar.stack.progress import Progress
from sidecar.stack.stack import Stack, Wishes
from tests.directus.people import Person
from tests.directus.rest_workflow import assert_promoted_once, finish_task, record_approval, run_task, set_status
from tests.directus.works import Database, Producer
from tests.postgres15.server import Postgres15

pytestmark = pytest.mark.slow
PASSWORD = "the owner's own"


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's tmp_path: PostgreSQL's own user must be able to pass through when root runs the tests."""
    path = Path(tempfile.mkdtemp(prefix="artifacts-postgres15-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def postgres_url(folder: Path) -> Iterator[str]:
    server = Postgres15(folder / "data", folder / "server.log")
    server.create(PASSWORD)
    port = choose(set())
    server.start(port)
    yield f"postgresql://postgres:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{port}/postgres"
    server.stop()


@pytest.fixture
def stack(folder: Path, postgres_url: str) -> Iterator[Stack]:
    stack = Stack(folder / "stack", Wishes(postgres_url=postgres_url))
    stack.up(Progress(9, first=2, quiet=True), demo=False)
    yield stack
    stack.reset()


def test_the_whole_workflow_on_the_users_own_postgres_15(stack: Stack, folder: Path) -> None:
    environment = stack.environment()
    database = Database(environment["DATABASE_ADMIN_URL"])
    assert database.row("show server_version")["server_version"].startswith("15.")
    assert not (stack.directory / "postgres").exists(), "no PostgreSQL of ours beside it"
    producer = Person(environment["DIRECTUS_URL"], environment["DIRECTUS_PRODUCER_TOKEN"])
    log_in = {"email": environment["DIRECTUS_REVIEWER_EMAIL"], "password": environment["DIRECTUS_REVIEWER_PASSWORD"]}
    reviewer = Person(environment["DIRECTUS_URL"], None)
    reviewer.token = reviewer.post("/auth/login", log_in).data["access_token"]
    reviewer.id = reviewer.get("/users/me").data["id"]
    work = Producer(producer).work()

    run_task(producer, work)
    set_status(reviewer, work, reviewer.id)
    record_approval(reviewer, work, reviewer.id)
    finish_task(reviewer, work)

    assert_promoted_once(database, work, reviewer.id)
    for person in (producer, reviewer):
        person.close()
    database.close()
