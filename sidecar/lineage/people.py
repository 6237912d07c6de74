"""Who had a hand in a part of the lineage: the agents of its provenance."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sidecar.call import Call
from sidecar.lineage.graph import Graph
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]


def decisions_of(call: Call, graph: Graph) -> list[Row]:
    """Approvals and rejections, oldest first: {"artifact_version_id", "action", "actor_id", "actor_type",
    "actor_label", "date_created"}."""
    ids = [version["id"] for version in graph.versions]
    return call.connection.execute(sql.decisions, {"ids": ids}).fetchall()


def names_of(call: Call, graph: Graph, decisions: list[Row]) -> dict[UUID, str | None]:
    """The names of the Directus users who made, ran or decided something; users that are gone are missing."""
    makers = {row["user_created"] for row in (*graph.versions, *graph.steps, *graph.executions)}
    ids = list((makers | {decision["actor_id"] for decision in decisions}) - {None})
    return {row["id"]: row["name"] for row in call.connection.execute(sql.people, {"ids": ids}).fetchall()}
