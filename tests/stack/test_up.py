"""`make up` as a whole: slow, because it starts a Directus."""

from __future__ import annotations

import psycopg
import pytest
import requests

from sidecar.stack import ports
from sidecar.stack.progress import Progress

pytestmark = pytest.mark.slow


def up(stack) -> None:
    stack.up(Progress(8, quiet=True), demo=False)


def pids(stack) -> dict[str, int | None]:
    return {part.part: part.pid for part in stack.status()}


def test_a_second_up_changes_nothing_and_a_crash_is_repaired(given_stack):
    stack = given_stack()
    up(stack)
    before, described = pids(stack), (stack.directory / "stack.json").read_text()
    assert {part.state for part in stack.status()} == {"running"}

    up(given_stack())
    assert (pids(stack), (stack.directory / "stack.json").read_text()) == (before, described)

    for part in before:
        stack.kill(part)
    assert {part.state for part in stack.status()} == {"stopped"}
    up(given_stack())
    assert {part.state for part in stack.status()} == {"running"}
    assert (stack.directory / "stack.json").read_text() == described

    stack.down()
    assert {part.state for part in stack.status()} == {"stopped"}
    stack.reset()
    assert not stack.directory.exists()


def test_up_into_a_postgres_of_the_users_own(given_stack, given_server):
    server, port = given_server("theirs"), ports.choose(set())
    server.create("right")
    server.start(port)
    stack = given_stack(postgres_url=f"postgresql://postgres:right@127.0.0.1:{port}/review_desk")

    up(stack)

    environment = stack.environment()
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        assert connection.execute("select current_database(), current_user").fetchone() == (
            "review_desk",
            "artifacts_sidecar",
        )
    token = {"Authorization": f"Bearer {environment['SIDECAR_TOKEN']}"}
    assert requests.get(f"{environment['SIDECAR_URL']}/v1/projects", headers=token, timeout=10).status_code == 200

    stack.reset()
    names = "select datname from pg_database"
    with psycopg.connect(f"postgresql://postgres:right@127.0.0.1:{port}/postgres") as connection:
        assert ("review_desk",) not in connection.execute(names).fetchall()
