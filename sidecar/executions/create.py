"""Recording that something runs."""

from __future__ import annotations

from typing import Any

from psycopg.types.json import Jsonb

from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.projects.find import find_project
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]


def create_execution(call: Call, project: str | None, execution: Row) -> tuple[Row, bool]:
    """A new run, or the one that its engine calls by the same engine_workflow_id; and whether it is new.

    `project` is an id or a key; a run of a task works for the task's project when it is left out. An existing run is
    left as it is. Raises Refusal project_not_found, task_not_found, execution_elsewhere.
    """
    project_id = find_project(call, project)["id"] if project else None
    if project_id is None and execution["task_id"]:
        project_id = _project_of_task(call, execution)
    parameters = {
        **execution,
        "project_id": project_id,
        "request_id": execution["request_id"] or call.request_id,
        "definition": json_or_null(execution["definition"]),
        "user_created": call.caller.user_id,
    }
    row = call.connection.execute(sql.add_execution, parameters).fetchone()
    if row is not None:
        return row, True
    known = call.connection.execute(sql.execution_of_engine, parameters).fetchone()
    assert known is not None  # noqa: S101  it was in the way of the insert; nobody here deletes runs
    if project_id not in (None, known["project_id"]):
        raise Refusal("execution_elsewhere", details={"execution_id": str(known["id"])})
    return known, False


def json_or_null(value: Any) -> Jsonb | None:
    """A JSON value as a column takes it."""
    return None if value is None else Jsonb(value)


def _project_of_task(call: Call, execution: Row) -> Any:
    task = call.connection.execute(sql.project_of_task, {"id": execution["task_id"]}).fetchone()
    if task is None:
        raise Refusal("task_not_found", details={"task_id": str(execution["task_id"])})
    return task["project_id"]
