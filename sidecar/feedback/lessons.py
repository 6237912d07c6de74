"""Lessons: what the next run should know of a path before it makes the next version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.feedback.clean import shortened, visible
from sidecar.feedback.digest import chosen_instead, edit_in_short, grouped, version_in
from sidecar.feedback.paths import Paths
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]
Scope = Literal["project", "template", "all"]

# So many of the latest remarks are read. An agent that needs more has another problem than its prompt.
MOST_REMARKS = 500
MOST_COMMENTS = 20
MOST_EDITS = 10
MOST_APPROVED = 10
# Other projects count by how new they are.
MOST_PROJECTS = 1000
EXCERPT = 400


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose lessons: `project` is its row, `limit` how many groups of reasons."""

    project: Row
    paths: Paths
    scope: Scope = "project"
    limit: int = 20


def lessons(call: Call, wanted: Wanted) -> tuple[Row, Row]:
    """{turned_down, approved, edits, comments} and what was left out:
    {projects, remarks, truncated, groups_left_out, without_reason}.

    Everything is in an order that the records alone decide. Raises Refusal invalid_value for other projects without a
    path.
    """
    projects, more_projects = _projects(call, wanted)
    named = {"projects": projects, "low": wanted.paths.low, "high": wanted.paths.high, "pattern": wanted.paths.pattern}
    remarks = _remarks(call, wanted, named, ["reject", "request_changes"], MOST_REMARKS + 1)
    groups, silent = grouped(remarks[:MOST_REMARKS])
    shown = groups[: wanted.limit]
    _complete(call, shown)
    found = {
        "turned_down": shown,
        "approved": [_approved(row) for row in _rows(call, sql.approved_at_paths, named, MOST_APPROVED)],
        "edits": _edits(call, wanted, named),
        "comments": _comments(call, wanted, named),
    }
    return found, {
        "projects": len(projects),
        "remarks": min(len(remarks), MOST_REMARKS),
        "truncated": more_projects or len(remarks) > MOST_REMARKS,
        "groups_left_out": len(groups) - len(shown),
        "without_reason": silent,
    }


def _projects(call: Call, wanted: Wanted) -> tuple[list[UUID], bool]:
    if wanted.scope == "project":
        return [wanted.project["id"]], False
    if wanted.paths.one is None:
        raise Refusal("invalid_value", "schema_key: lessons of other projects are those of one path.")
    template = wanted.project["template_id"] if wanted.scope == "template" else None
    if wanted.scope == "template" and template is None:
        return [wanted.project["id"]], False
    parameters = {"template_id": template, "limit": MOST_PROJECTS + 1}
    rows = call.connection.execute(sql.projects_of_template, parameters).fetchall()
    others = [row["id"] for row in rows[:MOST_PROJECTS] if row["id"] != wanted.project["id"]]
    return [wanted.project["id"], *others[: MOST_PROJECTS - 1]], len(rows) > MOST_PROJECTS


def _remarks(call: Call, wanted: Wanted, named: Row, actions: list[str], limit: int) -> list[Row]:
    whole = wanted.paths.low == "" and wanted.paths.pattern is None
    statement = sql.remarks_in_project if whole else sql.remarks_at_paths
    return call.connection.execute(statement, {**named, "actions": actions, "limit": limit}).fetchall()


def _rows(call: Call, statement: Any, named: Row, limit: int) -> list[Row]:
    return call.connection.execute(statement, {**named, "limit": limit}).fetchall()


def _complete(call: Call, groups: list[Row]) -> None:
    """Add the feedback that came with the reasons, and what was approved instead."""
    records = [record for group in groups for record in group["records"]]
    rows = call.connection.execute(sql.feedback_of, {"records": records}).fetchall() if records else []
    feedback = {row["id"]: row["feedback"] for row in rows}
    newest = [group["versions"][0] for group in groups]
    parameters = {
        "ids": [version["artifact_version_id"] for version in newest],
        "moments": [version["decided_at"] for version in newest],
    }
    chosen = call.connection.execute(sql.chosen_of, parameters).fetchall() if groups else []
    chosen_instead(groups, {row["id"]: row for row in chosen})
    for group in groups:
        group["feedback"] = [feedback[record] for record in group.pop("records") if record in feedback]
        del group["known"]


def _approved(row: Row) -> Row:
    excerpt = shortened(visible(row["content"] or ""), EXCERPT)
    return {
        **version_in(row),
        "artifact_type": row["artifact_type"],
        "approved_at": row["approved_at"],
        "reason": row["reason"],
        "excerpt": excerpt or None,
    }


def _edits(call: Call, wanted: Wanted, named: Row) -> list[Row]:
    whole = wanted.paths.low == "" and wanted.paths.pattern is None
    rows = _rows(call, sql.edits_in_project if whole else sql.edits_at_paths, named, MOST_EDITS)
    return [
        {
            **version_in(row),
            "approved_at": row["at"],
            "reason": row["reason"],
            "edited_from": {"artifact_version_id": row["from_id"], "version_number": row["from_number"]},
            "other_file": row["other_file"],
            **edit_in_short(row),
        }
        for row in rows
    ]


def _comments(call: Call, wanted: Wanted, named: Row) -> list[Row]:
    rows = _remarks(call, wanted, named, ["comment"], MOST_COMMENTS)
    records = [row["record_id"] for row in rows if row["has_feedback"]]
    found = call.connection.execute(sql.feedback_of, {"records": records}).fetchall() if records else []
    feedback = {row["id"]: row["feedback"] for row in found}
    return [
        {
            **version_in(row),
            "comment": row["reason"],
            "feedback": feedback.get(row["record_id"]),
            "date_created": row["at"],
        }
        for row in rows
    ]
