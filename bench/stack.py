"""The stack that is measured: one of its own in a temporary folder, with further servers beside it where compared."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import requests
from psycopg import sql

from sidecar.provision.database import url_for
from sidecar.stack import environments, parts, ports, processes
from sidecar.stack.progress import Failure, Progress
from sidecar.stack.stack import Stack

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent
SEEDED = ("artifact_versions", "artifact_approvals", "promotions", "projects", "tasks", "task_artifacts")
TEMPLATE = "artifacts_bench_template"
START_SECONDS = 60.0


@dataclass(frozen=True)
class Actor:
    """The reviewer in whose name everything is decided."""

    id: str
    label: str


@dataclass
class Bench:
    """A running stack, whose database can be filled, and servers started for a comparison."""

    stack: Stack
    quick: bool = False

    def __post_init__(self) -> None:
        self.environment = self.stack.environment()
        self.prepare(self.url("admin"))
        self.actor = self._reviewer()

    def url(self, role: str, database: str | None = None) -> str:
        """The address of the product's database, or of another on the same server, for admin, sidecar or directus."""
        names = {"admin": "DATABASE_ADMIN_URL", "sidecar": "DATABASE_URL", "directus": "DIRECTUS_DATABASE_URL"}
        url = self.environment[names[role]]
        return url_for(url, database=database) if database else url

    @contextmanager
    def administrator(self, database: str | None = None) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self.url("admin", database), autocommit=True) as connection:
            yield connection

    @contextmanager
    def seeding(self, database: str | None = None) -> Iterator[psycopg.Connection]:
        """A transaction in which no trigger fires; afterwards the tables are vacuumed and analysed."""
        with self.administrator(database) as connection:
            with connection.transaction():
                kept = _switch_triggers_off(connection)
                yield connection
                _switch_triggers_on(connection, kept)
            self.settle(database)

    def settle(self, database: str | None = None) -> None:
        """What autovacuum and the checkpointer would do at a moment of their own."""
        with self.administrator(database) as connection:
            for table in SEEDED:
                connection.execute(sql.SQL("vacuum (analyze) {}").format(sql.Identifier("public", table)))
            connection.execute("checkpoint")

    def prepare(self, admin_url: str) -> None:
        """Put the functions of seed.sql and promote.sql into a database."""
        with psycopg.connect(admin_url, autocommit=True) as connection:
            for name in ("seed.sql", "promote.sql"):
                connection.execute((HERE / name).read_bytes())

    def copy_database(self, name: str) -> None:
        """Make a further database like the product's as it was before anything was measured."""
        with psycopg.connect(self.stack.databases.postgres_url(), autocommit=True) as connection:
            connection.execute(
                sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(TEMPLATE))
            )
            _apply_role_settings_to(connection, name)

    def drop_database(self, name: str) -> None:
        with psycopg.connect(self.stack.databases.postgres_url(), autocommit=True) as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    @contextmanager
    def gunicorn(self, name: str, app: str, database: str | None = None, **more: str) -> Iterator[str]:
        """The address of `app` under the sidecar's own gunicorn settings, ended with the block."""
        port = ports.choose(set(self.stack.state["ports"].values()))
        environment = environments.of_sidecar(self.stack) | {"ARTIFACTS_PORT": str(port)} | more
        if database:
            environment["ARTIFACTS_DATABASE_URL"] = self.url("sidecar", database)
        command = parts.sidecar(environment, "", REPOSITORY).command[:-1]
        url = f"http://127.0.0.1:{port}"
        with self.server(name, [*command, app], environment, REPOSITORY, url):
            yield url

    @contextmanager
    def server(
        self, name: str, command: list[str], environment: dict[str, str], folder: Path, url: str, path: str = "/"
    ) -> Iterator[None]:
        """A process that answers at `url`, ended with the block."""
        pid_file, log = self.stack.pid_file(name), self.stack.log(name)
        pid = processes.launch(command, environment, folder, log)
        processes.remember(pid_file, pid, "")
        try:
            _wait(url + path, pid_file, log)
            yield
        finally:
            if (process := processes.find(pid_file)) is not None:
                processes.end(process)
            pid_file.unlink(missing_ok=True)

    def minimal(self, database: str | None = None):
        """minimal.py, deciding in the reviewer's name."""
        return self.gunicorn(
            "minimal", "bench.minimal:app", database, BENCH_ACTOR=self.actor.id, BENCH_LABEL=self.actor.label
        )

    @contextmanager
    def without_worker(self) -> Iterator[None]:
        """Nobody but the caller promotes meanwhile."""
        self.stack.stop("worker")
        try:
            yield
        finally:
            self.stack.start("worker")

    @property
    def sidecar_headers(self) -> dict[str, str]:
        """A decision by a program in the reviewer's name, as the hook inside Directus makes it."""
        return {"X_Actor_Id": self.actor.id}

    def _reviewer(self) -> Actor:
        with self.administrator() as connection:
            row = connection.execute(
                "select id::text, coalesce(nullif(trim(concat_ws(' ', first_name, last_name)), ''), email)"
                " from public.directus_users where email = %s",
                [self.environment["DIRECTUS_REVIEWER_EMAIL"]],
            ).fetchone()
        assert row is not None  # noqa: S101  set-up makes this user
        return Actor(*row)


