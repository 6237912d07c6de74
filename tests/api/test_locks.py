"""Locks: while a path or its project is locked, producers go on with the version that is there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from sidecar.verify.verify import snapshot, verify
from tests.api.test_concurrency import wait_until_blocked
from tests.given import code


@pytest.fixture
def project(given):
    return given.project()


def lock(person, project, path=None, **body):
    place = f"/v1/projects/{project}/locks" + (f"/{path}" if path else "")
    return person.call("PUT", place, json=body)


def unlock(person, project, path=None, query=""):
    return person.call("DELETE", f"/v1/projects/{project}/locks" + (f"/{path}" if path else "") + query)


def data(answer, status=200):
    assert answer.status_code == status, answer.text
    return answer.json["data"]


def locks(person, project):
    return [(row["schema_key"], row["owner"]) for row in data(person.get(f"/v1/projects/{project}/locks"))]


# Setting and releasing


def test_a_lock_names_its_owner_its_reason_and_its_time(producer, project, database):
    held = data(lock(producer, project, "scene_12.panel_plan", reason=" Final. "))

    assert (held["schema_key"], held["owner_id"], held["reason"]) == ("scene_12.panel_plan", str(producer.id), "Final.")
    assert held["owner"].startswith("Robin")
    age = database.value("select extract(epoch from clock_timestamp() - %s::timestamptz)", held["since"])
    assert 0 <= age < 60
    assert data(producer.get(f"/v1/projects/{project}/locks")) == [held]


def test_a_lock_may_tell_others_whom_to_ask(given, project):
    person = given.token("producer")
    held = data(lock(person, project, "a", owner="The art desk"))
    assert (held["owner"], held["owner_id"]) == ("The art desk", None)


def test_locking_again_keeps_the_lock_and_takes_the_new_reason(producer, project, database):
    first = data(lock(producer, project, "a", reason="One."))
    with database.unchanged():
        assert data(lock(producer, project, "a", reason="One.")) == first
    again = data(lock(producer, project, "a", reason="Two."))
    assert (again["reason"], again["since"]) == ("Two.", first["since"])


def test_the_projects_own_lock_is_planning_locked(producer, project, database):
    data(lock(producer, project, reason="Print week."))
    assert database.project(project)["planning_locked"] is True
    assert data(producer.get(f"/v1/projects/{project}"))["planning_locked"] is True
    assert locks(producer, project)[0][0] is None

    assert data(unlock(producer, project))["released"]["reason"] == "Print week."
    assert database.project(project)["planning_locked"] is False
    assert (locks(producer, project), database.project(project)["locks"]) == ([], {})


def test_locks_are_listed_the_projects_first_then_by_path(producer, project):
    for path in ("b", "a.b", None, "a.b.c"):
        data(lock(producer, project, path))
    assert [path for path, _owner in locks(producer, project)] == [None, "a.b", "a.b.c", "b"]


def test_only_the_owner_and_reviewers_unlock(given, producer, reviewer, project):
    other = given.person("producer")
    data(lock(producer, project, "a", reason="Mine."))

    refused = unlock(other, project, "a")
    assert (refused.status_code, code(refused)) == (403, "lock_of_another")
    assert refused.json["errors"][0]["extensions"]["locked"]["owner_id"] == str(producer.id)
    assert code(lock(other, project, "a")) == "lock_of_another"

    assert data(unlock(reviewer, project, "a"))["released"]["owner_id"] == str(producer.id)
    assert locks(producer, project) == []


def test_a_reviewer_takes_a_lock_over(producer, reviewer, project):
    data(lock(producer, project, "a"))
    assert data(lock(reviewer, project, "a"))["owner_id"] == str(reviewer.id)
    assert code(unlock(producer, project, "a")) == "lock_of_another"


def test_programs_own_locks_by_their_tokens_name_not_by_the_owner_they_tell(given, project):
    one, other = given.token("producer"), given.token("producer")
    label = data(lock(one, project, "a"))["owner"]
    data(lock(one, project, "b", owner="somebody"))

    data(lock(other, project, "c", owner=label))
    assert code(unlock(one, project, "c")) == "lock_of_another"
    assert data(unlock(one, project, "b"))["released"]["owner"] == "somebody"


def test_unlocking_what_is_not_locked_changes_nothing(producer, project, database):
    data(lock(producer, project, "a"))
    with database.unchanged():
        assert data(unlock(producer, project, "a.b")) == {"released": None}
        assert data(unlock(producer, project)) == {"released": None}


def test_locking_and_unlocking_are_in_the_audit(producer, reviewer, project, connect):
    data(lock(producer, project, "scenes", reason="Final."))
    data(lock(producer, project))
    data(unlock(reviewer, project, "scenes", "?reason=Not%20quite."))

    entries = data(reviewer.get(f"/v1/projects/{project}/audit"))
    assert [(e["action"], e["schema_key"], e["reason"], e["actor_id"]) for e in entries] == [
        ("unlock", "scenes", "Not quite.", str(reviewer.id)),
        ("lock", None, None, str(producer.id)),
        ("lock", "scenes", "Final.", str(producer.id)),
    ]
    connection = connect("sidecar").connection
    with snapshot(connection):
        assert list(verify(connection, project)) == []


@pytest.mark.parametrize("path", ["a..b", "_meta", "%00", "a" * 256, "a[10000]", "*", "a%2Fb"])
def test_what_is_no_path_cannot_be_locked(producer, project, path):
    answer = lock(producer, project, path)
    assert answer.status_code in (400, 404, 422), answer.text


@pytest.mark.parametrize(
    "body", [{"reason": 1}, {"owner": ""}, {"since": "now"}, [], {"reason": "\x00"}, {"reason": "x" * 2001}]
)
def test_a_lock_that_cannot_be_read_is_refused(producer, project, database, body):
    with database.unchanged():
        assert producer.call("PUT", f"/v1/projects/{project}/locks/a", json=body).status_code in (400, 422)


def test_readers_lock_nothing_and_unknown_projects_are_not_there(given, producer, project):
    policy = given.policy()
    given.permission(policy)
    reader = given.person(None)
    given.grant(reader.id, policy)
    assert code(lock(reader, project)) == "forbidden"
    assert locks(reader, project) == []
    assert code(lock(producer, "nowhere")) == "project_not_found"
    assert code(unlock(producer, "nowhere", "a")) == "project_not_found"


# Submitting


def test_a_submission_to_a_locked_path_gets_the_version_that_is_there(given, producer, project, database):
    data(producer.submit(project, "a", {"n": 1}), 201)
    version = data(producer.submit(project, "a", {"n": 2}), 201)
    held = data(lock(producer, project, "a", reason="Final."))
    task = given.task(project)

    with database.unchanged():
        answer = given.person("producer").submit(project, "a", {"n": 3}, source_task_id=str(task))

    assert (answer.status_code, answer.json["data"]["id"]) == (200, version["id"])
    assert answer.json["meta"] == {"existing": True, "rejection_reason": None, "locked": held}


def test_the_owners_submissions_go_through_and_a_reviewers_do_not(producer, reviewer, project):
    data(producer.submit(project, "a", 1), 201)
    data(lock(producer, project, "a"))
    assert data(producer.submit(project, "a", 2), 201)["version_number"] == 2
    assert data(reviewer.submit(project, "a", 3))["version_number"] == 2


def test_a_caller_may_ask_to_be_refused(given, producer, project, database):
    data(producer.submit(project, "a", 1), 201)
    held = data(lock(producer, project, "a", reason="Final."))
    with database.unchanged():
        answer = given.person("producer").submit(project, "a", 2, if_locked="fail")
    assert (answer.status_code, code(answer)) == (423, "path_locked")
    error = answer.json["errors"][0]
    assert error["message"].endswith(": Final.")
    assert error["extensions"]["locked"] == held


def test_a_locked_path_that_has_nothing_refuses(given, producer, project, database):
    data(lock(producer, project, "a"))
    with database.unchanged():
        assert given.person("producer").submit(project, "a", 1).status_code == 423
    given.version(project, "a", status="rejected")
    assert given.person("producer").submit(project, "a", 1).status_code == 423


def test_a_locked_project_takes_the_first_version_of_a_path(given, producer, project):
    data(lock(producer, project))
    other = given.person("producer")
    first = data(other.submit(project, "a", 1, if_locked="fail"), 201)
    assert data(other.submit(project, "a", 2))["id"] == first["id"]
    assert other.submit(project, "a", 2, if_locked="fail").status_code == 423


def test_what_was_rejected_is_not_what_somebody_goes_on_with(given, producer, project):
    good = given.approved(project, "a")
    given.version(project, "a", status="rejected")
    data(lock(producer, project, "a"))
    assert data(given.person("producer").submit(project, "a", 3))["id"] == str(good)


@pytest.mark.parametrize(
    ("locked", "path", "covered"),
    [
        ("scene_12", "scene_12", True), ("scene_12", "scene_12.panel_plan", True), ("scenes", "scenes[3].image", True),
        ("scenes[3]", "scenes[3].image", True), ("scenes[3]", "scenes[30]", False), ("scene_1", "scene_12", False),
        ("scene_12.panel_plan", "scene_12.render", False), ("scene_12.panel_plan", "scene_12", False),
    ],
)  # fmt: skip
def test_a_lock_covers_its_path_and_what_lies_below(given, producer, project, locked, path, covered):
    data(lock(producer, project, locked))
    answer = given.person("producer").submit(project, path, 1)
    assert answer.status_code == (423 if covered else 201), answer.text


def test_of_several_locks_the_nearest_that_is_not_ones_own_holds(given, producer, reviewer, project):
    other = given.person("producer")
    data(lock(reviewer, project, reason="All of it."))
    data(lock(producer, project, "a", reason="A."))
    data(lock(producer, project, "a.b", reason="B."))
    given.version(project, "a.b.c")

    assert other.submit(project, "a.b.c", 1).json["meta"]["locked"]["reason"] == "B."
    assert producer.submit(project, "a.b.c", 1).json["meta"]["locked"]["reason"] == "All of it."


def test_locks_hold_for_promotions_and_decisions_of_nobody(given, producer, reviewer, project, database):
    version = given.version(project, "a")
    data(lock(producer, project))
    data(lock(producer, project, "a"))
    data(reviewer.approve(version))
    assert database.status(version) == "approved"
    assert set(database.context(project)) == {"a", "_meta"}


# Races


def racing(database, connect, project, *calls):
    """Hold the project's number lock until all calls wait for it, in their order; return their answers."""
    holder = connect("admin").connection
    with ThreadPoolExecutor(len(calls)) as pool:
        with holder.transaction():
            holder.execute(
                "select pg_advisory_xact_lock(hashtextextended('artifacts/number/' || %s, 0))", [str(project)]
            )
            futures = []
            for number, call in enumerate(calls, start=1):
                futures.append(pool.submit(call))
                wait_until_blocked(database, number)
        return [future.result() for future in futures]


