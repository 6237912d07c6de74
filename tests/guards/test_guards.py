"""Each guard in migrations/guards, tried directly in SQL as Directus' own database role."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import psycopg
import pytest
from filelock import FileLock
from psycopg.types.json import Jsonb

from sidecar.provision.database import schema_ownership
from tests.conftest import SHARED_FOLDER
from tests.rows import refused

OTHER = uuid.UUID(int=7)

# Everything a version is from its insert on, and a value each column does not have.
FROZEN = {
    "id": OTHER,
    "schema_key": "brand.other",
    "version_number": 9,
    "artifact_type": "audio",
    "value": Jsonb({"other": True}),
    "request_id": "other",
    "source_url": "https://elsewhere.test",
    "date_created": "2020-01-01",
    "metadata": Jsonb({"other": True}),
    "content_hash": "0" * 64,
}
FROZEN_REFERENCES = ("project_id", "parent_id", "source_task_id", "execution_id", "step_id", "user_created")
DECIDED = {
    "status": "approved",
    "review_state": "changes_requested",
    "approved_at": "2020-01-01",
    "promoted_at": "2020-01-01",
    "rejection_reason": "No.",
}
NEW_VERSION = "insert into artifact_versions (project_id, schema_key, value) values (%s, %s, '{}')"


@pytest.fixture
def roles_alone():
    """Role memberships are the whole server's: tests that lend one, or try what it would give, take turns."""
    with FileLock(Path(os.environ[SHARED_FOLDER]) / "roles.lock"):
        yield


@pytest.fixture
def project(given):
    return given.project()


@pytest.fixture
def version(given, project):
    """A pending version with everything set."""
    task = given.task(project)
    execution = given.execution(task)
    return given.version(
        project, "brand.logo", {"a": 1}, task=task, execution_id=execution, step_id=given.step(execution),
        files=(given.file(),), request_id="r", source_url="https://here.test", metadata=Jsonb({"b": 1}),
        content_hash="f" * 64, artifact_type="json", user_created=given.person("producer").id,
    )  # fmt: skip


# version_immutable


@pytest.mark.parametrize("status", ["pending", "approved"])
def test_version_immutable_keeps_every_frozen_column(directus_role, database, version, sidecar_role, status):
    if status == "approved":
        sidecar_role.run("update artifact_versions set status = 'approved' where id = %s", version)

    # Nulling the hash of an undecided version claims nothing.
    changes = [(column, value) for column, other in FROZEN.items() for value in (other, None)]
    with database.unchanged():
        for column, value in changes:
            if (column, value, status) != ("content_hash", None, "pending"):
                with pytest.raises(psycopg.errors.IntegrityError) as caught:
                    directus_role.run(f"update artifact_versions set {column} = %s where id = %s", value, version)
                rules = {"version_immutable", "version_sealed"} if column == "content_hash" else {"version_immutable"}
                assert caught.value.diag.constraint_name in rules, (column, value)


def test_version_immutable_lets_the_registry_say_a_missing_type_once(directus_role, sidecar_role, database, project):
    version = database.value(NEW_VERSION + " returning id", project, "brand.untyped")

    with refused("version_immutable"):
        directus_role.run("update artifact_versions set artifact_type = 'json' where id = %s", version)
    sidecar_role.run("update artifact_versions set artifact_type = 'json' where id = %s", version)
    for other in ("text", None):
        with refused("version_immutable"):
            sidecar_role.run("update artifact_versions set artifact_type = %s where id = %s", other, version)


def test_version_immutable_keeps_every_reference(given, directus_role, database, version):
    project = given.project()
    others = {
        "project_id": project,
        "parent_id": version,
        "source_task_id": given.task(project),
        "execution_id": given.execution(),
        "step_id": given.step(given.execution()),
        "user_created": given.person("producer").id,
    }
    assert set(others) == set(FROZEN_REFERENCES)
    with database.unchanged():
        for column, other in others.items():
            for value in (other,) if column == "parent_id" else (other, None):
                with refused("version_immutable"):
                    directus_role.run(f"update artifact_versions set {column} = %s where id = %s", value, version)


def test_version_immutable_lets_tags_be_written_and_metadata_by_the_registry(directus_role, sidecar_role, version):
    assert directus_role.run("update artifact_versions set tags = '[\"x\"]' where id = %s", version) == 1
    assert sidecar_role.run("update artifact_versions set metadata = '{\"width\": 1}' where id = %s", version) == 1


