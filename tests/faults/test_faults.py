"""Parts are killed under load: what was acknowledged stays, nothing is done by halves or twice, and it goes on."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Callable
from contextlib import closing

import psutil
import psycopg
import pytest

from sidecar.stack import postgres
from sidecar.stack.processes import find
from sidecar.stack.stack import Stack
from tests.directus.people import Person, eventually
from tests.directus.works import Database
from tests.faults.damage import TASK_SECONDS, expect_whole
from tests.faults.load import Client, Load, load_on

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("fragile"), pytest.mark.timeout(240)]

SEED = os.environ.get("ARTIFACTS_TESTS_SEED") or str(random.SystemRandom().randrange(10**9))
SECONDS = 8.0
# From the return of what was killed to the next success.
RECOVERY = 15.0

Report = Callable[[Load, int, float], None]
Fault = Callable[[Stack, random.Random], None]


def kill_sidecar(stack: Stack, dice: random.Random) -> None:
    stack.kill("sidecar")
    stack.start("sidecar")


def kill_a_process_of_the_sidecar(stack: Stack, dice: random.Random) -> None:
    """gunicorn's own affair: its parent process starts another."""
    parent = find(stack.pid_file("sidecar"))
    assert parent is not None
    dice.choice(parent.children()).kill()


def restart_postgres(stack: Stack, mode: str) -> None:
    server = stack.server
    command = [
        str(postgres.binaries(server.user) / "pg_ctl"), "restart", "--wait", "-m", mode, "-D", str(server.data),
        "-l", str(server.log),
    ]  # fmt: skip
    subprocess.run(
        command, user=server.user, cwd="/", check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60
    )


def restart_postgres_immediately(stack: Stack, dice: random.Random) -> None:
    restart_postgres(stack, "immediate")


def restart_postgres_fast(stack: Stack, dice: random.Random) -> None:
    restart_postgres(stack, "fast")


def cut_connections(stack: Stack, dice: random.Random) -> None:
    with psycopg.connect(stack.environment()["DATABASE_ADMIN_URL"], autocommit=True) as connection:
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'artifacts_sidecar'")


def kill_directus(stack: Stack, dice: random.Random) -> None:
    stack.kill("directus")
    stack.start("directus")


def kill_worker(stack: Stack, dice: random.Random) -> None:
    stack.kill("worker")
    stack.start("worker")


@pytest.mark.parametrize(
    "fault",
    [
        kill_sidecar,
        kill_a_process_of_the_sidecar,
        restart_postgres_immediately,
        restart_postgres_fast,
        cut_connections,
        kill_directus,
        kill_worker,
    ],
)
def test_what_was_acknowledged_stays(
    fragile_stack: Stack,
    projects: list[str],
    environment: dict[str, str],
    database: Database,
    report: Report,
    fault: Fault,
) -> None:
    dice, faults, began = random.Random(SEED), 0, time.monotonic()
    others = {part: processes_of(fragile_stack, part) for part in ("directus", "sidecar", "worker")}
    try:
        with load_on(fragile_stack, projects, SEED) as load:
            load.recovered(RECOVERY)
            while time.monotonic() < began + SECONDS:
                load.pause(dice, 0.2, 1.5)
                fault(fragile_stack, dice)
                faults += 1
                load.recovered(RECOVERY)
        seconds = time.monotonic() - began
        expect_whole(load, database, environment["DATABASE_URL"])
    except AssertionError as error:
        raise AssertionError(f"seed {SEED}: {error}") from error
    report(load, faults, seconds)
    expect_the_rest_alive(fragile_stack, environment)
    killed = fault.__name__.removeprefix("kill_")
    for part, process in others.items():
        assert part == killed or processes_of(fragile_stack, part) == process, f"{part} had to be started anew"


def processes_of(stack: Stack, part: str) -> psutil.Process | None:
    return find(stack.pid_file(part))


def expect_the_rest_alive(stack: Stack, environment: dict[str, str]) -> None:
    """Directus and the worker came through as well, without a hand."""
    directus = Person(environment["DIRECTUS_URL"], environment["DIRECTUS_ADMIN_TOKEN"])
    eventually(lambda: directus.get("/items/projects", limit=1).status == 200, "Directus answers", RECOVERY)
    directus.close()
    for part in ("sidecar", "worker"):
        eventually(lambda part=part: stack.is_ready(part), f"the {part} is at work", RECOVERY)


def test_a_job_of_a_killed_worker_is_done_by_the_next(
    fragile_stack: Stack,
    projects: list[str],
    environment: dict[str, str],
    database: Database,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Killed in the middle of a promotion: the job stays marked as being done, by a worker that is no more."""
    with load_on(fragile_stack, projects[:1], SEED, operations=0) as load:
        client = Client(load, random.Random(SEED), 0)
        with closing(client):
            task, version = client.given_task_output(projects[0])
    jobs = "select id from sidecar.procrastinate_jobs where status = 'doing' and args ->> 'task_id' = %s"
    with psycopg.connect(environment["DATABASE_ADMIN_URL"]) as other:
        other.execute("select from projects where id = %s for update", [projects[0]])
        client.finish(task)
        eventually(lambda: database.rows(jobs, task), "the worker has begun")
        fragile_stack.kill("worker")

    fragile_stack.start("worker")

    since = time.monotonic()
    eventually(lambda: database.version(version)["promoted_at"], "it is promoted", TASK_SECONDS)
    assert len(database.promotions(projects[0])) == 1
    with capsys.disabled():
        print(f"\npromoted {time.monotonic() - since:.1f} s after the next worker was ready")
