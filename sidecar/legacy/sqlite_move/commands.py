"""`artifacts move-from-sqlite schema | rows | compare`: a Directus on SQLite becomes one on PostgreSQL."""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
import psycopg

from sidecar.legacy.sqlite_move.files import missing_files
from sidecar.legacy.sqlite_move.move import Move, Moved, Refused, compare, move, rehearse
from sidecar.legacy.sqlite_move.schema import fitted
from sidecar.legacy.sqlite_move.source import Source
from sidecar.legacy.sqlite_move.target import Target

F = TypeVar("F", bound=Callable[..., Any])
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


class Zone(click.ParamType):
    name = "zone"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> ZoneInfo:
        try:
            return ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.fail(f"{value} is no time zone such as UTC or Europe/Berlin.", param, ctx)


def sqlite_option(command: F) -> F:
    return click.option("--sqlite", "file", required=True, type=FILE, help="The file of the old Directus; only read.")(
        command
    )


def both_sides(command: F) -> F:
    """The options of what works on both databases."""
    url = click.option(
        "--directus-database-url",
        "url",
        envvar="DIRECTUS_DATABASE_URL",
        show_envvar=True,
        required=True,
        help="PostgreSQL as the role that Directus logs in as.",
    )
    zone = click.option(
        "--timezone",
        "zone",
        required=True,
        type=Zone(),
        help="Where the old Directus kept its time: its TZ, else its machine's; in a container mostly UTC.",
    )
    leave = click.option("--leave", multiple=True, metavar="TABLE", help="A table that stays behind; may be repeated.")
    return sqlite_option(url(zone(leave(command))))


@click.group("move-from-sqlite")
def move_from_sqlite() -> None:
    """Move a Directus from SQLite to PostgreSQL: its schema, then its rows. The SQLite file is never written to."""


@move_from_sqlite.command()
@sqlite_option
@click.argument("snapshot", type=FILE)
@click.argument("fit", type=click.Path(path_type=Path, dir_okay=False, writable=True))
def schema(file: Path, snapshot: Path, fit: Path) -> None:
    """Write to FIT the schema SNAPSHOT (--format json) of a Directus on SQLite, with types that PostgreSQL needs."""
    with _explained(), Source.opened(file) as source:
        fresh, changes = fitted(_read(snapshot), source)
        fit.write_text(json.dumps(fresh, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        for change in changes:
            click.echo(change)
        if left := source.not_in_a_snapshot():
            click.echo("not in a schema snapshot, so not in PostgreSQL unless you make it there:")
            for statement in left:
                click.echo(f"  {statement}")
    click.echo(f"{fit}: {len(fresh['collections'])} collections, {len(changes)} fields changed")


def _read(snapshot: Path) -> dict[str, Any]:
    try:
        read = json.loads(snapshot.read_text(encoding="utf-8"))
    except ValueError:
        raise click.ClickException(f"{snapshot} is no JSON: make it with `schema snapshot --format json`.") from None
    if not isinstance(read, dict) or read.get("vendor") != "sqlite":
        raise click.ClickException(f"{snapshot} is no schema snapshot of a Directus on SQLite.")
    return read


@move_from_sqlite.command()
@both_sides
@click.option(
    "--uploads", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Look for the files here."
)
@click.option("--dry-run", is_flag=True, help="Convert and check everything, and write nothing.")
def rows(file: Path, url: str, zone: ZoneInfo, leave: tuple[str, ...], uploads: Path | None, dry_run: bool) -> None:
    """Copy every row into an empty PostgreSQL database, read it back and compare. All of it, or nothing."""
    began = time.monotonic()
    with _explained(), Source.opened(file) as source, Target.opened(url) as target:
        plan = Move(source, target, zone, frozenset(leave))
        if uploads:
            _show_missing(missing_files(source, uploads))
        if dry_run:
            counts = rehearse(plan)
            rows_there = sum(count for _, count in counts)
            click.echo(f"{rows_there:,} rows of {len(counts)} tables would be copied; nothing was written")
            return
        moved = move(plan, click.echo)
    _show(moved)
    click.echo(f"{_rows(moved):,} rows of {len(moved)} tables copied and compared ({time.monotonic() - began:.1f} s)")


@move_from_sqlite.command("compare")
@both_sides
def compare_command(file: Path, url: str, zone: ZoneInfo, leave: tuple[str, ...]) -> None:
    """Compare both sides, table by table, by number and checksum of the rows. Exits 1 where they differ."""
    with _explained(), Source.opened(file) as source, Target.opened(url) as target:
        found = compare(Move(source, target, zone, frozenset(leave)))
    _show(found)
    differing = [one for one in found if not one.is_same]
    click.echo(f"{_rows(found):,} rows of {len(found)} tables: {len(differing) or 'none'} differ")
    sys.exit(1 if differing else 0)


def _rows(moved: list[Moved]) -> int:
    return sum(one.there.rows for one in moved)


def _show(moved: list[Moved]) -> None:
    for one in moved:
        if one.is_same:
            click.echo(f"same    {one.table}  {one.there.rows:,}  {one.there}")
        else:
            click.echo(
                f"differ  {one.table}  SQLite {one.there.rows:,} {one.there}  PostgreSQL {one.here.rows:,} {one.here}"
            )


def _show_missing(missing: list[str]) -> None:
    for line in missing:
        click.echo(line)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (Refused, sqlite3.Error, psycopg.Error) as error:
        raise click.ClickException(f"{error}\nNothing was changed.") from None


COMMANDS = [move_from_sqlite]
