"""A stack to break, projects in it, and the figures of what was survived."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from functools import cached_property

import psycopg
import pytest
from psycopg.rows import DictRow, dict_row

from sidecar.stack.stack import Stack
from tests.directus.fragile import make_fragile_stack, remove_fragile_stack
from tests.directus.works import Database
from tests.faults.load import Load


class LateDatabase(Database):
    def __init__(self, url: str):
        self.url = url

    @cached_property
    def connection(self) -> psycopg.Connection[DictRow]:  # type: ignore[override]
        return psycopg.connect(self.url, autocommit=True, row_factory=dict_row)

    def close(self) -> None:
        if "connection" in self.__dict__:
            self.connection.close()


@pytest.fixture(scope="session")
def fragile_stack_removed() -> Iterator[None]:
    yield
    remove_fragile_stack()


@pytest.fixture
def fragile_stack(fragile_stack_removed: None) -> Stack:
    """A stack with every part running, whatever the test before did to it."""
    return make_fragile_stack()


@pytest.fixture
def environment(fragile_stack: Stack) -> dict[str, str]:
    return fragile_stack.environment()


@pytest.fixture
def database(environment: dict[str, str]) -> Iterator[Database]:
    """To look at afterwards: connected when it is first used, as Postgres may be restarted before."""
    database = LateDatabase(environment["DATABASE_ADMIN_URL"])
    yield database
    database.close()


@pytest.fixture
def projects(environment: dict[str, str]) -> list[str]:
    """Three new projects."""
    database = Database(environment["DATABASE_ADMIN_URL"])
    made = [str(uuid.uuid4()) for _ in range(3)]
    for project in made:
        statement = "insert into projects (id, key, title, status) values (%s, %s, 'Faults', 'active')"
        database.connection.execute(statement, [project, f"faults-{project[:8]}"])
    database.close()
    return made


@pytest.fixture
def report(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Callable[[Load, int, float], None]:
    """Prints what a test's load went through: `report(load, faults, seconds)`."""

    def print_figures(load: Load, faults: int, seconds: float) -> None:
        told = ", ".join(f"{count} {what}" for what, count in load.trouble.most_common())
        replayed = sum(asked.replayed for asked in load.requests)
        with capsys.disabled():
            print(
                f"\n{request.node.name}: {len(load.requests)} operations in {seconds:.1f} s, {faults} faults,"
                f" {load.retries} retries ({told}), {replayed} answers replayed, {len(load.tasks)} tasks,"
                f" back within {load.longest_silence:.1f} s"
            )

    return print_figures
