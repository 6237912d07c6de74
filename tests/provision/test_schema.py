"""The snapshot made of directus-schema/collections, without a Directus."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from sidecar.provision import schema

from .conftest import REPOSITORY

COLLECTIONS = REPOSITORY / "directus-schema" / "collections"
REGISTERED = {
    "projects", "project_templates", "tasks", "task_executions", "execution_steps", "artifact_versions",
    "artifact_files", "task_artifacts", "execution_artifacts", "artifact_relations", "artifact_approvals",
    "promotions", "documents", "artifact_transfers", "webhook_endpoints",
}  # fmt: skip
KEPT = {
    "artifact_versions", "artifact_files", "task_artifacts", "execution_artifacts", "artifact_approvals", "promotions",
    "artifact_transfers",
}  # fmt: skip


@pytest.fixture(scope="module")
def snapshot() -> dict[str, Any]:
    return schema.build_snapshot(COLLECTIONS, "12.4.0")


def field(snapshot: dict[str, Any], collection: str, name: str) -> dict[str, Any]:
    return next(each for each in snapshot["fields"] if (each["collection"], each["field"]) == (collection, name))


def test_fifteen_collections_have_a_table(snapshot: dict[str, Any]) -> None:
    assert set(schema.table_names(snapshot)) == REGISTERED


def test_every_collection_and_field_says_what_it_is_for(snapshot: dict[str, Any]) -> None:
    silent = [
        (each["collection"], each.get("field"))
        for each in snapshot["collections"] + snapshot["fields"]
        if not each["meta"]["note"]
    ]
    assert silent == []


def test_a_user_may_be_deleted_and_leaves_null_behind(snapshot: dict[str, Any]) -> None:
    to_users = [each for each in snapshot["relations"] if each["related_collection"] == "directus_users"]
    assert {each["schema"]["on_delete"] for each in to_users} == {"SET NULL"}
    assert {each["field"] for each in to_users} == {"user_created", "approved_by", "actor_id", "assignee"}


def test_what_versions_refer_to_is_kept(snapshot: dict[str, Any]) -> None:
    kept = [
        each
        for each in snapshot["relations"]
        if each["related_collection"] != "directus_users"
        and (each["collection"] in KEPT or each["related_collection"] == "artifact_versions")
    ]
    assert {each["schema"]["on_delete"] for each in kept} == {"NO ACTION"}


def test_what_stands_by_itself_outlives_what_it_names(snapshot: dict[str, Any]) -> None:
    loose = {
        (each["collection"], each["field"]) for each in snapshot["relations"]
        if each["schema"]["on_delete"] == "SET NULL" and each["related_collection"] != "directus_users"
    }  # fmt: skip
    assert loose == {
        ("documents", "file_id"), ("documents", "project_id"), ("documents", "source_task_id"), ("tasks", "project_id"),
        ("task_executions", "project_id"), ("task_executions", "task_id"), ("execution_steps", "project_id"),
        ("execution_steps", "execution_id"), ("execution_steps", "retry_of"), ("projects", "parent_id"),
        ("projects", "template_id"),
    }  # fmt: skip


def test_structured_columns_are_jsonb(snapshot: dict[str, Any]) -> None:
    columns = [each["schema"]["data_type"] for each in snapshot["fields"] if each["type"] == "json"]
    assert set(columns) == {"jsonb"}


@pytest.mark.parametrize(
    ("collection", "name"),
    [
        ("artifact_versions", "version_number"),
        ("artifact_versions", "status"),
        ("projects", "context"),
        ("projects", "context_version"),
    ],
)
def test_what_the_database_fills_is_not_asked_of_people(snapshot: dict[str, Any], collection: str, name: str) -> None:
    filled = field(snapshot, collection, name)
    assert (filled["schema"]["is_nullable"], filled["meta"]["required"]) == (True, False)


def test_reviewers_are_offered_four_of_six_statuses(snapshot: dict[str, Any]) -> None:
    status = field(snapshot, "artifact_versions", "status")["meta"]
    assert [each["value"] for each in status["options"]["choices"]] == ["pending", "approved", "rejected", "archived"]
    assert [each["value"] for each in status["display_options"]["choices"]] == [
        "intermediate", "pending", "approved", "superseded", "rejected", "archived",
    ]  # fmt: skip


def test_the_archive_button_never_writes_a_status_of_a_version(snapshot: dict[str, Any]) -> None:
    versions = next(each for each in snapshot["collections"] if each["collection"] == "artifact_versions")
    assert versions["meta"]["archive_field"] is None


def test_a_list_whose_foreign_key_does_not_name_it_is_refused(tmp_path: Any) -> None:
    (tmp_path / "a.yaml").write_text("collection: a\nfields: {id: {type: id}, bs: {o2m: b.a_id, table: [id], note: x}}")
    (tmp_path / "b.yaml").write_text("collection: b\nfields: {id: {type: id}, a_id: {references: a, note: x}}")
    with pytest.raises(ValueError, match=r"b\.a_id"):
        schema.build_snapshot(tmp_path, "12.4.0")


def changed(collection: str, name: str, *changes: dict[str, Any]) -> dict[str, Any]:
    return {"collection": collection, "field": name, "diff": list(changes)}


def test_a_foreign_collection_only_receives_what_it_lacks() -> None:
    added = {"kind": "N", "rhs": {"meta": {"required": True}}}
    diff = {
        "collections": [{"collection": "projects", "diff": [{"kind": "E", "path": ["meta", "icon"]}]}],
        "fields": [
            changed("projects", "title", {"kind": "E", "path": ["meta", "note"]}),
            changed("projects", "key", copy.deepcopy(added)),
            changed("promotions", "reason", {"kind": "E", "path": ["meta", "note"]}),
        ],
        "relations": [changed("projects", "parent_id", {"kind": "E", "path": ["schema", "on_delete"]})],
    }
    kept = schema.additions_only(diff, {"projects"})
    assert (kept["collections"], kept["relations"]) == ([], [])
    assert [(each["collection"], each["field"]) for each in kept["fields"]] == [
        ("projects", "key"),
        ("promotions", "reason"),
    ]
    assert kept["fields"][0]["diff"][0]["rhs"]["meta"]["required"] is False


def test_what_sql_made_is_no_difference() -> None:
    by_sql = [
        changed(
            "artifact_files",
            "directus_files_id",
            {"kind": "E", "path": ["schema", "is_indexed"], "lhs": True, "rhs": False},
        ),
        changed("projects", "context", {"kind": "E", "path": ["schema", "data_type"], "lhs": "json", "rhs": "jsonb"}),
    ]
    assert schema.additions_only({"collections": [], "fields": by_sql, "relations": []}, set())["fields"] == []


def test_a_field_of_another_type_is_refused_before_anything_is_written(snapshot: dict[str, Any]) -> None:
    theirs = {**field(snapshot, "projects", "id"), "type": "integer"}
    with pytest.raises(schema.SchemaConflict, match=r"projects\.id is integer, uuid is needed"):
        schema.refuse_conflicts({"fields": [theirs]}, snapshot)
