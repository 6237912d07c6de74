"""How each path of a project stands: what its template asks for, and what is there."""

from __future__ import annotations

from typing import Any, Literal

from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.projects.find import as_uuid
from sidecar.sql import Statements
from sidecar.templates.rules import DEFAULT, PathRule, key_for, others_welcome, problems_of, readable, rule_keys

sql = Statements(__file__)
Row = dict[str, Any]
State = Literal[
    "missing", "intermediate", "pending", "changes_requested", "approved", "approved_pending", "rejected"
]  # fmt: skip

STATUSES = ("intermediate", "pending", "approved", "superseded", "rejected", "archived")


def paths_of(call: Call, id_or_key: str) -> tuple[list[Row], Row]:
    """The paths of a project and the meta of that answer, in one statement. Raises Refusal project_not_found."""
    project_id = as_uuid(id_or_key)
    rows = call.connection.execute(sql.paths, {"id": project_id, "key": id_or_key}).fetchall()
    if not rows:
        raise Refusal("project_not_found", details={"project_id": id_or_key[:255]})
    first = rows[0]
    context_schema = first["context_schema"]
    template = {"id": first["template_id"], "name": first["template_name"]} if first["template_id"] else None
    meta = {
        "project_id": first["project_id"],
        "context_version": first["context_version"],
        "template": template,
        "additional_paths": others_welcome(context_schema),
        "problems": [problem.shown() for problem in problems_of(context_schema)],
    }
    return listed(context_schema, [row for row in rows if row["schema_key"] is not None]), meta


def listed(context_schema: Any, used: list[Row]) -> list[Row]:
    """The template's paths and patterns by name, each pattern with the used paths that fit it; then the rest. Pure."""
    keys = sorted(rule_keys(context_schema))
    rules = {key: readable(context_schema[key]) for key in keys}
    by_key: dict[str | None, list[Row]] = {}
    for row in used:
        by_key.setdefault(key_for(context_schema, row["schema_key"]), []).append(row)
    answer: list[Row] = []
    for key in keys:
        found = by_key.get(key, [])
        if "*" in key:
            concrete = [standing(row["schema_key"], rules[key], row, expected=True) for row in found]
            counts = {status: sum(path["counts"][status] for path in concrete) for status in STATUSES}
            pattern = {**standing(key, rules[key], None, expected=True), "counts": counts}
            state = None if concrete else "missing"
            answer.append({**pattern, "state": state, "pattern": True, "paths": concrete})
        else:
            answer.append(_single(standing(key, rules[key], found[0] if found else None, expected=True)))
    return answer + [_single(standing(row["schema_key"], DEFAULT, row, expected=False)) for row in by_key.get(None, [])]


def standing(path: str, rule: PathRule, row: Row | None, *, expected: bool) -> Row:
    """How one path stands; `row` is what is there, if anything. Pure."""
    there = row or dict.fromkeys((*STATUSES, "votes"), 0)
    approved = there.get("approved_id")
    newest = there.get("newest_id")
    return {
        "schema_key": path,
        "title": rule.title,
        "artifact_type": rule.artifact_type or there.get("newest_type"),
        "expected": expected,
        "state": state_of(there),
        "approved": approved
        and {
            "artifact_version_id": approved,
            "version_number": there["approved_number"],
            "approved_at": there["approved_at"],
            "promoted_at": there["promoted_at"],
        },
        "newest": newest
        and {
            "artifact_version_id": newest,
            "version_number": there["newest_number"],
            "status": there["newest_status"],
            "review_state": there["newest_review_state"],
        },
        "counts": {status: there[status] for status in STATUSES},
        "votes": {"given": there["votes"], "required": rule.approvals_required},
        "awaiting_promotion": approved is not None and there["promoted_at"] is None,
    }


def state_of(there: Row) -> State:
    """The one word for a path. A candidate older than the approved version is outdated and waits for nobody. Pure."""
    approved, waiting = there.get("approved_number") or 0, there.get("waiting_number") or 0
    if approved:
        return "approved_pending" if waiting > approved else "approved"
    if waiting:
        return "pending"
    returned, other = there.get("returned_number") or 0, there.get("other_number") or 0
    if returned > other:
        return "changes_requested"
    return there["other_status"] if other else "missing"


def _single(path: Row) -> Row:
    return {**path, "pattern": False, "paths": []}
