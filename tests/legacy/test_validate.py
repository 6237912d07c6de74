"""`artifacts import validate` finds what is not as it was imported; `promote` and the import's own statement agree."""

from __future__ import annotations

import json

import pytest
import responses

from tests.conftest import DIRECTUS_URL
from tests.legacy.conftest import stories_in

STORIES = [{"id": n, "text": f"Story {n}.", "image_url": f"https://cdn.example.test/{n}.png"} for n in (1, 2)]


@pytest.fixture
def imported(importing, tmp_path, database):
    """The version of story 1's text, by an import that was done."""
    source = stories_in(tmp_path / "old.sqlite", STORIES)
    importing("stories", "--source", source)
    return database.one("select v.* from artifact_versions v join projects p on p.id = v.project_id"
                        " where p.key = 'story-1' and v.schema_key = 'text'")  # fmt: skip


@pytest.fixture
def damage(database):
    """Changes rows past the guards, as somebody with the administrator's rights could."""

    def run(table: str, statement: str, *values: object) -> None:
        database.run(f"alter table {table} disable trigger all")
        try:
            assert database.run(statement, *values) == 1
        finally:
            database.run(f"alter table {table} enable trigger all")

    return run


def faults(importing):
    return importing("validate", "stories", code=1).output


def test_a_version_that_is_gone_is_found(importing, imported, damage):
    for table, column in (
        ("artifact_approvals", "artifact_version_id"),
        ("execution_artifacts", "artifact_version_id"),
    ):
        damage(table, f"delete from {table} where {column} = %s", imported["id"])
    damage("artifact_versions", "delete from artifact_versions where id = %s", imported["id"])

    said = faults(importing)

    assert f"version_missing  stories/1#text: {imported['id']}" in said
    assert "record_missing  stories/1#text" in said


def test_a_value_that_is_another_is_found_by_its_hash(importing, imported, damage):
    damage("artifact_versions", "update artifact_versions set value = '\"Else.\"' where id = %s", imported["id"])

    assert f"hash_differs  stories/1#text: {imported['id']}" in faults(importing)


def test_a_context_that_is_another_is_found(importing, imported, damage):
    project = imported["project_id"]
    damage("projects", "update projects set context = context - 'text' where id = %s", project)

    said = faults(importing)

    assert "entry_differs  stories/1#text: nothing" in said
    assert "context_differs  story-1" in said


def test_a_file_that_is_not_linked_is_found(importing, imported, sidecar_role, given):
    file = given.file()
    sidecar_role.run("update sidecar.imported set file_ids = array[%s] where source_key = 'stories/1#text'", file)

    assert "files_differ  stories/1#text" in faults(importing)


def test_a_project_or_a_run_that_is_gone_is_found(importing, imported, sidecar_role):
    sidecar_role.run("update sidecar.imported set row_id = gen_random_uuid() where kind in ('project', 'run')")

    said = faults(importing)

    assert said.count("project_missing") == 2
    assert said.count("run_missing") == 2


def test_rows_that_came_later_have_no_version_yet(importing, imported, tmp_path):
    later = stories_in(tmp_path / "later.sqlite", [*STORIES, {"id": 3, "text": "New."}])

    assert "not_imported  stories/3#text" in importing("validate", "stories", "--source", later, code=1).output


def test_what_awaits_promotion_is_found(importing, tmp_path):
    source = stories_in(tmp_path / "old.sqlite", STORIES)
    importing("stories", "--source", source, "--no-promote")

    assert faults(importing).count("not_promoted") == 4


def test_what_was_erased_is_no_fault(importing, given, tmp_path, database, sound):
    project, files = given.project(), [given.file(), given.file()]
    rows = [
        {"id": f"{n}", "project_id": str(project), "schema_key": f"a[{n}]", "value": {"n": n},
         "file_ids": [str(file)], "status": "approved", "version_number": 1} for n, file in enumerate(files)
    ]  # fmt: skip
    (tmp_path / "artifact_versions.json").write_text(json.dumps(rows))
    importing("json-arrays", "--source", tmp_path)
    gone = database.value("select id from artifact_versions where schema_key = 'a[0]'")

    done = given.person("admin").post(f"/v1/artifacts/{gone}/erase", {"reason": "Request 17.", "confirm": True})

    assert done.status_code == 200, done.text
    database.run("delete from directus_files where id = %s", files[0])
    with responses.RequestsMock() as directus:
        directus.get(f"{DIRECTUS_URL}/assets/{files[1]}", body=b"PNG")
        sound("json-arrays", "--source", tmp_path, "--files")


