"""Promoting approved versions into the context: POST /v1/promotions."""

from __future__ import annotations

import uuid
from datetime import UTC

import pytest
from psycopg.types.json import Jsonb

from tests.given import code


def promoted(answer) -> dict:
    assert answer.status_code == 200, answer.text
    return answer.json["data"]


@pytest.fixture
def project(given):
    return given.project("spring-brand")


def test_a_tasks_approved_outputs_are_promoted_as_one_set(given, project, producer, database):
    task = given.task(project, "done")
    logo = given.approved(project, "brand.logo", task=task)
    linked = given.approved(project, "brand.colors")
    database.run("insert into task_artifacts (task_id, artifact_version_id) values (%s, %s)", task, linked)
    pending = given.version(project, "brand.font", task=task)
    elsewhere = given.approved(project, "song")

    answer = promoted(producer.promote(task_id=task, reason="The task is done."))

    assert answer["status"] == "promoted"
    assert answer["project_id"] == str(project)
    assert {v["schema_key"] for v in answer["promoted"]} == {"brand.logo", "brand.colors"}
    (promotion,) = database.promotions(project)
    assert (promotion["context_version"], promotion["reason"], promotion["actor_id"]) == (
        1, "The task is done.", producer.id,
    )  # fmt: skip
    assert [database.version(v)["promoted_at"] is not None for v in (logo, linked, pending, elsewhere)] == [
        True, True, False, False,
    ]  # fmt: skip
    assert set(database.context(project)["brand"]) == {"logo", "colors"}


def test_named_versions_are_promoted_and_pending_ones_approved_by_it(given, project, reviewer, database):
    approved, pending = given.approved(project, "a"), given.version(project, "b")

    answer = promoted(reviewer.promote(artifact_version_ids=[approved, pending], reason="Go."))

    assert {v["artifact_version_id"] for v in answer["promoted"]} == {str(approved), str(pending)}
    assert database.status(pending) == "approved"
    (record,) = database.approvals(pending)
    (promotion,) = database.promotions(project)
    assert (record["action"], record["actor_id"], record["reason"], record["promotion_id"]) == (
        "approve", reviewer.id, "Go.", promotion["id"],
    )  # fmt: skip
    assert database.approvals(approved) == []


def test_a_producer_promotes_what_is_approved_and_approves_nothing_by_it(given, project, producer, database):
    approved, pending = given.approved(project, "a"), given.version(project, "b")

    with database.unchanged():
        answer = producer.promote(artifact_version_ids=[approved, pending])
    assert (answer.status_code, code(answer)) == (403, "forbidden")

    assert promoted(producer.promote(artifact_version_ids=[approved]))["status"] == "promoted"


@pytest.mark.parametrize("name", ["id", "key"])
def test_everything_approved_in_a_project_is_promoted_under_one_number(given, project, producer, database, name):
    for path in ("a", "b.c", "d[2]"):
        given.approved(project, path)
    given.version(project, "pending")

    answer = promoted(producer.promote(project_id=project if name == "id" else "spring-brand"))

    assert (answer["context_version"], len(answer["promoted"])) == (1, 3)
    context = database.context(project)
    assert context["_meta"]["total_artifacts"] == 3
    assert [entry is None for entry in context["d"]] == [True, True, False]


def test_the_context_holds_the_values_keys_and_ours_which_win(given, project, producer, database):
    file = given.file()
    value = {"primary": "#1A365D", "version": "theirs", "approved_at": "theirs", "file_id": "theirs"}
    version = given.approved(project, "brand.logo", value, files=(file,))

    producer.promote(artifact_version_ids=[version])

    row = database.version(version)
    moment = row["approved_at"].astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    context = database.context(project)
    assert context["brand"]["logo"] == {
        "primary": "#1A365D",
        "artifact_version_id": str(version),
        "file_id": str(file),
        "approved_at": moment,
        "version": 1,
    }
    meta = context["_meta"]
    assert meta.pop("last_updated").endswith("Z")
    assert meta == {"schema_version": "1.0.0", "context_version": 1, "total_artifacts": 1}
    assert row["value"] == value


@pytest.mark.parametrize(("value", "kept"), [("text", "text"), (7, 7), (False, False), ([1, 2], [1, 2])])
def test_a_value_that_is_no_object_goes_under_value(given, project, producer, database, value, kept):
    producer.promote(artifact_version_ids=[given.approved(project, "a", value)])

    entry = database.context(project)["a"]
    assert entry["value"] == kept
    assert "file_id" not in entry


