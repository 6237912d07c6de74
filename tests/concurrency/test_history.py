"""Everything at once, against two sidecars: is there one order of it all that explains every answer?"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from sidecar.stack.stack import Stack
from tests.concurrency.explain import account_of, at_the_end, by_itself
from tests.concurrency.history import History, Operation
from tests.concurrency.load import Place, Shared, Site, run_load
from tests.concurrency.model import Project
from tests.concurrency.serial import serial_order
from tests.directus.people import eventually
from tests.directus.works import Database

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

SEED = os.environ.get("ARTIFACTS_TESTS_SEED") or str(random.SystemRandom().randrange(10**9))
SECONDS = float(os.environ.get("ARTIFACTS_TESTS_SECONDS") or 15)
CLIENTS = 8
OPERATIONS = 600
# Of a thousand operations, how many may be told to come again: a lock waits 2 s before it says so, 0.5 s for Directus.
BUSY = 0.01


def test_one_order_explains_every_answer(
    running_stack: Stack,
    site: Site,
    given_places: Callable[[str, int], list[Place]],
    stored: Database,
    environment: dict[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    said_before = running_stack.log("postgres").stat().st_size
    places = given_places(uuid.uuid4().hex[:8], 3)
    shared = Shared(site, History(), places)
    began = time.time()
    run_load(shared, clients=CLIENTS, operations=OPERATIONS, seconds=SECONDS, seed=SEED)
    seconds = time.time() - began
    operations = sorted(shared.history.operations, key=lambda operation: operation.start)
    failures = Counter(f"{o.kind} {o.status} {o.code}" for o in operations if o.status >= 500 and not is_busy(o))
    assert not failures, f"seed {SEED}: {failures}"

    wait_until_quiet(stored, places)
    account = account_of(operations, {i: place.project for i, place in shared.place_of.items()}, dict(shared.path_of))
    assert not account.strange, f"seed {SEED}: " + "\n".join(map(str, account.strange[:5]))
    quiet = shared.history.now()
    clocks = time.time() - quiet
    checking = time.monotonic()
    for place in places:
        found = everything_of(stored, place.project)
        acknowledged = acknowledged_promotions(operations, place.project)
        expect_each_once(found["promotions"], acknowledged)
        # A decision by editing tells no promotion; its reason is on it. What is left was the Flow's or the worker's.
        alone = [
            by_itself(row, row["date_created"].timestamp() - clocks - 0.1)
            for row in found["promotions"]
            if row["context_version"] not in acknowledged and row["reason"] not in ("By editing", "By record")
        ]
        account.counts["by itself"] += len(alone)
        end = at_the_end(quiet, found["context_version"], found["context"], found["versions"])
        try:
            serial_order([*account.steps[place.project], *alone, end], Project())
        except AssertionError as error:
            raise AssertionError(f"seed {SEED}, project {place.project}: {error}") from None
    account.counts["repeated under a key"] = expect_repeats_told_the_same(shared.repeats)
    report(capsys, account.counts, len(operations), seconds, time.monotonic() - checking)

    assert account.counts["busy"] <= BUSY * len(operations), f"seed {SEED}: {account.counts['busy']} were told to wait"
    assert deadlocks_since(running_stack, said_before) == []
    for place in places:
        assert breaches(environment["DATABASE_URL"], place.project) == []


def is_busy(operation: Operation) -> bool:
    return operation.status == 503 and operation.code in ("registry_busy", "registry_slow")


def wait_until_quiet(database: Database, places: list[Place]) -> None:
    """Until the Flow and the worker have promoted what finished tasks left."""
    waiting = """select 1 from artifact_versions v join tasks t on t.id = v.source_task_id and t.status = 'done'
        where v.project_id = any(%s::uuid[]) and v.status = 'approved' and v.promoted_at is null"""
    projects = [place.project for place in places]
    eventually(lambda: not database.rows(waiting, projects), "every finished task is promoted", 40)


def everything_of(database: Database, project: str) -> dict[str, Any]:
    """The project, its versions and its promotions, as of one moment."""
    statement = """select p.context_version, p.context,
        (select coalesce(jsonb_agg(to_jsonb(v)), '[]') from artifact_versions v where v.project_id = p.id) as versions
        from projects p where p.id = %s"""
    return database.row(statement, project) | {"promotions": database.promotions(project)}


def acknowledged_promotions(operations: list[Operation], project: str) -> dict[int, list[Any]]:
    """Version → what each answer that claimed it said was promoted."""
    told: dict[int, list[Any]] = {}
    for operation in operations:
        if operation.status != 200 or operation.replayed or operation.kind not in ("promote", "review", "revert"):
            continue
        answers = operation.data["promotions"] if operation.kind == "review" else [operation.data]
        for answer in answers:
            if answer["project_id"] == project and answer["status"] == "promoted":
                told.setdefault(answer["context_version"], []).append(answer)
    return told


def expect_each_once(rows: list[dict[str, Any]], acknowledged: dict[int, list[Any]]) -> None:
    assert [row["context_version"] for row in rows] == list(range(1, len(rows) + 1))
    for version, answers in acknowledged.items():
        assert len(answers) == 1, f"seed {SEED}: version {version} was answered {len(answers)} times: {answers}"
        changes = rows[version - 1]["changes"]
        entered = {(c["schema_key"], c["to_version_id"]) for c in changes if c["entry"]}
        left = {c["schema_key"] for c in changes if not c["entry"]}
        (told,) = answers
        assert entered == {(name["schema_key"], name["artifact_version_id"]) for name in told["promoted"]}
        assert left == set(told.get("withdrawn", []))


def expect_repeats_told_the_same(repeats: list[tuple[Operation, Operation]]) -> int:
    """A second request under the same key is answered as the first, and has no effect of its own."""
    seen = 0
    for first, second in repeats:
        kept = [operation for operation in (first, second) if 200 <= operation.status < 300]
        if len(kept) < 2:
            continue
        assert first.replayed != second.replayed, f"seed {SEED}: {first} and {second} have one key"
        assert (first.status, first.body) == (second.status, second.body), f"seed {SEED}: {first}, then {second}"
        seen += 1
    return seen


def deadlocks_since(stack: Stack, offset: int) -> list[str]:
    """Deadlocks that Postgres logged in the stack's own database; other tests have theirs."""
    with stack.log("postgres").open("rb") as log:
        log.seek(offset)
        lines = log.read().decode(errors="replace").splitlines()
    return [line for line in lines if "deadlock detected" in line and f"@{stack.databases.database} " in line]


def breaches(url: str, project: str) -> list[Any]:
    """What `artifacts verify` finds in a project."""
    command = [sys.executable, "-m", "sidecar.cli", "verify", "--json", "--database-url", url, "--project", project]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)["breaches"]


def report(
    capsys: pytest.CaptureFixture[str], counts: Counter[str], operations: int, seconds: float, checked: float
) -> None:
    kinds = ", ".join(f"{count} {kind}" for kind, count in counts.most_common())
    with capsys.disabled():
        print(
            f"\n{operations} operations by {CLIENTS} clients in {seconds:.1f} s ({operations / seconds:.0f}/s), seed"
            f" {SEED}, explained in {checked:.1f} s: {kinds}"
        )