def test_what_retention_removed_is_no_fault(importing, given, tmp_path, database, sound):
    rule = {"superseded": {"after_days": 0, "bytes": "remove"}}
    project, file = given.project(template_id=given.template({"logo": {"retention": rule}})), given.file()
    rows = [
        {"id": f"{n}", "project_id": str(project), "schema_key": "logo", "value": {"n": n},
         "file_ids": [str(file)] if n == 1 else [], "status": status, "version_number": n}
        for n, status in ((1, "superseded"), (2, "approved"))
    ]  # fmt: skip
    (tmp_path / "artifact_versions.json").write_text(json.dumps(rows))
    importing("json-arrays", "--source", tmp_path)

    done = given.person("admin").post("/v1/retention", {"project_id": str(project)})

    assert (done.status_code, done.json["data"]["bytes_removed"]) == (200, 1)
    database.run("delete from directus_files where id = %s", file)
    sound("json-arrays", "--source", tmp_path, "--files")


def test_no_transaction_is_open_while_files_are_read(importing, given, tmp_path, connect):
    """What waits for the oldest transaction, such as the export of feedback, would wait for all the bytes."""
    project, file = given.project(), given.file()
    row = {"id": "1", "project_id": str(project), "schema_key": "logo", "file_ids": [str(file)], "version_number": 1}
    (tmp_path / "artifact_versions.json").write_text(json.dumps([row]))
    importing("json-arrays", "--source", tmp_path)
    other, opened = connect("admin"), []

    def bytes_of_it(_request):
        opened.append(
            other.value(
                "select count(*) from pg_stat_activity where datname = current_database()"
                " and application_name = 'artifacts-import' and xact_start is not null"
            )
        )
        return 200, {}, b"PNG"

    with responses.RequestsMock() as directus:
        directus.add_callback("GET", f"{DIRECTUS_URL}/assets/{file}", bytes_of_it)
        assert "nothing is wrong" in importing("validate", "json-arrays", "--source", tmp_path, "--files").output

    assert opened == [0]


def test_an_import_that_is_not_known_is_said(importing):
    for command in ("validate", "rollback"):
        assert "There is no import summer." in importing(command, "summer", code=1).output


def test_a_promotion_by_the_imports_own_statement_is_what_promote_writes(importing, given, tmp_path, database):
    """A project of a template goes through promote(); both must leave the same."""
    plain, templated = given.project(), given.project(template_id=given.template({}))
    values = [{"colour": "green", "version": 9}, "text", 1.5, [1, {"a": None}], None, True, {}]
    rows = [
        {"id": f"{number}-{index}", "project_id": str(project), "schema_key": f"a[{index}].b", "value": value,
         "file_ids": [str(given.file())] if index % 2 else [], "status": "approved", "version_number": 1,
         "date_created": "2025-01-02T03:04:05.678901Z"}
        for number, project in enumerate((plain, templated)) for index, value in enumerate(values)
    ]  # fmt: skip
    (tmp_path / "artifact_versions.json").write_text(json.dumps(rows))

    importing("json-arrays", "--source", tmp_path)

    def left(project):
        (promotion,) = database.promotions(project)
        context = database.context(project)
        context["_meta"].pop("last_updated")
        promotion["changes"].sort(key=lambda change: change["schema_key"])
        told = json.dumps([context, promotion["changes"], promotion["reason"], promotion["actor_label"]], default=str)
        for row in database.all("select * from artifact_versions where project_id = %s", project):
            told = told.replace(str(row["id"]), row["schema_key"]).replace(str(row["primary_file_id"]), "file")
        return json.loads(told)

    assert left(plain) == left(templated)
