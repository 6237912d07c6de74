"""A second Directus without this product: its own database, no extension, four plain collections."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from bench.stack import Bench
from sidecar.directus import Directus
from sidecar.stack import environments, install, parts, ports, processes
from sidecar.stack.databases import DIRECTUS_ROLE

DATABASE = "bench_plain"


@contextmanager
def plain_directus(bench: Bench) -> Iterator[tuple[str, str]]:
    """(address, administrator's token) of a Directus with the collections, ended and dropped with the block."""
    port = ports.choose(set(bench.stack.state["ports"].values()))
    url = f"http://127.0.0.1:{port}"
    settings = _settings(bench, port, url)
    _make_database(bench)
    try:
        _bootstrap(bench, settings)
        command = [install.node(), parts.directus_program(), "start"]
        environment = settings | install.node_environment() | {"NODE_ENV": "production"}
        with bench.server("directus-plain", command, environment, install.DIRECTUS, url, "/server/ping"):
            _make_collections(url, settings["ADMIN_TOKEN"])
            yield url, settings["ADMIN_TOKEN"]
    finally:
        bench.drop_database(DATABASE)


def _settings(bench: Bench, port: int, url: str) -> dict[str, str]:
    """As our own Directus, but for what makes it ours."""
    folder = bench.stack.directory / "plain"
    (folder / "extensions").mkdir(parents=True, exist_ok=True)
    theirs = {
        "PORT": str(port),
        "PUBLIC_URL": url,
        "DB_DATABASE": DATABASE,
        "EXTENSIONS_PATH": str(folder / "extensions"),
        # There Directus keeps what it makes of its extensions, and begins by emptying it: ours would lose the desk.
        "TEMP_PATH": str(folder / "temporary"),
    }
    known = environments.of_directus(bench.stack) | theirs
    return {name: value for name, value in known.items() if not name.startswith("ARTIFACTS_")}


def _make_database(bench: Bench) -> None:
    bench.drop_database(DATABASE)
    with psycopg.connect(bench.stack.databases.postgres_url(), autocommit=True) as connection:
        statement = sql.SQL("create database {} owner {} template template0")
        connection.execute(statement.format(sql.Identifier(DATABASE), sql.Identifier(DIRECTUS_ROLE)))


def _bootstrap(bench: Bench, settings: dict[str, str]) -> None:
    with bench.stack.log("directus-plain").open("a") as log:
        subprocess.run(
            [install.node(), parts.directus_program(), "bootstrap"], cwd=install.DIRECTUS, check=True, timeout=300,
            env=processes.inherited() | settings | install.node_environment(), stdin=subprocess.DEVNULL,
            stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip


def _make_collections(url: str, token: str) -> None:
    """What somebody would make who needs projects, tasks, versions and approvals: fields, and relations with keys."""
    client = Directus(url, token=token)
    client.session.trust_env = False
    for name, fields in COLLECTIONS.items():
        key = _field("id", "uuid", schema={"is_primary_key": True, "has_auto_increment": False}, special=["uuid"])
        client.post("/collections", json={"collection": name, "schema": {}, "meta": {}, "fields": [key, *fields]})
    for name, fields in COLLECTIONS.items():
        for field in fields:
            if field["type"] == "uuid":
                relation = {"collection": name, "field": field["field"], "related_collection": RELATED[field["field"]]}
                client.post("/relations", json=relation)


def _field(
    name: str, kind: str, schema: dict[str, Any] | None = None, special: list[str] | None = None
) -> dict[str, Any]:
    return {"field": name, "type": kind, "schema": schema or {}, "meta": {"special": special or []}}


RELATED = {"project_id": "projects", "task_id": "tasks", "version_id": "artifact_versions"}
COLLECTIONS: dict[str, list[dict[str, Any]]] = {
    "projects": [
        _field("title", "string"),
        _field("context", "json", special=["cast-json"]),
        _field("context_version", "integer"),
    ],
    "tasks": [_field("title", "string"), _field("status", "string"), _field("project_id", "uuid")],
    "artifact_versions": [
        _field("project_id", "uuid"),
        _field("task_id", "uuid"),
        _field("schema_key", "string"),
        _field("version_number", "integer"),
        _field("status", "string"),
        _field("value", "json", special=["cast-json"]),
        _field("approved_at", "timestamp"),
    ],
    "artifact_approvals": [
        _field("version_id", "uuid"),
        _field("project_id", "uuid"),
        _field("action", "string"),
        _field("actor", "string"),
        _field("reason", "text"),
        _field("date_created", "timestamp", special=["date-created"]),
    ],
}
