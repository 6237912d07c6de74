"""What PgBouncer in transaction mode takes away, the sidecar does not use: nothing of it outlives its transaction."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask_openapi3.openapi import OpenAPI

from tests.given import Given, Person

REPOSITORY = Path(__file__).resolve().parents[2]
# As the administrator, straight to Postgres: set-up and what starts the parts. The worker's queue listens, see below.
DIRECT = ("provision", "stack")
# Finds out whether what is told is heard, and looks by itself where it is not (tests/waiting).
LISTENS = Path("sidecar/waiting/room.py")
OF_A_SESSION = re.compile(
    r"\blisten\s+\w|\bpg_(try_)?advisory_lock|\bset\s+session\b|\bcreate\s+temp(?![^;\"]*\bon\s+commit\s+drop)|\bwith\s+hold\b|\bdiscard\s+\w"
    r"|['\"(]\s*set\s+(?!local)\w+\s*(=|to)|set_config\([^)]*,\s*false\)",
    re.IGNORECASE,
)
LEFT_OVER = {
    "settings": "select name from pg_settings where source = 'session'",
    "channels": "select pg_listening_channels() as name",
    "advisory locks": "select objid::text as name from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()",
    "temporary tables": "select relname as name from pg_class where relnamespace = pg_my_temp_schema()",
    "cursors": "select name from pg_cursors where is_holdable",
}


def test_requests_leave_nothing_on_their_session(given: Given, app: OpenAPI, reviewer: Person) -> None:
    project = given.project()
    headers = {"X-Artifacts-In-Transaction": "1", "Idempotency-Key": "once"}
    version = reviewer.submit(project, value={"a": 1}).json["data"]["id"]
    assert reviewer.post(f"/v1/artifacts/{version}/approve", {}, headers=headers).status_code == 200
    assert reviewer.promote(project_id=project, dry_run=True).status_code == 200
    assert reviewer.submit("nowhere").status_code == 404

    with app.extensions["artifacts"].database.pool.connection() as connection:
        left = {what: [row["name"] for row in connection.execute(text)] for what, text in LEFT_OVER.items()}

    assert left == {what: [] for what in LEFT_OVER}


def _texts() -> list[Path]:
    code = [path for path in (REPOSITORY / "sidecar").rglob("*") if path.suffix in (".py", ".sql")]
    return [*(path for path in code if not set(DIRECT) & set(path.parts)), *(REPOSITORY / "migrations").rglob("*.sql")]


def test_no_statement_is_about_the_session() -> None:
    texts = {path.relative_to(REPOSITORY): path.read_text(encoding="utf-8") for path in _texts()}
    assert len(texts) > 50
    assert OF_A_SESSION.findall(texts.pop(LISTENS))
    assert [(path, match[0]) for path, text in texts.items() for match in OF_A_SESSION.finditer(text)] == []


@pytest.mark.parametrize(
    "statement",
    [
        "listen jobs;",
        "select pg_advisory_lock(1)",
        "select pg_try_advisory_lock(1)",
        'execute("set lock_timeout = 1")',
        "set session characteristics", "create temporary table t ()", "select set_config('a', 'b', false)",
    ],
)  # fmt: skip
def test_a_statement_about_the_session_would_be_found(statement: str) -> None:
    assert OF_A_SESSION.search(statement)


@pytest.mark.parametrize(
    "statement", ["create temporary table t (like x) on commit drop", 'execute("set local a = 1")']
)
def test_a_statement_about_the_transaction_is_let_pass(statement: str) -> None:
    assert not OF_A_SESSION.search(statement)
