"""What is due: versions that the rules of their project's template say it is time for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from sidecar.call import Call
from sidecar.sql import Statements
from sidecar.templates.rules import Problem, key_for, problems_of, readable

sql = Statements(__file__)
Row = dict[str, Any]

# The paths whose versions are asked about in one statement.
PATHS = 500
# Which record says since when a version has its status. A draft has it since it was made.
_SINCE = {"superseded": ["supersede"], "rejected": ["reject"], "intermediate": [], "archived": ["archive", "withdraw"]}


@dataclass(frozen=True, slots=True)
class Place:
    """Where looking goes on: in a project, after a version of a path."""

    project_id: UUID
    path: str = ""
    number: int = 0


def due_in(call: Call, project: Row, after: Place, most: int) -> Iterator[Row]:
    """Versions of a project that are due, at most `most`, in the order of their paths and numbers, from a place on.

    `project` has id and context_schema. Each is {id, schema_key, version_number, status, key (the rule's), after_days,
    remove (whether it has files that go)}.
    """
    path, number, left = after.path, after.number, most
    names = [*filter(None, [path]), *_paths(call, project["id"], path)]
    while names and left > 0:
        rules = _rules(project["context_schema"], names)
        while rules and left > 0:
            parameters = {
                "project_id": project["id"], "rules": Jsonb(rules), "after_path": path, "after_number": number,
                "limit": min(left, PATHS),
            }  # fmt: skip
            rows = call.connection.execute(sql.due, parameters).fetchall()
            yield from rows
            left -= len(rows)
            if len(rows) < PATHS:
                break
            path, number = rows[-1]["schema_key"], rows[-1]["version_number"]
        path, number = names[-1], 2**31 - 1
        names = _paths(call, project["id"], path)


def unreadable(project: Row) -> list[Problem]:
    """What the project's template says of retention and cannot be read: it asks for nothing."""
    return [problem for problem in problems_of(project["context_schema"]) if problem.word.startswith("retention")]


def _paths(call: Call, project_id: UUID, after: str) -> list[str]:
    parameters = {"project_id": project_id, "after": after, "limit": PATHS}
    return [row["name"] for row in call.connection.execute(sql.paths_of_project, parameters).fetchall()]


def _rules(context_schema: Any, paths: list[str]) -> list[Row]:
    """One row for each path and status that a rule speaks of."""
    found: list[Row] = []
    read: dict[str, Any] = {}
    for path in paths:
        key = key_for(context_schema, path)
        if key is not None and key not in read:
            read[key] = readable(context_schema[key]).retention
        retention = read[key] if key is not None else None
        for status, rule in retention.by_status().items() if retention else ():
            found.append(
                {
                    "path": path, "key": key, "status": status, "after_days": rule.after_days,
                    "keep_last": rule.keep_last, "remove": rule.bytes == "remove", "actions": _SINCE[status],
                }
            )  # fmt: skip
    return found
