"""Files and links of versions and tasks, item by item."""

from __future__ import annotations

import psycopg
import pytest

from tests.rows import refused


def test_create_an_artifact_with_a_single_file(given, producer):
    file = given.file()

    version = producer.submit(given.project(), file_ids=[str(file)]).json["data"]

    assert (version["primary_file_id"], [f["id"] for f in version["files"]]) == (str(file), [str(file)])


def test_create_an_artifact_with_multiple_files_and_query_it_with_them(given, producer):
    files = [str(given.file(name=f"{n}.png")) for n in range(3)]
    version = producer.submit(given.project(), file_ids=files).json["data"]["id"]

    read = producer.get(f"/v1/artifacts/{version}").json["data"]

    assert [file["id"] for file in read["files"]] == files
    assert [file["filename_download"] for file in read["files"]] == ["0.png", "1.png", "2.png"]


def test_link_an_artifact_to_a_task_and_query_the_task_with_it(given, producer, database):
    project = given.project()
    task, version = given.task(project), given.version(project)
    database.run("insert into task_artifacts (task_id, artifact_version_id, sort) values (%s, %s, 1)", task, version)

    found = producer.get(f"/v1/artifacts?task_id={task}").json["data"]

    assert [v["id"] for v in found] == [str(version)]


def test_approving_an_artifact_supersedes_the_old_one(given, reviewer, database):
    project = given.project()
    old, new = given.promoted(project), given.version(project)

    assert reviewer.approve(new).status_code == 200

    assert (database.status(old), database.status(new)) == ("superseded", "approved")


def test_two_approved_artifacts_of_one_path_break_a_constraint(given, sidecar_role):
    project = given.project()
    given.approved(project)
    second = given.version(project)

    with refused("idx_one_approved_per_path"):
        sidecar_role.run("update artifact_versions set status = 'approved' where id = %s", second)


@pytest.mark.parametrize("role", ["directus", "admin"])
def test_a_file_of_an_artifact_is_not_deleted(given, connect, database, role):
    primary, second, loose = given.file(), given.file(), given.file()
    given.version(given.project(), files=(primary, second))

    with database.unchanged():
        for file in (primary, second):
            with pytest.raises(psycopg.errors.IntegrityError):
                connect(role).run("delete from directus_files where id = %s", file)
    assert connect(role).run("delete from directus_files where id = %s", loose) == 1


@pytest.mark.parametrize("role", ["directus", "admin", "sidecar"])
def test_an_artifact_is_not_deleted_and_keeps_its_links(given, connect, database, role):
    project = given.project()
    version = given.version(project, files=(given.file(),), task=given.task(project))

    with database.unchanged(), pytest.raises(psycopg.Error):
        connect(role).run("delete from artifact_versions where id = %s", version)
