"""`artifacts retain`: what is due, by the API of a running sidecar."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from sidecar.client import Registry, RegistryError
from sidecar.client.models import Retained
from sidecar.stack.install import INSTALLED
from sidecar.stack.stack import Stack

_NUMBERS = ("archived", "bytes_removed", "files", "bytes")
Rules = dict[tuple[str, str, str], Counter[str]]


@click.command()
@click.option("--project", help="One project, by key or id; else all.")
@click.option("--dry-run", is_flag=True, help="Show what would be done, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
@click.option("--url", envvar="SIDECAR_URL", help="The sidecar; else this stack's.")
@click.option("--token", envvar="SIDECAR_TOKEN", help="A service token of role admin; else this stack's.")
def retain(project: str | None, dry_run: bool, as_json: bool, url: str | None, token: str | None) -> None:
    """Archive what the templates' retention says, and have files removed. The worker does the same once a day."""
    if not (url and token):
        local = _local_stack().environment()
        url, token = url or local["SIDECAR_URL"], token or local["SIDECAR_TOKEN"]
    try:
        with Registry(url, token) as registry:
            steps = registry.retention.due(project) if dry_run else registry.retention.apply(project)
            rules, last = _summed(steps)
    except RegistryError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json.dumps(_as_json(rules, last, dry_run), ensure_ascii=False))
    else:
        _show(rules, last, dry_run)


def _summed(steps: Any) -> tuple[Rules, Retained | None]:
    rules: Rules = {}
    last: Retained | None = None
    for step in steps:
        last = step
        for rule in step.rules:
            names = (rule.project or str(rule.project_id), rule.rule, rule.status)
            rules.setdefault(names, Counter()).update({name: getattr(rule, name) for name in _NUMBERS})
        for problem in step.problems:
            click.echo(f"{problem['path']} {problem['word']}: {problem['message']} Nothing is due by it.", err=True)
    return rules, last


def _as_json(rules: Rules, last: Retained | None, dry_run: bool) -> dict[str, Any]:
    shown = [
        {"project": project, "rule": rule, "status": status, **{name: numbers[name] for name in _NUMBERS}}
        for (project, rule, status), numbers in rules.items()
    ]
    totals = {name: sum(rule[name] for rule in shown) for name in _NUMBERS}
    return {"dry_run": dry_run, **totals, "rules": shown, "waiting": last.waiting if last else None}


def _show(rules: Rules, last: Retained | None, dry_run: bool) -> None:
    table = Table("project", "rule", "status", "archived", "without files", "files", "bytes")
    for names, numbers in rules.items():
        table.add_row(*names, *(f"{numbers[name]:,}" for name in _NUMBERS))
    if rules:
        Console().print(table)
    archived = sum(numbers["archived"] for numbers in rules.values())
    click.echo(f"{archived:,} versions {'would be' if dry_run else 'were'} archived.")
    waiting = last.waiting if last else {}
    if waiting.get("files") or waiting.get("held"):
        click.echo(f"Files that wait to be deleted: {waiting['files']:,}; held by something else: {waiting['held']:,}.")
    if waiting.get("error"):
        click.echo(f"The last try did not succeed: {waiting['error']}", err=True)


def _local_stack() -> Stack:
    stack = Stack(Path(os.environ.get("ARTIFACTS_STACK") or INSTALLED / "stack"))
    if not stack.exists:
        raise click.ClickException("There is no stack here yet. Start one with `make up`, or give --url and --token.")
    return stack


COMMANDS = [retain]
