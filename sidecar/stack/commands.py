"""`artifacts up down reset logs status env`: the local stack from the command line."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, TextIO

import click
from rich.console import Console
from rich.table import Table

from sidecar.stack import parts
from sidecar.stack.install import INSTALLED
from sidecar.stack.progress import Failure, Progress, explain, tail, without_colours
from sidecar.stack.stack import PartStatus, Stack, Wishes

STEPS = 9
# pino's numbers, which Directus logs with
LEVELS = {10: "trace", 20: "debug", 30: "info", 40: "warning", 50: "error", 60: "fatal"}
SHOWN_LINES = 100


def stack_command(function: Callable[..., None]) -> click.Command:
    """A command on one stack: adds --directory and shows a Failure as sentence, log and remedy."""

    @wraps(function)
    def run(directory: Path, **arguments: Any) -> None:
        wishes = Wishes(
            host=os.environ.get("HOST") or None,
            public_url=os.environ.get("PUBLIC_URL"),  # set but empty: back to the default
            sidecar_public_url=os.environ.get("SIDECAR_PUBLIC_URL"),
            postgres_url=os.environ.get("ARTIFACTS_POSTGRES_URL") or None,
        )
        try:
            function(Stack(directory, wishes), **arguments)
        except Failure as failure:
            click.echo(explain(failure), err=True)
            sys.exit(1)

    option = click.option(
        "--directory",
        type=click.Path(path_type=Path, file_okay=False),
        envvar="ARTIFACTS_STACK",
        default=INSTALLED / "stack",
        help="The folder of the stack.  [default: .artifacts/stack of the checkout]",
    )
    return click.command()(option(run))


@stack_command
def up(stack: Stack) -> None:
    """Start PostgreSQL, Directus, sidecar and worker, and play the demo; install first what is missing."""
    stack.up(Progress(STEPS, first=2))
    click.echo(welcome(stack))


@stack_command
def down(stack: Stack) -> None:
    """Stop what runs. Data and ports are kept."""
    stack.down()
    click.echo("stopped")


@stack_command
def reset(stack: Stack) -> None:
    """Stop what runs and remove its data. What was downloaded stays."""
    stack.reset()
    click.echo("removed")


@stack_command
@click.argument("part", required=False, type=click.Choice(parts.NAMES))
@click.option("-f", "--follow", is_flag=True, help="Go on until Ctrl-C.")
def logs(stack: Stack, part: str | None, follow: bool) -> None:
    """Show the last lines of the logs, of all parts or of one."""
    names = [part] if part else [name for name in parts.NAMES if stack.log(name).exists()]
    for name in names:
        for line in tail(stack.log(name), SHOWN_LINES):
            click.echo(f"{name:9} {readable(line)}")
    if follow:
        for name, line in new_lines({name: stack.log(name) for name in names}):
            click.echo(f"{name:9} {readable(line)}")


@stack_command
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(stack: Stack, as_json: bool) -> None:
    """Show what runs where. Exit code 1 if a part is down."""
    found = stack.status()
    if as_json:
        click.echo(json.dumps([asdict(part) for part in found], indent=2))
    elif found:
        Console().print(status_table(found))
    else:
        click.echo("There is no stack here yet; `make up` makes one.")
    if not found or any(part.state != "running" for part in found):
        sys.exit(1)


@stack_command
def env(stack: Stack) -> None:
    """Print `export` lines of the stack:  eval "$(artifacts env)" """
    if not stack.exists:
        raise Failure("there is no stack here yet.", remedy="Run `make up` first.")
    for name, value in stack.environment().items():
        click.echo(f"export {name}={quoted(value)}")


COMMANDS = (up, down, reset, logs, status, env)


def quoted(value: str) -> str:
    """A value as one word of a POSIX shell, whatever it holds."""
    return "'" + value.replace("'", "'\\''") + "'"


def status_table(found: list[PartStatus]) -> Table:
    table = Table()
    for title in ("part", "state", "address", "pid", "since"):
        table.add_column(title, no_wrap=True)
    for part in found:
        colour = "green" if part.state == "running" else "red"
        table.add_row(part.part, f"[{colour}]{part.state}", part.address, str(part.pid or ""), local_time(part.since))
    return table


def local_time(since: str | None) -> str:
    """A status' ISO time as the clock on the wall shows it."""
    return datetime.fromisoformat(since).astimezone().strftime("%Y-%m-%d %H:%M:%S") if since else ""


def readable(line: str) -> str:
    """A line of Directus' log, JSON with every header, as one says it; other lines as they are."""
    try:
        entry = json.loads(line)
        level, moment = LEVELS[entry["level"]], datetime.fromtimestamp(entry["time"] / 1000, UTC).astimezone()
        said = f"{moment:%H:%M:%S} {level} "
        if "req" in entry and "res" in entry:
            request, status = entry["req"], entry["res"]["statusCode"]
            return f"{said}{request['method']} {request['url']} → {status}, {entry.get('responseTime', 0)} ms"
        return said + str(entry.get("err", {}).get("stack") or entry["msg"])
    except (ValueError, LookupError, TypeError, AttributeError):
        return line


def new_lines(files: dict[str, Path]) -> Iterator[tuple[str, str]]:
    """Lines added from now on to any of the files, each with its name. Never ends."""
    with ExitStack() as opened:
        streams = {name: opened.enter_context(at_end(path)) for name, path in files.items()}
        while True:
            waiting = [(name, line) for name, stream in streams.items() for line in stream]
            yield from ((name, without_colours(line.rstrip())) for name, line in waiting)
            if not waiting:
                time.sleep(0.3)


def at_end(path: Path) -> TextIO:
    """Open a log behind its last line; one that is not there yet is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    stream = path.open(errors="replace")
    stream.seek(0, os.SEEK_END)
    return stream


def welcome(stack: Stack) -> str:
    """What a person needs after `make up`: addresses, log-ins, what to do next."""
    secrets = stack.secrets
    return f"""
  Directus   {stack.directus_public_url}/admin
             administrator  {secrets["admin_email"]}     {secrets["admin_password"]}
             reviewer       {secrets["reviewer_email"]}  {secrets["reviewer_password"]}
  Sidecar    {stack.sidecar_public_url}   (API: {stack.sidecar_public_url}/docs)
  Database   {stack.databases.place}

  Next: log in as reviewer, open the Review desk, approve something and watch its project's context change.
        eval "$(.venv/bin/artifacts env)"   addresses and tokens for your shell
        make logs · make down · make reset"""
