"""Files attached to items become approved versions, and contexts hold them."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def attached(given, tmp_path):
    """Two files in one field of a project, one at its task, one at an item that no rule fits."""
    project = given.project("spring")
    task = given.task(project)
    files = [given.file() for _ in range(4)]
    rows = [
        {"id": 1, "collection": "projects", "item": str(project), "field": "gallery", "file": str(files[1]), "sort": 2,
         "title": None, "date_created": "2025-09-01T10:00:00"},
        {"id": 2, "collection": "projects", "item": str(project), "field": "gallery", "file": str(files[0]), "sort": 1,
         "title": "Harbour", "date_created": "2025-09-01T10:00:00"},
        {"id": 3, "collection": "tasks", "item": str(task), "field": "brief", "file": str(files[2]), "sort": 1},
        {"id": 4, "collection": "invoices", "item": "77", "field": "scan", "file": str(files[3]), "sort": 1},
    ]  # fmt: skip
    (tmp_path / "file_attachments.json").write_text(json.dumps({"data": rows}))
    return {"project": project, "task": task, "files": files, "folder": tmp_path}


def test_neighbouring_rows_of_a_path_are_one_version_with_all_their_files(importing, attached, database, sound):
    done = importing(
        "attachments", "--source", attached["folder"], "--skip-bad", "--report", attached["folder"] / "bad"
    )

    assert "4 rows: 2 versions made" in done.output
    gallery = database.one("select * from artifact_versions where schema_key = 'gallery'")
    linked = database.column(
        "select directus_files_id from artifact_files where artifact_version_id = %s order by sort", gallery["id"]
    )
    assert linked == attached["files"][:2]
    assert (gallery["status"], gallery["value"]) == ("approved", {"title": "Harbour"})
    brief = database.one("select * from artifact_versions where schema_key = 'brief'")
    assert (brief["project_id"], brief["source_task_id"]) == (attached["project"], attached["task"])


def test_the_context_is_filled_by_one_promotion(importing, attached, database):
    importing("attachments", "--source", attached["folder"], "--skip-bad", "--report", attached["folder"] / "bad")

    context = database.context(attached["project"])
    assert context["gallery"]["file_id"] == str(attached["files"][0])
    assert context["brief"]["file_id"] == str(attached["files"][2])
    assert len(database.promotions(attached["project"])) == 1


def test_a_row_that_no_rule_fits_is_named(importing, attached, database):
    refused = importing("attachments", "--source", attached["folder"], code=1)

    assert "import_row_unmapped  file_attachments/4" in refused.output
    assert database.value("select count(*) from artifact_versions") == 0


def test_another_map_takes_other_collections(importing, attached, database, tmp_path):
    file = tmp_path / "map.yaml"
    file.write_text(
        """
name: invoices
tables:
  - table: file_attachments
    key: id
    versions:
      - when: {collection: [invoices]}
        project: {key: "invoice-{item}", title: "Invoice {item}", create: true}
        path: "{field}"
        files: "{file}"
        status: pending
"""
    )

    done = importing(
        "rows", "--map", file, "--source", attached["folder"], "--skip-bad", "--report", tmp_path / "bad.jsonl"
    )

    assert "4 rows: 1 versions made" in done.output
    scan = database.one("select * from artifact_versions")
    assert (scan["schema_key"], scan["status"], scan["primary_file_id"]) == ("scan", "pending", attached["files"][3])
    assert database.project(scan["project_id"])["key"] == "invoice-77"
    bad = [json.loads(line) for line in (tmp_path / "bad.jsonl").read_text().splitlines()]
    assert [line["row"] for line in bad] == [f"file_attachments/{n}" for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: x\ntables: []", "tables"),
        ("name: x\ntables: [{table: t, key: id, versions: [{path: p, files: '{f}', colour: red}]}]", "colour"),
        ("name: Not a name\ntables: [{table: t, key: id}]", "name"),
        ("tables: [", "cannot be read"),
    ],
)
def test_a_map_that_cannot_be_read_is_refused_with_its_place(importing, attached, tmp_path, text, said):
    file = tmp_path / "map.yaml"
    file.write_text(text)

    assert said in importing("rows", "--map", file, "--source", attached["folder"], code=1).output


def test_a_table_that_is_not_there_is_named(importing, tmp_path):
    (tmp_path / "other.csv").write_text("id\n1\n")

    refused = importing("attachments", "--source", tmp_path, code=1)

    assert "has no table file_attachments" in refused.output
