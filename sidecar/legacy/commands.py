"""`artifacts import …`: older data into the registry."""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from sidecar.access.caller import RIGHTS_OF_ROLE, Caller
from sidecar.database import Database
from sidecar.directus import DirectusError
from sidecar.errors import Refusal
from sidecar.files.stable import stable_url
from sidecar.legacy.batch import Import
from sidecar.legacy.files import Places
from sidecar.legacy.items import Problem
from sidecar.legacy.mapping import SHIPPED, Map, MapInvalid, read_map, with_tables
from sidecar.legacy.rollback import roll_back
from sidecar.legacy.run import Options, Runner, Tally
from sidecar.legacy.source import Source, SourceError, described, open_source
from sidecar.legacy.validate import Fault, faults_in_files, faults_in_registry, faults_in_source
from sidecar.legacy.write_back import restore
from sidecar.settings import Settings, SettingsError, read_settings, variable
from sidecar.sql import Statements
from sidecar.stack.environments import of_sidecar
from sidecar.stack.install import INSTALLED
from sidecar.stack.stack import Stack

sql = Statements(__file__)
F = TypeVar("F", bound=Callable[..., Any])

SHOWN_PROBLEMS = 20
_DATABASE_URL = click.option("--database-url", help="Postgres as the sidecar's role; else that of the settings.")
_SOURCE = "PostgreSQL URL, SQLite file, exported .json, .jsonl or .csv file, or a folder of them, named by table."


@click.group("import")
def import_group() -> None:
    """Bring older data into the registry, look at it, and take it back."""


def _run_options(function: F) -> F:
    """The options that every import takes."""
    options = [
        click.option("--source", envvar="IMPORT_SOURCE", show_envvar=True, required=True, help=_SOURCE),
        click.option("--table", "tables", multiple=True, metavar="NAME=NAME", help="What a table is called there."),
        click.option("--name", help="What to call the import; else as the map. The same name goes on with it."),
        click.option("--dry-run", is_flag=True, help="Say what would be made and what is wrong. Changes nothing."),
        click.option("--skip-bad", is_flag=True, help="Leave out rows with problems and go on."),
        click.option("--report", type=click.Path(dir_okay=False, path_type=Path),
                     help="Write problems there, as JSON lines."),
        click.option("--files-root", type=click.Path(exists=True, file_okay=False, path_type=Path),
                     help="Folder below which paths of files lie; the files are stored in Directus."),
        click.option("--fetch", is_flag=True, help="Fetch files from their addresses; else the addresses are kept."),
        click.option("--write-back", is_flag=True, help="Put stable addresses of approved files into the old columns."),
        click.option("--renew-changed", is_flag=True, help="Make rows that have changed since new versions."),
        click.option("--no-promote", is_flag=True, help="Leave approved versions out of the contexts for now."),
        click.option("--actor", help="In whose name: id or e-mail address of a Directus user."),
        _DATABASE_URL,
    ]  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


@import_group.command("json-arrays")
@_run_options
def json_arrays(**options: Any) -> None:
    """Versions and tasks that keep ids in JSON arrays (file_ids, artifact_version_ids)."""
    _import(SHIPPED / "json-arrays.yaml", options)


_OTHER_MAP = click.option(
    "--map",
    "map_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A map instead of the shipped one.",
)


@import_group.command("attachments")
@_OTHER_MAP
@_run_options
def attachments(map_file: Path | None, **options: Any) -> None:
    """Files attached to items (file_attachments): approved versions of projects."""
    _import(map_file or SHIPPED / "attachments.yaml", options)


@import_group.command("stories")
@_OTHER_MAP
@_run_options
def stories(map_file: Path | None, **options: Any) -> None:
    """Stories with image, audio, video and text columns: a project each."""
    _import(map_file or SHIPPED / "stories.yaml", options)


@import_group.command("rows")
@click.option(
    "--map", "map_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True, help="The map."
)
@_run_options
def rows(map_file: Path, **options: Any) -> None:
    """Rows of any tables, as a map says."""
    _import(map_file, options)


@import_group.command("status")
@click.argument("name", required=False)
@_DATABASE_URL
def status(name: str | None, database_url: str | None) -> None:
    """Show what imports there are and what they made."""
    table = Table(
        "import", "state", "from", "versions", "projects", "runs", "task links", "problems", "written back", "by"
    )
    with _database(_settings(database_url)) as database:
        found = database.run(lambda connection: connection.execute(sql.list_imports, {"name": name}).fetchall())
    if name and not found:
        raise click.ClickException(f"There is no import {name}.")
    for row in found:
        counts = [row["versions"], row["projects"], row["runs"], row["links"], row["problems"], row["written"]]
        table.add_row(row["name"], row["state"].replace("_", " "), row["source"], *map(str, counts), row["actor_label"])
    Console(width=max(Console().width, 120)).print(table)


