"""Two callers at the same moment: every race we claim to handle, with connections that really wait for each other."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import errors as pg

from sidecar.database import ATTEMPTS, Database
from sidecar.errors import Refusal
from sidecar.review import at_once
from tests.given import code


@pytest.fixture
def together(connect, database) -> Callable[..., list[Any]]:
    """`together(project, first, second, …)`: start every call while the project is locked by somebody else, let go when
    all of them wait, and return their answers."""

    @contextmanager
    def held(statement: str, project):
        holder = connect("admin").connection
        with holder.transaction():
            holder.execute(statement, [project])
            yield

    def run(project, *calls: Callable[[], Any], lock: str = "project") -> list[Any]:
        statement = {
            "project": "select from projects where id = %s for no key update",
            "numbers": "select pg_advisory_xact_lock(hashtextextended('artifacts/number/' || %s::uuid::text, 0))",
        }[lock]
        with ThreadPoolExecutor(len(calls)) as pool:
            with held(statement, project):
                futures: list[Future] = [pool.submit(call) for call in calls]
                wait_until_blocked(database, len(calls))
            return [future.result() for future in futures]

    return run


def wait_until_blocked(database, number: int) -> None:
    """Ask until so many wait for a lock of this database, or in line behind a request that does.

    (The sidecar's own time-out would end it.)
    """
    blocked = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    while database.value(blocked) + sum(len(line) - 1 for line in list(at_once._together._waiting.values())) < number:
        pass


@pytest.fixture
def project(given):
    return given.project()


def test_two_promotions_of_one_project_both_succeed_one_after_the_other(given, project, producer, database, together):
    one, two = given.approved(project, "a"), given.approved(project, "b")

    answers = together(
        project,
        lambda: producer.promote(artifact_version_ids=[one]),
        lambda: producer.promote(artifact_version_ids=[two]),
    )

    assert [answer.json["data"]["status"] for answer in answers] == ["promoted", "promoted"]
    assert {answer.json["data"]["context_version"] for answer in answers} == {1, 2}
    assert set(database.context(project)) == {"a", "b", "_meta"}
    assert [row["context_version"] for row in database.promotions(project)] == [1, 2]
    assert database.project(project)["context_version"] == 2


def test_of_two_promotions_that_saw_the_same_context_one_wins(given, project, producer, database, together):
    versions = [given.approved(project, path) for path in ("a", "b")]

    answers = together(
        project,
        *(lambda v=v: producer.promote(artifact_version_ids=[v], headers={"If-Match": '"0"'}) for v in versions),
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (loser,) = [answer for answer in answers if answer.status_code == 409]
    assert (code(loser), loser.headers["ETag"]) == ("context_version_conflict", '"1"')
    assert len(database.promotions(project)) == 1


def test_the_same_promotion_twice_at_once_promotes_once(given, project, producer, database, together):
    version = given.approved(project)

    answers = together(project, *[lambda: producer.promote(artifact_version_ids=[version])] * 2)

    assert sorted(a.json["data"]["status"] for a in answers) == ["already_promoted", "promoted"]
    assert len(database.promotions(project)) == 1


def test_of_two_approvals_of_one_path_one_supersedes_the_other(given, project, reviewer, database, together):
    one, two = given.version(project), given.version(project)

    answers = together(project, lambda: reviewer.approve(one), lambda: reviewer.approve(two))

    assert [answer.status_code for answer in answers] == [200, 200]
    assert {database.status(one), database.status(two)} == {"approved", "superseded"}
    held = database.context(project)["brand"]["logo"]["artifact_version_id"]
    assert database.status(held) == "approved"
    assert len(database.promotions(project)) == 2


def test_approving_and_rejecting_one_version_at_once_decides_it_once(given, project, reviewer, database, together):
    version = given.version(project)

    answers = together(project, lambda: reviewer.approve(version), lambda: reviewer.decide("reject", version))

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert len(database.approvals(version)) == 1


def test_the_same_approval_twice_at_once_is_one_approval(given, project, reviewer, database, together):
    version = given.version(project)

    answers = together(project, *[lambda: reviewer.approve(version)] * 2)

    assert [answer.status_code for answer in answers] == [200, 200]
    assert database.actions(version) == ["approve"]
    assert len(database.promotions(project)) == 1


def test_the_same_output_submitted_twice_at_once_is_one_version(project, producer, database, together):
    answers = together(project, *[lambda: producer.submit(project, value={"a": 1})] * 2, lock="numbers")

    assert sorted(answer.status_code for answer in answers) == [200, 201]
    assert database.value("select count(*) from artifact_versions") == 1


def test_of_two_conflicting_first_paths_submitted_at_once_one_stands(project, producer, database, together):
    answers = together(
        project,
        lambda: producer.submit(project, "brand"),
        lambda: producer.submit(project, "brand.logo"),
        lock="numbers",
    )

    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert database.value("select count(*) from artifact_versions") == 1


def test_reviews_that_name_two_projects_in_opposite_order_do_not_block_each_other(given, reviewer, database, together):
    here, there = given.project(), given.project()
    first = [given.version(here, "a"), given.version(there, "a")]
    second = [given.version(there, "b"), given.version(here, "b")]

    answers = together(here, lambda: reviewer.approve(*first), lambda: reviewer.approve(*second))

    assert [answer.status_code for answer in answers] == [200, 200]
    assert [database.project(p)["context_version"] for p in (here, there)] == [2, 2]


def test_submitting_does_not_wait_for_a_promotion(given, project, producer, connect):
    with connect("sidecar").connection.transaction() as transaction:
        transaction.connection.execute("select from projects where id = %s for no key update", [project])

        assert producer.submit(project, value=1).status_code == 201


def test_who_waits_too_long_is_told_so_and_changes_nothing(given, project, reviewer, database, connect):
    version = given.version(project)

    with connect("admin").connection.transaction() as transaction, database.unchanged():
        transaction.connection.execute("select from projects where id = %s for update", [project])
        answer = reviewer.post(f"/v1/artifacts/{version}/approve", {}, headers={"X-Artifacts-In-Transaction": "1"})

    assert (answer.status_code, code(answer)) == (503, "registry_busy")
    assert answer.headers["Retry-After"] == "1"


def test_a_deadlock_is_tried_again_and_only_then_refused(settings, given):
    database = Database(settings.database_url.get_secret_value(), largest=1)
    database.open()
    left = ATTEMPTS - 1

    def unlucky(connection) -> str:
        nonlocal left
        left -= 1
        if left >= 0:
            raise pg.DeadlockDetected
        return "done"

    assert database.run(unlucky) == "done"
    left = ATTEMPTS
    with pytest.raises(Refusal, match="registry_busy"):
        database.run(unlucky)
    database.close()


@pytest.mark.parametrize("role", ["sidecar", "directus"])
def test_numbers_have_no_gap_and_no_duplicate_under_eight_writers(given, project, urls, database, role):
    """Each writer inserts several paths per transaction, in its own order; one in five is rolled back."""
    paths = [f"path_{n}" for n in range(5)]
    start, failures = threading.Barrier(8), []

    def write(seed: int) -> None:
        order = random.Random(seed)
        try:
            with psycopg.connect(urls[role], autocommit=True) as connection:
                start.wait()
                for _ in range(10):
                    with connection.transaction(force_rollback=order.random() < 0.2):
                        for path in order.sample(paths, 3):
                            connection.execute(
                                "insert into artifact_versions (project_id, schema_key, version_number, value)"
                                " values (%s, %s, 77, '{}')",
                                [project, path],
                            )
        except Exception as error:
            failures.append(error)
            start.abort()

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    for path in paths:
        numbers = database.column(
            "select version_number from artifact_versions where schema_key = %s order by version_number", path
        )
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) > 10
