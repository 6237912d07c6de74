"""Stale versions: made from something that was replaced, rejected or put away since, and what a change would reach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sidecar.artifacts.read import find_version
from sidecar.call import Call
from sidecar.lineage.causes import causes
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]


def stale_causes(call: Call, version_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Those of these versions that are stale, each with the sources that are out of date, the nearest first."""
    if not version_ids:
        return {}
    rows = call.connection.execute(sql.ancestry, {"ids": list(version_ids)}).fetchall()
    found = causes((row["from_id"], row["to_id"], row["outdated"]) for row in rows)
    return {version_id: found[version_id] for version_id in version_ids if version_id in found}


def stale_in_project(call: Call, project_id: UUID, *, after: str | None, limit: int) -> tuple[list[Row], bool]:
    """A page of a project's stale approved versions in the order of their paths, from below path `after`.

    Returns the versions, each with its `sources`: {"artifact_version_id", …, "status", "successor"}, and whether there
    are more.
    """
    approved = call.connection.execute(sql.approved_in_project, {"project_id": project_id}).fetchall()
    found = stale_causes(call, [row["id"] for row in approved])
    if not found:
        return [], False
    parameters = {"ids": list(found), "after": after, "limit": limit + 1}
    rows = call.connection.execute(sql.stale_page, parameters).fetchall()
    page = rows[:limit]
    sources = _sources(call, {source for row in page for source in found[row["id"]]})
    named = [{**_named(row), "sources": [sources[source] for source in found[row["id"]]]} for row in page]
    return named, len(rows) > limit


def impact(call: Call, version_id: UUID, limit: int) -> tuple[list[Row], int]:
    """What must be looked at again if a version is replaced: approved and pending versions that would be stale.

    Returns up to `limit`, those made from it directly first, and how many there are. Raises Refusal artifact_not_found.
    """
    find_version(call, version_id)
    rows = call.connection.execute(sql.affected, {"ids": [version_id], "limit": limit}).fetchall()
    total = rows[0]["total"] if rows else 0
    return [_named(row, without="total") for row in rows], total


def _sources(call: Call, ids: set[UUID]) -> dict[UUID, Row]:
    rows = call.connection.execute(sql.sources, {"ids": list(ids)}).fetchall()
    return {row["id"]: _source(row) for row in rows}


def _source(row: Row) -> Row:
    successor = {"artifact_version_id": row["successor_id"], "version_number": row["successor_number"]}
    return {
        "artifact_version_id": row["id"],
        "project_id": row["project_id"],
        "project_key": row["project_key"],
        "schema_key": row["schema_key"],
        "version_number": row["version_number"],
        "status": row["status"],
        "successor": successor if row["successor_id"] else None,
    }


def _named(row: Row, without: str = "") -> Row:
    columns = {name: value for name, value in row.items() if name not in ("id", without)}
    return {"artifact_version_id": row["id"], **columns}
