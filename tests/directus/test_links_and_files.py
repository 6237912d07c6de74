"""Files and links of versions and tasks through Directus, line by line."""

from __future__ import annotations

from typing import Any

import pytest

from tests.directus.people import Person
from tests.directus.works import LOGO, Database, Producer, Reviews, Work, picture


def link_files(producer: Person, version: str, files: list[str]) -> None:
    for i, file in enumerate(files):
        link = {"artifact_version_id": version, "directus_files_id": file, "sort": i + 1}
        producer.post("/items/artifact_files", link).data  # noqa: B018  asserts


def given_files(producer: Person, work: Work, number: int) -> list[str]:
    work.files += [producer.upload(f"logo-{i}.png", picture(), "image/png") for i in range(number)]
    return work.files


def test_create_artifact_with_single_file(given: Producer, producer: Person, database: Database) -> None:
    work = given.work()
    (file,) = given_files(producer, work, 1)

    given.submit(work, primary_file_id=file)
    link_files(producer, work.version, [file])

    assert str(database.version(work.version)["primary_file_id"]) == file
    links = database.everything_of(work)["artifact_files"]
    assert [(link["directus_files_id"], link["sort"]) for link in links] == [(file, 1)]


def test_create_artifact_with_multiple_files(given: Producer, producer: Person, database: Database) -> None:
    work = given.work()
    files = given_files(producer, work, 3)

    given.submit(work, primary_file_id=files[0])
    link_files(producer, work.version, files)

    links = database.everything_of(work)["artifact_files"]
    assert sorted((link["sort"], link["directus_files_id"]) for link in links) == [
        (i + 1, f) for i, f in enumerate(files)
    ]


def test_the_first_file_linked_becomes_the_primary_file(given: Producer, producer: Person, database: Database) -> None:
    work = given.work()
    files = given_files(producer, work, 2)

    given.submit(work)
    link_files(producer, work.version, files)

    assert str(database.version(work.version)["primary_file_id"]) == files[0]


def test_query_artifact_with_file_expansion(given: Producer, producer: Person, reviewer: Person) -> None:
    work = given.work()
    files = given_files(producer, work, 2)
    given.submit(work, primary_file_id=files[0])
    link_files(producer, work.version, files)

    found = reviewer.get(f"/items/artifact_versions/{work.version}", fields="*,files.*").data
    assert {link["directus_files_id"] for link in found["files"]} == set(files)
    deep = reviewer.get(f"/items/artifact_versions/{work.version}", fields="*,files.directus_files_id.*").data
    assert {link["directus_files_id"]["filename_download"] for link in deep["files"]} == {"logo-0.png", "logo-1.png"}
    primary = reviewer.get(f"/items/artifact_versions/{work.version}", fields="*,primary_file_id.*").data
    assert primary["primary_file_id"]["filename_download"] == "logo-0.png"


def test_link_artifact_to_task(given: Producer, producer: Person, database: Database) -> None:
    work = given.candidates()

    producer.post("/items/task_artifacts", {"task_id": work.task, "artifact_version_id": work.version, "sort": 1}).data  # noqa: B018  asserts

    (link,) = database.everything_of(work)["task_artifacts"]
    assert (link["task_id"], link["artifact_version_id"], link["sort"]) == (work.task, work.version, 1)


def test_query_task_with_artifact_expansion(given: Producer, producer: Person, reviewer: Person) -> None:
    work = given.candidates([LOGO, "brand.colors"])
    for i, version in enumerate(work.versions):
        link = {"task_id": work.task, "artifact_version_id": version, "sort": i + 1}
        producer.post("/items/task_artifacts", link).data  # noqa: B018  asserts

    found = reviewer.get(f"/items/tasks/{work.task}", fields="*,artifacts.*").data
    assert [link["artifact_version_id"] for link in found["artifacts"]] == work.versions
    deep = reviewer.get(f"/items/tasks/{work.task}", fields="artifacts.artifact_version_id.*").data
    statuses = {
        link["artifact_version_id"]["schema_key"]: link["artifact_version_id"]["status"] for link in deep["artifacts"]
    }
    assert statuses == {LOGO: "pending", "brand.colors": "pending"}


def test_approve_artifact_supersedes_the_old_one(given: Producer, by_reviewer: Reviews, database: Database) -> None:
    work = given.candidates([LOGO, LOGO])
    old, new = work.versions

    assert by_reviewer.edit(old, "approved").data["status"] == "approved"
    assert by_reviewer.edit(new, "approved").data["status"] == "approved"

    assert [database.status(old), database.status(new)] == ["superseded", "approved"]
    assert [record["action"] for record in database.approvals(old)] == ["approve", "supersede"]


def in_one_edit(person: Person, versions: list[str]) -> Any:
    return person.patch("/items/artifact_versions", {"keys": versions, "data": {"status": "approved"}})


def with_the_button(person: Person, versions: list[str]) -> Any:
    from sidecar.provision.ids import REVIEW_FLOW

    return Reviews(person, REVIEW_FLOW).press(versions, "approve")


@pytest.mark.parametrize("approve", [in_one_edit, with_the_button])
def test_approving_two_artifacts_for_the_same_path_at_once_fails(
    given: Producer, reviewer: Person, database: Database, approve: Any
) -> None:
    work = given.candidates([LOGO, LOGO])
    before = database.everything_of(work)

    answer = approve(reviewer, work.versions)

    assert (answer.status, answer.code) == (409, "two_approvals_for_one_path")
    assert answer.sentence.startswith("Two versions of one path cannot be approved in one request")
    assert database.everything_of(work) == before


def test_delete_file_in_use_is_refused(
    given: Producer, producer: Person, administrator: Person, database: Database
) -> None:
    work = given.candidates(pictures=True)
    before = database.everything_of(work)

    answer = administrator.delete(f"/files/{work.files[0]}")

    assert (answer.status, answer.code) == (409, "file_in_use")
    assert answer.sentence.startswith("Artifact versions refer to this file")
    assert database.everything_of(work) == before
    assert administrator.get(f"/assets/{work.files[0]}").status == 200


def test_delete_artifact_is_refused(given: Producer, administrator: Person, database: Database) -> None:
    work = given.candidates(pictures=True)
    before = database.everything_of(work)

    answer = administrator.delete(f"/items/artifact_versions/{work.version}")

    assert (answer.status, answer.code) == (409, "version_kept")
    assert answer.sentence.startswith("Versions are never deleted.")
    assert database.everything_of(work) == before


def test_delete_file_that_no_artifact_uses(producer: Person, administrator: Person) -> None:
    file = producer.upload("draft.png", picture(), "image/png")

    assert administrator.delete(f"/files/{file}").status == 204