def test_version_immutable_binds_the_registry_too(sidecar_role, version):
    with refused("version_immutable"):
        sidecar_role.run("update artifact_versions set value = '{}' where id = %s", version)


def test_every_column_of_a_version_is_frozen_decided_sealed_or_known_to_be_writable(database):
    columns = set(
        database.column("select column_name from information_schema.columns where table_name = 'artifact_versions'")
    )

    gone = {"bytes_removed_at", "erased_at"}  # tests/guards/test_gone.py
    assert columns == {*FROZEN, *FROZEN_REFERENCES, *DECIDED, *gone, "approved_by", "primary_file_id", "tags"}


# version_decided_by_registry


def test_version_decided_by_registry_keeps_every_decided_column(directus_role, database, version):
    with database.unchanged():
        for column, value in DECIDED.items():
            with refused("version_decided_by_registry"):
                directus_role.run(f"update artifact_versions set {column} = %s where id = %s", value, version)


def test_version_decided_by_registry_keeps_who_approved(given, reviewer, directus_role, database, version):
    reviewer.approve(version)

    with database.unchanged():
        for value in (given.person("reviewer").id, None):
            with refused("version_decided_by_registry"):
                directus_role.run("update artifact_versions set approved_by = %s where id = %s", value, version)


@pytest.mark.parametrize("role", ["admin", "directus"])
def test_version_decided_by_registry_is_about_the_roles_name(connect, database, version, role):
    """An administrator of the database is a member of every role, and still not the registry."""
    with database.unchanged(), refused("version_decided_by_registry"):
        connect(role).run("update artifact_versions set status = 'approved' where id = %s", version)


# version_starts_undecided


def test_version_starts_undecided_whoever_inserts_it(reviewer, project, directus_role, database):
    insert = "insert into artifact_versions (project_id, schema_key, {}) values (%s, 'a', %s)"

    with database.unchanged():
        for column, value in {**DECIDED, "approved_by": reviewer.id}.items():
            with refused("version_starts_undecided"):
                directus_role.run(insert.format(column), project, value)


@pytest.mark.parametrize(
    ("sent", "kept"), [("pending", "pending"), ("intermediate", "intermediate"), (None, "pending")]
)
def test_version_starts_undecided_lets_candidates_pass(project, directus_role, sent, kept):
    row = directus_role.one(
        "insert into artifact_versions (project_id, schema_key, status) values (%s, 'a', %s) returning status",
        project, sent,
    )  # fmt: skip

    assert row["status"] == kept


# version_status_one_way


ARROWS = {
    ("intermediate", "pending"), ("intermediate", "archived"), ("pending", "approved"), ("pending", "rejected"),
    ("pending", "archived"), ("approved", "superseded"), ("approved", "archived"), ("superseded", "archived"),
    ("rejected", "archived"),
}  # fmt: skip
STATUSES = ("intermediate", "pending", "approved", "superseded", "rejected", "archived")


@pytest.mark.parametrize("before", STATUSES)
def test_version_status_one_way_allows_the_arrows_of_the_status_machine_and_no_other(
    given, project, sidecar_role, before
):
    for after in STATUSES:
        version = given.version(project, f"{before}-{after}", status=before)
        if before == after or (before, after) in ARROWS:
            assert sidecar_role.run("update artifact_versions set status = %s where id = %s", after, version) == 1
        else:
            with refused("version_status_one_way"):
                sidecar_role.run("update artifact_versions set status = %s where id = %s", after, version)


# version_kept


@pytest.mark.parametrize("role", ["directus", "admin"])
def test_version_kept_refuses_every_delete(connect, database, version, role):
    with database.unchanged(), refused("version_kept"):
        connect(role).run("delete from artifact_versions")


@pytest.mark.parametrize(
    ("table", "rule"),
    [("artifact_versions", "version_kept"), ("artifact_approvals", "approval_append_only"),
     ("promotions", "promotion_append_only"), ("artifact_files", "files_only_added")],
)  # fmt: skip
def test_nobody_truncates_a_guarded_table(given, project, database, directus_role, table, rule):
    given.promoted(project, files=(given.file(),))

    with database.unchanged():
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.CheckViolation)):
            directus_role.run(f"truncate {table} cascade")
        with pytest.raises(psycopg.errors.CheckViolation) as caught:
            database.run(f"truncate {table} cascade")
    assert caught.value.diag.constraint_name in (rule, "files_only_added", "approval_append_only", "version_kept")


