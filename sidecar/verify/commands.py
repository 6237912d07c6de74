"""`artifacts verify`: is everything still as promised?"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path

import click
import psycopg
from psycopg.rows import dict_row

from sidecar.database import Connection
from sidecar.stack.install import INSTALLED
from sidecar.stack.stack import Stack
from sidecar.verify.verify import Breach, looked_at, project_named, snapshot, verify


class Failed(click.ClickException):
    """Nobody could look; 1 would say that something was found."""

    exit_code = 2


@click.command("verify")
@click.option("--database-url", envvar="DATABASE_URL", help="Postgres as the sidecar's role; else this stack's.")
@click.option("--project", help="One project, by key or id; guards and files are left out then.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")
def verify_command(database_url: str | None, project: str | None, as_json: bool) -> None:
    """Check every promise of the registry on live data. Changes nothing; exits 1 when something is found."""
    began = time.monotonic()
    url = database_url or os.environ.get("ARTIFACTS_DATABASE_URL") or _local_stack().environment()["DATABASE_URL"]
    try:
        with Connection.connect(url, row_factory=dict_row) as connection, snapshot(connection):
            project_id = project_named(connection, project) if project else None
            if project and project_id is None:
                raise Failed(f"There is no project {project}.")
            counts = looked_at(connection, project_id)
            breaches = []
            for breach in verify(connection, project_id):
                breaches.append(breach)
                if not as_json:
                    click.echo(breach)
    except psycopg.Error as error:
        raise Failed(str(error)) from None
    seconds = time.monotonic() - began
    click.echo(_as_json(breaches, counts, seconds) if as_json else _summary(breaches, counts, seconds))
    sys.exit(1 if breaches else 0)


def _as_json(breaches: list[Breach], counts: dict[str, int], seconds: float) -> str:
    found = [asdict(breach) for breach in breaches]
    return json.dumps({"breaches": found, "looked_at": counts, "seconds": round(seconds, 1)}, ensure_ascii=False)


def _summary(breaches: list[Breach], counts: dict[str, int], seconds: float) -> str:
    amounts = ", ".join(f"{count:,} {what.replace('_', ' ')}" for what, count in counts.items())
    found = "nothing is wrong" if not breaches else f"{len(breaches)} breach{'es' if len(breaches) > 1 else ''}"
    return f"{found} in {amounts} ({seconds:.1f} s)"


def _local_stack() -> Stack:
    stack = Stack(Path(os.environ.get("ARTIFACTS_STACK") or INSTALLED / "stack"))
    if not stack.exists:
        raise Failed("There is no stack here yet. Start one with `make up`, or give --database-url.")
    return stack


COMMANDS = [verify_command]
