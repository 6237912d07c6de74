"""Bringing an import's approved versions into the contexts: one promotion for each project."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sidecar.call import Call
from sidecar.database import refusal_of
from sidecar.errors import Refusal
from sidecar.legacy.batch import Import
from sidecar.legacy.items import Problem
from sidecar.promotion.enter import lock_projects
from sidecar.promotion.promote import Target, promote
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]


def promote_imported(call: Call, work: Import, after: UUID, limit: int) -> tuple[int, UUID | None, list[Problem]]:
    """Promote what awaits promotion in the next `limit` projects. Returns how many, the last one looked at (None: that
    was all), and the projects in which something is in the way.

    Raises Refusal registry_busy, import_rolled_back.
    """
    if call.connection.execute(sql.take_turn, {"import_id": work.id}).fetchone() is None:
        raise Refusal("import_rolled_back", details={"import": work.name})
    parameters = {"import_id": work.id, "after": after, "limit": limit}
    rows = call.connection.execute(sql.projects_awaiting, parameters).fetchall()
    if not rows:
        return 0, None, []
    lock_projects(call, [row["id"] for row in rows])
    plain = [row["id"] for row in rows if not row["has_template"]]
    problems = _promote_plain(call, work, plain)
    # A template may ask for documents: what promote() does beside this.
    for row in rows:
        if row["has_template"]:
            problems += _promote_one(call, work, row["id"])
    return len(rows) - len(problems), rows[-1]["id"], problems


def _promote_plain(call: Call, work: Import, ids: list[UUID]) -> list[Problem]:
    """All of them by one statement; where something is in the way of one, each by itself."""
    if not ids:
        return []
    told = {
        "import_id": work.id,
        "ids": ids,
        "actor_id": call.caller.user_id,
        "actor_label": call.caller.label,
        "reason": reason_of(work),
        "request_id": work.request_id,
    }
    try:
        with call.connection.transaction():
            call.connection.execute(sql.promote_imported, told)
            return []
    except Exception as error:
        refusal = refusal_of(error)
        if refusal is None or refusal.status >= 500:
            raise
        return [problem for project_id in ids for problem in _promote_one(call, work, project_id)]


def _promote_one(call: Call, work: Import, project_id: UUID) -> list[Problem]:
    parameters = {"import_id": work.id, "project_id": project_id}
    rows = call.connection.execute(sql.versions_awaiting, parameters).fetchall()
    try:
        with call.connection.transaction():
            promote(call, Target(artifact_version_ids=tuple(row["id"] for row in rows)), reason=reason_of(work))
            return []
    except Exception as error:
        refusal = error if isinstance(error, Refusal) else refusal_of(error)
        if refusal is None or refusal.status >= 500:
            raise
        return [Problem(f"project/{project_id}", refusal.code, refusal.message or str(refusal))]


def reason_of(work: Import) -> str:
    return f"Imported by {work.name}."
