"""A registry whose worker may send to two servers, named gpu and other."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from uuid import UUID

import pytest

from sidecar.app import create_app
from sidecar.database import Database
from sidecar.settings import Settings
from sidecar.transfers import send
from tests.given import Given, Person
from tests.rows import Rows
from tests.transfers.comfy import Assets, Comfy

TOKEN = "a token of gpu's own"


@pytest.fixture
def servers() -> Iterator[Callable[..., Comfy]]:
    made: list[Comfy] = []

    def make(kind: type[Comfy] = Comfy) -> Comfy:
        made.append(kind())
        return made[-1]

    yield make
    for server in made:
        server.close()


@pytest.fixture
def gpu(servers) -> Comfy:
    return servers()


@pytest.fixture
def other(servers) -> Comfy:
    return servers()


@pytest.fixture
def assets(servers) -> Comfy:
    return servers(Assets)


@pytest.fixture
def sending(settings: Settings, gpu: Comfy, other: Comfy, assets: Comfy) -> Settings:
    """The settings of sidecar and worker."""
    return settings.model_copy(
        update={"servers": f"gpu={gpu.url}, {other.url}", "directus_url": assets.url, "transfer_attempts": 3}
    )


@pytest.fixture
def agent(given: Given, sending: Settings) -> Iterator[Person]:
    """A producer."""
    app = create_app(sending)
    person = given.person("producer")
    person.client = app.test_client()
    yield person
    app.extensions["artifacts"].database.close()


@pytest.fixture
def worker(sending: Settings) -> Iterator[Callable[..., bool]]:
    """`worker()`: one try of what is due, by a worker with a pool of its own; settings may differ."""
    opened: list[Database] = []

    def work(**different) -> bool:
        database = Database(sending.database_url.get_secret_value(), largest=4)
        opened.append(database)
        database.open()
        return send.send_next(database, sending.model_copy(update=different))

    yield work
    for database in opened:
        database.close()


@pytest.fixture
def file(given: Given, database: Rows, assets: Comfy) -> Callable[..., UUID]:
    """`file(b"…")`: a file with these bytes in Directus' storage, whose hash the registry knows."""

    def make(content: bytes, name: str = "logo.png", mime: str = "image/png", known: bytes | None = None) -> UUID:
        file = given.file(mime, name)
        assets.files["asset", "", str(file)] = content
        sha256 = hashlib.sha256(content if known is None else known).digest()
        database.run(
            "insert into sidecar.file_contents (file_id, sha256, size) values (%s, %s, %s)", file, sha256, len(content)
        )
        return file

    return make


@pytest.fixture
def project(given: Given) -> UUID:
    return given.project("spring-brand")


@pytest.fixture
def approved(given: Given, project: UUID, file) -> UUID:
    """An approved version with one file."""
    return given.approved(project, "brand.logo", files=(file(b"PNG of a logo"),))


@pytest.fixture
def transfers(database: Rows) -> SimpleNamespace:
    """Looks at rows, and lets time pass."""
    return SimpleNamespace(
        row=lambda id: database.one("select * from artifact_transfers where id = %s", id),
        count=lambda: database.value("select count(*) from artifact_transfers"),
        due=lambda: database.run(
            "update artifact_transfers set next_attempt_at = now() - interval '1 second'"
            " where next_attempt_at is not null"
        ),
        wait=lambda id: database.value(
            "select extract(epoch from next_attempt_at - now())::float from artifact_transfers where id = %s", id
        ),
    )
