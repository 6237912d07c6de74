"""What each hot statement costs inside PostgreSQL: EXPLAIN (ANALYZE, BUFFERS) in a registry with many versions."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import median
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from bench import statements
from bench.figures import Detail
from bench.history import History, Place
from bench.stack import Bench

# The statements of a decision, a promotion, a submission, a read, the reconciler. What does not exist is left out.
HOT = (
    "review.standing", "review.approve_at_once",
    "promotion.lock_projects", "promotion.lock_projects_of_versions", "review.lock_versions", "review.votes",
    "review.other_candidates", "review.supersede", "review.approve", "review.reject", "review.own_record",
    "promotion.write_promotion", "promotion.versions_with_numbers", "audit.record", "promotion.versions_of_task",
    "promotion.versions_by_id", "promotion.versions_awaiting_in_project", "promotion.tasks_awaiting_promotion",
    "artifacts.lock_numbers", "artifacts.newest_version", "artifacts.add_version", "artifacts.ask_for_review",
    "artifacts.newest_versions", "artifacts.versions_of_path", "review.approvals_of_version", "projects.read_context",
    "projects.context_version_by_id", "access.find_service_token", "access.rights_of_user",
)  # fmt: skip
# A statement that the rules admit only after another one.
AFTER = {"review.approve": "review.supersede", "review.approve_at_once": "review.supersede"}
REPEATED = 5


@dataclass(frozen=True)
class Cost:
    """Medians of a statement: ms to plan and to run, pages found in memory and read, and what it scanned with."""

    name: str
    planning: float
    running: float
    triggers: float
    hit: int
    read: int
    scans: str


def detail(bench: Bench, history: History, waiting: Iterator[Place]) -> Detail:
    """The costs as a table. `waiting`: places whose pending version is still undecided."""
    places = list(islice(waiting, REPEATED))
    title = f"Hot statements at {history.versions:,} versions: EXPLAIN (ANALYZE, BUFFERS), median of {REPEATED} places"
    rows = [
        [
            f"`{cost.name}`", f"{cost.planning:.2f} ms", f"{cost.running:.2f} ms", f"{cost.triggers:.2f} ms",
            f"{cost.hit} / {cost.read}", cost.scans,
        ]
        for cost in costs(bench, history, places)
    ]  # fmt: skip
    return Detail(title, ("statement", "planning", "running", "of it triggers", "pages hit / read", "by"), rows)


def costs(bench: Bench, history: History, places: Sequence[Place]) -> Iterator[Cost]:
    """Every statement of HOT that exists, each in a transaction that is rolled back."""
    url = bench.url("sidecar", history.database)
    with psycopg.connect(url, cursor_factory=psycopg.ClientCursor, autocommit=True) as connection:
        texts = statements.every()
        for name in filter(texts.__contains__, HOT):
            yield _cost(name, [_plan(connection, texts, name, _values(bench, name, place)) for place in places])


def _plan(connection: psycopg.Connection, texts: dict[str, Any], name: str, values: dict[str, Any]) -> dict[str, Any]:
    with connection.transaction(force_rollback=True):
        if name in AFTER:
            connection.execute(texts[AFTER[name]], values)
        row = connection.execute("explain (analyze, buffers, format json) " + texts[name], values).fetchone()
        return row[0][0]  # type: ignore[index]


def _cost(name: str, plans: list[dict[str, Any]]) -> Cost:
    return Cost(
        name,
        planning=median(plan["Planning Time"] for plan in plans),
        running=median(plan["Execution Time"] for plan in plans),
        triggers=median(sum(t["Time"] for t in plan.get("Triggers", ())) for plan in plans),
        hit=int(median(plan["Plan"]["Shared Hit Blocks"] for plan in plans)),
        read=int(median(plan["Plan"]["Shared Read Blocks"] for plan in plans)),
        scans=", ".join(dict.fromkeys(_scans(plans[0]["Plan"]))) or "–",
    )


def _scans(node: dict[str, Any]) -> Iterator[str]:
    if "Index Name" in node:
        yield f"`{node['Index Name']}`"
    elif node["Node Type"] == "Seq Scan":
        yield f"all of {node['Relation Name']}"
    for below in node.get("Plans", ()):
        yield from _scans(below)


def _values(bench: Bench, name: str, place: Place) -> dict[str, Any]:
    """A value for every parameter of the statements: those of a pending version somewhere amid the registry."""
    key, version = place.schema_key, place.version
    entry = {"schema_key": key, "from_version_id": None, "to_version_id": str(version), "entry": {"a": 1}}
    nothing = dict.fromkeys(
        ("by_rule", "edited", "reason", "feedback", "metadata", "primary_file_id", "source_url", "content_hash",
         "parent_id", "execution_id", "step_id", "tags", "q", "after_date", "after_id", "artifact_type", "path_pattern",
         "review_state", "created_from", "created_to", "has_file", "awaiting_promotion", "outdated")
    )  # fmt: skip
    return nothing | {
        "id": place.project if name.startswith("projects.") else version,
        "ids": [version],
        "project_id": place.project,
        "schema_key": key,
        "schema_keys": [key],
        "source_task_id": place.task,
        "status": ["pending"] if name.endswith("newest_versions") else "pending",
        "task_id": place.task,
        "actor_id": bench.actor.id,
        "user_id": bench.actor.id,
        "user_created": None,
        "actor_label": bench.actor.label,
        "actor_type": "human",
        "action": "approve",
        "artifact_version_id": version,
        "promotion_id": None,
        "context": Jsonb({}),
        "context_version": 9_999,
        "changes": Jsonb([entry]),
        "records": Jsonb(
            [{"artifact_version_id": str(version), "project_id": str(place.project), "action": "approve"}]
        ),
        "count": 1,
        "wanted": Jsonb(
            [
                {
                    "place": 1,
                    "id": str(version),
                    "promotion_id": str(uuid.uuid4()),
                    "request_id": "bench",
                    "changes": [entry],
                }
            ]
        ),
        "named": [version],
        "value": Jsonb({"a": 1}),
        "request_id": "bench",
        "token_hash": b"",
        "limit": 50,
    }
