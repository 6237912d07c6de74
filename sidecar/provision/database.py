"""The database part of set-up: roles, the database itself, migrations, guards, grants. All of it can be run again.

Everything here runs as an administrator: a superuser, or a role that may create roles and databases.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
import yoyo
from procrastinate.schema import SchemaManager
from psycopg import sql

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"

OWNER, DIRECTUS, SIDECAR = "artifacts_owner", "artifacts_directus", "artifacts_sidecar"
# A group to put log-ins into that only look (docs/queries.md).
READER = "artifacts_reader"

# Shorter than what callers wait for (5 s), so that they get the registry's refusal and not their own time-out.
_SIDECAR_SETTINGS: dict[str, LiteralString] = {
    "lock_timeout": "2s",
    "statement_timeout": "4s",
    "idle_in_transaction_session_timeout": "10s",
    "search_path": "public, sidecar",
}


def url_for(url: str, *, database: str | None = None, user: str | None = None, password: str | None = None) -> str:
    """`url` with another database, or another user and password."""
    parts = urlsplit(url)
    netloc = parts.netloc
    if user is not None:
        netloc = f"{quote(user)}:{quote(password or '', safe='')}@{netloc.rpartition('@')[2]}"
    path = parts.path if database is None else f"/{quote(database)}"
    return urlunsplit((parts.scheme, netloc, path, parts.query, ""))


def prepare_database(admin_url: str, *, database: str, directus_password: str, sidecar_password: str) -> None:
    """Create the four roles and the database where they are missing, and set their passwords.

    `admin_url` may name any database of the server, such as postgres.
    Raises psycopg.Error when the administrator may not do so.
    """
    _again(lambda: _make_roles_and_database(admin_url, database, directus_password, sidecar_password))


def _make_roles_and_database(admin_url: str, database: str, directus_password: str, sidecar_password: str) -> None:
    with psycopg.connect(admin_url, autocommit=True) as connection:
        _role(connection, OWNER, None)
        _role(connection, READER, None)
        _role(connection, DIRECTUS, directus_password)
        _role(connection, SIDECAR, sidecar_password)
        exists = connection.execute("select 1 from pg_database where datname = %s", [database]).fetchone()
        if not exists:
            connection.execute(
                sql.SQL("create database {} encoding 'UTF8' template template0").format(sql.Identifier(database))
            )
        connection.execute(
            sql.SQL("grant create, connect, temporary on database {} to {}").format(
                sql.Identifier(database), sql.Identifier(DIRECTUS)
            )
        )
        # An import stages its rows in a temporary table; not every administrator leaves everybody the right to one.
        connection.execute(
            sql.SQL("grant temporary on database {} to {}").format(sql.Identifier(database), sql.Identifier(SIDECAR))
        )
        for name, value in _SIDECAR_SETTINGS.items():
            # search_path is a list of names, not one text
            shown = sql.SQL(value) if name == "search_path" else sql.Literal(value)
            connection.execute(
                sql.SQL("alter role {} in database {} set {} = {}").format(
                    sql.Identifier(SIDECAR), sql.Identifier(database), sql.Identifier(name), shown
                )
            )
    with psycopg.connect(url_for(admin_url, database=database), autocommit=True) as connection:
        connection.execute(sql.SQL("grant usage, create on schema public to {}").format(sql.Identifier(DIRECTUS)))


def migrate(admin_url: str) -> list[str]:
    """Bring types, internal tables, constraints, indexes, guards, ownership and grants up to date.

    Needs the collections of directus-schema/ in place. Returns the names of the migrations applied for the first time.
    """
    _run_all(admin_url, MIGRATIONS / "before")
    applied = _apply_versioned(admin_url)
    _create_job_tables(admin_url)
    _run_all(admin_url, MIGRATIONS / "functions")
    _run_all(admin_url, MIGRATIONS / "guards")
    _run_all(admin_url, MIGRATIONS / "after")
    return applied


@contextmanager
def schema_ownership(admin_url: str) -> Iterator[None]:
    """Lend Directus' role the ownership of the guarded tables while its schema is applied.

    Only an owner may add columns. The guards stay in force meanwhile: they look at the role's name.
    """
    names = {"owner": sql.Identifier(OWNER), "directus": sql.Identifier(DIRECTUS)}
    with psycopg.connect(admin_url, autocommit=True) as connection:
        _again(lambda: connection.execute(sql.SQL("grant {owner} to {directus}").format(**names)))
        try:
            yield
        finally:
            _again(lambda: connection.execute(sql.SQL("revoke {owner} from {directus}").format(**names)))


def _again(change: Callable[[], object]) -> None:
    """Roles are the whole server's: another set-up that changes one at the same moment makes Postgres give up."""
    for attempt in range(10):
        try:
            change()
            return
        except psycopg.errors.InternalError_ as error:
            if "concurrently" not in str(error) or attempt == 9:
                raise
            time.sleep(0.05 * (attempt + 1))


def _role(connection: psycopg.Connection, name: str, password: str | None) -> None:
    if not connection.execute("select 1 from pg_roles where rolname = %s", [name]).fetchone():
        connection.execute(sql.SQL("create role {}").format(sql.Identifier(name)))
    login = sql.SQL("nologin") if password is None else sql.SQL("login password {}").format(sql.Literal(password))
    connection.execute(sql.SQL("alter role {} {}").format(sql.Identifier(name), login))


def _run_all(admin_url: str, folder: Path) -> None:
    # Each file is a transaction of its own: what one of them locks, nobody waits for while the next ones run.
    with psycopg.connect(admin_url, autocommit=True) as connection:
        # One set-up at a time; a lock that a long transaction holds is not waited for behind everybody's back.
        connection.execute("select pg_advisory_lock(hashtextextended('artifacts/migrate', 0))")
        connection.execute("set lock_timeout = '10s'")
        for path in sorted(folder.glob("*.sql")):
            connection.execute(path.read_bytes())


def _apply_versioned(admin_url: str) -> list[str]:
    # yoyo keeps its record in the first schema of the search path.
    parts = urlsplit(admin_url)
    query = "&".join(filter(None, [parts.query, "options=" + quote("-c search_path=sidecar -c lock_timeout=10s")]))
    backend = yoyo.get_backend(urlunsplit(("postgresql+psycopg", parts.netloc, parts.path, query, "")))
    try:
        with backend.lock():
            pending = backend.to_apply(yoyo.read_migrations(str(MIGRATIONS)))
            backend.apply_migrations(pending)
            return [migration.id for migration in pending]
    finally:
        backend.connection.close()


def _create_job_tables(admin_url: str) -> None:
    with psycopg.connect(admin_url, options="-c search_path=sidecar") as connection:
        row = connection.execute("select to_regclass('sidecar.procrastinate_jobs')").fetchone()
        if row is not None and row[0] is None:
            connection.execute(SchemaManager.get_schema().encode())