def test_promoting_a_successor_says_what_is_superseded(given, project, reviewer, database):
    first = given.promoted(project, value={"n": 1, "only_first": True})
    second = given.version(project, value={"n": 2})

    answer = promoted(reviewer.promote(artifact_version_ids=[second]))

    assert answer["superseded"] == [
        {"artifact_version_id": str(first), "schema_key": "brand.logo", "version_number": 1}
    ]
    assert (database.status(first), answer["context_version"]) == ("superseded", 2)
    entry = database.context(project)["brand"]["logo"]
    assert (entry["n"], entry["version"], "only_first" in entry) == (2, 2, False)
    (change,) = database.promotions(project)[1]["changes"]
    assert (change["schema_key"], change["from_version_id"], change["to_version_id"], change["entry"]) == (
        "brand.logo", str(first), str(second), entry,
    )  # fmt: skip


def test_what_is_in_the_context_already_stays_and_says_so(given, project, producer, database):
    task = given.task(project, "done")
    version = given.promoted(project, task=task)

    with database.unchanged():
        for target in ({"task_id": task}, {"artifact_version_ids": [version]}):
            answer = promoted(producer.promote(**target))
            assert (answer["status"], answer["context_version"]) == ("already_promoted", 1)
            assert [v["artifact_version_id"] for v in answer["promoted"]] == [str(version)]


def test_a_replay_is_answered_before_if_match_is_asked(given, project, producer, database):
    version = given.promoted(project)

    answer = producer.promote(artifact_version_ids=[version], headers={"If-Match": '"0"'})

    assert promoted(answer)["status"] == "already_promoted"


def test_nothing_to_promote_is_an_answer(given, project, producer, database):
    pending_only, without_project = given.task(project), given.task()
    given.version(project, task=pending_only)

    with database.unchanged():
        for target in ({"task_id": pending_only}, {"project_id": project}, {"task_id": without_project}):
            answer = promoted(producer.promote(**target))
            assert (answer["status"], answer["promoted"]) == ("nothing_to_promote", [])


def test_a_task_without_a_project_promotes_into_the_project_of_its_versions(given, project, producer, database):
    task = given.task(None, "done")
    given.approved(project, task=task)

    assert promoted(producer.promote(task_id=task))["project_id"] == str(project)


@pytest.mark.parametrize("seen", ['"1"', "1", ' "1" ', 'W/"1"', "*"])
def test_a_right_if_match_promotes(given, project, producer, seen):
    given.promoted(project, "a")
    version = given.approved(project, "b")

    answer = producer.promote(artifact_version_ids=[version], headers={"If-Match": seen})

    assert promoted(answer)["context_version"] == 2
    assert answer.headers["ETag"] == '"2"'


@pytest.mark.parametrize("where", ["header", "body"])
def test_a_stale_version_leaves_everything_unchanged_and_names_the_current_one(
    given, project, reviewer, database, where
):
    given.promoted(project, "a")
    version = given.version(project, "b")

    with database.unchanged():
        answer = (
            reviewer.promote(artifact_version_ids=[version], headers={"If-Match": '"0"'})
            if where == "header"
            else reviewer.promote(artifact_version_ids=[version], if_match=0)
        )

    assert (answer.status_code, code(answer)) == (409, "context_version_conflict")
    assert answer.json["errors"][0]["extensions"]["context_version"] == 1
    assert answer.headers["ETag"] == '"1"'
    assert "version 1" in answer.json["errors"][0]["message"]


def test_an_if_match_that_is_no_version_is_refused(given, project, producer, database):
    version = given.approved(project)

    with database.unchanged():
        for seen in ("five", '""', "", '"1", "2"', "-1", "1.5", "9" * 20, '"abc'):
            answer = producer.promote(artifact_version_ids=[version], headers={"If-Match": seen})
            assert (answer.status_code, code(answer)) == (400, "if_match_invalid"), seen


def test_a_dry_run_changes_nothing_and_answers_what_would(given, project, reviewer, database):
    version = given.version(project, value={"n": 1})

    with database.unchanged():
        answer = promoted(reviewer.promote(artifact_version_ids=[version], dry_run=True))

    assert (answer["status"], answer["context_version"]) == ("promoted", 1)
    (change,) = answer["changes"]
    assert (change["schema_key"], change["before"], change["after"]["n"]) == ("brand.logo", None, 1)
    assert answer["stale"] == []


@pytest.mark.parametrize(
    "context", [{"brand": "a text"}, {"brand": {"logo": {"artifact_version_id": "x"}}}, {"brand": [1]}]
)
def test_a_place_that_no_promotion_wrote_is_not_overwritten(given, project, reviewer, database, sidecar_role, context):
    sidecar_role.run("update projects set context = %s, context_version = 3 where id = %s", Jsonb(context), project)
    version, beside = given.version(project, "brand.logo.svg"), given.version(project, "song")

    with database.unchanged():
        for answer in (reviewer.promote(artifact_version_ids=[version, beside]), reviewer.approve(beside, version)):
            assert (answer.status_code, code(answer)) == (409, "context_path_occupied")
            assert "brand.logo.svg needs that place" in answer.json["errors"][0]["message"]


