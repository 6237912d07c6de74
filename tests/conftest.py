"""One PostgreSQL for the whole run, a database of its own for every test, and a whole stack for those who ask for it.

The first test that needs a database lets `make up`'s own code set up a stack in a temporary folder; what it made is
kept as a template database. All xdist workers share that folder; the process that started them removes it at the end.

    client, database, connect, given …    a fresh database made from the template; no Directus
    stack                                 the stack's folder with PostgreSQL running
    running_stack                         the same with Directus, sidecar and worker running, too
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from filelock import FileLock
from flask.testing import FlaskClient
from flask_openapi3.openapi import OpenAPI
from psycopg import sql

from sidecar.app import create_app
from sidecar.provision.database import url_for
from sidecar.settings import Settings
from sidecar.stack.progress import Progress
from sidecar.stack.stack import Stack
from tests.given import Given, Person
from tests.rows import TEMPLATE, Rows, fresh_database

SHARED_FOLDER = "ARTIFACTS_TESTS_FOLDER"
DIRECTUS_URL = "http://directus.test"


ours_to_remove = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Choose the folder that all workers share. Not below pytest's own: PostgreSQL's user must be let through to it.

    Whoever names a folder in ARTIFACTS_TESTS_FOLDER keeps it, running, for the next run: twenty seconds less while
    writing a test. Start anew after a change of migrations/ or directus-schema/.
    """
    if SHARED_FOLDER not in os.environ:
        config.stash[ours_to_remove] = Path(tempfile.mkdtemp(prefix="artifacts-tests-"))
        os.environ[SHARED_FOLDER] = str(config.stash[ours_to_remove])


def pytest_unconfigure(config: pytest.Config) -> None:
    """After the last worker, in the process that started them: end what runs, remove the folder."""
    folder = config.stash.get(ours_to_remove, None)
    if folder is not None:
        del os.environ[SHARED_FOLDER]
        if (stack := Stack(folder / "stack")).exists:
            stack.reset()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def stack() -> Stack:
    """The run's stack with PostgreSQL running and, in it, the template database. Directus, sidecar and worker are not
    started by this (see `running_stack`), nor ended if they run."""
    folder = Path(os.environ[SHARED_FOLDER])
    made = Stack(folder / "stack")
    with FileLock(folder / "stack-set-up.lock"):
        if not (folder / "template-made").exists():
            made.up(Progress(9, first=2, quiet=True), demo=False)
            for part in ("worker", "sidecar", "directus"):
                made.stop(part)
            _make_template(made)
            (folder / "template-made").touch()
    return made


@pytest.fixture(scope="session")
def running_stack(stack: Stack) -> Stack:
    """The run's stack with every part running; addresses and log-ins are in `running_stack.environment()`.

    All tests and xdist workers that ask for it share one database, so each makes projects and users of its own.
    """
    # Read anew: a part whose port was taken meanwhile moved to another.
    running = Stack(stack.directory)
    with FileLock(Path(os.environ[SHARED_FOLDER]) / "stack-set-up.lock"):
        for part in ("directus", "sidecar", "worker"):
            running.start(part)  # nothing, where another worker did
    return running


@pytest.fixture
def database_name(stack: Stack) -> Iterator[str]:
    """A fresh database made from the template, dropped after the test."""
    with fresh_database(stack) as name:
        yield name


@pytest.fixture
def urls(stack: Stack, database_name: str) -> dict[str, str]:
    """The test's database by role: admin, sidecar, directus."""
    environment = stack.environment()
    names = {"admin": "DATABASE_ADMIN_URL", "sidecar": "DATABASE_URL", "directus": "DIRECTUS_DATABASE_URL"}
    return {role: url_for(environment[name], database=database_name) for role, name in names.items()}


@pytest.fixture
def connect(urls: dict[str, str]) -> Iterator[Callable[[str], Rows]]:
    """`connect("directus")`: a new autocommit connection as that role, closed after the test."""
    opened: list[Rows] = []

    def connect_as(role: str) -> Rows:
        opened.append(Rows.connect(urls[role]))
        return opened[-1]

    yield connect_as
    for rows in opened:
        rows.connection.close()


@pytest.fixture
def database(connect: Callable[[str], Rows]) -> Rows:
    """The test's database as its administrator, to look at rows. It cannot get past the guards either."""
    return connect("admin")


@pytest.fixture
def directus_role(connect: Callable[[str], Rows]) -> Rows:
    """The test's database as Directus itself would write to it."""
    return connect("directus")


@pytest.fixture
def sidecar_role(connect: Callable[[str], Rows]) -> Rows:
    """The test's database as the sidecar: the only role the guards let through."""
    return connect("sidecar")


@pytest.fixture
def settings(stack: Stack, urls: dict[str, str]) -> Settings:
    """The sidecar's settings for the test's database. Nobody answers at their Directus: `responses` stands for it."""
    return Settings.model_validate(
        {
            "database_url": urls["sidecar"],
            "directus_url": DIRECTUS_URL,
            "directus_token": stack.secrets["files_token"],
            "directus_secret": stack.secrets["directus_secret"],
            "auth_cache_seconds": 0,
            "servers": "gpu=http://127.0.0.1:9",
            "threads": 8,
            "log_level": "warning",
        }
    )


@pytest.fixture
def app(settings: Settings) -> Iterator[OpenAPI]:
    """The sidecar's app on the test's database."""
    app = create_app(settings)
    yield app
    app.extensions["artifacts"].database.close()


@pytest.fixture
def client(app: OpenAPI) -> FlaskClient:
    """The sidecar's API without a token; `producer`, `reviewer` and `given.person(…)` call it as somebody."""
    return app.test_client()


@pytest.fixture
def given(database: Rows, sidecar_role: Rows, client: FlaskClient, settings: Settings) -> Given:
    """Makes the people, projects, tasks and versions a test begins with."""
    return Given(database, sidecar_role, client, settings)


@pytest.fixture
def producer(given: Given) -> Person:
    """A Directus user with the policy "Artifact producer", who calls the API with an access token."""
    return given.person("producer")


@pytest.fixture
def reviewer(given: Given) -> Person:
    """A Directus user with the policy "Artifact reviewer"."""
    return given.person("reviewer")


def _make_template(stack: Stack) -> None:
    databases = stack.databases
    with psycopg.connect(databases.postgres_url(), autocommit=True) as connection:
        # What a crash would lose is thrown away at the end anyhow.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(sql.SQL("alter system set {} = off").format(sql.Identifier(setting)))
        connection.execute("select pg_reload_conf()")
        connection.execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(TEMPLATE), sql.Identifier(databases.database)
            )
        )
        _let_role_settings_apply_everywhere(connection)


def _let_role_settings_apply_everywhere(connection: psycopg.Connection) -> None:
    """Time-outs and search_path are set per role and database, which a copy of the database does not have."""
    rows = connection.execute(
        "select r.rolname, unnest(s.setconfig) from pg_db_role_setting s"
        " join pg_roles r on r.oid = s.setrole where s.setdatabase <> 0"
    ).fetchall()
    for role, setting in rows:
        name, _, value = setting.partition("=")
        shown = sql.SQL(value) if name == "search_path" else sql.Literal(value)
        statement = sql.SQL("alter role {} set {} = {}")
        connection.execute(statement.format(sql.Identifier(role), sql.Identifier(name), shown))