@import_group.command("validate")
@click.argument("name")
@click.option("--source", envvar="IMPORT_SOURCE", show_envvar=True, help="Compare with it, row by row.")
@click.option("--files", is_flag=True, help="Read every file's bytes from Directus.")
@_DATABASE_URL
def validate(name: str, source: str | None, files: bool, database_url: str | None) -> None:
    """Check that everything imported is there as it was. Changes nothing; exits 1 when something is found."""
    settings = _settings(database_url)
    faults = 0
    with _database(settings) as database, _told():
        known = _find(database, name)
        with database.transaction() as connection:
            for fault in faults_in_registry(connection, known["id"]):
                faults += _said(fault)
        if source:
            with closing(open_source(source)) as opened:
                chosen = Map.model_validate(known["map"])
                for fault in faults_in_source(database, known["id"], chosen, opened):
                    faults += _said(fault)
        if files:
            for fault in faults_in_files(database, settings, known["id"]):
                faults += _said(fault)
    click.echo("nothing is wrong" if not faults else f"{faults} fault{'s' if faults > 1 else ''}")
    sys.exit(1 if faults else 0)


@import_group.command("rollback")
@click.argument("name")
@click.option("--force", is_flag=True, help="Also what somebody has decided on since.")
@click.option(
    "--source", envvar="IMPORT_SOURCE", show_envvar=True, help="Where the old columns are, if they were written."
)
@click.option("--leave-source", is_flag=True, help="Leave the addresses in the old columns.")
@click.option("--actor", help="In whose name: id or e-mail address of a Directus user.")
@_DATABASE_URL
def rollback(
    name: str, force: bool, source: str | None, leave_source: bool, actor: str | None, database_url: str | None
) -> None:
    """Withdraw what an import made; the contexts go on without it. Nothing is deleted."""
    settings = _settings(database_url)
    with _database(settings) as database, _told():
        known = _find(database, name)
        if known["state"] == "rolled_back":
            raise click.ClickException(f"The import {name} was rolled back before.")
        problems: list[Problem] = []
        if _written(database, known["id"]) and not leave_source:
            if not source:
                raise click.ClickException(
                    "Old columns hold our addresses. Give --source to restore them, or --leave-source."
                )
            with closing(open_source(source)) as opened:
                restored, problems = restore(database, opened, known["id"])
            click.echo(f"{restored} old values stand again")
        work = Import(known["id"], known["name"])
        taken = roll_back(database, settings, _caller(database, actor), work, force=force)
    click.echo(f"{taken.withdrawn} versions withdrawn, {taken.projects} projects archived")
    for row in taken.kept:
        version = f"version {row['version_number']} of {row['schema_key']}"
        click.echo(f"kept  {row['source_key']}: {version} ({row['why']})")
    _show(problems, None)


def _import(map_file: Path, options: dict[str, Any]) -> None:
    settings = _settings(options["database_url"])
    places = Places(settings, options["files_root"], options["fetch"])
    chosen_options = Options(
        places,
        dry_run=options["dry_run"],
        skip_bad=options["skip_bad"],
        promote=not options["no_promote"],
        write_back=options["write_back"],
        renew_changed=options["renew_changed"],
    )
    with _told(), closing(open_source(options["source"])) as source, _database(settings) as database:
        chosen = _map(map_file, options)
        for sentence in [
            said for table in chosen.tables if source.columns(table.place) for said in described(table, source)
        ]:
            click.echo(sentence, err=True)
        _refuse_unreadable(chosen, source)
        if chosen_options.write_back:
            _refuse_unwritable(chosen, source, settings)
        runner = Runner(database, settings, _caller(database, options["actor"]), chosen, source, chosen_options)
        tally = _with_progress(runner, chosen, source)
    _conclude(chosen.name, tally, chosen_options, options["report"])


def _map(map_file: Path, options: dict[str, Any]) -> Map:
    names = dict(pair.split("=", 1) if "=" in pair else (pair, "") for pair in options["tables"])
    if "" in names.values():
        raise MapInvalid("--table takes NAME=NAME: what the map calls a table, and what it is called in the source.")
    chosen = with_tables(read_map(map_file), names)
    return Map.model_validate({**chosen.model_dump(by_alias=True), "name": options["name"] or chosen.name})


def _refuse_unreadable(chosen: Map, source: Source) -> None:
    if not any(source.columns(table.place) for table in chosen.tables):
        names = ", ".join(table.place for table in chosen.tables)
        raise SourceError(f"{source.description} has no table {names}. Say with --table NAME=NAME what it is called.")


