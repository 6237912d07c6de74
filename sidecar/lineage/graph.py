"""A part of the lineage as values: versions, the runs between them, and what connects them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Link:
    """A run used a version, or made it. The run is a step where one is named, else an execution."""

    version_id: UUID
    run_id: UUID
    used: bool


@dataclass(slots=True)
class Graph:
    """What was found around a version. Edges point from the newer to what it came from.

    versions: {"id", "project_id", "project_key", "schema_key", "version_number", "status", "artifact_type",
    "primary_file_id", "primary_file_type", "poster_id", "content_hash", "user_created", "date_created", "approved_at",
    "depth", "direction", "stale"}.
    relations: {"id", "from_id", "to_id", "type", "metadata"}. steps and executions: {"id", "name", "status",
    "execution_id", "project_id", "workflow", "engine", "attempt", "user_created", "started_at", "completed_at"}.
    """

    versions: list[Row]
    relations: list[Row]
    links: list[Link] = field(default_factory=list)
    steps: list[Row] = field(default_factory=list)
    executions: list[Row] = field(default_factory=list)
    truncated: bool = False

    def edges(self) -> list[Row]:
        """Everything that connects two nodes, each once: {"id", "from_id", "to_id", "type", "metadata"}."""
        runs = {run["id"] for run in (*self.steps, *self.executions)}
        return [
            *self.relations,
            *(
                _edge(link.run_id, link.version_id, "used")
                if link.used
                else _edge(link.version_id, link.run_id, "generated_by")
                for link in self.links
            ),
            *(_edge(s["id"], s["execution_id"], "part_of") for s in self.steps if s["execution_id"] in runs),
        ]


def links_of(rows: Iterable[Row]) -> list[Link]:
    """Each link once, in a fixed order, from {"version_id", "step_id", "execution_id", "used"}.

    An execution is left out where one of its steps is said to have made, or used, the same version.
    """
    kept = [row for row in rows if row["step_id"] or row["execution_id"]]
    stepped = {(row["version_id"], row["execution_id"], row["used"]) for row in kept if row["step_id"]}
    links = {
        Link(row["version_id"], row["step_id"] or row["execution_id"], row["used"])
        for row in kept
        if row["step_id"] or (row["version_id"], row["execution_id"], row["used"]) not in stepped
    }
    return sorted(links, key=lambda link: (link.run_id, link.used, link.version_id))


def _edge(from_id: UUID, to_id: UUID, kind: str) -> Row:
    return {"id": None, "from_id": from_id, "to_id": to_id, "type": kind, "metadata": None}
