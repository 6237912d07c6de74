"""The least a Flask program needs to approve and promote: the product's statements, a pool, nothing else.

No log, no authentication, no typed body, no descriptions. `gunicorn -c python:sidecar.gunicorn_conf bench.minimal:app`
runs it with the sidecar's own worker, thread and keep-alive settings.

    POST /approve/<version id>            as POST /v1/artifacts/{id}/approve, for one pending version
    POST /approve-in-database/<version>   the same as one PL/pgSQL call (promote.sql): nothing is decided in Python
    GET  /empty                           an empty answer
    GET  /version/<project id>            the version of a project's context: one small statement
"""

from __future__ import annotations

import os
import uuid
from datetime import UTC
from typing import Any

from flask import Flask, Response, jsonify
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb, set_json_dumps
from pydantic_core import to_json

from bench import statements
from sidecar.database import WarmPool
from sidecar.promotion.context import entry_of
from sidecar.settings import process_settings

set_json_dumps(to_json)
ACTOR = {"actor_id": os.environ.get("BENCH_ACTOR"), "actor_type": "human", "actor_label": os.environ.get("BENCH_LABEL")}
Row = dict[str, Any]

review, projects = statements.of("review"), statements.of("projects")
app = Flask(__name__)
settings = process_settings()
pool = WarmPool(
    settings.database_url.get_secret_value(),
    min_size=1,
    max_size=settings.threads + 2,
    kwargs={"row_factory": dict_row, "autocommit": True},
    open=True,
)


@app.get("/empty")
def empty() -> Response:
    return Response()


@app.post("/approve/<uuid:version_id>")
def approve(version_id: uuid.UUID) -> Response:
    with pool.connection() as connection:
        return jsonify(approve_and_promote(connection.execute, version_id))


@app.post("/approve-in-database/<uuid:version_id>")
def approve_in_database(version_id: uuid.UUID) -> Response:
    call = "select bench.approve_and_promote(%(id)s, %(actor_id)s, %(actor_label)s) as done"
    with pool.connection() as connection:
        return jsonify(connection.execute(call, {"id": version_id, **ACTOR}).fetchone())


@app.get("/version/<uuid:project_id>")
def version(project_id: uuid.UUID) -> Response:
    with pool.connection() as connection:
        return jsonify(connection.execute(projects.context_version_by_id, {"id": project_id}).fetchone())


def approve_and_promote(execute: Any, version_id: uuid.UUID) -> Row:
    """The statements of one approval, in the product's order."""
    found = execute(review.standing, {"id": version_id}).fetchone()
    old = {"id": found["old_id"], "source_task_id": found["old_task_id"]}
    reason = f"Superseded by version {found['version_number']}."
    changes = [change_of(found)]
    said = {**ACTOR, "request_id": uuid.uuid4(), "promotion_id": uuid.uuid4()}
    wanted = {
        **said,
        "place": 1,
        "id": version_id,
        "old_id": old["id"],
        "approved_at": found["now"],
        "changes": changes,
    }
    records = [{**said, **record_of(found, "approve", None)}, {**said, **record_of(old, "supersede", reason)}]
    parameters = {"project_id": found["project_id"], "count": 1, "changes": Jsonb(changes)}
    parameters |= {"wanted": Jsonb([wanted]), "records": Jsonb(records)}
    row = execute(review.approve_at_once, parameters).fetchone()
    return {"context_version": row["before"] + 1, "promoted": version_id, "superseded": old["id"]}


def change_of(version: Row) -> Row:
    entry = entry_of(
        version["value"],
        artifact_version_id=str(version["id"]),
        file_id=None,
        approved_at=version["now"].astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        version=version["version_number"],
    )
    return {
        "schema_key": version["schema_key"],
        "from_version_id": version["replaces"],
        "to_version_id": str(version["id"]),
        "entry": entry,
    }


def record_of(version: Row, action: str, reason: str | None) -> Row:
    return {
        "artifact_version_id": version["id"],
        "task_id": version["source_task_id"],
        "action": action,
        "reason": reason,
    }
