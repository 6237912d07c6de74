"""Rejections: the versions that were turned down, what was said of each, and what was approved instead."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sidecar.call import Call
from sidecar.feedback.paths import EVERY, Paths
from sidecar.pages import next_cursor, place
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]

_VERSION = ("project_id", "schema_key", "version_number", "status", "review_state", "artifact_type", "primary_file_id",
            "content_hash", "action", "reason", "decided_at")  # fmt: skip
_RECORD = ("id", "action", "reason", "feedback", "actor_id", "actor_type", "actor_label", "date_created")


def rejections(
    call: Call, project_id: UUID, paths: Paths, *, cursor: str | None, limit: int
) -> tuple[list[Row], str | None]:
    """A page of the versions that were rejected or sent back, the last decision first, and the cursor of the next page.

    A version stands there once, by the last decision that turned it down, whatever became of it since. Raises Refusal
    invalid_value for a cursor this API did not make.
    """
    parameters = {
        "project_id": project_id,
        "low": paths.low,
        "high": paths.high,
        "pattern": paths.pattern,
        "limit": limit + 1,
        **place(cursor, date=datetime, record=UUID),
    }
    statement = sql.turned_down_in_project if paths == EVERY else sql.turned_down_at_paths
    rows, following = next_cursor(
        call.connection.execute(statement, parameters).fetchall(), limit, "decided_at", "record_id"
    )
    records = records_of(call, [row["id"] for row in rows])
    return [_shown(row, records[row["id"]]) for row in rows], following


def records_of(call: Call, versions: list[UUID]) -> dict[UUID, list[Row]]:
    """What was said of each version, oldest first."""
    found: dict[UUID, list[Row]] = defaultdict(list)
    for record in call.connection.execute(sql.said_of, {"ids": versions}).fetchall():
        found[record["artifact_version_id"]].append(record)
    return found


def _shown(row: Row, records: list[Row]) -> Row:
    chosen = row["chosen_id"] and {
        "artifact_version_id": row["chosen_id"],
        "version_number": row["chosen_number"],
        "approved_at": row["chosen_at"],
        "reason": row["chosen_reason"],
    }
    return {
        "artifact_version_id": row["id"],
        **{name: row[name] for name in _VERSION},
        "records": [{name: record[name] for name in _RECORD} for record in records],
        "approved_instead": chosen,
    }
