"""Looking at a test's database, and changing it as one of its roles."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from sidecar.database import Connection
from sidecar.stack.stack import Stack

# Everything a decision, a promotion or a submission writes.
WRITTEN = (
    "artifact_versions",
    "artifact_files",
    "artifact_approvals",
    "artifact_relations",
    "promotions",
    "projects",
    "tasks",
    "task_artifacts",
    "execution_artifacts",
)

TEMPLATE = "artifacts_template"


@contextmanager
def fresh_database(stack: Stack) -> Iterator[str]:
    """The name of a database made from the template, dropped at the end."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(stack.databases.postgres_url(), autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(TEMPLATE))
        )
        yield name
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


class Rows:
    """A connection as one role, in autocommit, that answers with rows as dictionaries."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @classmethod
    def connect(cls, url: str) -> Rows:
        return cls(Connection.connect(url, row_factory=dict_row, autocommit=True))

    def run(self, statement: str, *parameters: Any) -> int:
        """Execute; how many rows it touched."""
        return self.connection.execute(statement, parameters).rowcount  # type: ignore[arg-type]

    def all(self, statement: str, *parameters: Any) -> list[dict[str, Any]]:
        return self.connection.execute(statement, parameters).fetchall()  # type: ignore[arg-type]

    def one(self, statement: str, *parameters: Any) -> dict[str, Any]:
        """The only row."""
        (row,) = self.all(statement, *parameters)
        return row

    def value(self, statement: str, *parameters: Any) -> Any:
        """The only column of the only row."""
        (value,) = self.one(statement, *parameters).values()
        return value

    def column(self, statement: str, *parameters: Any) -> list[Any]:
        """The first column of every row."""
        return [next(iter(row.values())) for row in self.all(statement, *parameters)]

    def version(self, version_id: UUID | str) -> dict[str, Any]:
        return self.one("select * from artifact_versions where id = %s", version_id)

    def status(self, version_id: UUID | str) -> str:
        return self.version(version_id)["status"]

    def approvals(self, version_id: UUID | str) -> list[dict[str, Any]]:
        """The approval records of a version, oldest first."""
        return self.all(
            "select * from artifact_approvals where artifact_version_id = %s order by date_created, id", version_id
        )

    def actions(self, version_id: UUID | str) -> list[str]:
        return sorted(row["action"] for row in self.approvals(version_id))

    def project(self, project_id: UUID | str) -> dict[str, Any]:
        return self.one("select * from projects where id = %s", project_id)

    def context(self, project_id: UUID | str) -> dict[str, Any]:
        return self.project(project_id)["context"]

    def promotions(self, project_id: UUID | str) -> list[dict[str, Any]]:
        return self.all("select * from promotions where project_id = %s order by context_version", project_id)

    def task(self, task_id: UUID | str) -> dict[str, Any]:
        return self.one("select * from tasks where id = %s", task_id)

    def everything(self) -> dict[str, list[dict[str, Any]]]:
        """Every row of the tables that operations write."""
        return {name: self.all(f"select * from {name} order by id") for name in WRITTEN}

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Fail when the block leaves any row different."""
        before = self.everything()
        yield
        assert self.everything() == before


@contextmanager
def refused(rule: str) -> Iterator[None]:
    """The database refuses the block by this guard or constraint."""
    with pytest.raises(psycopg.Error) as caught:
        yield
    assert caught.value.diag.constraint_name == rule, caught.value
