"""The guards let bytes and payloads go in one way only: by the sidecar's role, once, of archived versions."""

from __future__ import annotations

import threading

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.rows import refused

GONE = "update artifact_versions set bytes_removed_at = now(), primary_file_id = null where id = %s"
ERASED = (
    "update artifact_versions set status = 'archived', erased_at = now(), value = null, metadata = null, tags = null,"
    " source_url = null, primary_file_id = null, bytes_removed_at = now() where id = %s"
)


@pytest.fixture
def archived(given):
    """An archived version with a file and everything set."""
    return given.version(
        given.project(), "portrait", {"a": 1}, status="archived", files=(given.file(),), source_url="https://a.test",
        metadata=Jsonb({"b": 1}), tags=Jsonb(["c"]), content_hash="f" * 64,
    )  # fmt: skip


@pytest.mark.parametrize("statement", [GONE, ERASED, "update artifact_versions set erased_at = now() where id = %s"])
def test_bytes_removed_by_registry_keeps_directus_from_saying_so(directus_role, database, archived, statement):
    with database.unchanged(), pytest.raises(psycopg.errors.CheckViolation) as caught:
        directus_role.run(statement, archived)
    rules = {"bytes_removed_by_registry", "version_immutable", "version_sealed"}
    assert caught.value.diag.constraint_name in rules


@pytest.mark.parametrize("status", ["intermediate", "pending", "approved", "superseded", "rejected"])
def test_bytes_removed_by_registry_takes_nothing_from_a_version_that_is_not_archived(given, sidecar_role, status):
    version = given.version(given.project(), status=status, files=(given.file(),))

    with refused("bytes_removed_by_registry"):
        sidecar_role.run(GONE, version)


def test_bytes_removed_by_registry_says_it_once(sidecar_role, archived):
    sidecar_role.run(GONE, archived)

    for moment in ("null", "now() + interval '1 day'"):
        with refused("bytes_removed_by_registry"):
            sidecar_role.run(f"update artifact_versions set bytes_removed_at = {moment} where id = %s", archived)


@pytest.mark.parametrize("column", ["bytes_removed_at", "erased_at"])
@pytest.mark.parametrize("role", ["sidecar", "directus"])
def test_bytes_removed_by_registry_lets_no_version_begin_so(given, connect, role, column):
    insert = f"insert into artifact_versions (project_id, schema_key, {column}) values (%s, 'logo', now())"

    with refused("bytes_removed_by_registry"):
        connect(role).run(insert, given.project())


def test_version_immutable_lets_a_value_go_with_the_erasure_only(sidecar_role, archived, database):
    for column in ("value", "source_url"):
        with refused("version_immutable"):
            sidecar_role.run(f"update artifact_versions set {column} = null where id = %s", archived)
    sidecar_role.run(ERASED, archived)
    assert database.version(archived)["value"] is None


def test_version_erased_keeps_an_erased_version_empty(sidecar_role, directus_role, archived):
    with refused("version_erased"):
        sidecar_role.run("update artifact_versions set erased_at = now() where id = %s", archived)
    sidecar_role.run(ERASED, archived)

    for change in ("metadata = '{}'", "tags = '[]'", "value = '1'", "source_url = 'https://b.test'"):
        for role in (sidecar_role, directus_role):
            with refused("version_erased"):
                role.run(f"update artifact_versions set {change} where id = %s", archived)


def test_version_sealed_lets_a_hash_be_forgotten_with_the_erasure_only(sidecar_role, archived, database):
    for change in ("content_hash = null", "content_hash = null, bytes_removed_at = now(), primary_file_id = null"):
        with refused("version_sealed"):
            sidecar_role.run(f"update artifact_versions set {change} where id = %s", archived)
    with refused("version_sealed"):
        sidecar_role.run(ERASED.replace("erased_at = now()", "erased_at = now(), content_hash = 'other'"), archived)
    sidecar_role.run(ERASED.replace("erased_at = now()", "erased_at = now(), content_hash = null"), archived)
    assert database.version(archived)["content_hash"] is None


def test_files_only_added_lets_links_go_that_lead_nowhere(sidecar_role, directus_role, archived, database):
    delete = "delete from artifact_files where artifact_version_id = %s"
    with refused("files_only_added"):
        sidecar_role.run(delete, archived)
    sidecar_role.run(GONE, archived)
    with refused("files_only_added"):
        directus_role.run(delete, archived)

    assert sidecar_role.run(delete, archived) == 1


def test_promotion_append_only_lets_the_entry_of_an_erased_version_go_and_nothing_else(
    given, sidecar_role, directus_role, database
):
    project = given.project()
    version, other = (
        given.promoted(project, "portrait", {"name": "Ida"}),
        given.promoted(project, "song", {"title": "Elm"}),
    )
    take_out = "update promotions set changes = sidecar.erased_changes(changes) where project_id = %s"
    others = ["changes = '[]'", "changes = jsonb_set(changes, '{0,entry}', '{}')", "changes = changes - 0"]

    assert sidecar_role.run(take_out, project) == 2  # nothing is erased: nothing changes
    for change in others:
        with refused("promotion_append_only"):
            sidecar_role.run(f"update promotions set {change} where project_id = %s", project)
    sidecar_role.run(ERASED, version)
    for change in others:
        with refused("promotion_append_only"):
            sidecar_role.run(f"update promotions set {change} where project_id = %s and context_version = 1", project)
    with refused("promotion_append_only"):
        directus_role.run(take_out, project)
    sidecar_role.run(take_out, project)

    first, second = database.promotions(project)
    assert first["changes"][0]["entry"] == {"artifact_version_id": str(version), "version": 1, "erased": True}
    assert second["changes"][0]["entry"]["title"] == "Elm"
    assert second["changes"][0]["to_version_id"] == str(other)


def test_removed_file_in_use_keeps_a_file_that_somebody_refers_to_by_now(given, database, directus_role):
    file = given.file()
    directus_role.run("create table posts (picture uuid references directus_files on delete set null)")
    directus_role.run("insert into posts values (%s)", file)
    delete = "delete from directus_files where id = %s"
    asked = "insert into sidecar.file_removals (file_id, asked_until) values (%s, now() + interval '1 minute')"

    database.run(asked, file)
    with refused("removed_file_in_use"):
        directus_role.run(delete, file)
    assert database.value("select picture from posts") == file
    # People delete their files as ever: the registry did not ask for this one just now.
    database.run("update sidecar.file_removals set asked_until = null")
    assert directus_role.run(delete, file) == 1
    assert database.value("select picture from posts") is None


def test_removed_file_in_use_waits_for_a_reference_that_is_being_made(given, database, connect, directus_role):
    file = given.file()
    directus_role.run("create table posts (picture uuid references directus_files on delete set null)")
    database.run(
        "insert into sidecar.file_removals (file_id, asked_until) values (%s, now() + interval '1 minute')", file
    )
    writer, caught = connect("directus"), []

    def delete() -> None:
        try:
            connect("directus").run("delete from directus_files where id = %s", file)
        except Exception as error:
            caught.append(error.diag.constraint_name)

    with writer.connection.transaction():
        writer.run("insert into posts values (%s)", file)
        deleting = threading.Thread(target=delete)
        deleting.start()
        waiting = (
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        )
        while not database.value(waiting):
            threading.Event().wait(0.01)
    deleting.join()

    assert caught == ["removed_file_in_use"]
    assert database.value("select picture from posts") == file
