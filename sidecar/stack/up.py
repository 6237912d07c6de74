"""`make up` after the Python environment: each step looks first whether there is anything to do."""

from __future__ import annotations

import subprocess
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg.rows import dict_row

from sidecar.access.tokens import ensure_token
from sidecar.database import Connection
from sidecar.demo.play import play
from sidecar.directus import Directus, DirectusError
from sidecar.provision.database import prepare_database
from sidecar.provision.install import install as provision
from sidecar.stack import databases, environments, install, parts, processes
from sidecar.stack.fingerprint import of_files, of_values
from sidecar.stack.progress import Failure, Progress, Step

if TYPE_CHECKING:
    from sidecar.stack.stack import Stack

# Everything that decides what a provisioned Directus looks like.
PROVISIONED_FROM = ("directus-schema", "flows", "migrations", "sidecar/provision", "sidecar/errors.py")
BOOTSTRAP_SECONDS = 300


def up(stack: Stack, progress: Progress, *, demo: bool) -> None:
    """Bring the stack to running. The caller holds the stack's lock."""
    install.install_all(progress)
    stack.prepare_folder()
    stack.settle_ports()
    with progress.step("PostgreSQL") as step:
        _start_database(stack, step)
    with progress.step("Directus database") as step:
        _bootstrap(stack, step)
    with progress.step("Directus") as step:
        _start(stack, step, "directus")
        _check_log_in(stack)
    with progress.step("Collections, guards, access and flows") as step:
        _provision(stack, step)
    with progress.step("Sidecar and worker") as step:
        _start(stack, step, "sidecar", "worker")
    if demo:
        with progress.step("Demo project") as step:
            progress.line(step.label)
            _play_demo(stack)


def _start(stack: Stack, step: Step, *names: str) -> None:
    started = []
    for name in names:
        step.say(f"starting {name}")
        started += [name] if stack.start(name) else []
    if not started:
        step.unchanged("running")


def _start_database(stack: Stack, step: Step) -> None:
    """Start PostgreSQL and make roles and database, unless they answer already."""
    if not stack.start("postgres"):
        step.unchanged("yours" if stack.is_own_postgres else "running")
    addresses = stack.databases
    if databases.is_made(addresses) and _roles_log_in(stack):
        return
    if not databases.is_made(addresses):
        # Whatever stack.json remembers was about another database.
        stack.save(bootstrapped=None, provisioned=None, database_created=True)
    _prepare(stack)


def _prepare(stack: Stack) -> None:
    """Roles and database."""
    addresses = stack.databases
    with _told(stack.log("postgres-set-up"), "An administrator who may make roles and databases is needed."):
        prepare_database(
            addresses.maintenance_url(),
            database=addresses.database,
            directus_password=stack.secrets["directus_password"],
            sidecar_password=stack.secrets["sidecar_password"],
        )


def _roles_log_in(stack: Stack) -> bool:
    environment = stack.environment()
    try:
        return all(databases.exists(environment[name]) for name in ("DATABASE_URL", "DIRECTUS_DATABASE_URL"))
    except Failure:
        return False


def _bootstrap(stack: Stack, step: Step) -> None:
    """Let Directus make or migrate its own tables, once per Directus version."""
    if stack.state.get("bootstrapped") == install.directus_fingerprint():
        return step.unchanged()
    _remove_half_bootstrapped(stack)
    command = [install.node(), parts.directus_program(), "bootstrap"]
    log = stack.log("directus-bootstrap")
    with log.open("w") as output:
        environment = processes.inherited() | environments.of_directus(stack) | install.node_environment()
        done = subprocess.run(command, cwd=install.DIRECTUS, env=environment, stdin=subprocess.DEVNULL, stdout=output,
                              stderr=subprocess.STDOUT, timeout=BOOTSTRAP_SECONDS, check=False)  # fmt: skip
    if done.returncode or not _users(stack):
        raise Failure("Directus did not finish its tables.", log=log, remedy="Look at the log, then run it again.")
    stack.save(bootstrapped=install.directus_fingerprint())


def _users(stack: Stack) -> int | None:
    """How many users Directus has; None before it has made its tables."""
    with psycopg.connect(stack.databases.admin_url()) as connection:
        try:
            row = connection.execute("select count(*) from directus_users").fetchone()
            return row[0] if row else 0
        except psycopg.errors.UndefinedTable:
            return None


def _has_tables(stack: Stack) -> bool:
    with psycopg.connect(stack.databases.admin_url()) as connection:
        row = connection.execute("select to_regclass('public.directus_collections') is not null").fetchone()
        return bool(row and row[0])


def _remove_half_bootstrapped(stack: Stack) -> None:
    """Start over after a crash amid the first bootstrap: Directus takes any table of its own for a finished set-up.

    Only in a database that we made and in which nobody can have logged in yet.
    """
    if stack.state.get("database_created") and _has_tables(stack) and not _users(stack):
        databases.drop(stack.databases)
        _prepare(stack)


def _check_log_in(stack: Stack) -> None:
    """Notice a database that another stack set up: its administrator has another token."""
    try:
        _directus(stack).get("/users/me", params={"fields": "id"})
    except DirectusError as error:
        raise Failure(
            f"Directus does not know this stack's administrator: database {stack.databases.place} was set up by "
            f"another stack, or the administrator's token was changed. {error}",
            log=stack.log("directus"),
            remedy="Name another database in ARTIFACTS_POSTGRES_URL, or drop that one.",
        ) from error


def _directus(stack: Stack) -> Directus:
    client = Directus(stack.url("directus"), token=stack.secrets["admin_token"])
    client.session.trust_env = False
    return client


def _provision(stack: Stack, step: Step) -> None:
    """Put our part into Directus and its database, unless it was and its sources did not change since."""
    fingerprint = provision_fingerprint(stack)
    if stack.state.get("provisioned") == fingerprint:
        return step.unchanged()
    # A newer release may know more roles than the one that made the database.
    _prepare(stack)
    with _told(stack.log("provision"), "The log holds the whole error; after repairing its cause, run it again."):
        provision(_directus(stack), stack.databases.admin_url(), stack.secrets, step.say)
        _store_tokens(stack)
    stack.save(provisioned=fingerprint)


def provision_fingerprint(stack: Stack) -> str:
    sources = of_files(*(install.REPOSITORY / folder for folder in PROVISIONED_FROM))
    return of_values([sources, stack.secrets, stack.state.get("bootstrapped")])


def _store_tokens(stack: Stack) -> None:
    """The service tokens of the stack: one for the hook inside Directus, one for whoever reads `artifacts env`."""
    with Connection.connect(stack.databases.admin_url(), row_factory=dict_row) as connection:
        ensure_token(connection, name="directus", role="reviewer", token=stack.secrets["hook_token"])
        ensure_token(connection, name="stack", role="admin", token=stack.secrets["sidecar_token"])


def _play_demo(stack: Stack) -> None:
    """Its lines stay on the terminal: they show what the product does."""
    with _told(stack.log("demo"), "The stack itself runs. The log holds the whole error."):
        play(stack.environment(), stack.say)


@contextmanager
def _told(log: Path, remedy: str) -> Iterator[None]:
    """Make any error inside a Failure, with the traceback in `log`."""
    try:
        yield
    except Failure:
        raise
    except Exception as error:
        log.write_text(traceback.format_exc())
        raise Failure(f"{type(error).__name__}: {error}", log=log, remedy=remedy) from error
