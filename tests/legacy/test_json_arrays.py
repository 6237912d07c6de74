"""Versions and tasks with JSON arrays of ids become versions with files in order, and tasks with links."""

from __future__ import annotations

import csv
import json
import uuid

import pytest
from psycopg.types.json import Jsonb

from tests.legacy.conftest import OLD


@pytest.fixture
def old(given, old_tables):
    """Two paths of a project: brand.logo 1 superseded, 2 approved with three files; brand.claim rejected. Two tasks."""
    project = given.project("spring")
    files = [given.file(), given.file("image/jpeg"), given.file("image/webp")]
    task, other = given.task(project), given.task(project)
    first = old_tables(
        "artifact_versions", project_id=project, schema_key="brand.logo", version_number=1, status="superseded",
        value={"colour": "green"}, file_ids=[str(files[0])], date_created="2025-10-16T10:30:00Z",
        approved_at="2025-10-16T11:30:00Z",
    )  # fmt: skip
    second = old_tables(
        "artifact_versions", project_id=project, schema_key="brand.logo", version_number=2, status="approved",
        value={"colour": "blue"}, file_ids=[str(files[2]), str(files[0]), str(files[1])], source_task_id=task,
        approved_at="2025-10-17T11:30:00Z", date_created="2025-10-17T10:30:00Z", execution_id="run-77",
    )  # fmt: skip
    claim = old_tables(
        "artifact_versions", project_id=project, schema_key="brand.claim", version_number=1, status="rejected",
        value=Jsonb("Tea for all"), rejection_reason="Too long.",
    )  # fmt: skip
    old_tables("tasks", id=task, artifact_version_ids=[str(claim), str(second)])
    old_tables("tasks", id=other, artifact_version_ids=[str(first)])
    return {"project": project, "files": files, "task": task, "other": other, "logo": [first, second], "claim": claim}


def test_versions_keep_their_ids_files_in_order_and_dates(importing, old, urls, database, sound):
    done = importing("json-arrays", "--source", urls["admin"], *OLD)

    assert "5 rows: 3 versions made" in done.output
    assert "2 tasks linked" in done.output
    second = database.version(old["logo"][1])
    files = old["files"]
    assert second["version_number"] == 2
    assert second["status"] == "approved"
    assert second["promoted_at"] is not None
    assert second["parent_id"] == old["logo"][0]
    assert second["primary_file_id"] == files[2]
    assert second["approved_at"].isoformat() == "2025-10-17T11:30:00+00:00"
    assert second["date_created"].isoformat() == "2025-10-17T10:30:00+00:00"
    linked = database.column(
        "select directus_files_id from artifact_files where artifact_version_id = %s order by sort", second["id"]
    )
    assert linked == [files[2], files[0], files[1]]
    assert database.version(old["claim"])["rejection_reason"] == "Too long."
    assert database.actions(old["logo"][0]) == ["import", "supersede"]
    assert database.actions(old["logo"][1]) == ["import"]
    sound("json-arrays", "--source", urls["admin"])


def test_tasks_are_linked_in_the_order_of_their_lists(importing, old, urls, database):
    importing("json-arrays", "--source", urls["admin"], *OLD)

    links = "select artifact_version_id, sort from task_artifacts where task_id = %s order by sort"
    assert [(row["artifact_version_id"], row["sort"]) for row in database.all(links, old["task"])] == [
        (old["claim"], 1), (old["logo"][1], 2),
    ]  # fmt: skip
    assert database.column(links, old["other"]) == [old["logo"][0]]


def test_the_context_gets_what_was_approved_by_one_promotion(importing, old, urls, database):
    importing("json-arrays", "--source", urls["admin"], *OLD)

    context = database.context(old["project"])
    assert context["brand"]["logo"]["colour"] == "blue"
    assert context["brand"]["logo"]["file_id"] == str(old["files"][2])
    assert "claim" not in context["brand"]
    (promotion,) = database.promotions(old["project"])
    assert promotion["reason"] == "Imported by json-arrays."
    assert promotion["actor_label"].endswith("(artifacts import)")


