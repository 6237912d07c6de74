"""The lineage of a version: what it was made from and what was made from it, to a depth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.lineage.graph import Graph, Link, links_of
from sidecar.lineage.stale import stale_causes
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]
Direction = Literal["ancestors", "descendants", "both"]

# A dense graph has many more relations than versions; so many are answered for each.
RELATIONS_PER_VERSION = 10
# Versions whose being stale means something: those in use.
IN_USE = frozenset({"approved", "pending"})


@dataclass(frozen=True, slots=True)
class Walk:
    """How far to look: `depth` in relations, `types` of relations (None: all), `limit` in versions."""

    direction: Direction = "both"
    depth: int = 10
    types: tuple[str, ...] | None = None
    limit: int = 1000
    runs: bool = False


def lineage(call: Call, version_id: UUID, walk: Walk) -> Graph:
    """The part of the lineage around a version that `walk` asks for. Raises Refusal artifact_not_found."""
    versions = _versions(call, version_id, walk)
    if not versions:
        raise Refusal("artifact_not_found", details={"artifact_version_id": str(version_id)})
    graph = Graph(versions[: walk.limit], [], truncated=len(versions) > walk.limit)
    if walk.runs:
        _add_runs(call, graph, walk)
    _add_relations(call, graph, walk)
    _mark_stale(call, graph)
    return graph


def _versions(call: Call, version_id: UUID, walk: Walk) -> list[Row]:
    parameters = {
        "id": version_id,
        "types": list(walk.types) if walk.types else None,
        "depth": walk.depth,
        "limit": walk.limit,
        "ancestors": walk.direction != "descendants",
        "descendants": walk.direction != "ancestors",
    }
    return call.connection.execute(sql.walk, parameters).fetchall()


def _add_relations(call: Call, graph: Graph, walk: Walk) -> None:
    most = walk.limit * RELATIONS_PER_VERSION
    parameters = {
        "ids": [version["id"] for version in graph.versions],
        "types": list(walk.types) if walk.types else None,
        "limit": most + 1,
    }
    rows = call.connection.execute(sql.relations_between, parameters).fetchall()
    graph.relations, graph.truncated = rows[:most], graph.truncated or len(rows) > most


def _mark_stale(call: Call, graph: Graph) -> None:
    stale = stale_causes(call, [version["id"] for version in graph.versions if version["status"] in IN_USE])
    for version in graph.versions:
        version["stale"] = version["id"] in stale


def _add_runs(call: Call, graph: Graph, walk: Walk) -> None:
    """The steps and executions that made or used the versions, and what else went into or came out of them.

    A version that a run connects without a relation is added: an input of what made the version asked for or an
    ancestor, an output of what used it or a descendant.
    """
    known = {version["id"]: version for version in graph.versions}
    rows = call.connection.execute(sql.links_of_versions, {"ids": list(known)}).fetchall()
    near = [link for link in links_of(rows) if not link.used or walk.direction != "ancestors"]
    links = _links_of_runs(call, graph, near, rows, walk.limit * RELATIONS_PER_VERSION)
    depths = _depths_beside(known, near, links, walk.direction)
    graph.versions += _versions_beside(call, depths, walk.limit - len(known))
    graph.truncated = graph.truncated or len(graph.versions) < len(known) + len(depths)
    shown = known.keys() | {version["id"] for version in graph.versions}
    graph.links = [link for link in links if link.version_id in shown]
    _load_runs(call, graph, {link.run_id for link in graph.links})


def _links_of_runs(call: Call, graph: Graph, near: list[Link], rows: list[Row], most: int) -> list[Link]:
    runs = {link.run_id for link in near}
    steps = {row["step_id"] for row in rows} & runs
    parameters = {"steps": list(steps), "executions": list(runs - steps), "limit": most + 1}
    found = call.connection.execute(sql.links_of_runs, parameters).fetchall() if runs else []
    graph.truncated = graph.truncated or len(found) > most
    return links_of(found[:most])


def _depths_beside(
    known: dict[UUID, Row], near: list[Link], links: list[Link], asked: Direction
) -> dict[UUID, tuple[int, str]]:
    """How far away, and in which direction, the versions are that only a run connects with the known ones."""
    nearest: dict[tuple[UUID, bool], int] = {}
    for link in near:
        version, run = known[link.version_id], (link.run_id, link.used)
        if version["direction"] in ("self", "descendant" if link.used else "ancestor"):
            nearest[run] = min(version["depth"], nearest.get(run, version["depth"]))
    beside: dict[UUID, tuple[int, str]] = {}
    for link in links:
        direction = "ancestor" if link.used else "descendant"
        distance = nearest.get((link.run_id, not link.used))
        if link.version_id not in known and distance is not None and asked in ("both", f"{direction}s"):
            place = (distance + 1, direction)
            beside[link.version_id] = min(place, beside.get(link.version_id, place))
    return beside


def _versions_beside(call: Call, depths: dict[UUID, tuple[int, str]], room: int) -> list[Row]:
    if not depths or room <= 0:
        return []
    rows = call.connection.execute(sql.versions_beside, {"ids": list(depths), "limit": room}).fetchall()
    for row in rows:
        row["depth"], row["direction"] = depths[row["id"]]
    return rows


def _load_runs(call: Call, graph: Graph, runs: set[UUID]) -> None:
    if not runs:
        return
    graph.steps = call.connection.execute(sql.steps, {"ids": list(runs)}).fetchall()
    executions = runs | {step["execution_id"] for step in graph.steps if step["execution_id"]}
    graph.executions = call.connection.execute(sql.executions, {"ids": list(executions)}).fetchall()
