"""Runs and steps written through Directus: legal moves only, with their sentence; times by the database."""

from __future__ import annotations

import re

import psycopg
import pytest

from sidecar.executions.status import EXECUTIONS, STEPS, Machine
from sidecar.provision.database import MIGRATIONS
from tests.rows import refused

TABLES = {"task_executions": EXECUTIONS, "execution_steps": STEPS}
CASES = [(table, machine, before) for table, machine in TABLES.items() for before in machine.statuses]


@pytest.mark.parametrize("machine", TABLES.values(), ids=TABLES)
def test_the_guards_table_is_the_codes(machine: Machine):
    text = (MIGRATIONS / "guards" / f"{machine.guard}.sql").read_text()
    listed = text[text.index("not in (") : text.index("then\n        raise")]
    assert set(re.findall(r"\('(\w+)', '(\w+)'\)", listed)) == set(machine.moves)


@pytest.mark.parametrize("machine", TABLES.values(), ids=TABLES)
def test_an_alias_means_a_status_and_is_none(machine: Machine):
    assert set(machine.aliases.values()) <= set(machine.statuses)
    assert not set(machine.aliases) & set(machine.statuses)


@pytest.mark.parametrize("role", ["directus", "sidecar"])
@pytest.mark.parametrize(("table", "machine", "before"), CASES, ids=lambda each: each if isinstance(each, str) else "")
def test_a_status_moves_along_the_arrows_and_no_other_way(connect, role, table, machine, before):
    rows = connect(role)
    for after in machine.statuses:
        row = rows.value(f"insert into {table} (status) values (%s) returning id", before)
        if before == after or (before, after) in machine.moves:
            assert rows.run(f"update {table} set status = %s where id = %s", after, row) == 1
        else:
            with refused(machine.guard):
                rows.run(f"update {table} set status = %s where id = %s", after, row)
            assert rows.value(f"select status from {table} where id = %s", row) == before


@pytest.mark.parametrize(("table", "machine"), TABLES.items(), ids=TABLES)
def test_a_refused_move_says_so_in_a_sentence(directus_role, table, machine):
    row = directus_role.value(f"insert into {table} (status) values ('completed') returning id")
    with pytest.raises(psycopg.errors.CheckViolation, match=r"that is completed cannot become running\.") as caught:
        directus_role.run(f"update {table} set status = 'running' where id = %s", row)
    assert (caught.value.sqlstate, caught.value.diag.constraint_name) == ("23514", machine.guard)
    with refused(machine.guard):
        directus_role.run(f"update {table} set status = null where id = %s", row)


@pytest.mark.parametrize(("table", "machine"), TABLES.items(), ids=TABLES)
def test_a_row_without_a_status_starts_at_the_beginning(directus_role, table, machine):
    row = directus_role.value(f"insert into {table} (status) values (null) returning id")
    assert directus_role.value(f"select status from {table} where id = %s", row) == machine.statuses[0]


@pytest.mark.parametrize("table", TABLES)
def test_times_follow_the_status(directus_role, table):
    row = directus_role.value(f"insert into {table} default values returning id")
    times = f"select started_at is not null as started, completed_at is not null as ended from {table} where id = %s"
    seen = [directus_role.one(times, row)]
    for status in ("running", "completed"):
        directus_role.run(f"update {table} set status = %s where id = %s", status, row)
        seen.append(directus_role.one(times, row))
    assert [(each["started"], each["ended"]) for each in seen] == [(False, False), (True, False), (True, True)]


@pytest.mark.parametrize("table", TABLES)
def test_times_that_an_import_brings_are_kept(directus_role, table):
    row = directus_role.one(
        f"insert into {table} (status, started_at, completed_at)"
        " values ('completed', '2020-01-01T00:00:00Z', '2020-01-02T00:00:00Z') returning started_at, completed_at"
    )
    assert [row[name].isoformat()[:10] for name in ("started_at", "completed_at")] == ["2020-01-01", "2020-01-02"]


def test_what_never_started_has_no_start(directus_role):
    row = directus_role.value("insert into execution_steps default values returning id")
    directus_role.run("update execution_steps set status = 'skipped' where id = %s", row)
    times = directus_role.one("select started_at, completed_at from execution_steps where id = %s", row)
    assert times["started_at"] is None
    assert times["completed_at"] is not None


def test_a_link_belongs_to_a_run_or_a_step(directus_role, given):
    version = given.version(given.project())
    with refused("stage_belongs"):
        directus_role.run("insert into execution_artifacts (artifact_version_id) values (%s)", version)


def test_one_workflow_of_an_engine_is_one_run(directus_role):
    insert = "insert into task_executions (engine, engine_workflow_id) values (%s, 'w')"
    for engine in ("n8n", None):
        directus_role.run(insert, engine)
        with refused("execution_engine_workflow_unique"):
            directus_role.run(insert, engine)
