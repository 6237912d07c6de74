"""The guards of locks, tried directly in SQL as Directus' own database role."""

from __future__ import annotations

import pytest
from psycopg.types.json import Jsonb

from tests.rows import refused

NEW_VERSION = "insert into artifact_versions (project_id, schema_key, value) values (%s, %s, '{}')"


@pytest.fixture
def project(given):
    return given.project()


@pytest.fixture
def held(sidecar_role, project):
    """Lock paths as the registry does: `held("a", reason="…")`; "*" is the project."""

    def lock(path, **lock):
        sidecar_role.run(
            "update projects set locks = coalesce(locks, '{}') || %s, planning_locked = planning_locked or %s"
            " where id = %s",
            Jsonb({path: {"owner": "Robin", **lock}}), path == "*", project,
        )  # fmt: skip

    return lock


def test_path_locked_refuses_a_version_of_a_locked_path_and_below(directus_role, database, project, held):
    held("scenes", reason="It - is - final.")
    with database.unchanged():
        for path in ("scenes[3].image", "scenes.cover", "scenes"):
            with refused("path_locked") as _:
                directus_role.run(NEW_VERSION, project, path)
    directus_role.run(NEW_VERSION, project, "scene")


def test_path_locked_says_who_and_why_in_one_sentence(directus_role, project, held):
    held("a", reason="It - is - final.")
    with pytest.raises(Exception, match=r"^The path a is locked by Robin: It – is – final\.\n"):
        directus_role.run(NEW_VERSION, project, "a.b")


def test_path_locked_lets_a_locked_project_take_a_paths_first_version(directus_role, given, project, held):
    held("*")
    directus_role.run(NEW_VERSION, project, "a")
    with refused("path_locked"):
        directus_role.run(NEW_VERSION, project, "a")
    given.version(project, "b", status="rejected")
    directus_role.run(NEW_VERSION, project, "b")


def test_path_locked_is_asked_of_the_sidecars_role_by_the_sidecar(sidecar_role, project, held):
    held("a")
    sidecar_role.run(NEW_VERSION, project, "a")


@pytest.mark.parametrize("change", [{"a": {"owner": "me"}}, {"*": {}}, [], None])
def test_locks_by_registry_keeps_locks(directus_role, database, project, held, change):
    held("b")
    with database.unchanged(), refused("locks_by_registry"):
        directus_role.run(
            "update projects set locks = %s where id = %s", None if change is None else Jsonb(change), project
        )


def test_locks_by_registry_lets_no_project_begin_with_locks(directus_role):
    with refused("locks_by_registry"):
        directus_role.run("insert into projects (key, locks) values ('x', %s)", Jsonb({"a": {}}))
    for locks in (None, Jsonb({})):
        directus_role.run("insert into projects (title, locks) values ('x', %s)", locks)


def test_ticking_planning_locked_locks_the_project_and_unticking_releases_it(directus_role, database, project, held):
    held("a")
    directus_role.run("update projects set planning_locked = true, title = 'x' where id = %s", project)
    locks = database.project(project)["locks"]
    assert (set(locks), locks["*"]["owner"]) == ({"a", "*"}, None)
    assert database.value("select %s::timestamptz <= clock_timestamp()", locks["*"]["since"])

    directus_role.run("update projects set planning_locked = null where id = %s", project)
    assert set(database.project(project)["locks"]) == {"a"}


def test_unticking_releases_a_lock_set_through_the_registry(directus_role, database, project, held):
    held("*", reason="Print week.")
    directus_role.run("update projects set planning_locked = true where id = %s", project)
    assert database.project(project)["locks"]["*"]["reason"] == "Print week."
    directus_role.run("update projects set planning_locked = false where id = %s", project)
    assert database.project(project)["locks"] == {}


def test_a_project_that_begins_locked_is_locked(directus_role, database):
    directus_role.run("insert into projects (key, planning_locked) values ('locked', true)")
    project = database.one("select * from projects where key = 'locked'")
    assert set(project["locks"]) == {"*"}
