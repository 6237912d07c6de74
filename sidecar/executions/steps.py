"""Steps: recorded, changed, and tried again. A retry is a step of its own."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.executions.change import refuse_move
from sidecar.executions.create import json_or_null
from sidecar.executions.graph import level_after, names, ordered
from sidecar.executions.inputs import input_hash
from sidecar.executions.link import link_inputs
from sidecar.executions.read import find_execution, lock_execution
from sidecar.executions.resume import judged, outputs_by_step
from sidecar.executions.status import STEPS
from sidecar.pages import next_cursor, place
from sidecar.projects.find import find_project
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]

FIELDS = (
    "id", "project_id", "execution_id", "step_name", "workflow_name", "step_order", "level", "depends_on", "attempt",
    "retry_of", "engine_workflow_id", "engine_run_id", "status", "input", "output", "parameters", "definition",
    "server_address", "prompt_id", "input_hash", "error_message", "queued_at", "started_at", "completed_at",
    "user_created", "date_created", "ready",
)  # fmt: skip
JSON = ("depends_on", "input", "output", "parameters", "definition")
# What a step was given and gave back: filled in when it is known, never replaced once the step has ended.
KEPT = ("input", "output", "parameters", "definition", "input_hash", "error_message")
# What a retry takes over from the attempt before it.
AGAIN = (
    "project_id", "execution_id", "step_name", "workflow_name", "step_order", "level", "depends_on", "input",
    "parameters", "definition", "server_address", "input_hash",
)  # fmt: skip


def find_step(call: Call, step_id: UUID) -> Row:
    """The step's row with `ready`. Raises Refusal step_not_found."""
    row = call.connection.execute(sql.find_steps, {"ids": [step_id]}).fetchone()
    if row is None:
        raise Refusal("step_not_found", details={"step_id": str(step_id)})
    return row


def present(call: Call, steps: list[Row]) -> list[Row]:
    """Steps as the API shows them: with the ids of the versions they were given and made, and where they may move."""
    given, made = defaultdict(list), defaultdict(list)
    for link in call.connection.execute(sql.links_of_steps, {"ids": [step["id"] for step in steps]}).fetchall():
        (given if link["given"] else made)[link["step_id"]].append(link["artifact_version_id"])
    return [
        {
            **{name: step[name] for name in FIELDS},
            "inputs": given[step["id"]],
            "outputs": made[step["id"]],
            "allowed_statuses": STEPS.next(step["status"]),
        }
        for step in steps
    ]


def add_step(call: Call, step: Row, project: str | None = None) -> tuple[Row, bool]:
    """A step on its own; the row, and whether it is new.

    A step that an engine or a server calls by the same name is the same step, as the steps of a run are by their
    step_name (see add_steps). Raises Refusal project_not_found, artifact_not_found, step_dependency_unknown.
    """
    step = {**step, "project_id": find_project(call, project)["id"] if project else None}
    if step["depends_on"]:
        raise Refusal(
            "step_dependency_unknown", details={"step_name": step["step_name"], "unknown": step["depends_on"]}
        )
    return _add_or_find(call, step, _same_step(call, step))


def add_steps(call: Call, execution_id: UUID, steps: list[Row], project: str | None = None) -> list[tuple[Row, bool]]:
    """Steps of a run, which may depend on each other; each row, and whether it is new.

    A name stands for one step: queued or running it is itself, completed with the same input and a usable output too.
    After anything else it is a new attempt. Raises Refusal execution_not_found, project_not_found, artifact_not_found,
    step_dependency_unknown, step_dependency_cycle.
    """
    project_id = find_project(call, project)["id"] if project else None
    execution = lock_execution(call, execution_id)
    rows = call.connection.execute(sql.latest_steps, {"execution_id": execution_id}).fetchall()
    latest = {row["step_name"]: row for row in rows}
    needed = {name: names(row["depends_on"]) for name, row in latest.items()}
    _check_dependencies(needed, steps)
    levels = {name: row["level"] for name, row in latest.items()}
    added: dict[int, tuple[Row, bool]] = {}
    for index in _in_order(needed, steps):
        step = {**steps[index], "execution_id": execution_id, "project_id": project_id or execution["project_id"]}
        if step["level"] is None:
            step["level"] = level_after(step["depends_on"] or [], levels)
        added[index] = row, _new = _add_or_find(call, step, latest.get(step["step_name"]))
        latest[step["step_name"]], levels[step["step_name"]] = row, row["level"]
    return [added[index] for index in range(len(steps))]