def test_the_same_import_again_finds_nothing_to_do(importing, old, urls, database):
    importing("json-arrays", "--source", urls["admin"], *OLD)

    with database.unchanged():
        again = importing("json-arrays", "--source", urls["admin"], *OLD)

    assert "0 versions made, 5 there already" in again.output


def test_a_dry_run_says_the_same_and_changes_nothing(importing, old, urls, database):
    with database.unchanged():
        dry = importing("json-arrays", "--source", urls["admin"], *OLD, "--dry-run")

    assert "5 rows: 3 versions would be made" in dry.output
    assert "2 tasks linked" in dry.output
    assert "0 problems" in dry.output
    assert database.value("select count(*) from sidecar.imports") == 0
    assert "There is no import json-arrays." in importing("status", "json-arrays", code=1).output


def test_the_sidecars_own_role_need_not_read_the_old_tables(importing, old, urls):
    refused = importing("json-arrays", "--source", urls["sidecar"], *OLD, code=1)

    assert "permission denied" in refused.output
    assert urls["sidecar"].split("@")[0].split(":")[-1] not in refused.output


def test_an_export_of_directus_gives_the_same(importing, old, urls, database, tmp_path, sound):
    """One file for each collection, in any order; the arrays are arrays, or text, as in CSV."""
    versions = database.all("select * from old.artifact_versions order by id desc")
    (tmp_path / "artifact_versions.json").write_text(json.dumps(versions, default=str))
    with (tmp_path / "tasks.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["id", "artifact_version_ids"])
        for task in database.all("select id, artifact_version_ids from old.tasks"):
            table.writerow([task["id"], json.dumps(task["artifact_version_ids"])])

    importing("json-arrays", "--source", tmp_path)

    assert database.version(old["logo"][1])["version_number"] == 2
    assert database.version(old["logo"][1])["primary_file_id"] == old["files"][2]
    links = "select artifact_version_id from task_artifacts where task_id = %s order by sort"
    assert database.column(links, old["task"]) == [old["claim"], old["logo"][1]]
    sound("json-arrays", "--source", tmp_path)


def test_the_person_who_runs_it_is_the_actor(importing, old, urls, database, given):
    person = given.person("admin")
    mail = database.value("select email from directus_users where id = %s", person.id)

    importing("json-arrays", "--source", urls["admin"], *OLD, "--actor", mail.upper())

    (record,) = database.approvals(old["logo"][1])
    assert (record["actor_id"], record["actor_type"], record["action"]) == (person.id, "human", "import")
    assert record["feedback"]["source_key"] == f"artifact_versions/{old['logo'][1]}#version"
    assert "no active Directus user" in importing(
        "json-arrays", "--source", urls["admin"], *OLD, "--actor", "nobody@example.test", code=1
    ).output  # fmt: skip


def test_a_task_with_an_unknown_version_is_left_as_it_is(importing, old, urls, old_tables, given, database):
    task, unknown = given.task(old["project"]), uuid.uuid4()
    old_tables("tasks", id=task, artifact_version_ids=[str(old["claim"]), str(unknown)])

    done = importing("json-arrays", "--source", urls["admin"], *OLD, "--skip-bad", "--report", "/dev/null")

    assert f"artifact_not_found  tasks/{task}#links: There is no version {unknown}." in done.output
    assert "2 tasks linked" in done.output
    assert database.value("select count(*) from task_artifacts where task_id = %s", task) == 0


def test_an_approval_in_the_registry_is_not_replaced(importing, old, urls, given, database):
    ours = given.promoted(old["project"], "brand.logo")

    with database.unchanged():
        refused = importing("json-arrays", "--source", urls["admin"], *OLD, code=1)

    assert "import_path_decided" in refused.output
    assert str(old["logo"][1]) in refused.output
    assert database.status(ours) == "approved"
