"""The product in a real Directus."""

from __future__ import annotations

import io
import json
import uuid
from typing import Any

import pytest

from sidecar.directus import Directus, DirectusError
from sidecar.provision import ids
from sidecar.provision.access import read_access
from sidecar.provision.headroom import NoHeadroom, check_headroom
from sidecar.provision.install import DIRECTUS_VERSION, SCHEMA
from sidecar.provision.schema import additions_only, build_snapshot
from sidecar.stack.stack import Stack

from .conftest import REPOSITORY, install_again

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("provision")]


def count(directus: Directus, collection: str) -> int:
    return int(directus.get(f"/{collection}", params={"aggregate[count]": "*"})[0]["count"])


def matching(directus: Directus, path: str, **rule: Any) -> list[dict[str, Any]]:
    return directus.get(path, params={"filter": json.dumps(rule), "limit": -1})


def test_it_fits_beside_the_users_own_work(administrator: Directus) -> None:
    usage = administrator.get("/license")["usage"]
    assert usage["collections"] <= 15
    assert usage["flows"] <= 3
    assert usage["seats"] <= 3


def test_the_recommended_rule_is_the_only_custom_one(administrator: Directus) -> None:
    policies = [policy["id"] for policy in read_access(SCHEMA / "access.yaml")["policies"]]
    rules = matching(administrator, "/permissions", policy={"_in": policies})
    custom = [
        rule
        for rule in rules
        if rule["fields"] != ["*"] or rule["permissions"] or rule["validation"] or rule["presets"]
    ]
    assert [(rule["collection"], rule["action"]) for rule in custom] == [("directus_flows", "read")]


def test_installing_again_changes_nothing(stack: Stack, administrator: Directus) -> None:
    before = count(administrator, "revisions"), count(administrator, "activity")
    said = install_again(stack, administrator)
    assert {each.partition(": ")[2] for each in said} == {"nothing to do"}
    assert (count(administrator, "revisions"), count(administrator, "activity")) == before


def test_directus_sees_no_difference_but_our_indexes(administrator: Directus) -> None:
    snapshot = build_snapshot(SCHEMA / "collections", DIRECTUS_VERSION)
    answer = administrator.post("/schema/diff", params={"mode": "merge"}, json=snapshot)
    diff = answer["data"]["diff"] if answer else {"collections": [], "fields": [], "relations": []}
    assert (diff["collections"], diff["relations"]) == ([], [])
    assert additions_only(diff, set())["fields"] == []


def test_directus_keeps_its_own_indexes(administrator: Directus) -> None:
    indexed = {(each["collection"], each["field"]) for each in administrator.get("/schema/snapshot")["systemFields"]}
    assert ("directus_revisions", "parent") in indexed


def test_a_view_that_people_changed_stays(stack: Stack, administrator: Directus) -> None:
    view = matching(administrator, "/presets", bookmark={"_eq": "Rejected"})[0]
    administrator.patch(f"/presets/{view['id']}", json={"color": "#000000"})
    install_again(stack, administrator)
    assert matching(administrator, "/presets", bookmark={"_eq": "Rejected"})[0]["color"] == "#000000"


def test_a_flow_that_was_switched_off_stays_off(stack: Stack, administrator: Directus) -> None:
    administrator.patch(f"/flows/{ids.PROMOTE_FLOW}", json={"status": "inactive"})
    try:
        install_again(stack, administrator)
        assert administrator.get(f"/flows/{ids.PROMOTE_FLOW}")["status"] == "inactive"
    finally:
        administrator.patch(f"/flows/{ids.PROMOTE_FLOW}", json={"status": "active"})


def test_a_flow_that_was_taken_apart_is_repaired(stack: Stack, administrator: Directus) -> None:
    administrator.patch(f"/flows/{ids.REVIEW_FLOW}", json={"operation": None, "operations": []})
    assert "flows: brought up to date" in install_again(stack, administrator)
    flow = administrator.get(f"/flows/{ids.REVIEW_FLOW}", params={"fields": "operation,operations.key"})
    assert flow["operation"] is not None
    assert {operation["key"] for operation in flow["operations"]} == {"reason_given", "review_with_reason", "review"}


def test_a_token_that_no_longer_works_is_set_again(stack: Stack, administrator: Directus, producer: Directus) -> None:
    administrator.patch(f"/users/{ids.PRODUCER_USER}", json={"token": "another-token"})
    assert "access: brought up to date" in install_again(stack, administrator)
    assert producer.get("/users/me")["id"] == ids.PRODUCER_USER


def test_a_full_licence_is_noticed_before_anything_is_written(administrator: Directus) -> None:
    with pytest.raises(NoHeadroom, match="of 25 collections in use and 20 would be added"):
        check_headroom(administrator, [f"new_{number}" for number in range(20)], [])


