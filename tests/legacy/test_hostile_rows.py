"""Rows that cannot be imported are named with their reason; the others are not harmed."""

from __future__ import annotations

import json
import sqlite3
import uuid
from contextlib import closing

import pytest

COLUMNS = "id, project_id, schema_key, version_number, status, value, file_ids"


@pytest.fixture
def source(tmp_path, given):
    """A SQLite file with ten sound rows of one project; `add(**columns)` adds one more and returns its id."""
    path = tmp_path / "old.sqlite"
    project = given.project("spring")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"create table artifact_versions ({COLUMNS})")

    def add(**columns):
        row = {
            "id": str(uuid.uuid4()),
            "project_id": str(project),
            "schema_key": "more",
            "status": "pending",
            **columns,
        }
        with closing(sqlite3.connect(path)) as connection, connection:
            names = COLUMNS.split(", ")
            connection.execute(f"insert into artifact_versions values ({', '.join('?' * len(names))})",
                               [row.get(name) for name in names])  # fmt: skip
        return row["id"]

    for number in range(10):
        add(schema_key=f"scenes[{number}]", version_number=1, status="approved", value=json.dumps({"scene": number}))
    add.path, add.project = path, project
    return add


BAD = {
    "bad JSON": ({"value": '{"colour": '}, "invalid_json"),
    "no id of a file": ({"file_ids": '["logo.png"]'}, "file_not_found"),
    "an unknown file": ({"file_ids": json.dumps([str(uuid.uuid4())])}, "file_not_found"),
    "no path": ({"schema_key": "brand logo"}, "schema_key_grammar"),
    "nothing as a path": ({"schema_key": None}, "schema_key_grammar"),
    "a path below another": ({"schema_key": "scenes[3].image"}, "path_conflict"),
    "no status": ({"status": "perhaps"}, "version_status_known"),
    "a NUL in a text": ({"value": json.dumps({"text": "a\x00b"})}, "invalid_text"),
    "bytes that are no text": ({"value": b"\xff\xfe"}, "invalid_value"),
    "half a character": ({"value": '"\\ud800"'}, "invalid_json"),
    "ten megabytes": ({"value": json.dumps("x" * 10_000_000)}, "body_too_large"),
    "an unknown project": ({"project_id": str(uuid.uuid4())}, "project_not_found"),
    "no project": ({"project_id": "seven"}, "project_not_found"),
    "a second approved version": (
        {"schema_key": "scenes[3]", "version_number": 2, "status": "approved"},
        "two_approvals_for_one_path",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_row_is_named_and_nothing_of_its_batch_is_written(importing, source, database, case):
    columns, code = BAD[case]
    bad = source(**columns)

    with database.unchanged():
        refused = importing("json-arrays", "--source", source.path, code=1)

    named = [line for line in refused.output.splitlines() if line.startswith(code)]
    assert named, refused.output
    assert f"artifact_versions/{bad}" in named[0]
    assert "x" * 500 not in refused.output


@pytest.mark.parametrize("case", BAD)
def test_a_dry_run_names_it_too(importing, source, database, case):
    columns, code = BAD[case]
    bad = source(**columns)

    with database.unchanged():
        refused = importing("json-arrays", "--source", source.path, "--dry-run", code=1)

    assert any(code in line and bad in line for line in refused.output.splitlines()), refused.output


def test_with_skip_bad_the_others_are_imported_and_the_bad_ones_reported(importing, source, database, sound, tmp_path):
    bad = {source(**columns): code for columns, code in BAD.values()}
    report = tmp_path / "bad.jsonl"

    done = importing("json-arrays", "--source", source.path, "--skip-bad", "--report", report)

    assert (
        f"{10 + len(bad)} rows: 10 versions made, 0 there already, 1 contexts promoted, {len(bad)} problems"
        in done.output
    )
    told = {
        line["row"].split("/")[1].split("#")[0]: line["code"]
        for line in map(json.loads, report.read_text().splitlines())
    }
    assert told == bad
    assert database.value("select count(*) from artifact_versions") == 10
    assert len(database.context(source.project)["scenes"]) == 10
    sound("json-arrays")


def test_bad_rows_that_were_corrected_are_imported_by_the_next_run(importing, source, database, tmp_path):
    bad = source(value='{"colour": ')
    importing("json-arrays", "--source", source.path, "--skip-bad", "--report", tmp_path / "bad.jsonl")
    with closing(sqlite3.connect(source.path)) as connection, connection:
        connection.execute("update artifact_versions set value = '{}' where id = ?", [bad])

    done = importing("json-arrays", "--source", source.path)

    assert "1 versions made, 10 there already" in done.output
    assert database.version(bad)["value"] == {}


def test_the_same_row_twice_is_one_version_and_another_row_with_its_key_is_a_problem(importing, source, database):
    same, other = str(uuid.uuid4()), str(uuid.uuid4())
    for _ in range(2):
        source(id=same, value="1", schema_key="same")
    source(id=other, value="1", schema_key="other")
    source(id=other, value="2", schema_key="other")

    refused = importing("json-arrays", "--source", source.path, code=1)

    assert f"import_key_repeated  artifact_versions/{other}#version" in refused.output
    assert same not in refused.output
    assert database.value("select count(*) from artifact_versions") == 0


def test_an_id_that_a_version_has_already_is_not_taken_over(importing, source, given, database):
    ours = given.version(source.project, "brand.logo")
    source(id=str(ours), value="1")

    refused = importing("json-arrays", "--source", source.path, code=1)

    assert f"import_id_taken  artifact_versions/{ours}#version" in refused.output


def test_a_locked_path_is_left_as_it_is(importing, source, producer):
    assert producer.call("PUT", "/v1/projects/spring/locks/scenes", json={"reason": "Final."}).status_code == 200

    refused = importing("json-arrays", "--source", source.path, code=1)

    assert "path_locked" in refused.output
    assert "It is locked: scenes." in refused.output


def test_what_the_projects_template_does_not_take_is_a_problem_of_its_row(importing, source, given, database, tmp_path):
    template = given.template({"scenes[*]": {"schema": {"properties": {"scene": {"maximum": 5}}}}})
    database.run("update projects set template_id = %s", template)

    done = importing("json-arrays", "--source", source.path, "--skip-bad", "--report", tmp_path / "bad.jsonl")

    assert "6 versions made" in done.output
    assert done.output.count("template_violation") == 4
    assert len(database.context(source.project)["scenes"]) == 6


def test_what_stands_in_the_way_in_a_context_is_a_problem_of_its_project(
    importing, source, sidecar_role, database, tmp_path
):
    sidecar_role.run("update projects set context = '{\"scenes\": \"by hand\"}' where key = 'spring'")
    sidecar_role.run(
        "insert into promotions (project_id, context_version, actor_label, changes) values (%s, 0, 'set-up',"
        " '[{\"schema_key\": \"\", \"entry\": {\"scenes\": \"by hand\"}}]')", source.project,
    )  # fmt: skip

    refused = importing("json-arrays", "--source", source.path, code=1)

    assert f"context_path_occupied  project/{source.project}" in refused.output
    assert "10 versions made" in refused.output
    assert database.context(source.project) == {"scenes": "by hand"}


def test_a_broken_line_of_an_export_is_one_problem(importing, given, tmp_path):
    project = given.project()
    good = {"id": str(uuid.uuid4()), "project_id": str(project), "schema_key": "logo", "value": 1}
    (tmp_path / "artifact_versions.jsonl").write_text(f'{json.dumps(good)}\n{{"id": \n[]\n')

    done = importing("json-arrays", "--source", tmp_path, "--skip-bad", "--report", tmp_path / "bad.txt")

    assert "3 rows: 1 versions made" in done.output
    assert "Line 2 is not valid JSON" in done.output
    assert "Line 3 is no object" in done.output


def test_a_broken_file_changes_nothing(importing, tmp_path, database):
    (tmp_path / "artifact_versions.json").write_text('[{"id": 1}, {"id": ')

    refused = importing("json-arrays", "--source", tmp_path, code=1)

    assert "artifact_versions.json cannot be read" in refused.output
    assert database.value("select count(*) from sidecar.imports") == 0


def test_a_path_out_of_the_files_root_leads_nowhere(importing, tmp_path, database):
    root = tmp_path / "files"
    root.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (root / "link.png").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "stories.jsonl").write_text(
        '{"id": 1, "image_path": "../secret.txt"}\n'
        '{"id": 2, "image_path": "link.png"}\n{"id": 3, "image_path": "no.png"}\n'
    )

    refused = importing("stories", "--source", tmp_path / "stories.jsonl", "--files-root", root, code=1)

    assert refused.output.count("import_file_missing") == 3
    assert database.value("select count(*) from artifact_versions") == 0


def test_a_path_without_a_root_is_a_problem(importing, tmp_path):
    (tmp_path / "stories.jsonl").write_text('{"id": 1, "image_path": "uploads/a.png"}\n')

    refused = importing("stories", "--source", tmp_path / "stories.jsonl", code=1)

    assert "no --files-root says below what" in refused.output


def test_a_source_that_is_no_database_is_refused(importing, tmp_path):
    (tmp_path / "old.db").write_text("this is no database, however long it may be " * 100)

    assert "no SQLite database" in importing("json-arrays", "--source", tmp_path / "old.db", code=1).output
    assert "There is no" in importing("json-arrays", "--source", tmp_path / "none.db", code=1).output
