"""Projects with something to review in them, made as the producer makes them, and what the database knows of them."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg
from PIL import Image
from psycopg.rows import dict_row

from tests.directus.people import Answer, Person, eventually

LOGO = "brand.logo"


def picture(color: str = "orange", size: int = 64) -> bytes:
    """A PNG of one colour."""
    content = io.BytesIO()
    Image.new("RGB", (size, size), color).save(content, "PNG")
    return content.getvalue()


@dataclass
class Work:
    """A project with a task, a run of it and that run's step; `versions` in the order in which they were submitted."""

    project: str
    task: str
    execution: str
    step: str
    versions: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    @property
    def version(self) -> str:
        return self.versions[-1]


class Database:
    """The product's database as its administrator: what is stored, whoever may see it."""

    def __init__(self, url: str):
        self.connection = psycopg.connect(url, autocommit=True, row_factory=dict_row)

    def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        return self.connection.execute(statement, values).fetchall()  # type: ignore[arg-type]

    def row(self, statement: str, *values: Any) -> dict[str, Any]:
        (row,) = self.rows(statement, *values)
        return row

    def version(self, key: str) -> dict[str, Any]:
        return self.row("select * from artifact_versions where id = %s", key)

    def status(self, key: str) -> str:
        return self.version(key)["status"]

    def project(self, key: str) -> dict[str, Any]:
        return self.row("select * from projects where id = %s", key)

    def context(self, key: str) -> dict[str, Any]:
        return self.project(key)["context"]

    def task(self, key: str) -> dict[str, Any]:
        return self.row("select * from tasks where id = %s", key)

    def approvals(self, version: str, action: str | None = None) -> list[dict[str, Any]]:
        rows = self.rows(
            "select * from artifact_approvals where artifact_version_id = %s order by date_created, id", version
        )
        return [row for row in rows if action in (None, row["action"])]

    def promotions(self, project: str) -> list[dict[str, Any]]:
        return self.rows("select * from promotions where project_id = %s order by context_version", project)

    def everything_of(self, work: Work) -> dict[str, list[Any]]:
        """Every row that belongs to the work, to be compared with itself later."""
        self.wait_for_looks(work.project)
        linked = "artifact_version_id in (select id from artifact_versions where project_id = %s)"
        statements = {
            "projects": "select to_jsonb(t) as row from projects t where id = %s",
            "tasks": "select to_jsonb(t) as row from tasks t where project_id = %s",
            "artifact_versions": "select to_jsonb(t) as row from artifact_versions t where project_id = %s",
            "artifact_approvals": "select to_jsonb(t) as row from artifact_approvals t where project_id = %s",
            "promotions": "select to_jsonb(t) as row from promotions t where project_id = %s",
            "task_executions": "select to_jsonb(t) as row from task_executions t where project_id = %s",
            "execution_steps": "select to_jsonb(t) as row from execution_steps t where project_id = %s",
            "artifact_files": f"select to_jsonb(t) as row from artifact_files t where {linked}",
            "task_artifacts": f"select to_jsonb(t) as row from task_artifacts t where {linked}",
            "directus_files": "select to_jsonb(t) as row from directus_files t"
            f" where id in (select directus_files_id from artifact_files where {linked})",
        }
        found = {name: self.rows(f"{text} order by id", work.project) for name, text in statements.items()}
        return {name: [row["row"] for row in rows] for name, rows in found.items()}

    def wait_for_looks(self, project: str) -> None:
        """Until the worker has completed the project's versions, or does not come to it because it was stopped."""
        left = "select from sidecar.looks l join artifact_versions v on v.id = l.subject where v.project_id = %s"
        with suppress(AssertionError):
            eventually(lambda: not self.rows(left, project), "the worker has looked at every version")

    def close(self) -> None:
        self.connection.close()


class Producer:
    """Makes work to be reviewed, with the producer's token and Directus' REST calls only."""

    def __init__(self, person: Person):
        self.person = person

    def work(self, title: str = "Spring campaign") -> Work:
        """A project, a task, a run of it and its step, with nothing submitted yet."""
        create = self.create
        project = create("projects", title=title, key=f"spring-{uuid.uuid4().hex[:12]}")
        task = create("tasks", project_id=project, title="Design the logo", status="in_progress", schema_key=LOGO)
        execution = create("task_executions", project_id=project, task_id=task, name="Logo run", status="running")
        step = create("execution_steps", project_id=project, execution_id=execution, step_name="Draw")
        return Work(project, task, execution, step)

    def create(self, collection: str, **fields: Any) -> str:
        return self.person.post(f"/items/{collection}", fields).data["id"]

    def submit(self, work: Work, path: str = LOGO, picture: bytes | None = None, **fields: Any) -> str:
        """One more version of `path`, and its id."""
        files = {}
        if picture is not None:
            work.files.append(self.person.upload("logo.png", picture, "image/png"))
            files = {"primary_file_id": work.files[-1]}
        given = {
            "project_id": work.project,
            "schema_key": path,
            "status": "pending",
            "value": {"format": "PNG", "draft": len(work.versions) + 1},
            "source_task_id": work.task,
            "execution_id": work.execution,
            "step_id": work.step,
        }
        work.versions.append(self.create("artifact_versions", **(given | files | fields)))
        return work.versions[-1]

    def candidates(
        self, paths: Iterable[str] = (LOGO,), title: str = "Spring campaign", pictures: bool = False
    ) -> Work:
        """Work with one pending version of each path (a path may be named several times)."""
        work = self.work(title)
        for path in paths:
            self.submit(work, path, picture() if pictures else None)
        return work


class Reviews:
    """The ways to decide that a person has."""

    def __init__(self, person: Person, flow: str):
        self.person, self.flow = person, flow

    def edit(self, version: str, status: str, **beside: Any) -> Answer:
        return self.person.patch(f"/items/artifact_versions/{version}", {"status": status, **beside})

    def press(self, versions: list[str], decision: str, reason: str | None = None) -> Answer:
        """The Review button, as Directus' app sends it."""
        said = {} if reason is None else {"reason": reason}
        body = {"collection": "artifact_versions", "keys": versions, "decision": decision, **said}
        return self.person.post(f"/flows/trigger/{self.flow}", body)

    def finish(self, task: str) -> Answer:
        return self.person.patch(f"/items/tasks/{task}", {"status": "done"})


def promoted(database: Database, work: Work, context_version: int = 1) -> dict[str, Any]:
    """The project once its context has reached `context_version`."""
    return eventually(
        lambda: (project := database.project(work.project))["context_version"] >= context_version and project,
        f"context version {context_version} of project {work.project}",
    )