def change_step(call: Call, step_id: UUID, changes: Row) -> Row:
    """Carry out `changes` (columns by name, and `inputs`: version ids) on a step, under its lock.

    The same change again changes nothing. Raises Refusal step_not_found, step_status_order, step_ended,
    artifact_not_found.
    """
    step = _lock(call, step_id)
    inputs = changes.pop("inputs", None) or []
    refuse_move(STEPS, "A step", step, changes)
    given = call.connection.execute(sql.links_of_steps, {"ids": [step_id]}).fetchall()
    known = [str(link["artifact_version_id"]) for link in given if link["given"]]
    changes = {**changes, **_rehashed(step, changes, known, [str(version) for version in inputs])}
    _refuse_ended(step, changes)
    after = {**step, **changes}
    if after != step:
        call.connection.execute(sql.change_step, _with_json(after))
    link_inputs(call, step, inputs)
    return find_step(call, step_id)


def retry_step(call: Call, step_id: UUID, status: str = "queued") -> tuple[Row, bool]:
    """The attempt after a step that has ended, and whether it is new. Asked again, it is the same attempt as it stands.

    Raises Refusal step_not_found, step_unfinished.
    """
    step = find_step(call, step_id)
    if step["execution_id"]:
        lock_execution(call, step["execution_id"])
    step = _lock(call, step_id)
    again = call.connection.execute(sql.find_retry, {"id": step_id}).fetchone()
    if again:
        return find_step(call, again["id"]), False
    if step["status"] in ("queued", "running"):
        raise Refusal("step_unfinished", f"The step is {step['status']}.", {"status": step["status"]})
    row = {**dict.fromkeys(FIELDS), **{name: step[name] for name in AGAIN}, "status": status}
    links = call.connection.execute(sql.links_of_steps, {"ids": [step_id]}).fetchall()
    inputs = [link["artifact_version_id"] for link in links if link["given"]]
    return _insert(call, {**row, "inputs": inputs}, step), True


def list_steps(call: Call, filters: Row, *, cursor: str | None, limit: int) -> tuple[list[Row], str | None]:
    """A page of steps, newest first, and the cursor of the next (None on the last)."""
    parameters = {**filters, **place(cursor, date=datetime, id=UUID), "limit": limit + 1}
    rows, following = next_cursor(
        call.connection.execute(sql.list_steps, parameters).fetchall(), limit, "date_created", "id"
    )
    return present(call, rows), following


def steps_of(
    call: Call, execution_id: UUID, filters: Row, *, cursor: str | None, limit: int
) -> tuple[list[Row], str | None]:
    """A page of a run's steps, by level, order and time, and the cursor of the next.

    Raises Refusal execution_not_found.
    """
    find_execution(call, execution_id)
    after = place(cursor, at_level=int, at_order=int, date=datetime, id=UUID)
    parameters = {"execution_id": execution_id, **filters, **after, "limit": limit + 1}
    rows = call.connection.execute(sql.steps_of_execution, parameters).fetchall()
    rows, following = next_cursor(rows, limit, "at_level", "at_order", "date_created", "id")
    return present(call, rows), following


