"""Taking an import back: however large it is, beside whoever works, and with what is in the way named."""

from __future__ import annotations

import json
import uuid

import pytest

from sidecar.legacy import rollback
from tests.legacy.conftest import stories_in

ROWS, PROJECTS = 320, 16
TEXTS = [{"id": n, "title": f"Story {n}", "text": f"Once, {n}."} for n in (1, 2)]


@pytest.fixture
def rows_of(tmp_path, given):
    """`rows_of(320)`: a folder with an export of so many approved rows, each on a path of its own, whose ids come in no
    order; their projects take turns."""
    projects = [given.project() for _ in range(PROJECTS)]

    def make(many, path="a"):
        rows = [
            {"id": str(uuid.uuid4()), "project_id": str(projects[n % PROJECTS]), "schema_key": f"{path}_{n}.plan",
             "status": "approved", "value": {"n": n}, "version_number": 1} for n in range(many)
        ]  # fmt: skip
        folder = tmp_path / f"{path}-{many}"
        folder.mkdir()
        (folder / "artifact_versions.jsonl").write_text("\n".join(map(json.dumps, rows)))
        return folder

    return make


@pytest.fixture
def stories(tmp_path):
    return stories_in(tmp_path / "old.sqlite", TEXTS)


def test_the_end_of_a_rollback_may_take_longer_than_a_request(importing, stories, database):
    """As it does with tens of thousands of rows, whose bookkeeping is written at once."""
    importing("stories", "--source", stories)
    database.run(
        "create function sidecar.slowly() returns trigger language plpgsql as $$"
        " begin perform pg_sleep(1.2); return null; end $$"
    )
    database.run(
        "create trigger slowly after update on sidecar.imported for each statement execute function sidecar.slowly()"
    )
    importing.environment["ARTIFACTS_DATABASE_URL"] += "?options=-c%20statement_timeout%3D1000"

    importing("rollback", "stories")

    assert database.column("select state from sidecar.imports") == ["rolled_back"]
    assert database.column(
        "select distinct rolled_back_at is not null from sidecar.imported where kind = 'version'"
    ) == [True]


def test_a_projects_versions_leave_its_context_together(importing, rows_of, database):
    """A promotion for each page of each project would be one for nearly every version where rows come in no order."""
    importing("json-arrays", "--source", rows_of(ROWS))
    before = database.value("select sum(context_version) from projects")

    taken = importing("rollback", "json-arrays")

    assert f"{ROWS} versions withdrawn" in taken.output
    pages = -(-ROWS // rollback.PAGE)
    assert database.value("select sum(context_version) from projects") - before < PROJECTS + pages
    assert database.value("select count(*) from artifact_versions where status <> 'archived'") == 0


def test_more_versions_than_are_listed_at_once_are_all_withdrawn(importing, rows_of, database, monkeypatch):
    monkeypatch.setattr(rollback, "LISTED", 30)
    monkeypatch.setattr(rollback, "PAGE", 7)
    importing("json-arrays", "--source", rows_of(100))

    assert "100 versions withdrawn" in importing("rollback", "json-arrays").output

    assert database.column("select distinct status from artifact_versions") == ["archived"]


def test_earlier_versions_of_rows_that_were_renewed_are_withdrawn_with_them(
    importing, tmp_path, stories, database, monkeypatch
):
    monkeypatch.setattr(rollback, "LISTED", 1)
    importing("stories", "--source", stories)
    for word in ("Twice", "Thrice"):
        changed = stories_in(tmp_path / f"{word}.sqlite", [{**row, "text": f"{word}, {row['id']}."} for row in TEXTS])
        importing("stories", "--source", changed, "--renew-changed")

    taken = importing("rollback", "stories")

    assert "6 versions withdrawn, 2 projects archived" in taken.output
    assert database.column("select distinct status from artifact_versions") == ["archived"]


def test_what_the_import_adds_while_it_is_rolled_back_is_withdrawn_too(importing, rows_of, database, monkeypatch):
    importing("json-arrays", "--source", rows_of(20, "early"))
    late, patiently = [rows_of(20, "late")], rollback.patiently

    def with_a_batch_in_between(*arguments):
        """The import goes on as soon as the rollback has found nothing more to withdraw."""
        found = patiently(*arguments)
        if found == [] and late:
            importing("json-arrays", "--source", late.pop())
        return found

    monkeypatch.setattr(rollback, "patiently", with_a_batch_in_between)

    taken = importing("rollback", "json-arrays")

    assert late == []
    assert "40 versions withdrawn" in taken.output
    assert database.column("select distinct status from artifact_versions") == ["archived"]
    assert database.column("select state from sidecar.imports") == ["rolled_back"]


def test_an_import_that_ends_after_its_rollback_stays_rolled_back(importing, rows_of, database, monkeypatch):
    from sidecar.legacy.run import Runner

    finish = Runner._finish

    def after_a_rollback(runner, told):
        importing("rollback", "json-arrays")
        finish(runner, told)

    monkeypatch.setattr(Runner, "_finish", after_a_rollback)

    importing("json-arrays", "--source", rows_of(3), "--no-promote")

    assert database.column("select state from sidecar.imports") == ["rolled_back"]


def test_projects_of_a_rolled_back_import_are_in_use_again_after_the_next_one(importing, stories, database):
    statuses = "select distinct status from projects where key like 'story-%%'"
    importing("stories", "--source", stories)
    assert "2 projects archived" in importing("rollback", "stories").output
    assert database.column(statuses) == ["archived"]

    importing("stories", "--source", stories)

    assert database.column(statuses) == ["active"]
    assert "2 projects archived" in importing("rollback", "stories").output
    assert database.column(statuses) == ["archived"]


def test_a_project_that_somebody_archived_stays_archived(importing, stories, given, database):
    given.project("story-1")
    database.run("update projects set status = 'archived' where key = 'story-1'")

    importing("stories", "--source", stories)

    assert database.value("select status from projects where key = 'story-1'") == "archived"


def test_with_force_a_version_that_cannot_go_yet_is_kept_and_the_others_go(importing, stories, database, reviewer):
    """Its successor is approved, and awaits promotion: until then the older one is in the context."""
    importing("stories", "--source", stories)
    newer = reviewer.submit("story-1", "text", "Once more.").json["data"]["id"]
    assert reviewer.approve(newer, promote=False).status_code == 200

    taken = importing("rollback", "stories", "--force")

    assert "1 versions withdrawn, 1 projects archived" in taken.output
    assert "kept  stories/1#text: version 1 of text (This version is in the context until" in taken.output
    texts = (
        "select v.status from artifact_versions v join projects p on p.id = v.project_id where p.key = %s order by 1"
    )
    assert database.column(texts, "story-1") == ["approved", "superseded"]
    assert database.column(texts, "story-2") == ["archived"]
    assert database.column("select state from sidecar.imports") == ["rolled_back"]