def test_reviewers_read_everything_and_see_the_button(reviewer: Directus) -> None:
    assert [flow["name"] for flow in reviewer.get("/flows")] == ["Review"]
    for collection in build_snapshot(SCHEMA / "collections", DIRECTUS_VERSION)["collections"]:
        if "schema" in collection:
            reviewer.get(f"/items/{collection['collection']}", params={"fields": "*.*", "limit": 1})


def test_reviewers_do_not_submit(reviewer: Directus) -> None:
    with pytest.raises(DirectusError) as refused:
        reviewer.post("/items/artifact_versions", json={"project_id": str(uuid.uuid4()), "schema_key": "brand.logo"})
    assert refused.value.status == 403


def test_a_producer_submits_through_directus(producer: Directus) -> None:
    project = producer.post("/items/projects", json={"title": "Spring brand"})["data"]
    assert (project["context"], project["context_version"], project["status"]) == ({}, 0, "active")
    task = producer.post("/items/tasks", json={"title": "Logo", "project_id": project["id"]})["data"]
    run = producer.post("/items/task_executions", json={"name": "run", "task_id": task["id"]})["data"]
    file = producer.upload(io.BytesIO(b"logo"), "logo.txt", "text/plain", "Logo", ids.ARTIFACTS_FOLDER)
    version = producer.post("/items/artifact_versions", json={
        "project_id": project["id"], "schema_key": "brand.logo", "status": "pending", "primary_file_id": file["id"],
        "value": {"size": 4}, "source_task_id": task["id"], "execution_id": run["id"], "version_number": 7,
    })["data"]  # fmt: skip
    assert (version["version_number"], version["status"]) == (1, "pending")
    producer.post(
        "/items/artifact_files", json={"artifact_version_id": version["id"], "directus_files_id": file["id"], "sort": 1}
    )
    producer.post(
        "/items/task_artifacts", json={"task_id": task["id"], "artifact_version_id": version["id"], "sort": 1}
    )
    producer.patch(f"/items/tasks/{task['id']}", json={"status": "needs_review"})

    fields = {"fields": "*,files.directus_files_id.*,primary_file_id.*,approvals.*,relations.*"}
    read = producer.get(f"/items/artifact_versions/{version['id']}", params=fields)
    assert [each["directus_files_id"]["id"] for each in read["files"]] == [file["id"]]
    read = producer.get(
        f"/items/tasks/{task['id']}", params={"fields": "artifacts.artifact_version_id.schema_key,executions.name"}
    )
    assert read == {
        "artifacts": [{"artifact_version_id": {"schema_key": "brand.logo"}}],
        "executions": [{"name": "run"}],
    }


def test_uploads_keep_their_id_type_title_and_folder(files: Directus, administrator: Directus) -> None:
    chosen = str(uuid.uuid4())
    row = files.upload(
        io.BytesIO(b"{}" * 500_000), 'panel "plän".json', "application/json", "Plan", ids.ARTIFACTS_FOLDER, id=chosen
    )
    assert (row["id"], row["type"], row["title"], row["folder"], int(row["filesize"])) == (
        chosen, "application/json", "Plan", ids.ARTIFACTS_FOLDER, 1_000_000,
    )  # fmt: skip
    assert row["filename_download"] == 'panel "plän".json'
    stored = files.session.get(
        f"{files.url}/assets/{chosen}", headers={"Authorization": f"Bearer {files.get_token()}"}, timeout=10
    )
    assert stored.content == b"{}" * 500_000


def test_uploading_an_id_again_is_refused_and_keeps_the_first_bytes(files: Directus) -> None:
    chosen = str(uuid.uuid4())
    files.upload(io.BytesIO(b"first"), "a.txt", "text/plain", None, ids.ARTIFACTS_FOLDER, id=chosen)
    with pytest.raises(DirectusError) as refused:
        files.upload(io.BytesIO(b"second"), "a.txt", "text/plain", None, ids.ARTIFACTS_FOLDER, id=chosen)
    assert refused.value.code == "RECORD_NOT_UNIQUE"
    stored = files.session.get(
        f"{files.url}/assets/{chosen}", headers={"Authorization": f"Bearer {files.get_token()}"}, timeout=10
    )
    assert stored.content == b"first"


def test_the_store_of_uploads_reads_no_artifacts(files: Directus) -> None:
    with pytest.raises(DirectusError) as refused:
        files.get("/items/artifact_versions")
    assert refused.value.status == 403


def test_an_administrator_is_told_by_translated_titles(administrator: Directus) -> None:
    titles = matching(administrator, "/translations", key={"_eq": "errors.version_immutable"})
    assert [each["value"] for each in titles] == ["Not possible now"]


def test_the_shipped_directus_is_the_one_the_schema_is_for() -> None:
    pinned = json.loads((REPOSITORY / "directus-schema" / "server" / "package.json").read_text())
    assert pinned["dependencies"]["directus"] == DIRECTUS_VERSION
