"""The audit log: one chain of entries per project, written with the records it is about."""

from __future__ import annotations

import hashlib
import json
import threading

import psycopg
import pytest

from sidecar.provision.database import MIGRATIONS, migrate
from tests.rows import refused

RECORD = (
    "insert into artifact_approvals (artifact_version_id, project_id, action, actor_type, reason)"
    " values (%s, %s, 'comment', 'system', %s)"
)


@pytest.fixture
def entries(database):
    """A project's entries, in order."""
    return lambda project: database.all(
        "select * from sidecar.audit_log where project_id = %s order by number", project
    )


def test_every_record_reason_and_promotion_is_an_entry(busy, entries, database):
    log = entries(busy.project)
    kinds = [(entry["kind"], json.loads(entry["content"]).get("action")) for entry in log]

    assert kinds == [
        ("promotion", None), ("approval", "approve"),
        ("promotion", None), ("approval", "approve"), ("approval", "supersede"),
        ("approval", "reject"),
        ("promotion", None), ("approval", "approve"), ("reason", "approve"),
        ("approval", "request_changes"),
        ("promotion", None), ("approval", "approve"),
        ("approval", "approve"), ("approval", "supersede"), ("approval", "comment"),
        ("approval", "archive"),
        ("promotion", None), ("approval", "approve"),
    ]  # fmt: skip
    assert [entry["number"] for entry in log] == list(range(1, len(log) + 1))
    before, after = json.loads(log[7]["content"]), json.loads(log[8]["content"])
    assert (before["reason"], after["reason"]) == (None, "Short.")
    assert {key for key in before if before[key] != after[key]} == {"kind", "reason"}


def test_each_hash_covers_the_one_before_it(busy, entries):
    before = bytes(32)
    for entry in entries(busy.project):
        assert entry["previous_hash"] == before
        before = hashlib.sha256(before + entry["content"].encode()).digest()
        assert entry["hash"] == before


def test_the_log_keeps_the_id_of_a_user_who_is_gone(busy, entries, database):
    record = database.approvals(busy.voice)[0]
    logged = json.loads(entries(busy.project)[-1]["content"])

    assert record["actor_id"] is None
    assert (logged["id"], logged["actor_label"]) == (str(record["id"]), record["actor_label"])
    assert logged["actor_id"]


def test_an_entry_does_not_depend_on_the_session(given, sidecar_role, found):
    project = given.project()
    version = given.version(project)
    for zone in ("Asia/Kolkata", "America/New_York"):
        sidecar_role.run(f"set timezone = '{zone}'")
        sidecar_role.run("set datestyle = 'SQL, DMY'")
        sidecar_role.run(RECORD, version, project, zone)

    assert found() == []


def test_a_record_that_is_rolled_back_leaves_no_gap(given, sidecar_role, entries):
    project = given.project()
    version = given.version(project)

    sidecar_role.run(RECORD, version, project, "first")
    with sidecar_role.connection.transaction(force_rollback=True):
        sidecar_role.run(RECORD, version, project, "never said")
    sidecar_role.run(RECORD, version, project, "second")

    assert [json.loads(entry["content"])["reason"] for entry in entries(project)] == ["first", "second"]


def test_writers_that_take_no_lock_of_their_own_make_one_chain(given, connect, found, entries):
    project = given.project()
    versions = [given.version(project, path) for path in ("a", "b", "c", "d")]
    together, failed = threading.Barrier(len(versions)), []

    def write(version, rows) -> None:
        try:
            together.wait(10)
            for number in range(25):
                rows.run(RECORD, version, project, str(number))
        except Exception as error:
            failed.append(error)

    writers = [threading.Thread(target=write, args=(version, connect("sidecar"))) for version in versions]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert failed == []
    assert [entry["number"] for entry in entries(project)] == list(range(1, 101))
    # A version stays pending with comments, so all is as it should be.
    assert found() == []


CHANGES = [
    "update sidecar.audit_log set content = '{}'",
    "delete from sidecar.audit_log",
    "truncate sidecar.audit_log",
]


def test_audit_append_only_keeps_the_log_from_everybody(busy, connect, database, entries):
    before = entries(busy.project)
    for change in CHANGES:
        with refused("audit_append_only"):
            database.run(change)
        for role in ("sidecar", "directus"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connect(role).run(change)
    owner = connect("admin")
    owner.run("set role artifacts_owner")
    for change in CHANGES:
        with refused("audit_append_only"):
            owner.run(change)

    assert entries(busy.project) == before


def test_directus_neither_reads_the_log_nor_adds_to_it(busy, directus_role):
    for attempt in (
        "select * from sidecar.audit_log",
        "insert into sidecar.audit_log select * from sidecar.audit_log",
        f"select sidecar.chain('{busy.project}', 'approval', gen_random_uuid(), '{{}}')",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            directus_role.run(attempt)


def test_records_from_before_the_log_get_their_entries_once(busy, database, urls, found, entries):
    database.run("drop table sidecar.audit_log cascade")
    for function in ("audited_approval", "audited_promotion", "chain", "chain_approval", "chain_promotion"):
        database.run(f"drop function sidecar.{function} cascade")

    with database.connection.transaction():
        database.connection.execute((MIGRATIONS / "0005_audit_chain.sql").read_bytes())
    migrate(urls["admin"])

    assert found() == []
    # The reason that came later was there already.
    assert [entry["kind"] for entry in entries(busy.project)].count("approval") == 12
    assert "reason" not in {entry["kind"] for entry in entries(busy.project)}


def test_the_next_entry_is_found_by_its_index(busy, database):
    database.run("set enable_seqscan = off")
    plan = database.column(
        "explain select number, hash from sidecar.audit_log where project_id = %s order by number desc limit 1",
        busy.project,
    )

    assert "Index Scan Backward using audit_entry_unique on audit_log" in "\n".join(plan)
