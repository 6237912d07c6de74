"""Sources as older systems leave them, and `artifacts import` on the test's database."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from psycopg.types.json import Jsonb

from sidecar.cli import main as artifacts
from sidecar.settings import Settings, variable
from sidecar.verify.verify import OF_PROJECTS
from tests.rows import Rows


@dataclass
class Importing:
    """Runs `artifacts import …` as an operator does."""

    environment: dict[str, str]

    def __call__(self, *arguments: str | Path, code: int = 0) -> Result:
        done = CliRunner().invoke(
            artifacts, ["import", *map(str, arguments)], env=self.environment, catch_exceptions=False
        )
        assert done.exit_code == code, done.output
        return done


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    """The settings of the test's sidecar, as variables."""
    names = ("database_url", "directus_token", "directus_secret")
    secrets = {variable(name): getattr(settings, name).get_secret_value() for name in names}
    return secrets | {"ARTIFACTS_DIRECTUS_URL": settings.directus_url, "ARTIFACTS_LOG_LEVEL": "warning"}


@pytest.fixture
def importing(environment: dict[str, str]) -> Importing:
    return Importing(environment)


@pytest.fixture
def sound(importing: Importing, urls: dict[str, str]) -> Callable[..., None]:
    """Fails unless the import validates and `artifacts verify` finds nothing."""

    def check(name: str, *options: str | Path) -> None:
        assert "nothing is wrong" in importing("validate", name, *options).output
        verified = CliRunner().invoke(artifacts, ["verify", "--json", "--database-url", urls["sidecar"]])
        # What guards and roles are is no matter of imports, and other tests lend roles to each other for moments.
        breaches = json.loads(verified.stdout)["breaches"]
        assert [breach for breach in breaches if breach["code"] in OF_PROJECTS] == []

    return check


@pytest.fixture
def old_tables(database: Rows) -> Callable[..., None]:
    """Makes old.artifact_versions and old.tasks beside the registry's own tables, and fills them."""
    database.run("create schema old")
    database.run(
        "create table old.artifact_versions (id uuid primary key, project_id uuid, schema_key text, version_number int,"
        " status text, value json, file_ids json, rejection_reason text, source_task_id uuid, execution_id text,"
        " approved_at timestamptz, date_created timestamptz default now())"
    )
    database.run("create table old.tasks (id uuid primary key, title text, artifact_version_ids json)")

    def fill(table: str, **columns: Any) -> uuid.UUID:
        columns = {"id": uuid.uuid4(), **columns}
        values = [Jsonb(value) if isinstance(value, list | dict) else value for value in columns.values()]
        places = ", ".join(["%s"] * len(values))
        database.run(f"insert into old.{table} ({', '.join(columns)}) values ({places})", *values)
        return columns["id"]

    return fill


OLD = ("--table", "artifact_versions=old.artifact_versions", "--table", "tasks=old.tasks")


def stories_in(path: Path, rows: list[dict[str, Any]], **more: list[dict[str, Any]]) -> Path:
    """A SQLite file with a table of stories, and with others."""
    columns = (
        "id", "title", "image_url", "image_path", "audio_url", "video_url", "text", "image_alternatives", "created_at",
        "cover_artifact_id", "canonical_audio_id", "canonical_video_id", "current_run_id",
    )  # fmt: skip
    tables = {"stories": (columns, rows)} | {name: (tuple(kept[0]), kept) for name, kept in more.items()}
    with closing(sqlite3.connect(path)) as connection, connection:
        for name, (names, kept) in tables.items():
            connection.execute(f"create table {name} ({', '.join(names)})")
            for row in kept:
                connection.execute(
                    f"insert into {name} values ({', '.join('?' * len(names))})", [row.get(column) for column in names]
                )
    return path