def test_an_adopted_context_keeps_what_nobody_promoted(given, project, producer, database, sidecar_role):
    adopted = {"brand": {"claim": "Fresh."}, "notes": [1], "_meta": {"owner": "Kim"}}
    sidecar_role.run("update projects set context = %s, context_version = 3 where id = %s", Jsonb(adopted), project)

    answer = promoted(producer.promote(artifact_version_ids=[given.approved(project)]))

    context = database.context(project)
    assert answer["context_version"] == 4
    assert (context["brand"]["claim"], context["notes"], context["_meta"]["owner"]) == ("Fresh.", [1], "Kim")
    assert "logo" in context["brand"]


@pytest.mark.parametrize(
    ("status", "refusal"),
    [("rejected", "already_decided"), ("archived", "already_decided"), ("intermediate", "not_submitted")],
)
def test_what_was_never_approved_is_not_promoted(given, project, reviewer, database, status, refusal):
    good, bad = given.approved(project, "a"), given.version(project, "b", status=status)

    with database.unchanged():
        answer = reviewer.promote(artifact_version_ids=[good, bad])

    assert (answer.status_code, code(answer)) == (409, refusal)


def test_versions_of_several_projects_are_not_promoted_together(given, project, producer, database):
    versions = [given.approved(project), given.approved(given.project())]

    with database.unchanged():
        assert code(producer.promote(artifact_version_ids=versions)) == "one_project_at_a_time"


def test_two_versions_of_one_path_are_not_promoted_together(given, project, reviewer, database):
    versions = [given.approved(project), given.version(project)]

    with database.unchanged():
        assert code(reviewer.promote(artifact_version_ids=versions)) == "two_approvals_for_one_path"


@pytest.mark.parametrize(
    ("target", "refusal"),
    [
        ({"task_id": uuid.UUID(int=7)}, "task_not_found"),
        ({"artifact_version_ids": [uuid.UUID(int=7)]}, "artifact_not_found"),
        ({"project_id": "nowhere"}, "project_not_found"),
        ({}, "invalid_value"),
        ({"task_id": uuid.UUID(int=7), "project_id": "nowhere"}, "invalid_value"),
        ({"artifact_version_ids": []}, "invalid_value"),
        ({"project_id": "spring-brand", "if_match": -1}, "invalid_value"),
        ({"project_id": "spring-brand", "if_match": "5"}, "project_not_found"),
        ({"project_id": "nowhere", "context": {}}, "invalid_value"),
    ],
)
def test_a_target_that_is_not_there_or_not_one_is_refused(producer, target, refusal):
    assert code(producer.promote(**target)) == refusal


def test_a_refusal_of_an_automatic_promotion_is_written_to_the_task_and_taken_off_by_success(
    given, project, producer, database, sidecar_role
):
    task = given.task(project, "done")
    given.approved(project, "brand.logo", task=task)
    sidecar_role.run("update projects set context = %s where id = %s", Jsonb({"brand": "in the way"}), project)

    assert code(producer.promote(task_id=task)) == "context_path_occupied"
    assert database.task(task)["promotion_error"] is None
    assert code(producer.promote(task_id=task, automatic=True)) == "context_path_occupied"
    error = database.task(task)["promotion_error"]
    assert error.startswith("The context holds something at brand")
    assert error.endswith("(context_path_occupied)")

    sidecar_role.run("update projects set context = '{}' where id = %s", project)
    assert promoted(producer.promote(task_id=task, automatic=True))["status"] == "promoted"
    assert database.task(task)["promotion_error"] is None


def test_the_context_equals_the_fold_of_its_promotions(given, project, reviewer, database):
    for number in range(1, 4):
        reviewer.approve(*[given.version(project, path, {"n": number}) for path in ("a", "b.c", "d[1].e")])

    context: dict = {}
    rows = database.promotions(project)
    assert [row["context_version"] for row in rows] == [1, 2, 3]
    for row in rows:
        for change in row["changes"]:
            context[change["schema_key"]] = change["entry"]
    held = database.context(project)
    assert (held["a"], held["b"]["c"], held["d"][1]["e"]) == (context["a"], context["b.c"], context["d[1].e"])
    assert held["_meta"]["context_version"] == database.project(project)["context_version"] == 3
    assert held["_meta"]["total_artifacts"] == 3
