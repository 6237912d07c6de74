"""Keeping where a program is resumed when its versions are decided. The address is a secret: it is written, used once
and forgotten; no answer and no log line shows it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sidecar.call import Call
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]

# The fields of a request that say it.
FIELDS = ("resume_url", "resume_when", "resume_of", "resume_expects")


def keep_wait_of_run(call: Call, execution: Row, said: Row) -> None:
    """Let a run be resumed as `said` says (FIELDS, those that were sent): at a new address, or at none any more. The
    conditions alone change the wait that there is."""
    if not said:
        return
    run = {"execution_id": execution["id"], "version_id": None}
    if "resume_url" in said:
        call.connection.execute(sql.replace_wait, run)
        if said["resume_url"] is not None:
            call.connection.execute(
                sql.add_wait,
                {
                    **run,
                    "project_id": execution["project_id"],
                    "url": said["resume_url"],
                    **_conditions(execution, said, {}),
                },
            )
        return
    before = call.connection.execute(sql.wait_of, run).fetchone()
    if before is not None:
        call.connection.execute(sql.change_wait, {**run, **_conditions(execution, said, before)})


def keep_wait_of_version(
    call: Call, version: Row, execution_id: UUID | None, step_id: UUID | None, url: str, condition: str
) -> None:
    """Let the run that submits a version be resumed when its versions are decided; without a run, when this one is."""
    place = {"execution_id": execution_id, "step_id": step_id}
    run = call.connection.execute(sql.execution_of_step, place).fetchone() if execution_id or step_id else None
    if run is not None:
        run["project_id"] = run["project_id"] or version["project_id"]
        keep_wait_of_run(call, run, {"resume_url": url, "resume_when": condition})
        return
    mine = {"execution_id": None, "version_id": version["id"]}
    call.connection.execute(sql.replace_wait, mine)
    wait = {"task_id": None, "project_id": version["project_id"], "url": url, "condition": condition, "expects": 1}
    call.connection.execute(sql.add_wait, {**mine, **wait})


def _conditions(execution: Row, said: Row, before: Row) -> Row:
    of_task = said["resume_of"] == "task" if said.get("resume_of") else bool(before.get("task_id"))
    return {
        "condition": said.get("resume_when") or before.get("condition") or "all",
        "expects": said.get("resume_expects") or before.get("expects") or 1,
        "task_id": execution["task_id"] if of_task else None,
    }
