"""The worker, as it runs: it finds what is done and not promoted, whoever forgot to say so."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from procrastinate.exceptions import AlreadyEnqueued
from psycopg.types.json import Jsonb

from sidecar.access.caller import SYSTEM
from sidecar.database import Database
from sidecar.worker.jobs import QUEUE, create_worker


class Worker:
    """A procrastinate worker on the test's database that stops when no job is left."""

    def __init__(self, app, sidecar_role):
        self.app, self.sidecar = app, sidecar_role

    def reconcile(self) -> None:
        """One tick of the reconciler, and everything that it queues. Looks are left out (test_look)."""
        self.sidecar.run("delete from sidecar.looks")
        # Its own clock may have queued one already.
        with self.app.open(), suppress(AlreadyEnqueued):
            self.app.tasks["reconcile"].defer(timestamp=0)
        self.run()

    def run(self) -> None:
        # In a thread of its own: a browser test in the same process leaves this one's event loop running.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(self._work).result()

    def _work(self) -> None:
        self.app.run_worker(
            queues=[QUEUE], wait=False, delete_jobs="successful", install_signal_handlers=False, concurrency=1
        )


@pytest.fixture
def worker(settings, sidecar_role):
    database = Database(settings.database_url.get_secret_value(), largest=4)
    database.open()
    yield Worker(create_worker(settings, database), sidecar_role)
    database.close()


@pytest.fixture
def jobs(database):
    """The jobs that promote, whatever their status."""
    return lambda: database.all("select * from sidecar.procrastinate_jobs where task_name = 'promote_task' order by id")


@pytest.fixture
def project(given):
    return given.project()


@pytest.fixture
def blocked(given, project, sidecar_role):
    """A task that is done and whose output has no place in the context."""
    task = given.task(project, "done")
    given.approved(project, "brand.logo", task=task)
    sidecar_role.run("update projects set context = %s where id = %s", Jsonb({"brand": "in the way"}), project)
    return task


def test_a_done_task_that_nobody_promoted_is_promoted_once(given, project, worker, database, jobs):
    task = given.task(project, "done")
    own = given.approved(project, "brand.logo", task=task)
    linked = given.approved(project, "brand.colors")
    database.run("insert into task_artifacts (task_id, artifact_version_id) values (%s, %s)", task, linked)

    worker.reconcile()

    assert all(database.version(version)["promoted_at"] for version in (own, linked))
    (promotion,) = database.promotions(project)
    assert (promotion["actor_id"], promotion["actor_label"], promotion["reason"]) == (
        None, SYSTEM.label, "The task is done.",
    )  # fmt: skip
    assert promotion["request_id"].startswith("worker-")
    assert jobs() == []

    with database.unchanged():
        worker.reconcile()
    assert jobs() == []


@pytest.mark.parametrize("status", ["todo", "in_progress", "needs_review", "cancelled"])
def test_an_unfinished_task_is_left_alone(given, project, worker, database, status):
    given.approved(project, task=given.task(project, status))

    with database.unchanged():
        worker.reconcile()


def test_pending_outputs_of_a_done_task_are_left_alone(given, project, worker, database):
    given.version(project, task=given.task(project, "done"))

    with database.unchanged():
        worker.reconcile()


def test_what_cannot_be_promoted_is_written_on_the_task_and_taken_off_when_it_can(
    blocked, project, worker, database, jobs, sidecar_role
):
    worker.reconcile()

    error = database.task(blocked)["promotion_error"]
    assert error.endswith("(context_path_occupied)")
    assert database.promotions(project) == []
    (job,) = jobs()
    assert (job["status"], job["attempts"]) == ("todo", 1)

    sidecar_role.run("update projects set context = '{}' where id = %s", project)
    sidecar_role.run("update sidecar.procrastinate_jobs set scheduled_at = now()")
    worker.run()

    assert database.task(blocked)["promotion_error"] is None
    assert len(database.promotions(project)) == 1
    assert jobs() == []


def test_looking_again_and_again_keeps_one_job_per_failing_task(blocked, worker, jobs):
    for _ in range(4):
        worker.reconcile()

    (job,) = jobs()
    assert job["attempts"] == 1


def test_attempts_come_ever_more_slowly_but_at_least_once_a_minute(blocked, worker, database, jobs, sidecar_role):
    waits = []
    worker.reconcile()
    for _ in range(6):
        assert len(jobs()) == 1
        waits.append(
            database.value("select round(extract(epoch from scheduled_at - now())) from sidecar.procrastinate_jobs")
        )
        sidecar_role.run("update sidecar.procrastinate_jobs set scheduled_at = now()")
        worker.run()

    assert [round(float(wait) / 5) * 5 for wait in waits] == [5, 10, 20, 40, 60, 60]


def test_a_job_that_runs_just_now_is_not_doubled_and_a_dead_workers_job_is_taken_over(
    blocked, worker, jobs, sidecar_role
):
    worker.reconcile()
    alive = sidecar_role.value("insert into sidecar.procrastinate_workers default values returning id")
    sidecar_role.run("update sidecar.procrastinate_jobs set status = 'doing', worker_id = %s", alive)

    worker.reconcile()
    assert len(jobs()) == 1

    sidecar_role.run("delete from sidecar.procrastinate_workers where id = %s", alive)
    worker.reconcile()
    assert [job["status"] for job in jobs()] == ["doing", "todo"]


def test_one_failing_task_does_not_hold_up_the_others(blocked, given, worker, database):
    elsewhere = given.project()
    given.approved(elsewhere, task=given.task(elsewhere, "done"))

    worker.reconcile()

    assert len(database.promotions(elsewhere)) == 1


def test_a_task_that_was_promoted_meanwhile_changes_nothing(given, project, worker, database, jobs, sidecar_role):
    task = given.task(project, "done")
    given.promoted(project, task=task)
    with worker.app.open():
        worker.app.tasks["promote_task"].defer(task_id=str(task))
    sidecar_role.run("delete from sidecar.looks")

    with database.unchanged():
        worker.run()
    assert jobs() == []


def test_a_task_that_is_gone_is_not_tried_again(worker, jobs):
    with worker.app.open():
        worker.app.tasks["promote_task"].defer(task_id="00000000-0000-0000-0000-000000000007")

    worker.run()

    assert [job["status"] for job in jobs()] == ["failed"]
