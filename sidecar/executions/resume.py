"""Resuming: which steps of a run have an output that can be used again, and which must run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sidecar.answers import version_name
from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.executions.graph import names
from sidecar.executions.read import find_execution
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]

Reason = Literal[
    "completed", "never_run", "queued", "running", "failed", "skipped", "input_changed", "output_rejected",
    "output_archived", "dependency",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """A step a caller is about to run, with the hash of what it would be given (None: not said)."""

    step_name: str
    input_hash: str | None = None


def resume(call: Call, execution_id: UUID, wanted: list[Wanted] | None = None) -> list[Row]:
    """For each step of a run, by its latest attempt, or for each one wanted: whether its output can be used again.

    [{step_name, step_id, attempt, status, level, input_hash, usable, reason, outputs}]; outputs are the newest versions
    of the step at each path, edits included. Raises Refusal execution_not_found.
    """
    find_execution(call, execution_id)
    rows = call.connection.execute(sql.latest_steps, {"execution_id": execution_id}).fetchall()
    steps = {row["step_name"]: row for row in rows}
    outputs = outputs_by_step(call, [row["id"] for row in rows])
    asked = {want.step_name: want for want in wanted or []}
    reasons = reasons_of(steps, asked, outputs)
    order = [want.step_name for want in wanted] if wanted is not None else sorted(steps, key=lambda n: _place(steps[n]))
    return [_answer(name, steps.get(name), reasons.get(name, "never_run"), outputs) for name in order]


def reusable(call: Call, project_id: UUID, step_name: str, input_hash: str) -> Row | None:
    """The newest step of a project, in any run, that has made a usable output from the same input; else None."""
    here = {"project_id": project_id, "step_name": step_name, "input_hash": input_hash}
    rows = call.connection.execute(sql.reusable_steps, here).fetchall()
    outputs = outputs_by_step(call, [row["id"] for row in rows])
    return next((row for row in rows if judged(row, input_hash, outputs[row["id"]]) == "completed"), None)


def outputs_by_step(call: Call, step_ids: list[UUID], schema_key: str | None = None) -> Mapping[UUID, list[Row]]:
    """The versions each step made, and those edited from them, newest first."""
    made: dict[UUID, list[Row]] = defaultdict(list)
    for row in call.connection.execute(sql.outputs_of_steps, {"ids": step_ids, "schema_key": schema_key}).fetchall():
        made[row["made_by"]].append(row)
    return made


def current_output(call: Call, step: Row, *, want: Literal["approved", "latest"], schema_key: str | None = None) -> Row:
    """The version that stands for what a step made: the newest approved one, or the newest that is not put away.

    Raises Refusal step_output_missing, which says what there is instead.
    """
    made = outputs_by_step(call, [step["id"]], schema_key)[step["id"]]
    fit = ("approved",) if want == "approved" else ("intermediate", "pending", "approved", "superseded")
    chosen = next((version for version in made if version["status"] in fit), None)
    if chosen is not None:
        return chosen
    statuses = [version["status"] for version in made]
    found = {status: statuses.count(status) for status in sorted(set(statuses))}
    sentence = f"This step has no {want} output" + (f"; it has {_spoken(found)}." if found else " yet.")
    raise Refusal("step_output_missing", sentence, {"step_status": step["status"], "outputs": found})


def reasons_of(
    steps: Mapping[str, Row], wanted: Mapping[str, Wanted], outputs: Mapping[UUID, list[Row]]
) -> dict[str, Reason]:
    """Why each step's output can be used (completed) or must be made again. Pure.

    Where the caller does not say what a step would be given, a step that depends on one that must run must run too: its
    input will be another. Dependencies that form a circle, as Directus lets people write, are followed once.
    """
    reasons: dict[str, Reason] = {}
    for name, step in steps.items():
        want = wanted.get(name)
        reasons[name] = judged(step, want.input_hash if want else None, outputs.get(step["id"], []))
    said = {name for name, want in wanted.items() if want.input_hash is not None}
    waiting = [name for name, reason in reasons.items() if reason != "completed"]
    followers: dict[str, list[str]] = defaultdict(list)
    for name, step in steps.items():
        for needed in names(step["depends_on"]):
            followers[needed].append(name)
    while waiting:
        for follower in followers[waiting.pop()]:
            if reasons[follower] == "completed" and follower not in said:
                reasons[follower] = "dependency"
                waiting.append(follower)
    return reasons


def judged(step: Row, wanted: str | None, made: list[Row]) -> Reason:
    """Why the output of one step can be used (completed) or not. `made` are its versions, newest first. Pure."""
    status = step["status"] or "queued"
    if status != "completed":
        return status
    if wanted is not None and step["input_hash"] != wanted:
        return "input_changed"
    standing = {version["status"] for version in newest_by_path(made)}
    if "rejected" in standing:
        return "output_rejected"
    return "output_archived" if "archived" in standing else "completed"


def newest_by_path(made: list[Row]) -> list[Row]:
    """Of versions, newest first, the newest at each path; an approved one stands for its path."""
    chosen: dict[tuple[UUID, str], Row] = {}
    for version in made:
        path = (version["project_id"], version["schema_key"])
        if path not in chosen or (version["status"] == "approved" and chosen[path]["status"] != "approved"):
            chosen[path] = version
    return list(chosen.values())


def _place(step: Row) -> tuple[int, int, str]:
    return step["level"] or 0, step["step_order"] or 0, step["step_name"]


def _answer(name: str, step: Row | None, reason: Reason, outputs: Mapping[UUID, list[Row]]) -> Row:
    known = step or {}
    made = newest_by_path(outputs.get(step["id"], [])) if step else []
    return {
        "step_name": name,
        "step_id": known.get("id"),
        "attempt": known.get("attempt"),
        "status": known.get("status"),
        "level": known.get("level"),
        "input_hash": known.get("input_hash"),
        "usable": reason == "completed",
        "reason": reason,
        "output": known.get("output"),
        "outputs": [
            {**version_name(version), "status": version["status"]}
            for version in sorted(made, key=lambda version: version["schema_key"])
        ],
    }


def _spoken(found: dict[str, int]) -> str:
    return ", ".join(f"{number} {status}" for status, number in found.items())
