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

from sidecar import audit
from sidecar.promotion import promote as promotion
from sidecar.promotion.context import entry_of, merge, node_at
from sidecar.review import decide as review
from sidecar.settings import process_settings

ACTOR = {"actor_id": os.environ.get("BENCH_ACTOR"), "actor_type": "human", "actor_label": os.environ.get("BENCH_LABEL")}
Row = dict[str, Any]

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
    of_review, of_promotion, ids = review.sql, promotion.sql, {"ids": [version_id]}
    request_id = str(uuid.uuid4())
    found = execute(of_review.projects_of_versions, ids).fetchone()
    project = execute(of_promotion.lock_project, {"project_id": found["project_id"]}).fetchone()
    pending = execute(of_review.lock_versions, ids).fetchone()
    place = {"project_id": project["id"], "schema_keys": [pending["schema_key"]], **ids}
    old = execute(of_review.supersede, place).fetchone()
    version = execute(of_review.approve, {**ids, "actor_id": ACTOR["actor_id"]}).fetchone()
    at = execute(of_promotion.now_text).fetchone()["at"]
    number, promotion_id = project["context_version"] + 1, uuid.uuid4()
    change = change_of(project["context"], version)
    context = merge(
        project["context"], {version["schema_key"]: change["entry"]}, context_version=number, last_updated=at
    )
    execute(
        of_promotion.write_context,
        {"project_id": project["id"], "context": Jsonb(context), "context_version": number},
    )
    execute(of_promotion.mark_promoted, ids)
    written = {"id": promotion_id, "project_id": project["id"], "context_version": number, "reason": None}
    execute(of_promotion.add_promotion, {**written, **ACTOR, "changes": Jsonb([change]), "request_id": request_id})
    told = {**ACTOR, "feedback": None, "promotion_id": promotion_id, "request_id": request_id}
    execute(audit._INSERT, {**told, **record_of(version, "approve", None)})
    reason = f"Superseded by version {version['version_number']}."
    execute(audit._INSERT, {**told, **record_of(old, "supersede", reason)})
    superseded = execute(of_promotion.versions_with_numbers, {"ids": [old["id"]]}).fetchone()
    return {"context_version": number, "promoted": version["id"], "superseded": superseded["id"]}


def change_of(context: Row, version: Row) -> Row:
    before = node_at(context, version["schema_key"])
    entry = entry_of(
        version["value"],
        artifact_version_id=str(version["id"]),
        file_id=None,
        approved_at=version["approved_at"].astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        version=version["version_number"],
    )
    return {
        "schema_key": version["schema_key"],
        "from_version_id": before["artifact_version_id"],
        "to_version_id": str(version["id"]),
        "entry": entry,
    }


def record_of(version: Row, action: str, reason: str | None) -> Row:
    return {
        "artifact_version_id": version["id"],
        "project_id": version["project_id"],
        "task_id": version["source_task_id"],
        "action": action,
        "reason": reason,
    }
