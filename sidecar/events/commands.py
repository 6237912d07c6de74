"""`artifacts events …`: endpoints, their secrets, and the log of deliveries, by the API of a running sidecar."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from sidecar.client import Registry, RegistryError
from sidecar.events.kinds import EVENTS
from sidecar.stack.install import INSTALLED
from sidecar.stack.stack import Stack


@click.group()
@click.option("--url", envvar="SIDECAR_URL", help="The sidecar; else this stack's.")
@click.option("--token", envvar="SIDECAR_TOKEN", help="A service token of role admin; else this stack's.")
@click.pass_context
def events(context: click.Context, url: str | None, token: str | None) -> None:
    """Tell other programs what happens."""
    context.obj = (url, token)


@events.command("list")
@click.option("--project", help="One project, by key or id.")
@click.option("--after", type=int, help="Of one project: only those after this sequence number.")
@click.pass_obj
def list_(where: tuple[str | None, str | None], project: str | None, after: int | None) -> None:
    """Print what happened, oldest first: one JSON object a line."""
    with _registry(where) as registry:
        for event in registry.events.list(project, after=after):
            click.echo(json.dumps(event.model_dump(mode="json"), ensure_ascii=False))


@events.command()
@click.pass_obj
def endpoints(where: tuple[str | None, str | None]) -> None:
    """Show where events are sent."""
    table = Table("id", "url", "events", "state", "to send", "failed")
    with _registry(where) as registry:
        for one in registry.events.endpoints():
            state = ("on" if one.active else "off") + (f": {one.problem}" if one.problem else "")
            numbers = (f"{one.pending:,}", f"{one.failed:,}")
            table.add_row(str(one.id), one.url, ", ".join(one.events) or "all", state, *numbers)
    Console().print(table)


@events.command()
@click.argument("address")
@click.option("--description", help="What listens there.")
@click.option("--event", "kinds", multiple=True, type=click.Choice(list(EVENTS)), help="May be repeated; else all.")
@click.pass_obj
def add(where: tuple[str | None, str | None], address: str, description: str | None, kinds: tuple[str, ...]) -> None:
    """Send events to an address. Prints the endpoint's id and its secret, once."""
    with _registry(where) as registry:
        made = registry.events.add(address, description=description, events=kinds)
    click.echo(f"{made.id} {made.secret}")
    click.echo("This is the only time the secret is shown.", err=True)


@events.command()
@click.argument("endpoint")
@click.option("--on/--off", "active", default=True, help="Whether events are sent to it.")
@click.pass_obj
def switch(where: tuple[str | None, str | None], endpoint: str, active: bool) -> None:
    """Switch an endpoint on or off."""
    with _registry(where) as registry:
        one = registry.events.change(endpoint, active=active)
    click.echo(f"{one.url} is {'on' if one.active else 'off'}.")


@events.command()
@click.argument("endpoint")
@click.option("--overlap", default=86400, show_default=True, help="Seconds for which the secret of before signs, too.")
@click.pass_obj
def secret(where: tuple[str | None, str | None], endpoint: str, overlap: int) -> None:
    """Make a new secret for an endpoint and print it, once."""
    with _registry(where) as registry:
        made = registry.events.renew_secret(endpoint, overlap=overlap)
    click.echo(made.secret)
    click.echo("This is the only time it is shown.", err=True)


@events.command()
@click.argument("endpoint")
@click.pass_obj
def test(where: tuple[str | None, str | None], endpoint: str) -> None:
    """Queue a test event; `artifacts events log` shows what came of it."""
    with _registry(where) as registry:
        queued = registry.events.test(endpoint)
    click.echo(f"{queued.id} {queued.message_id}")


@events.command()
@click.option("--endpoint", help="Of one endpoint.")
@click.option("--status", help="pending, delivered, failed or dropped; several with commas.")
@click.option("--limit", default=50, show_default=True, help="So many, the newest first.")
@click.pass_obj
def log(where: tuple[str | None, str | None], endpoint: str | None, status: str | None, limit: int) -> None:
    """Show what was sent, and what came of it."""
    table = Table("delivery", "type", "number", "status", "tries", "answer", "ms", "when", "error")
    with _registry(where) as registry:
        found = registry.events.deliveries(endpoint, status=status, page=min(limit, 500))
        for one, _ in zip(found, range(limit), strict=False):
            shown = (one.sequence, one.answer_status, one.duration_ms)
            number, answer, took = ("" if value is None else str(value) for value in shown)
            moment = f"{one.finished_at or one.date_created:%Y-%m-%d %H:%M:%S}"
            row = (str(one.id), one.type, number, one.status, str(one.attempts), answer, took, moment, one.error or "")
            table.add_row(*row)
    Console().print(table)


@events.command()
@click.option("--delivery", help="This one.")
@click.option("--endpoint", help="Those of an endpoint that failed.")
@click.option("--all", "everything", is_flag=True, help="Of an endpoint: what was delivered, too.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]), help="Queued since then (UTC).")
@click.pass_obj
def replay(
    where: tuple[str | None, str | None],
    delivery: str | None,
    endpoint: str | None,
    everything: bool,
    since: datetime | None,
) -> None:
    """Send again, under the ids that they had."""
    if (delivery is None) == (endpoint is None):
        raise click.UsageError("Name one delivery with --delivery, or an endpoint with --endpoint.")
    with _registry(where) as registry:
        if delivery is not None:
            registry.events.replay(delivery)
            count = 1
        else:
            moment = since.replace(tzinfo=UTC) if since else None
            count = registry.events.replay_all(endpoint or "", status="all" if everything else "failed", since=moment)
    click.echo(f"{count:,} to be sent again.")


@contextmanager
def _registry(where: tuple[str | None, str | None]) -> Iterator[Registry]:
    url, token = where
    if not (url and token):
        local = _local_stack().environment()
        url, token = url or local["SIDECAR_URL"], token or local["SIDECAR_TOKEN"]
    try:
        with Registry(url, token) as registry:
            yield registry
    except RegistryError as error:
        raise click.ClickException(str(error)) from None


def _local_stack() -> Stack:
    stack = Stack(Path(os.environ.get("ARTIFACTS_STACK") or INSTALLED / "stack"))
    if not stack.exists:
        raise click.ClickException("There is no stack here yet. Start one with `make up`, or give --url and --token.")
    return stack


COMMANDS = [events]
