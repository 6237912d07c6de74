"""How each path of a project stands."""

from __future__ import annotations

import pytest
from psycopg.types.json import Jsonb

from sidecar.projects.paths import sql
from tests.given import code

TEMPLATE = {
    "brand.logo": {"title": "Logo", "artifact_type": "image", "approvals_required": 2},
    "brand.font": {"title": "Font"},
    "scenes[*]": {"title": "A scene"},
}


@pytest.fixture
def project(given):
    return given.project("spring", template_id=given.template(TEMPLATE))


def paths(reader, project):
    answer = reader.get(f"/v1/projects/{project}/paths")
    assert answer.status_code == 200, answer.text
    return {path["schema_key"]: path for path in answer.json["data"]}


def state(reader, project, path="brand.font"):
    return paths(reader, project)[path]["state"]


def test_what_is_expected_and_what_is_there(given, project, reviewer):
    version = given.version(project, "brand.logo", artifact_type="image")
    reviewer.approve(version)
    scenes = [given.version(project, f"scenes[{n}]") for n in (10, 2)]
    extra = given.promoted(project, "notes")

    answer = reviewer.get("/v1/projects/spring/paths")

    font, logo, scene, notes = answer.json["data"]
    assert [p["schema_key"] for p in (font, logo, scene, notes)] == ["brand.font", "brand.logo", "scenes[*]", "notes"]
    assert (logo["title"], logo["artifact_type"], logo["state"]) == ("Logo", "image", "pending")
    assert logo["votes"] == {"given": 1, "required": 2}
    assert (logo["newest"]["artifact_version_id"], logo["approved"]) == (str(version), None)
    assert (font["state"], font["newest"], font["expected"], sum(font["counts"].values())) == ("missing", None, True, 0)
    assert (scene["pattern"], scene["state"], scene["counts"]["pending"]) == (True, None, 2)
    assert {p["newest"]["artifact_version_id"] for p in scene["paths"]} == set(map(str, scenes))
    assert [(p["schema_key"], p["title"]) for p in scene["paths"]] == [
        ("scenes[10]", "A scene"), ("scenes[2]", "A scene")
    ]  # fmt: skip
    assert (notes["expected"], notes["state"], notes["approved"]["artifact_version_id"]) == (
        False,
        "approved",
        str(extra),
    )
    meta = answer.json["meta"]
    assert (meta["project_id"], meta["context_version"], meta["problems"]) == (str(project), 1, [])
    assert meta["template"]["name"].startswith("Template ")
    assert meta["additional_paths"] is True


@pytest.mark.parametrize(
    ("statuses", "word"),
    [
        ([], "missing"), (["archived"], "missing"), (["intermediate"], "intermediate"), (["pending"], "pending"),
        (["rejected"], "rejected"), (["rejected", "intermediate"], "intermediate"),
        (["rejected", "pending"], "pending"),
        (["pending", "rejected"], "pending"), (["intermediate", "rejected"], "rejected"), (["approved"], "approved"),
        (["superseded", "approved"], "approved"), (["approved", "pending"], "approved_pending"),
        (["pending", "approved"], "approved"), (["approved", "rejected"], "approved"),
        (["approved", "intermediate"], "approved"), (["rejected", "archived"], "rejected"),
    ],
)  # fmt: skip
def test_the_word_for_a_path(given, project, reviewer, statuses, word):
    for status in statuses:
        given.version(project, "brand.font", status=status)
    path = paths(reviewer, project)["brand.font"]
    assert path["state"] == word
    assert path["counts"] == {status: statuses.count(status) for status in path["counts"]}


def test_changes_requested_is_a_word_of_its_own(given, project, reviewer):
    version = given.version(project, "brand.font")
    reviewer.decide("request_changes", version, reason="Bolder.")
    assert state(reviewer, project) == "changes_requested"
    assert paths(reviewer, project)["brand.font"]["newest"]["review_state"] == "changes_requested"

    given.version(project, "brand.font")
    assert state(reviewer, project) == "pending"


def test_approved_and_awaiting_promotion(given, project, reviewer):
    given.approved(project, "brand.font")
    assert paths(reviewer, project)["brand.font"]["awaiting_promotion"] is True
    given.promoted(project, "scenes[1]")
    assert paths(reviewer, project)["scenes[*]"]["paths"][0]["awaiting_promotion"] is False


def test_a_project_without_a_template_shows_what_is_there(given, reviewer):
    project = given.project()
    assert paths(reviewer, project) == {}
    given.version(project)
    answer = reviewer.get(f"/v1/projects/{project}/paths")
    assert [(p["schema_key"], p["expected"]) for p in answer.json["data"]] == [("brand.logo", False)]
    assert answer.json["meta"]["template"] is None


@pytest.mark.parametrize("schema", [[], "x", 7, {"a b": {}, "plan": 7, "x": {"nonsense": 1}}])
def test_a_broken_template_is_shown_with_what_is_wrong(given, reviewer, schema):
    project = given.project(template_id=given.template(schema))
    answer = reviewer.get(f"/v1/projects/{project}/paths")
    assert answer.status_code == 200
    assert answer.json["meta"]["problems"]


@pytest.mark.parametrize("project", ["none", "00000000-0000-0000-0000-000000000007", "%00", "x" * 300])
def test_a_project_that_is_not_there(reviewer, project):
    answer = reviewer.get(f"/v1/projects/{project}/paths")
    assert answer.status_code in (400, 404, 422)
    if project == "none":
        assert code(answer) == "project_not_found"


def test_a_thousand_paths_cost_one_pass_over_the_projects_versions(given, reviewer, sidecar_role, database):
    project, other = given.project(), given.project()
    insert = (
        "insert into artifact_versions (project_id, schema_key, status, value)"
        " select %s, 'scenes[' || path || '].image', 'pending', %s"
        " from generate_series(1, 1000) path, generate_series(1, %s)"
    )
    sidecar_role.run("set statement_timeout = '60s'")
    sidecar_role.run(insert, project, Jsonb({"prompt": "x" * 2000}), 5)
    database.run("analyze artifact_versions")
    sidecar_role.run(insert, other, Jsonb({}), 5)
    database.run("vacuum analyze artifact_versions")

    (row,) = sidecar_role.connection.execute(
        "explain (analyze, buffers, format json) " + sql.paths, {"id": project, "key": ""}
    ).fetchall()

    plan = row["QUERY PLAN"][0]
    assert plan["Execution Time"] < 1000
    assert plan["Plan"]["Actual Rows"] == 1000
    assert "Seq Scan on artifact_approvals" not in str(plan)
    read = plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
    assert read < 60_000, read
    assert len(paths(reviewer, project)) == 1000