def _check_dependencies(needed: dict[str, list[str]], steps: list[Row]) -> None:
    """Add what `steps` depend on to `needed`, and refuse what cannot be."""
    for step in steps:
        if step["depends_on"] is not None or step["step_name"] not in needed:
            needed[step["step_name"]] = step["depends_on"] or []
    # What people wrote through Directus may name anything: only what this request says is refused.
    said = {step["step_name"] for step in steps}
    kept = {name: others if name in said else [o for o in others if o in needed] for name, others in needed.items()}
    ordered(kept)


def _in_order(needed: dict[str, list[str]], steps: list[Row]) -> list[int]:
    """Positions in `steps`, each after those it depends on, so that levels follow."""
    known = {name: [other for other in others if other in needed] for name, others in needed.items()}
    rank = {name: position for position, name in enumerate(ordered(known))}
    return sorted(range(len(steps)), key=lambda index: rank[steps[index]["step_name"]])


def _same_step(call: Call, step: Row) -> Row | None:
    """The latest attempt of a step on its own that its engine or server calls by the same name; locks that name."""
    if not step["engine_workflow_id"] and not step["prompt_id"]:
        return None
    called = [step["engine_workflow_id"], step["engine_run_id"], step["server_address"], step["prompt_id"]]
    call.connection.execute(sql.lock_names, {"name": json.dumps(called)})
    latest = call.connection.execute(sql.find_same_step, step).fetchone()
    # A retry has no names of its own until it runs.
    while latest and (again := call.connection.execute(sql.find_retry, {"id": latest["id"]}).fetchone()):
        latest = find_step(call, again["id"])
    return latest


def _add_or_find(call: Call, step: Row, latest: Row | None) -> tuple[Row, bool]:
    step = dict(step)
    inputs = [str(version) for version in step["inputs"]]
    step["input_hash"] = step["input_hash"] or input_hash(step["input"], inputs, step["parameters"])
    if latest is not None and _stands(call, latest, step["input_hash"]):
        return find_step(call, latest["id"]), False
    return _insert(call, step, latest), True


def _stands(call: Call, latest: Row, wanted: str | None) -> bool:
    """Whether the latest attempt is what the caller asks for: under way, or its output can be used."""
    if latest["status"] in ("queued", "running"):
        return True
    return judged(latest, wanted, outputs_by_step(call, [latest["id"]])[latest["id"]]) == "completed"


def _insert(call: Call, step: Row, before: Row | None) -> Row:
    parameters = {
        **_with_json(step),
        "attempt": (before["attempt"] or 1) + 1 if before else 1,
        "retry_of": before["id"] if before else None,
        "user_created": call.caller.user_id,
    }
    row = call.connection.execute(sql.add_step, parameters).fetchone()
    assert row is not None  # noqa: S101  an insert that returns answers with its row
    link_inputs(call, {**step, "id": row["id"]}, step["inputs"])
    return find_step(call, row["id"])


def _lock(call: Call, step_id: UUID) -> Row:
    row = call.connection.execute(sql.lock_step, {"id": step_id}).fetchone()
    if row is None:
        raise Refusal("step_not_found", details={"step_id": str(step_id)})
    return row


def _rehashed(step: Row, changes: Row, known: list[str], more: list[str]) -> Row:
    """The input's hash after `changes`, unless the caller says it or has said it before."""
    if "input_hash" in changes or not ({"input", "parameters"} & changes.keys() or more):
        return {}
    if step["input_hash"] != input_hash(step["input"], known, step["parameters"]):
        return {}
    after = {**step, **changes}
    return {"input_hash": input_hash(after["input"], list({*known, *more}), after["parameters"])}


def _refuse_ended(step: Row, changes: Row) -> None:
    if step["status"] in ("queued", "running", None):
        return
    replaced = [n for n in KEPT if n in changes and step[n] is not None and changes[n] != step[n]]
    if replaced:
        raise Refusal("step_ended", details={"status": step["status"], "fields": replaced})


def _with_json(row: Row) -> Row:
    return {**row, **{name: json_or_null(row[name]) for name in JSON}}
