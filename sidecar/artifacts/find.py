"""Finding versions: by filters in any combination and by words, in pages, or counted."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sidecar.artifacts.read import present
from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.pages import next_cursor, place
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]
Order = Literal["newest", "oldest"]
Dimension = Literal["status", "project", "schema_key", "artifact_type", "task"]

# Counting ends after so many versions: of a million, that takes a fifth of a second, and one where words are asked for.
MOST_COUNTED = 50_000
# So many of the nearest versions are looked through for words before their index is asked.
NEAR = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the versions wanted have in common; None leaves all.

    `path_pattern` is a regular expression (see pattern()). `review_state` "none" means that nothing was asked for. Of
    `tags` every one must be there. `q` is words, the last one perhaps unfinished. Dates: from, and before.
    """

    project_id: UUID | None = None
    schema_key: str | None = None
    path_pattern: str | None = None
    status: list[str] | None = None
    review_state: str | None = None
    artifact_type: list[str] | None = None
    user_created: UUID | None = None
    task_id: UUID | None = None
    execution_id: UUID | None = None
    step_id: UUID | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    has_file: bool | None = None
    awaiting_promotion: bool | None = None
    outdated: bool | None = None
    by_rule: bool | None = None
    edited: bool | None = None
    tags: list[str] | None = None
    q: str | None = None


def find_versions(
    call: Call, filters: Filters, *, order: Order = "newest", cursor: str | None, limit: int
) -> tuple[list[Row], str | None]:
    """A page of versions by the moment they were submitted, and the cursor of the next page (None on the last).

    What is added meanwhile neither moves nor repeats the others: a cursor names the place where the page ended. Oldest
    first, the new ones come at the end. Raises Refusal invalid_value for a cursor this API did not make.
    """
    values = {**asdict(filters), **place(cursor, after_date=datetime, after_id=UUID), "limit": limit + 1}
    if filters.q is None and filters.tags is None:
        rows = _planned_for(call, {"newest": sql.newest_versions, "oldest": sql.oldest_versions}[order], values)
    else:
        rows = _with_words(call, order, values)
    rows, following = next_cursor(rows, limit, "date_created", "id")
    return present(call, rows), following


def _with_words(call: Call, order: Order, values: Row) -> list[Row]:
    """Common words are found among the nearest versions at once, and rare ones by the index of words; nobody knows
    beforehand which of the two a word is. Looking near costs 20 ms at most."""
    near = {"newest": sql.newest_near, "oldest": sql.oldest_near}[order]
    rows = _planned_for(call, near, {**values, "near": NEAR})
    looked_at = {row.pop("looked_at") for row in rows}.pop()
    if len(rows) == values["limit"] or looked_at < NEAR:
        return [row for row in rows if row["id"] is not None]
    far = {"newest": sql.newest_with_words, "oldest": sql.oldest_with_words}[order]
    return _planned_for(call, far, values)


def versions_of_task(call: Call, task_id: UUID, *, cursor: str | None, limit: int) -> tuple[list[Row], str | None]:
    """A page of the versions made for a task or linked to it, newest first, as find_versions() answers.

    Raises Refusal task_not_found.
    """
    if call.connection.execute(sql.task_exists, {"task_id": task_id}).fetchone() is None:
        raise Refusal("task_not_found", details={"task_id": str(task_id)})
    return find_versions(call, Filters(task_id=task_id), cursor=cursor, limit=limit)


def count_versions(call: Call, filters: Filters, by: list[Dimension], limit: int) -> tuple[list[Row], bool]:
    """How many versions there are of each kind, the largest groups first, each with its oldest and newest moment; and
    whether all were counted.

    Where there are more than MOST_COUNTED the newest are counted, so that the answer comes in bounded time.
    """
    values = {**asdict(filters), "by": by, "most": MOST_COUNTED, "limit": limit}
    if filters.q is None and filters.tags is None:
        rows = _planned_for(call, sql.count_versions, values)
    else:
        rows = _planned_for(call, sql.count_with_words, values)
        if _counted(rows) >= MOST_COUNTED:
            rows = _planned_for(call, sql.count_near, values)
    complete = _counted(rows) < MOST_COUNTED
    return [{name: value for name, value in row.items() if name != "counted"} for row in rows if row["count"]], complete


def _counted(rows: list[Row]) -> int:
    return rows[0]["counted"]


def pattern(path: str) -> tuple[str | None, str | None]:
    """A path as (path, None), a pattern of paths as (None, regular expression). Pure.

    As in templates `*` is any segment and `[*]` any index; `.**` at the end is everything below, at any depth.
    """
    if "*" not in path:
        return path, None
    below = path.endswith("**")
    text = re.escape(path.removesuffix("**")).replace(r"\[\*\]", r"\[[0-9]+\]").replace(r"\*", "[A-Za-z0-9_-]+")
    return None, f"^{text}{'' if below else '$'}"


def _planned_for(call: Call, statement: Any, values: Row) -> list[Row]:
    """The rows of a statement that is planned for these very values.

    Prepared, PostgreSQL may soon take one plan for all values (plan_cache_mode), which cannot know which filters are
    null and reads every version for a project's newest fifty. Planning takes half a millisecond.
    """
    return call.connection.execute(statement, values, prepare=False).fetchall()