# version_numbered


def test_version_numbered_replaces_a_number_and_a_hash_that_were_sent(project, directus_role):
    statement = (
        "insert into artifact_versions (project_id, schema_key, version_number, content_hash)"
        " values (%s, 'a', %s, 'claimed') returning id, version_number, content_hash, parent_id"
    )
    first, second = directus_role.one(statement, project, 40), directus_role.one(statement, project, None)

    assert (first["version_number"], second["version_number"]) == (1, 2)
    assert (first["content_hash"], second["parent_id"]) == (None, first["id"])


# version_sealed


@pytest.mark.parametrize("status", ["approved", "rejected", "superseded", "archived"])
def test_version_sealed_fixes_the_files_at_the_first_decision(given, project, directus_role, database, status):
    version = given.version(project, status=status, files=(given.file(),))
    file = given.file()

    with database.unchanged():
        with refused("version_sealed"):
            directus_role.run(
                "insert into artifact_files (artifact_version_id, directus_files_id) values (%s, %s)", version, file
            )
        with refused("version_sealed"):
            directus_role.run("update artifact_versions set primary_file_id = %s where id = %s", file, version)


def test_version_sealed_counts_requested_changes_as_a_decision(reviewer, version, given, directus_role):
    reviewer.decide("request_changes", version, reason="Bigger.")

    with refused("version_sealed"):
        directus_role.run(
            "insert into artifact_files (artifact_version_id, directus_files_id) values (%s, %s)", version, given.file()
        )


def test_version_sealed_waits_for_a_decision_that_is_being_written(given, project, connect, directus_role):
    version, file = given.version(project), given.file()
    decider = connect("sidecar").connection
    directus_role.run("set lock_timeout = '100ms'")

    with decider.transaction():
        decider.execute("update artifact_versions set status = 'approved' where id = %s", [version])
        with pytest.raises(psycopg.errors.LockNotAvailable):
            directus_role.run(
                "insert into artifact_files (artifact_version_id, directus_files_id) values (%s, %s)", version, file
            )


@pytest.mark.parametrize("status", ["pending", "intermediate"])
def test_until_then_files_are_linked_and_the_first_becomes_primary(given, project, directus_role, database, status):
    version = given.version(project, status=status)
    first, second = given.file(), given.file()

    for file in (first, second, first):
        directus_role.run(
            "insert into artifact_files (artifact_version_id, directus_files_id, sort) values (%s, %s, 1)",
            version,
            file,
        )

    assert database.version(version)["primary_file_id"] == first
    assert sorted(database.column("select directus_files_id from artifact_files")) == sorted([first, second])


def test_a_primary_file_that_is_named_is_among_the_files(given, project, directus_role, database):
    version, file = given.version(project), given.file()

    directus_role.run("update artifact_versions set primary_file_id = %s where id = %s", file, version)

    assert database.column("select directus_files_id from artifact_files") == [file]


def test_a_file_linked_through_directus_makes_it_another_content(given, producer, directus_role, database):
    project = given.project()
    first = producer.submit(project, value={"a": 1}).json["data"]["id"]
    assert database.version(first)["content_hash"] is not None

    directus_role.run(
        "insert into artifact_files (artifact_version_id, directus_files_id) values (%s, %s)", first, given.file()
    )

    assert database.version(first)["content_hash"] is None
    assert producer.submit(project, value={"a": 1}).json["data"]["version_number"] == 2


# files_only_added


def test_files_only_added_keeps_every_link(given, directus_role, database, version):
    other = given.version(given.project())

    with database.unchanged():
        for change in (
            f"directus_files_id = '{given.file()}'",
            f"artifact_version_id = '{other}'",
            "id = (select max(id) + 1 from artifact_files)"
            if database.value("select pg_typeof(id)::text from artifact_files") == "integer"
            else "id = gen_random_uuid()",
        ):
            with refused("files_only_added"):
                directus_role.run(f"update artifact_files set {change} where artifact_version_id = %s", version)
        with refused("files_only_added"):
            directus_role.run("delete from artifact_files where artifact_version_id = %s", version)

    assert directus_role.run("update artifact_files set sort = 7 where artifact_version_id = %s", version) == 1


# approvals and promotions