@contextmanager
def started(quick: bool, folder: Path | None) -> Iterator[Bench]:
    """A stack of our own, removed at the end with all that ran in it; one in `folder` stays, running."""
    place = folder or Path(tempfile.mkdtemp(prefix="artifacts-bench-"))
    stack = Stack(place / "stack")
    try:
        stack.up(Progress(9, first=2), demo=False)
        keep_template(stack)
        yield Bench(stack, quick)
    finally:
        if folder is None:
            stack.reset()
            shutil.rmtree(place, ignore_errors=True)


def keep_template(stack: Stack) -> None:
    """Copy the database while nobody is connected to it, before the first measurement."""
    with psycopg.connect(stack.databases.postgres_url(), autocommit=True) as connection:
        if connection.execute("select from pg_database where datname = %s", [TEMPLATE]).fetchone() is not None:
            return
        for part in ("worker", "sidecar", "directus"):
            stack.stop(part)
        connection.execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(TEMPLATE), sql.Identifier(stack.databases.database)
            )
        )
    for part in ("directus", "sidecar", "worker"):
        stack.start(part)


def _switch_triggers_off(connection: psycopg.Connection) -> list[tuple[str, str]]:
    """Returns (table, trigger) of those that fire always: switching a trigger on again does not bring that back."""
    kept = connection.execute(
        "select c.relname, t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid"
        " where c.relnamespace = 'public'::regnamespace and c.relname = any(%s) and t.tgenabled = 'A'",
        [list(SEEDED)],
    ).fetchall()
    for table in SEEDED:
        connection.execute(sql.SQL("alter table {} disable trigger all").format(sql.Identifier("public", table)))
    return kept


def _switch_triggers_on(connection: psycopg.Connection, always: list[tuple[str, str]]) -> None:
    for table in SEEDED:
        connection.execute(sql.SQL("alter table {} enable trigger all").format(sql.Identifier("public", table)))
    for table, trigger in always:
        statement = sql.SQL("alter table {} enable always trigger {}")
        connection.execute(statement.format(sql.Identifier("public", table), sql.Identifier(trigger)))


def _apply_role_settings_to(connection: psycopg.Connection, database: str) -> None:
    """Time-outs and search_path of a role are set per database, which a copy of the database does not have."""
    rows = connection.execute(
        "select r.rolname, unnest(s.setconfig) from pg_db_role_setting s join pg_roles r on r.oid = s.setrole"
        " join pg_database d on d.oid = s.setdatabase where d.datname <> %s",
        [database],
    ).fetchall()
    for role, setting in rows:
        name, _, value = setting.partition("=")
        shown = sql.SQL(value) if name == "search_path" else sql.Literal(value)
        statement = sql.SQL("alter role {} in database {} set {} = {}")
        connection.execute(
            statement.format(sql.Identifier(role), sql.Identifier(database), sql.Identifier(name), shown)
        )


def _wait(url: str, pid_file: Path, log: Path) -> None:
    """Until something answers at the address, whatever it says."""
    until = time.monotonic() + START_SECONDS
    with requests.Session() as session:
        session.trust_env = False
        while time.monotonic() < until:
            if processes.find(pid_file) is None:
                raise Failure(f"{pid_file.stem} ended while starting.", log=log)
            try:
                session.get(url, timeout=5)
                return
            except requests.RequestException:
                time.sleep(0.1)
    raise Failure(f"{pid_file.stem} was not ready after {START_SECONDS:.0f} s.", log=log)
