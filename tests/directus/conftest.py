"""The people of a running stack: administrator, reviewer, producer, reader, and nobody."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from sidecar.provision.ids import REVIEW_FLOW
from sidecar.stack.stack import Stack
from tests.directus.fragile import make_fragile_stack, remove_fragile_stack
from tests.directus.people import Person
from tests.directus.works import Database, Producer, Reviews

# Directus' access tokens are good for 15 minutes.
TOKEN_SECONDS = 600.0
_logged_in: dict[str, tuple[float, str, str]] = {}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here needs Directus. Those that make users take a seat, and there are three: one after the other."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.slow)
            if "given_user" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.xdist_group("seats"))


@pytest.fixture(scope="session")
def environment(running_stack: Stack) -> dict[str, str]:
    return running_stack.environment()


@pytest.fixture
def given_person(environment: dict[str, str]) -> Iterator[Callable[..., Person]]:
    """Makes callers of Directus by their token (None: not logged in)."""
    made: list[Person] = []

    def make(token: str | None, user: str | None = None, url: str | None = None) -> Person:
        made.append(Person(url or environment["DIRECTUS_URL"], token, user))
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


def log_in(environment: dict[str, str]) -> tuple[str, str]:
    """The reviewer's id and access token; one log-in serves many tests, because Directus takes its time over it."""
    url = environment["DIRECTUS_URL"]
    known = _logged_in.get(url)
    if known is None or known[0] < time.monotonic():
        given = {"email": environment["DIRECTUS_REVIEWER_EMAIL"], "password": environment["DIRECTUS_REVIEWER_PASSWORD"]}
        with closing(Person(url, None)) as person:
            person.token = person.post("/auth/login", given).data["access_token"]
            user = person.get("/users/me").data["id"]
        known = _logged_in[url] = (time.monotonic() + TOKEN_SECONDS, user, person.token)
    return known[1], known[2]


@pytest.fixture
def reviewer(given_person: Callable[..., Person], environment: dict[str, str]) -> Person:
    """Logged in as people do, with an access token."""
    user, token = log_in(environment)
    return given_person(token, user)


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


@pytest.fixture(scope="session")
def fragile_stack_removed() -> Iterator[None]:
    """Not when the process ends: xdist kills a process that takes its time over that."""
    yield
    remove_fragile_stack()


@pytest.fixture
def fragile_stack(fragile_stack_removed: None) -> Stack:
    """A stack that the test may stop parts of; whatever it stops is running again for the next one."""
    return make_fragile_stack()