@pytest.mark.parametrize("action", ["approve", "reject", "comment"])
def test_approval_by_registry_refuses_a_record_of_ones_own(reviewer, directus_role, database, version, action):
    with database.unchanged(), refused("approval_by_registry"):
        directus_role.run(
            "insert into artifact_approvals (artifact_version_id, action, actor_id) values (%s, %s, %s)",
            version, action, reviewer.id,
        )  # fmt: skip


def test_approval_by_registry_drops_directus_copy_of_a_record_that_stands(reviewer, directus_role, database, version):
    reviewer.approve(version)
    (record,) = database.approvals(version)

    with database.unchanged():
        inserted = directus_role.run(
            "insert into artifact_approvals (id, artifact_version_id, action, reason) values (%s, %s, 'reject', 'x')",
            record["id"], version,
        )  # fmt: skip
    assert inserted == 0


def test_approval_append_only_keeps_every_record(reviewer, connect, database, version):
    reviewer.approve(version, reason="Fine.")

    with database.unchanged():
        for role in ("directus", "admin", "sidecar"):
            for change in ("action = 'reject'", "reason = 'Other.'", "actor_label = 'x'", "actor_id = null"):
                with refused("approval_append_only"):
                    connect(role).run(f"update artifact_approvals set {change}")
        for role in ("directus", "admin"):
            with refused("approval_append_only"):
                connect(role).run("delete from artifact_approvals")


def test_approval_append_only_lets_the_registry_add_a_missing_reason_once(
    reviewer, sidecar_role, directus_role, version
):
    reviewer.approve(version)

    with refused("approval_append_only"):
        directus_role.run("update artifact_approvals set reason = 'Mine.'")
    with refused("approval_append_only"):
        sidecar_role.run("update artifact_approvals set reason = 'Fine.', actor_type = 'ai'")
    assert sidecar_role.run("update artifact_approvals set reason = 'Fine.'") == 1
    with refused("approval_append_only"):
        sidecar_role.run("update artifact_approvals set reason = 'Other.'")


def test_promotion_by_registry_refuses_a_promotion_of_ones_own(project, connect, database):
    with database.unchanged():
        for role in ("directus", "admin"):
            with refused("promotion_by_registry"):
                connect(role).run("insert into promotions (project_id, context_version) values (%s, 1)", project)


def test_promotion_append_only_keeps_the_history(given, project, connect, database):
    given.promoted(project)

    with database.unchanged():
        for role in ("directus", "admin"):
            for change in ("changes = '[]'", "context_version = 9", "reason = 'x'", "actor_label = null"):
                with refused("promotion_append_only"):
                    connect(role).run(f"update promotions set {change}")
            with refused("promotion_append_only"):
                connect(role).run("delete from promotions")


# the context


@pytest.mark.parametrize(
    "change", ["context = '{\"a\": 1}'", "context = null", "context_version = 9", "context_version = null"]
)
def test_context_by_registry_refuses_every_edit(given, project, directus_role, database, change):
    given.promoted(project)

    with database.unchanged(), refused("context_by_registry"):
        directus_role.run(f"update projects set {change}")

    assert directus_role.run("update projects set title = 'Another title'") == 1


@pytest.mark.parametrize("columns", ["context", "context_version"])
def test_context_by_registry_lets_a_project_start_with_nothing_only(directus_role, columns):
    something = {"context": "'{\"a\": 1}'", "context_version": "5"}[columns]

    with refused("context_by_registry"):
        directus_role.run(f"insert into projects (key, {columns}) values ('a', {something})")
    row = directus_role.one(f"insert into projects (key, {columns}) values ('a', null) returning *")

    assert (row["context"], row["context_version"]) == ({}, 0)


# path_conflict


def test_path_conflict_holds_for_direct_inserts_too(given, project, directus_role, database):
    given.version(project, "brand.logo")

    with database.unchanged():
        for path in ("brand", "brand.logo.svg", "brand[0]"):
            with refused("path_conflict"):
                directus_role.run(NEW_VERSION, project, path)
        with refused("schema_key_grammar"):
            directus_role.run(NEW_VERSION, project, "_meta.x")


# project_has_versions


@pytest.mark.parametrize("role", ["directus", "admin"])
def test_project_has_versions_keeps_it_even_without_its_foreign_key(given, project, connect, database, version, role):
    database.run("alter table artifact_versions drop constraint artifact_versions_project_id_foreign")

    with database.unchanged(), refused("project_has_versions"):
        connect(role).run("delete from projects where id = %s", project)

    empty = given.project()
    assert connect(role).run("delete from projects where id = %s", empty) == 1


