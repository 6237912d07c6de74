"""Relations never make a circle, never change, and are kept once the version is decided: as Directus' own role."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import psycopg
import pytest

from tests.rows import refused

ADD = "insert into artifact_relations (from_version_id, to_version_id, relation_type) values (%s, %s, %s)"
HELD = "select pg_advisory_xact_lock(hashtextextended('artifacts/relations', 0))"
WAITING = (
    "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    " and wait_event = 'advisory'"
)


@pytest.fixture
def versions(given):
    """Five versions, each of a project of its own."""
    return [given.version(given.project(), "brand.logo") for _ in range(5)]


def relate(role, newer, source, relation_type="derived_from"):
    return role.run(ADD, newer, source, relation_type)


def wait_until_blocked(database, number):
    while database.value(WAITING) < number:
        pass


# relation_cycle


@pytest.mark.parametrize("length", [2, 3, 5])
def test_relation_cycle_refuses_the_last_relation_of_a_circle(directus_role, database, versions, length):
    around = versions[:length]
    for newer, source in pairwise(around):
        relate(directus_role, newer, source)
    with database.unchanged(), refused("relation_cycle"):
        relate(directus_role, around[-1], around[0])


def test_relation_cycle_counts_relations_of_every_type(directus_role, sidecar_role, versions):
    a, b, c, *_ = versions
    relate(directus_role, a, b, "variant_of")
    relate(sidecar_role, b, c, "restored_from")
    with refused("relation_cycle"):
        relate(sidecar_role, c, a, "edited_from")
    with refused("relation_cycle"):
        relate(directus_role, b, a, "variant_of")


def test_relation_cycle_lets_two_ways_lead_to_one_source(directus_role, database, versions):
    a, b, c, *_ = versions
    for newer, source in [(a, b), (a, c), (b, c)]:
        assert relate(directus_role, newer, source) == 1
    assert relate(directus_role, a, c, "transcoded_from") == 1
    assert database.value("select count(*) from artifact_relations") == 4


def test_relation_cycle_leaves_a_version_that_is_its_own_source_to_its_constraint(directus_role, versions):
    with refused("relation_not_to_itself"):
        relate(directus_role, versions[0], versions[0])


def test_a_circle_made_in_one_statement_is_refused(directus_role, database, versions):
    a, b, *_ = versions
    with database.unchanged(), refused("relation_cycle"):
        directus_role.run(f"{ADD}, (%s, %s, %s)", a, b, "derived_from", b, a, "derived_from")


def test_a_circle_of_versions_made_in_the_same_transaction_is_refused(directus_role, database, given):
    project = given.project()
    new = "insert into artifact_versions (project_id, schema_key, value) values (%s, %s, '{}') returning id"
    with database.unchanged(), refused("relation_cycle"), directus_role.connection.transaction():
        first, second, third = (directus_role.value(new, project, path) for path in ("a", "b", "c"))
        relate(directus_role, first, second)
        relate(directus_role, second, third)
        relate(directus_role, third, first)


@pytest.mark.parametrize("halves", ["a pair", "four projects"])
def test_two_halves_of_a_circle_at_the_same_moment_make_none(connect, database, versions, halves):
    a, b, c, d, _ = versions
    if (
        halves == "four projects"
    ):  # a ← b and c ← d stand, in other projects each; the two missing ones close the circle
        relate(database, b, a)
        relate(database, d, c)
        missing = [(a, d), (c, b)]
    else:
        missing = [(a, b), (b, a)]
    roles = [connect("directus"), connect("sidecar")]

    def add(role, ends) -> str:
        try:
            relate(role, *ends)
        except psycopg.errors.CheckViolation as error:
            return str(error.diag.constraint_name)
        return "added"

    holder = connect("admin")
    with ThreadPoolExecutor(2) as pool:
        with holder.connection.transaction():
            holder.all(HELD)
            futures = [pool.submit(add, role, ends) for role, ends in zip(roles, missing, strict=True)]
            wait_until_blocked(database, 2)
        outcomes = sorted(future.result() for future in futures)

    assert outcomes == ["added", "relation_cycle"]


def test_the_second_half_waits_for_the_transaction_of_the_first(connect, database, versions):
    a, b, *_ = versions
    first, second = connect("sidecar"), connect("directus")
    with ThreadPoolExecutor(1) as pool:
        with first.connection.transaction():
            relate(first, a, b)
            future = pool.submit(lambda: relate(second, b, a))
            wait_until_blocked(database, 1)
        with refused("relation_cycle"):
            future.result()


def test_an_old_version_that_the_transaction_edits_first_waits_all_the_same(connect, database, versions):
    a, b, *_ = versions
    first, second = connect("directus"), connect("directus")
    with ThreadPoolExecutor(1) as pool:
        with first.connection.transaction():
            first.run("update artifact_versions set tags = '[\"x\"]' where id = %s", a)
            relate(first, a, b)

            def edit_and_relate():
                with second.connection.transaction():
                    second.run("update artifact_versions set tags = '[\"x\"]' where id = %s", b)
                    relate(second, b, a)

            future = pool.submit(edit_and_relate)
            wait_until_blocked(database, 1)
        with refused("relation_cycle"):
            future.result()


def test_a_version_with_its_sources_waits_for_nobody(connect, given, versions):
    """Submissions do not take the lock: one comes through while somebody holds it."""
    holder, submitter = connect("admin"), connect("sidecar")
    project = given.project()
    with holder.connection.transaction():
        holder.all(HELD)
        with submitter.connection.transaction():
            new = submitter.value(
                "insert into artifact_versions (project_id, schema_key, value) values (%s, 'a', '{}') returning id",
                project,
            )
            assert relate(submitter, new, versions[0]) == 1


def test_relations_are_not_added_where_an_older_moment_is_read(connect, versions):
    role = connect("directus")
    role.connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    with pytest.raises(psycopg.errors.FeatureNotSupported), role.connection.transaction():
        relate(role, versions[0], versions[1])


# relation_immutable


@pytest.mark.parametrize("role", ["directus", "sidecar", "admin"])
def test_relation_immutable_keeps_ends_type_and_author(connect, database, given, versions, role):
    a, b, c, *_ = versions
    relate(database, a, b)
    author = given.person("producer").id
    database.run("update artifact_relations set metadata = '{\"by\": 1}'")
    changes = {
        "id": "00000000-0000-0000-0000-000000000007", "from_version_id": c, "to_version_id": c,
        "relation_type": "variant_of", "date_created": "2020-01-01", "user_created": author,
    }  # fmt: skip
    assert {*changes, "metadata"} == set(
        database.column("select column_name from information_schema.columns where table_name = 'artifact_relations'")
    )
    writer = connect(role)
    if role == "sidecar":
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            writer.run("update artifact_relations set relation_type = 'variant_of'")
        return
    with database.unchanged():
        for column, other in changes.items():
            with refused("relation_immutable"):
                writer.run(f"update artifact_relations set {column} = %s", other)


def test_what_the_producer_notes_beside_a_relation_may_be_corrected(directus_role, database, versions):
    relate(directus_role, *versions[:2])
    assert directus_role.run('update artifact_relations set metadata = \'{"tool": "upscaler"}\'') == 1


def test_a_deleted_user_becomes_null(directus_role, database, given, versions):
    author = given.person("producer").id
    directus_role.run(
        "insert into artifact_relations (from_version_id, to_version_id, relation_type, user_created)"
        " values (%s, %s, 'derived_from', %s)", versions[0], versions[1], author,
    )  # fmt: skip
    assert directus_role.run("delete from directus_users where id = %s", author) == 1
    assert database.one("select * from artifact_relations")["user_created"] is None


# relation_kept


@pytest.mark.parametrize("status", ["approved", "rejected", "superseded", "archived"])
def test_relation_kept_keeps_the_relations_of_a_decided_version(connect, database, given, versions, status):
    decided = given.version(given.project(), status=status)
    relate(database, decided, versions[0])
    for role in ("directus", "admin"):
        with database.unchanged(), refused("relation_kept"):
            connect(role).run("delete from artifact_relations")


def test_relation_kept_keeps_them_when_changes_were_requested(directus_role, sidecar_role, database, versions):
    relate(directus_role, *versions[:2])
    sidecar_role.run("update artifact_versions set review_state = 'changes_requested' where id = %s", versions[0])
    with database.unchanged(), refused("relation_kept"):
        directus_role.run("delete from artifact_relations")


@pytest.mark.parametrize("status", ["pending", "intermediate"])
def test_a_mistake_is_taken_back_before_the_first_decision(directus_role, database, given, versions, status):
    undecided = given.version(given.project(), status=status)
    relate(database, undecided, versions[0])
    assert directus_role.run("delete from artifact_relations") == 1


def test_the_source_may_be_decided(directus_role, sidecar_role, database, versions):
    relate(database, *versions[:2])
    sidecar_role.run("update artifact_versions set status = 'approved' where id = %s", versions[1])
    assert directus_role.run("delete from artifact_relations") == 1


def test_relations_are_never_emptied(directus_role, database):
    with refused("relation_kept"):
        directus_role.run("truncate artifact_relations")


def test_a_relation_says_when_it_was_added(directus_role, database, versions):
    relate(directus_role, *versions[:2])
    assert database.value("select date_created <= now() from artifact_relations")
