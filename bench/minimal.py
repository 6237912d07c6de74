"""The least a Flask program needs to approve and promote: the product's statements, a pool, nothing else.

No log, no authentication, no typed body, no descriptions. `gunicorn -c python:sidecar.gunicorn_conf bench.minimal:app`
runs it with the sidecar's own worker, thread and keep-alive settings.

    POST /approve/<version id>    as POST /v1/artifacts/{id}/approve, for one pending version
    GET  /empty                   an empty answer
"""

from __future__ import annotations

import os
import uuid
from datetime import UTC
from typing import Any

from flask import Flask, Response, jsonify
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from bench import statements
from sidecar.promotion.context import entry_of
from sidecar.settings import process_settings

ACTOR = {"actor_id": os.environ.get("BENCH_ACTOR"), "actor_type": "human", "actor_label": os.environ.get("BENCH_LABEL")}
Row = dict[str, Any]

review, promotion = statements.of("review"), statements.of("promotion")
app = Flask(__name__)
settings = process_settings()
pool = ConnectionPool(
    settings.database_url.get_secret_value(),
    min_size=1,
    max_size=settings.threads + 2,
    kwargs={"row_factory": dict_row},
    open=True,
)


@app.get("/empty")
def empty() -> Response:
    return Response()


@app.post("/approve/<uuid:version_id>")
def approve(version_id: uuid.UUID) -> Response:
    with pool.connection() as connection:
        return jsonify(approve_and_promote(connection.execute, version_id))


def approve_and_promote(execute: Any, version_id: uuid.UUID) -> Row:
    """The statements of one approval, in the product's order."""
    ids = {"ids": [version_id]}
    project = execute(promotion.lock_projects_of_versions, ids).fetchone()
    pending = execute(review.lock_versions, ids).fetchone()
    place = {"project_id": project["id"], "schema_keys": [pending["schema_key"]], **ids}
    old = execute(review.supersede, place).fetchone()
    version = execute(review.approve, {**ids, "actor_id": ACTOR["actor_id"]}).fetchone()
    written = {
        **ACTOR,
        "id": uuid.uuid4(),
        "project_id": project["id"],
        "reason": None,
        "request_id": str(uuid.uuid4()),
    }
    changes = Jsonb([change_of(pending["replaces"], version)])
    reason = f"Superseded by version {version['version_number']}."
    records = Jsonb([record_of(version, "approve", None), record_of(old, "supersede", reason)])
    row = execute(promotion.write_promotion, {**written, **ids, "changes": changes, "records": records}).fetchone()
    return {"context_version": row["context_version"], "promoted": version["id"], "superseded": old["id"]}


def change_of(replaces: str, version: Row) -> Row:
    entry = entry_of(
        version["value"],
        artifact_version_id=str(version["id"]),
        file_id=None,
        approved_at=version["approved_at"].astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        version=version["version_number"],
    )
    return {
        "schema_key": version["schema_key"],
        "from_version_id": replaces,
        "to_version_id": str(version["id"]),
        "entry": entry,
    }


def record_of(version: Row, action: str, reason: str | None) -> Row:
    return {
        "artifact_version_id": str(version["id"]),
        "project_id": str(version["project_id"]),
        "task_id": version["source_task_id"] and str(version["source_task_id"]),
        "action": action,
        "reason": reason,
    }
