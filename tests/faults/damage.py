"""What is looked for afterwards: something lost, something done by halves, something done twice."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.directus.people import eventually
from tests.directus.works import Database
from tests.faults.load import Load, Request

# The worker's job stays with a worker that was killed until its heartbeat is 30 s old; then another may have it.
TASK_SECONDS = 60.0

EFFECTS = {
    # A copy that a revert made has the same value.
    "submit": """select count(*) as n from artifact_versions v where value ->> 'key' = %s and not exists (
        select from artifact_relations r where r.from_version_id = v.id and r.relation_type = 'restored_from')""",
    "approve": "select count(*) as n from artifact_approvals where reason = %s and action = 'approve'",
    "vote": "select count(*) as n from artifact_approvals where reason = %s and action = 'approve'",
    "reject": "select count(*) as n from artifact_approvals where reason = %s and action = 'reject'",
    "comment": "select count(*) as n from artifact_approvals where reason = %s and action = 'comment'",
    "promote": "select count(*) as n from promotions where reason = %s",
    "revert": "select count(*) as n from promotions where reason = %s",
}

BY_HALVES = {
    "a context that is not the fold of its promotions": """
        select p.id from projects p where p.id = any(%(projects)s::uuid[])
        and (p.context <> sidecar.context_as_of(p.id, p.context_version)
             or p.context_version <> (select count(*) from promotions r where r.project_id = p.id))""",
    "a promoted version without its approval or its promotion": """
        select v.id from artifact_versions v
        where v.project_id = any(%(projects)s::uuid[]) and v.promoted_at is not null and not (
            exists (select from artifact_approvals a where a.artifact_version_id = v.id and a.action = 'approve')
            and exists (select from promotions r where r.project_id = v.project_id
                        and r.changes @> jsonb_build_array(jsonb_build_object('to_version_id', v.id))))""",
    "a version promoted twice": """
        select c ->> 'to_version_id' as id from promotions r, jsonb_array_elements(r.changes) c
        where r.project_id = any(%(projects)s::uuid[]) and c ->> 'to_version_id' is not null
        group by 1 having count(*) > 1""",
    "an approval recorded twice": """
        select artifact_version_id as id from artifact_approvals
        where project_id = any(%(projects)s::uuid[]) and action = 'approve' group by 1 having count(*) > 1""",
    "a gap in the numbers": """
        select schema_key from artifact_versions where project_id = any(%(projects)s::uuid[])
        group by project_id, schema_key having count(*) <> max(version_number)""",
}


def expect_whole(load: Load, database: Database, url: str) -> None:
    """Everything that was acknowledged is there, once; nothing that was refused is; no invariant is broken."""
    expect_tasks_promoted(load, database)
    wrong = [(request, effects(database, request)) for request in load.requests]
    wrong = [(request, found) for request, found in wrong if found != expected_effects(request)]
    assert not wrong, wrong[:5]
    for what, statement in BY_HALVES.items():
        rows = database.connection.execute(statement, {"projects": load.projects}).fetchall()  # type: ignore[arg-type]
        assert rows == [], what
    for request in load.requests:
        if request.kind == "approve" and request.succeeded:
            assert request.version is not None
            assert database.version(request.version)["promoted_at"] is not None
    assert breaches(url) == []


def expect_tasks_promoted(load: Load, database: Database) -> None:
    waiting = """select v.id from artifact_versions v where v.source_task_id = any(%s::uuid[])
        and v.status = 'approved' and v.promoted_at is null"""
    eventually(lambda: not database.rows(waiting, load.tasks), "outputs of finished tasks", TASK_SECONDS)
    errors = "select id from tasks where id = any(%s::uuid[]) and promotion_error is not null"
    assert database.rows(errors, load.tasks) == []


def effects(database: Database, request: Request) -> int:
    return database.row(EFFECTS[request.kind], request.key)["n"]


def expected_effects(request: Request) -> int:
    """One, where it was acknowledged; a promotion that found nothing left to do says so and does nothing."""
    if not request.succeeded:
        return 0
    return int(request.kind not in ("promote", "revert") or request.body["data"]["status"] == "promoted")


def breaches(url: str) -> list[Any]:
    command = [sys.executable, "-m", "sidecar.cli", "verify", "--json", "--database-url", url]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)["breaches"]
