"""All that a decision on one version needs, in one answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sidecar.artifacts.read import present
from sidecar.call import Call
from sidecar.desk.inbox import producer
from sidecar.desk.may import has_voted, why_not
from sidecar.errors import Refusal
from sidecar.review.decide import REJECTED_WITH
from sidecar.sql import Statements
from sidecar.templates.check import broken, violations_of
from sidecar.templates.rules import PathRule, key_for, problems_at, rule_for

sql = Statements(__file__)
Row = dict[str, Any]

# More than these nobody reads before deciding; all of it is at /v1/artifacts/{id}/versions and /approvals.
MOST_CANDIDATES, MOST_VERSIONS, MOST_RECORDS, MOST_EARLIER = 50, 100, 200, 20
_RULE = (
    "title", "description", "artifact_type", "mime_types", "max_bytes", "approvals_required", "producer_may_approve",
    "promote", "auto_approve",
)  # fmt: skip


def review_sheet(call: Call, version_id: UUID) -> Row:
    """What is to be decided, what stands at its path, what is asked for and what was said. Only reads, in up to eight
    statements, each of its own moment.

    Raises Refusal artifact_not_found.
    """
    most = MOST_CANDIDATES + 2  # beside the version itself and the approved one
    rows = call.connection.execute(sql.at_path, {"id": version_id, "limit": most}).fetchall()
    around = call.connection.execute(sql.surroundings, {"id": version_id}).fetchone()
    if not rows or around is None:
        raise Refusal("artifact_not_found", details={"artifact_version_id": str(version_id)})
    version, place = rows[0], {name: rows[0][name] for name in ("id", "project_id", "schema_key", "version_number")}
    shown = {row["id"]: row for row in present(call, rows)}
    approved = next((row for row in rows if row["status"] == "approved"), None)
    rule = rule_for(around["context_schema"], version["schema_key"])
    return {
        "version": shown[version["id"]],
        **_around(around),
        "approved": shown[approved["id"]] if approved else None,
        "candidates": [shown[row["id"]] for row in rows[1:] if row["status"] == "pending"][:MOST_CANDIDATES],
        **_history(call, place),
        **_asked_for(call, version, around, rule),
        **_said(call, version, place, rule),
        "outdated": approved is not None and approved["version_number"] > version["version_number"],
        "reasons": call.connection.execute(sql.reasons, {**place, "ours": REJECTED_WITH}).fetchall(),
    }


def _around(row: Row) -> Row:
    lock = row["lock"]
    if lock is not None:
        lock = {name: lock.get(name) for name in ("owner", "owner_id", "reason", "since")}
    return {
        "project": {
            "id": row["project_id"], "key": row["project_key"], "title": row["project_title"],
            "context_version": row["context_version"],
        },
        "task": _part(row, task_id="id", task_title="title", task_description="description", task_status="status"),
        "producer": producer(row),
        "run": _part(row, run_id="id", run_name="name", run_status="status"),
        "step": _part(row, step_id="id", step_name="step_name", attempt="attempt"),
        "lock": None if lock is None else {"schema_key": row["locked_path"], **lock},
    }  # fmt: skip


def _part(row: Row, **names: str) -> Row | None:
    """These columns under other names; None when the first is null."""
    part = {name: row[column] for column, name in names.items()}
    return None if row[next(iter(names))] is None else part


def _history(call: Call, place: Row) -> Row:
    rows = call.connection.execute(sql.history, {**place, "limit": MOST_VERSIONS + 1}).fetchall()
    return {"history": rows[:MOST_VERSIONS], "history_truncated": len(rows) > MOST_VERSIONS}


def _asked_for(call: Call, version: Row, around: Row, rule: PathRule) -> Row:
    """The rule of the path, and what of the version is not as it asks; of one that cannot be read, the sentence."""
    context_schema, path = around["context_schema"], version["schema_key"]
    problems = problems_at(context_schema, path)
    found = [] if context_schema is None else next(violations_of(call, context_schema, [version]))[1]
    shown = {**{name: getattr(rule, name) for name in _RULE}, "schema": rule.value_schema}
    return {
        "rule": None if key_for(context_schema, path) is None else shown,
        "rule_broken": broken(around["template"], problems).message if problems else None,
        "violations": [] if problems else found,
    }


def _said(call: Call, version: Row, place: Row, rule: PathRule) -> Row:
    """Votes, records and earlier feedback; and whether the caller's approval would count."""
    limits = {"records": MOST_RECORDS, "earlier": MOST_EARLIER}
    rows = call.connection.execute(sql.said, {**place, **limits}).fetchall()
    own = sorted(
        (r for r in rows if r["artifact_version_id"] == version["id"]), key=lambda r: (r["date_created"], r["id"])
    )
    votes = {vote["actor_id"] or vote["actor_label"]: vote for vote in own if vote["action"] == "approve"}
    voted = has_voted(call.caller, votes.values())
    reason = "not_pending" if version["status"] != "pending" else why_not(
        call.caller, rule, version["user_created"], given=len(votes), voted=voted
    )  # fmt: skip
    return {
        "votes": {
            "given": len(votes),
            "required": rule.approvals_required,
            "by": [
                {"actor_id": vote["actor_id"], "label": vote["actor_label"], "date": vote["date_created"]}
                for vote in votes.values()
            ],
        },
        "own_vote": voted,
        "may_decide": reason is None,
        "why_not": reason,
        "records": [_record(row) for row in own],
        "earlier_feedback": [_record(row, earlier=True) for row in rows if row["artifact_version_id"] != version["id"]],
    }


_RECORD = ("id", "action", "actor_id", "actor_type", "actor_label", "reason", "feedback", "date_created")


def _record(row: Row, *, earlier: bool = False) -> Row:
    names = ("artifact_version_id", "version_number", *_RECORD) if earlier else _RECORD
    return {name: row[name] for name in names}
