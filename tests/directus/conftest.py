"""The people of a running stack: administrator, reviewer, producer, reader, and nobody."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from sidecar.provision.ids import REVIEW_FLOW
from sidecar.stack.stack import Stack
from tests.directus.fragile import fragile_stack as make_fragile_stack
from tests.directus.people import Person
from tests.directus.works import Database, Producer, Reviews


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here needs Directus."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def environment(running_stack: Stack) -> dict[str, str]:
    return running_stack.environment()


@pytest.fixture
def given_person(environment: dict[str, str]) -> Iterator[Callable[..., Person]]:
    """Makes callers of Directus by their token (None: not logged in)."""
    made: list[Person] = []

    def make(token: str | None, id: str | None = None, url: str | None = None) -> Person:
        made.append(Person(url or environment["DIRECTUS_URL"], token, id))
        return made[-1]

    yield make
    for person in made:
        person.close()


@pytest.fixture
def administrator(given_person: Callable[..., Person], environment: dict[str, str]) -> Person:
    return given_person(environment["DIRECTUS_ADMIN_TOKEN"])


@pytest.fixture
def anonymous(given_person: Callable[..., Person]) -> Person:
    return given_person(None)


@pytest.fixture
def reviewer(given_person: Callable[..., Person], environment: dict[str, str]) -> Person:
    """Logged in as people do, with an access token."""
    log_in = {"email": environment["DIRECTUS_REVIEWER_EMAIL"], "password": environment["DIRECTUS_REVIEWER_PASSWORD"]}
    token = given_person(None).post("/auth/login", log_in).data["access_token"]
    person = given_person(token)
    person.id = person.get("/users/me").data["id"]
    return person


@pytest.fixture
def producer(given_person: Callable[..., Person], environment: dict[str, str]) -> Person:
    return given_person(environment["DIRECTUS_PRODUCER_TOKEN"])


@pytest.fixture
def given_user(administrator: Person, given_person: Callable[..., Person]) -> Iterator[Callable[..., Person]]:
    """Makes users with a static token and, where asked, a policy of their own that reads the named collections.

    They have no access to the app, so they take no seat.
    """
    users: list[str] = []
    policies: list[str] = []

    def make(reads: tuple[str, ...] = (), **fields: object) -> Person:
        token = secrets.token_urlsafe(24)
        user = {"first_name": "Rae", "last_name": "Reader", "token": token, "status": "active", **fields}
        users.append(administrator.post("/users", user).data["id"])
        if reads:
            policies.append(administrator.post("/policies", {"name": f"Reads {', '.join(reads)}"}).data["id"])
            administrator.post("/access", {"user": users[-1], "policy": policies[-1]}).data  # noqa: B018  asserts
            for collection in reads:
                rule = {"policy": policies[-1], "collection": collection, "action": "read", "fields": ["*"]}
                administrator.post("/permissions", rule).data  # noqa: B018
        return given_person(token, users[-1])

    yield make
    for user in users:
        administrator.delete(f"/users/{user}")
    for policy in policies:
        administrator.delete(f"/policies/{policy}")


@pytest.fixture
def reader(given_user: Callable[..., Person]) -> Person:
    """Reads everything there is to review, and nothing else."""
    return given_user(reads=("artifact_versions", "artifact_approvals", "tasks", "projects"))


@pytest.fixture
def database(environment: dict[str, str]) -> Iterator[Database]:
    database = Database(environment["DATABASE_ADMIN_URL"])
    yield database
    database.close()


@pytest.fixture
def given(producer: Person) -> Producer:
    """Makes the work that a test is about: `given.candidates(["brand.logo"])`."""
    return Producer(producer)


@pytest.fixture
def by_reviewer(reviewer: Person) -> Reviews:
    return Reviews(reviewer, REVIEW_FLOW)


@pytest.fixture
def by_administrator(administrator: Person) -> Reviews:
    return Reviews(administrator, REVIEW_FLOW)


@pytest.fixture
def write_as_registry(environment: dict[str, str]) -> Callable[..., None]:
    """Writes as the sidecar's role: the only way to a state that the registry itself would not make."""

    def write(statement: str, *values: object) -> None:
        with psycopg.connect(environment["DATABASE_URL"]) as connection:
            connection.execute(statement, values)  # type: ignore[arg-type]

    return write


@pytest.fixture
def fragile_stack(request: pytest.FixtureRequest) -> Stack:
    """A stack that the test may stop parts of; whatever it stops is running again for the next one."""
    return make_fragile_stack(request.config)
