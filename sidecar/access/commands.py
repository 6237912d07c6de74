"""`artifacts token create | list | revoke`: the service tokens of programs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import psycopg
from psycopg import errors as pg
from psycopg.rows import dict_row
from rich.console import Console
from rich.table import Table

from sidecar.access import tokens
from sidecar.database import Connection
from sidecar.stack.install import INSTALLED
from sidecar.stack.stack import Stack


@click.group()
@click.option("--database-url", envvar="DATABASE_URL", help="Postgres as the sidecar's role; else this stack's.")
@click.pass_context
def token(context: click.Context, database_url: str | None) -> None:
    """Make, list and revoke the service tokens of programs."""
    context.obj = database_url


@token.command()
@click.option("--name", required=True, help="What it is for, such as n8n.")
@click.option("--role", required=True, type=click.Choice(tokens.ROLES))
@click.option("--actor-type", default="system", type=click.Choice(["system", "ai"]), help="How its deeds are recorded.")
@click.pass_obj
def create(database_url: str | None, name: str, role: str, actor_type: str) -> None:
    """Make a token and print it, once."""
    with _connection(database_url) as connection:
        try:
            secret = tokens.create_token(connection, name=name, role=role, actor_type=actor_type)
        except pg.UniqueViolation:
            raise click.ClickException(
                f"There is a token named {name}. Revoke it first, or choose another name."
            ) from None
    click.echo(secret)
    click.echo("This is the only time it is shown.", err=True)


@token.command("list")
@click.pass_obj
def list_(database_url: str | None) -> None:
    """Show every token, without its secret."""
    table = Table("name", "role", "created", "last used", "state")
    with _connection(database_url) as connection:
        for row in tokens.list_tokens(connection):
            state = "revoked" if row["revoked_at"] else "live"
            table.add_row(row["name"], row["role"], _day(row["created_at"]), _day(row["last_used_at"]), state)
    Console().print(table)


@token.command()
@click.argument("name_or_id")
@click.pass_obj
def revoke(database_url: str | None, name_or_id: str) -> None:
    """End a token. It stops working within the ten seconds that a verified token is remembered."""
    with _connection(database_url) as connection:
        revoked = tokens.revoke_token(connection, name_or_id)
    if not revoked:
        raise click.ClickException(f"There is no live token named {name_or_id}.")
    click.echo(f"Revoked {revoked[0]['name']}.")


@contextmanager
def _connection(database_url: str | None) -> Iterator[Connection]:
    url = database_url or os.environ.get("ARTIFACTS_DATABASE_URL") or _local_stack().environment()["DATABASE_URL"]
    try:
        with Connection.connect(url, row_factory=dict_row) as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise click.ClickException(
            f"The database does not answer: {str(error).splitlines()[0]} Start it with `make up`."
        ) from None


def _local_stack() -> Stack:
    stack = Stack(Path(os.environ.get("ARTIFACTS_STACK") or INSTALLED / "stack"))
    if not stack.exists:
        raise click.ClickException("There is no stack here yet. Start one with `make up`, or give --database-url.")
    return stack


def _day(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "never"


COMMANDS = [token]
