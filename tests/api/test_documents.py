"""Documents: kept by promotion where the template asks, archived when their version leaves the context."""

from __future__ import annotations

import pytest

from tests.given import code

KEPT = {"document": {"category": "Brand", "title": "Logo, version {version} ({path})"}}


@pytest.fixture
def project(given):
    return given.project("spring", title="Spring", template_id=given.template({"brand.logo": KEPT, "plan": {}}))


def documents(database, project):
    return database.all(
        "select d.*, v.version_number from documents d join artifact_versions v on v.id = d.artifact_version_id"
        " where d.project_id = %s order by v.schema_key, v.version_number",
        project,
    )


def standing(database, project):
    return [(row["version_number"], row["status"]) for row in documents(database, project)]


def approved(given, reviewer, project, path="brand.logo", **columns):
    version = given.version(project, path, **columns)
    answer = reviewer.approve(version)
    assert answer.status_code == 200, answer.text
    return version


def test_promotion_keeps_a_document_as_the_template_says(given, project, reviewer, database):
    file, task = given.file(), given.task(project)
    version = approved(given, reviewer, project, files=(file,), task=task)

    (document,) = documents(database, project)

    assert (document["title"], document["category"]) == ("Logo, version 1 (brand.logo)", "Brand")
    assert (document["file_id"], document["source_task_id"]) == (file, task)
    assert (document["artifact_version_id"], document["status"]) == (version, "active")
    assert document["user_created"] == reviewer.id


def test_a_document_may_be_asked_for_in_one_word(given, reviewer, database):
    project = given.project(title="Spring", template_id=given.template({"*.*": {"document": True}}))
    approved(given, reviewer, project)
    (document,) = documents(database, project)
    assert (document["title"], document["category"]) == ("Spring - brand.logo", "brand")


def test_only_where_the_template_asks(given, project, reviewer, database):
    approved(given, reviewer, project, "plan")
    approved(given, reviewer, given.project())
    approved(
        given, reviewer, given.project(template_id=given.template({"brand.logo": {"document": {"create": False}}}))
    )
    assert database.all("select from documents") == []


def test_the_successors_document_takes_the_place_of_the_first(given, project, reviewer, database):
    approved(given, reviewer, project)
    approved(given, reviewer, project)
    assert standing(database, project) == [(1, "archived"), (2, "active")]


def test_a_version_that_is_only_approved_leaves_the_document_as_it_is(given, project, reviewer, database):
    approved(given, reviewer, project)
    second = given.version(project)
    reviewer.approve(second, promote=False)
    assert standing(database, project) == [(1, "active")]
    reviewer.promote(artifact_version_ids=[second])
    assert standing(database, project) == [(1, "archived"), (2, "active")]


def test_a_withdrawn_versions_document_is_archived(given, project, reviewer, database):
    version = approved(given, reviewer, project)
    assert reviewer.decide("withdraw", version).status_code == 200
    assert standing(database, project) == [(1, "archived")]


def test_a_way_back_brings_a_document_of_the_copy(given, project, reviewer, database):
    approved(given, reviewer, project)
    approved(given, reviewer, project)

    answer = reviewer.post(f"/v1/projects/{project}/context/revert", {"to_version": 1})

    assert answer.status_code == 200, answer.text
    assert standing(database, project) == [(1, "archived"), (2, "archived"), (3, "active")]

    reviewer.post(f"/v1/projects/{project}/context/revert", {"to_version": 0})
    assert standing(database, project) == [(1, "archived"), (2, "archived"), (3, "archived")]


def test_promoting_again_keeps_one_document(given, project, reviewer, database):
    version = approved(given, reviewer, project)
    reviewer.promote(artifact_version_ids=[version])
    reviewer.promote(project_id=project)
    assert standing(database, project) == [(1, "active")]


def test_a_dry_run_keeps_none(given, project, reviewer, database):
    version = given.approved(project)
    with database.unchanged():
        assert reviewer.promote(artifact_version_ids=[version], dry_run=True).status_code == 200
    assert documents(database, project) == []


def test_a_refused_promotion_keeps_none(given, project, reviewer, database):
    version = given.approved(project)
    assert code(reviewer.promote(artifact_version_ids=[version], if_match=7)) == "context_version_conflict"
    assert documents(database, project) == []


def test_a_document_that_somebody_made_is_not_doubled(given, project, reviewer, directus_role, database):
    version = given.version(project)
    directus_role.run(
        "insert into documents (title, status, project_id, artifact_version_id) values ('Mine', 'approved', %s, %s)",
        project, version,
    )  # fmt: skip
    directus_role.run("insert into documents (title, status, project_id) values ('Other', 'active', %s)", project)

    reviewer.approve(version)
    assert [(d["title"], d["status"]) for d in documents(database, project)] == [("Mine", "approved")]

    approved(given, reviewer, project)
    assert standing(database, project) == [(1, "archived"), (2, "active")]
    assert database.value("select status from documents where title = 'Other'") == "active"


def test_several_paths_in_one_promotion(given, reviewer, database):
    project = given.project(template_id=given.template({"scenes[*]": {"title": "{path}", "document": True}}))
    versions = [given.version(project, f"scenes[{n}]") for n in range(3)]
    reviewer.approve(*versions)
    assert [d["title"] for d in documents(database, project)] == ["scenes[0]", "scenes[1]", "scenes[2]"]


def test_titles_are_cut_to_what_a_title_holds(given, reviewer, database):
    title = "x" * 254 + "{version}" + "y"
    template = given.template({"brand.logo": {"document": {"title": title[:255]}}, "plan": {"document": True}})
    project = given.project(title="z" * 255, template_id=template)
    approved(given, reviewer, project)
    approved(given, reviewer, project, "plan")
    assert {len(d["title"]) for d in documents(database, project)} == {255}