def _refuse_unwritable(chosen: Map, source: Source, settings: Settings) -> None:
    stable_url(settings, UUID(int=0), "cover")  # refuses where no such address is given out
    for table in chosen.tables:
        if any(rule.write_back for rule in table.versions) and not source.writable(table.place):
            raise SourceError(f"{source.description} cannot be written to, which --write-back needs.")


def _with_progress(runner: Runner, chosen: Map, source: Source) -> Tally:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        there = [table.place for table in chosen.tables if source.columns(table.place)]
        total = sum(source.count(place) for place in there) if console.is_terminal else None
        task = progress.add_task(chosen.name, total=total)
        return runner.run(lambda tally: progress.update(task, completed=tally.rows))


def _conclude(name: str, tally: Tally, options: Options, report: Path | None) -> None:
    """What came of it, and the exit code: 1 with a problem that was not meant to be skipped."""
    words = "would be made" if options.dry_run else "made"
    parts = [f"{tally.rows:,} rows: {tally.added:,} versions {words}", f"{tally.same:,} there already"]
    parts += [f"{tally.linked:,} tasks linked"] if tally.linked else []
    parts += [f"{tally.promoted:,} contexts promoted"] if tally.promoted else []
    parts += [f"{tally.written:,} addresses written back"] if tally.written else []
    click.echo(f"{name}: {', '.join(parts)}, {len(tally.problems):,} problems")
    if tally.changed:
        click.echo(
            f"{len(tally.changed):,} rows have changed in the source since; --renew-changed makes them new versions:"
        )
        for key in tally.changed[:SHOWN_PROBLEMS]:
            click.echo(f"  {key}")
    if options.skip_bad and tally.problems and report is None:
        report = Path(f"import-{name}-problems.jsonl")
    _show(tally.problems, report)
    if tally.stopped:
        click.echo(
            "Nothing of this batch was written; batches before it were. Correct the rows, or go on with --skip-bad."
        )
    sys.exit(1 if tally.problems and not options.skip_bad else 0)


def _show(problems: list[Problem], report: Path | None) -> None:
    for problem in problems[:SHOWN_PROBLEMS]:
        click.echo(f"{problem.code}  {problem.source_key}: {problem.message}")
    if len(problems) > SHOWN_PROBLEMS:
        click.echo(f"and {len(problems) - SHOWN_PROBLEMS:,} more")
    if report is not None and problems:
        lines = [
            json.dumps({"row": p.source_key, "code": p.code, "message": p.message}, ensure_ascii=False)
            for p in problems
        ]
        report.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="backslashreplace")
        click.echo(f"All of them: {report}")


def _said(fault: Fault) -> int:
    click.echo(str(fault))
    return 1


def _find(database: Database, name: str) -> dict[str, Any]:
    row = database.run(lambda connection: connection.execute(sql.find_import, {"name": name}).fetchone())
    if row is None:
        raise click.ClickException(f"There is no import {name}.")
    return row


def _written(database: Database, import_id: UUID) -> bool:
    parameters = {"import_id": import_id, "after": "", "limit": 1}
    return bool(database.run(lambda connection: connection.execute(sql.writes_to_restore, parameters).fetchone()))


def _caller(database: Database, actor: str | None) -> Caller:
    """The person who runs it: a Directus user, or whoever is logged in on this machine."""
    rights = RIGHTS_OF_ROLE["admin"]
    if actor is None:
        return Caller(None, f"{getpass.getuser()} (artifacts import)", "human", rights, "import")
    row = database.run(lambda connection: connection.execute(sql.user_named, {"user": actor}).fetchone())
    if row is None:
        raise click.ClickException(f"There is no active Directus user {actor}.")
    return Caller(row["id"], row["label"], "human", rights, "import")


def _settings(database_url: str | None) -> Settings:
    """The sidecar's settings: of the environment, else of the stack of this machine."""
    environment = dict(os.environ)
    if not environment.get(variable("database_url")):
        stack = Stack(Path(os.environ.get("ARTIFACTS_STACK") or INSTALLED / "stack"))
        if stack.exists:
            environment |= of_sidecar(stack)
    if database_url:
        environment[variable("database_url")] = database_url
    try:
        return read_settings(environment)
    except SettingsError as error:
        raise click.ClickException(f"{error}\nThere is no stack here either; start one with `make up`.") from None


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    url = settings.database_url.get_secret_value()
    database = Database(url, largest=3, name="artifacts-import", prepare=settings.prepare_statements)
    database.open()
    try:
        yield database
    finally:
        database.close()


@contextmanager
def _told() -> Iterator[None]:
    """What can be said in a sentence is, without a traceback."""
    try:
        yield
    except (SourceError, MapInvalid, DirectusError) as error:
        raise click.ClickException(str(error)) from None
    except Refusal as refusal:
        raise click.ClickException(refusal.message or str(refusal)) from None


COMMANDS = [import_group]
