"""Two sidecars on one database, and projects to be fought over."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import requests

from sidecar.stack.stack import Stack
from tests.concurrency.load import Place, Site, answer_of
from tests.concurrency.sidecars import sidecars_of
from tests.directus.people import Person
from tests.directus.works import Database

OFFERED = {"/v1/artifacts/{id}/withdraw": "withdraw", "/v1/projects/{id}/context/revert": "revert"}


@pytest.fixture(scope="session")
def environment(running_stack: Stack) -> dict[str, str]:
    return running_stack.environment()


@pytest.fixture
def stored(environment: dict[str, str]) -> Iterator[Database]:
    """The running stack's database, to look at."""
    database = Database(environment["DATABASE_ADMIN_URL"])
    yield database
    database.close()


@pytest.fixture
def site(running_stack: Stack, environment: dict[str, str]) -> Iterator[Site]:
    """Both sidecars and Directus, with tokens that may do everything."""
    with sidecars_of(running_stack) as sidecars, requests.Session() as session:
        session.trust_env = False
        paths = session.get(f"{sidecars[0]}/openapi.json", timeout=30).json()["paths"]
        may = frozenset(what for path, what in OFFERED.items() if path in paths)
        token, admin = environment["SIDECAR_TOKEN"], environment["DIRECTUS_ADMIN_TOKEN"]
        yield Site(sidecars, environment["DIRECTUS_URL"], token, admin, may)


@pytest.fixture
def given_places(environment: dict[str, str]) -> Iterator[Callable[[str, int], list[Place]]]:
    """Makes projects with three tasks each: `given_places(run, 3)`."""
    person = Person(environment["DIRECTUS_URL"], environment["DIRECTUS_ADMIN_TOKEN"])

    def make(run: str, count: int) -> list[Place]:
        return [_place(person, f"race-{run}-{number}") for number in range(count)]

    yield make
    person.close()


def _place(person: Person, key: str) -> Place:
    project = answer_of(person, "POST", "/items/projects", {"key": key, "title": key, "status": "active"}).data["id"]
    task = {"project_id": project, "title": "Race", "status": "in_progress"}
    return Place(project, [answer_of(person, "POST", "/items/tasks", task).data["id"] for _ in range(3)])