# Deleting a user


def test_a_deleted_user_leaves_null_and_their_label(given, project, directus_role, database):
    person = given.person("reviewer")
    version = person.submit(project, value=1).json["data"]["id"]
    person.approve(version, reason="Fine.")
    label = database.approvals(version)[0]["actor_label"]

    assert directus_role.run("delete from directus_users where id = %s", person.id) == 1

    row, (record,), (promotion,) = database.version(version), database.approvals(version), database.promotions(project)
    assert (row["user_created"], row["approved_by"], record["actor_id"], promotion["actor_id"]) == (None,) * 4
    assert (record["actor_label"], promotion["actor_label"], record["reason"]) == (label, label, "Fine.")
    assert row["status"] == "approved"


@pytest.mark.parametrize("table", ["tasks", "task_executions", "execution_steps"])
def test_what_a_version_came_from_is_not_deleted(directus_role, database, version, table):
    with database.unchanged(), pytest.raises(psycopg.errors.ForeignKeyViolation):
        directus_role.run(f"delete from {table}")


# Getting past the guards


ATTEMPTS = [
    "alter table artifact_versions disable trigger all",
    "alter table artifact_versions disable trigger g40_version_decided_by_registry",
    "drop trigger g40_version_decided_by_registry on artifact_versions",
    "alter table artifact_versions drop column status",
    "alter table artifact_approvals add column note text",
    "alter table promotions owner to artifacts_directus",
    "drop table promotions cascade",
    "alter table projects drop column context",
    "create or replace function sidecar.version_kept() returns trigger language plpgsql as 'begin return old; end'",
    "drop function sidecar.version_kept() cascade",
    "drop view sidecar.kept_columns_of_projects",
    "set role artifacts_sidecar",
    "set role artifacts_owner",
    "set session authorization artifacts_sidecar",
    "set session_replication_role = replica",
    "create trigger mine before update on artifact_versions for each row execute function sidecar.version_kept()",
    "select * from sidecar.service_tokens",
    "truncate artifact_approvals",
]


def test_directus_role_cannot_switch_a_guard_off(roles_alone, given, project, directus_role, database):
    version = given.version(project)

    for statement in ATTEMPTS:
        with pytest.raises(psycopg.Error):
            directus_role.run(statement)
        with refused("version_decided_by_registry"):
            directus_role.run("update artifact_versions set status = 'approved' where id = %s", version)


def test_no_guard_looks_away_for_a_replica_session(given, project, database):
    version = given.version(project)
    database.run("set session_replication_role = replica")

    with refused("version_decided_by_registry"):
        database.run("update artifact_versions set status = 'approved' where id = %s", version)
    with refused("version_kept"):
        database.run("delete from artifact_versions")


def test_the_owner_role_does_not_pass_either(given, project, database):
    version = given.version(project)
    database.run("set role artifacts_owner")

    with refused("version_decided_by_registry"):
        database.run("update artifact_versions set status = 'approved' where id = %s", version)


def test_while_the_schema_is_applied_the_guards_stay_in_force(roles_alone, given, project, urls, connect, database):
    version = given.version(project)

    with schema_ownership(urls["admin"]):
        directus = connect("directus")
        directus.run("alter table artifact_versions add column added_by_an_upgrade text")
        with refused("version_decided_by_registry"):
            directus.run("update artifact_versions set status = 'approved' where id = %s", version)
        directus.run("set role artifacts_owner")
        with refused("version_decided_by_registry"):
            directus.run("update artifact_versions set status = 'approved' where id = %s", version)

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect("directus").run("alter table artifact_versions drop column added_by_an_upgrade")
    memberships = "select pg_has_role('artifacts_directus', 'artifacts_owner', 'member')"
    assert database.value(memberships) is False


def test_nobody_who_logs_in_owns_a_guarded_table_or_function(database):
    owners = database.column(
        "select distinct pg_get_userbyid(relowner) from pg_class where relname in"
        " ('artifact_versions', 'artifact_approvals', 'promotions') and relkind = 'r'"
        " union select distinct pg_get_userbyid(proowner) from pg_proc p join pg_namespace n on n.oid = p.pronamespace"
        " where n.nspname = 'sidecar'"
    )

    assert owners == ["artifacts_owner"]
    assert database.value("select rolcanlogin from pg_roles where rolname = 'artifacts_owner'") is False