def test_a_submission_after_a_lock_that_is_being_set_gets_the_version_that_is_there(
    given, producer, project, database, connect
):
    version = given.version(project, "a")
    other = given.person("producer")
    held, answer = racing(
        database, connect, project, lambda: lock(producer, project, "a"), lambda: other.submit(project, "a", 2)
    )
    assert (answer.status_code, answer.json["data"]["id"]) == (200, str(version))
    assert answer.json["meta"]["locked"] == data(held)


def test_a_submission_before_a_lock_is_kept(given, producer, project, database, connect):
    given.version(project, "a")
    other = given.person("producer")
    answer, held = racing(
        database, connect, project, lambda: other.submit(project, "a", 2), lambda: lock(producer, project, "a")
    )
    assert (answer.status_code, held.status_code) == (201, 200)
    since = database.value("select date_created < %s::timestamptz from artifact_versions where id = %s",
                           data(held)["since"], answer.json["data"]["id"])  # fmt: skip
    assert since


def test_an_insert_of_directus_waits_for_a_lock_that_is_being_set(given, producer, project, database, connect):
    given.version(project, "a")
    directus = connect("directus")

    def insert():
        try:
            directus.run("insert into artifact_versions (project_id, schema_key, value) values (%s, 'a', '2')", project)
        except Exception as error:
            return error

    _held, refused = racing(database, connect, project, lambda: lock(producer, project, "a"), insert)
    assert refused.diag.constraint_name == "path_locked"
