"""What waits for a decision: a page of it, and what all of it comes to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from sidecar.call import Call
from sidecar.desk.may import why_not
from sidecar.errors import Refusal
from sidecar.sql import Statements
from sidecar.templates.rules import PathRule, rule_for

sql = Statements(__file__)
Row = dict[str, Any]

# More projects than these are not listed beside the first page; `total` counts them all the same.
MOST_PROJECTS = 1000
KINDS = ("image", "audio", "video", "text", "json", "document", "unknown")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of what waits. None does not filter; `path_start` is what a path begins with, ages are in hours."""

    project_id: UUID | None = None
    schema_key: str | None = None
    path_start: str | None = None
    artifact_type: str | None = None
    producer: UUID | None = None
    task_id: UUID | None = None
    q: str | None = None
    older_than_hours: int | None = None
    younger_than_hours: int | None = None
    decidable: bool = True


@dataclass(frozen=True, slots=True)
class _Rule:
    """What of a path's rule decides who may approve."""

    approvals_required: int
    producer_may_approve: bool

    @classmethod
    def of(cls, rule: PathRule) -> _Rule:
        return cls(rule.approvals_required, rule.producer_may_approve)

    @property
    def usual(self) -> bool:
        return self.approvals_required == 1 and self.producer_may_approve


def inbox(call: Call, wanted: Wanted, *, cursor: UUID | None, limit: int) -> tuple[list[Row], Row]:
    """A page of the pending versions that nobody has sent back, by project, task and path; and the meta of the answer.

    `decidable` leaves only those whose approval by the caller would count. The cursor is the last version of the page
    before, wherever it stands now. Beside the first page the meta says what all of it comes to; else those are None.
    Raises Refusal invalid_value for a cursor that is no version.
    """
    if cursor is not None and not call.connection.execute(sql.version_exists, {"id": cursor}).fetchone():
        raise Refusal("invalid_value", "The cursor is not one that a page ended with.", {"cursor": str(cursor)})
    rows: list[Row] = []
    if not wanted.decidable or "review" in call.caller.rights:
        # Planned for the filters that were given: one plan for all of them would be right for none.
        rows = call.connection.execute(sql.inbox, _parameters(call, wanted, cursor, limit), prepare=False).fetchall()
    meta = {"next_cursor": rows[limit - 1]["id"] if len(rows) > limit else None}
    sums = _sums(rows[0]["sums"] if rows else None) if cursor is None else _NO_SUMS
    return [_shown(call, row) for row in rows[:limit]], meta | sums


def _parameters(call: Call, wanted: Wanted, cursor: UUID | None, limit: int) -> Row:
    who = {"actor_id": call.caller.user_id, "actor_label": call.caller.label}
    rules = Jsonb(_rules(call, wanted.project_id))
    return {**asdict(wanted), **who, "rules": rules, "cursor": cursor, "limit": limit + 1, "projects": MOST_PROJECTS}


def _rules(call: Call, project_id: UUID | None) -> list[Row]:
    """Per template and path, where something waits, what is not the usual: once, however many versions wait there."""
    rules: list[Row] = []
    for template in call.connection.execute(sql.rules_asked, {"project_id": project_id}).fetchall():
        for path in template["paths"]:
            rule = _Rule.of(rule_for(template["context_schema"], path))
            if not rule.usual:
                rules.append({"template_id": template["template_id"], "schema_key": path, **asdict(rule)})
    return rules


def _shown(call: Call, row: Row) -> Row:
    rule = _Rule(row["approvals_required"], row["producer_may_approve"])
    reason = why_not(call.caller, rule, row["user_created"], given=row["given"], voted=row["own"])
    file = {
        "id": row["file_id"], "type": row["file_type"], "title": row["file_title"], "width": row["width"],
        "height": row["height"], "changed_at": row["changed_at"], "poster_id": row["poster_id"],
    }  # fmt: skip
    task = {"id": row["source_task_id"], "title": row["task_title"]}
    current = {"id": row["current_id"], "version_number": row["current_number"]}
    named = ("id", "project_id", "schema_key", "version_number", "artifact_type", "excerpt", "date_created")
    return {
        **{name: row[name] for name in named},
        "file": file if row["file_id"] else None,
        "task": task if row["source_task_id"] else None,
        "producer": producer(row),
        "votes": {"given": row["given"], "required": row["approvals_required"]},
        "own_vote": row["own"],
        "may_decide": reason is None,
        "why_not": reason,
        "outdated": (row["current_number"] or 0) > row["version_number"],
        "current": current if row["current_id"] else None,
        "earlier_feedback": row["earlier_feedback"],
    }


def producer(row: Row) -> Row | None:
    """Who made it, as answers name them; None where nothing is known."""
    if row["user_created"] is None and row["producer"] is None:
        return None
    return {"id": row["user_created"], "name": row["producer"]}


_NO_SUMS = dict.fromkeys(("total", "oldest", "projects", "facets"))


def _sums(found: Row | None) -> Row:
    kinds, makers = (found["artifact_type"], found["producer"]) if found else ({}, [])
    return {
        "total": found["total"] if found else 0,
        "oldest": found["oldest"] if found else None,
        "projects": found["projects"] if found else [],
        "facets": {"artifact_type": {kind: kinds.get(kind, 0) for kind in KINDS}, "producer": makers},
    }
