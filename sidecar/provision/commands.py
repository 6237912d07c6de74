"""`artifacts provision`: what `make up` does to a database and a Directus, for those that run in containers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import click
import psycopg
from psycopg.rows import dict_row

from sidecar.access.tokens import PREFIX, ensure_token
from sidecar.database import Connection
from sidecar.directus import Directus, DirectusError
from sidecar.provision.database import prepare_database
from sidecar.provision.headroom import NoHeadroom
from sidecar.provision.install import install
from sidecar.provision.schema import SchemaConflict
from sidecar.stack.databases import Databases
from sidecar.stack.progress import Failure

PATIENCE_SECONDS = 180.0

F = TypeVar("F", bound=Callable[..., Any])


def secret(name: str, help_text: str, *, required: bool = False) -> Callable[[F], F]:
    """An option that is better given in the environment, where no list of processes shows it."""
    flag = "--" + name.lower().replace("_", "-")
    return click.option(flag, envvar=name, show_envvar=True, required=required, help=help_text)


@click.command()
@secret("DATABASE_ADMIN_URL", "PostgreSQL as someone who may make roles; names the database.", required=True)
@secret("DIRECTUS_DATABASE_PASSWORD", "The password that Directus' role gets.", required=True)
@secret("SIDECAR_DATABASE_PASSWORD", "The password that the sidecar's role gets.", required=True)
@secret("DIRECTUS_URL", "Where Directus answers.")
@secret("DIRECTUS_ADMIN_TOKEN", "The static token of an administrator of Directus.")
@secret("FILES_TOKEN", "The token that the user gets who stores uploads; the sidecar's ARTIFACTS_DIRECTUS_TOKEN.")
@secret("HOOK_TOKEN", "The service token with which Directus calls the sidecar; its ARTIFACTS_SIDECAR_TOKEN.")
@click.option("--database-only", is_flag=True, help="Make roles and database, for a Directus that is yet to start.")
def provision(
    database_admin_url: str,
    directus_database_password: str,
    sidecar_database_password: str,
    directus_url: str | None,
    directus_admin_token: str | None,
    files_token: str | None,
    hook_token: str | None,
    database_only: bool,
) -> None:
    """Prepare a database and a Directus that are ours alone. Run again, it brings them up to date."""
    try:
        databases = Databases(database_admin_url)
        prepare_database(
            databases.maintenance_url(),
            database=databases.database,
            directus_password=directus_database_password,
            sidecar_password=sidecar_database_password,
        )
        click.echo(f"roles and database {databases.place}: ready")
        if database_only:
            return
        directus = Directus(_given("DIRECTUS_URL", directus_url), _given("DIRECTUS_ADMIN_TOKEN", directus_admin_token))
        files_token, hook_token = _given("FILES_TOKEN", files_token), _service_token(_given("HOOK_TOKEN", hook_token))
        _wait_for(directus)
        install(directus, databases.admin_url(), {"files_token": files_token}, click.echo)
        _keep_hook_token(databases.admin_url(), hook_token)
    except (Failure, NoHeadroom, SchemaConflict, DirectusError, psycopg.Error) as error:
        raise click.ClickException(str(error)) from None


def _given(name: str, value: str | None) -> str:
    if not value:
        raise click.UsageError(f"{name} is missing.")
    return value


def _service_token(token: str) -> str:
    if not token.startswith(PREFIX) or len(token) < 36:
        raise click.UsageError(f"HOOK_TOKEN begins with {PREFIX} and has at least 32 characters after it.")
    return token


def _wait_for(directus: Directus) -> None:
    """Until Directus knows its administrator. Raises DirectusError when it does not answer for minutes, or refuses."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            directus.get("/users/me", params={"fields": "id"})
            return
        except DirectusError as error:
            # Its own tables may still be in the making: 5xx. A token that is refused will be refused for ever.
            if 400 <= error.status < 500 or time.monotonic() > deadline:
                raise
        time.sleep(1)


def _keep_hook_token(url: str, token: str) -> None:
    with Connection.connect(url, row_factory=dict_row) as connection:
        ensure_token(connection, name="directus", role="reviewer", token=token)
    click.echo("token of Directus: ready")


COMMANDS = [provision]
