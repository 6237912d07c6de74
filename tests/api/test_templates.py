"""What a template asks of a version, on submission and on approval; and the tasks it gives a new project."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from psycopg.types.json import Jsonb

from tests.given import code
from tests.rows import refused

PANEL = {"type": "object", "required": ["panels"], "properties": {"panels": {"type": "integer", "minimum": 1}}}


def violations(answer):
    assert (answer.status_code, code(answer)) == (422, "template_violation"), answer.text
    return [(v["rule"], v["pointer"]) for v in answer.json["errors"][0]["extensions"]["violations"]]


@pytest.fixture
def given_project(given):
    """A project whose template has this context_schema."""

    def make(context_schema):
        return given.project(template_id=given.template(context_schema))

    return make


@pytest.fixture
def given_template(given, database):
    """A template with these tasks, as Directus saves it: whatever JSON it is."""

    def make(tasks, context_schema=None):
        template = given.template(context_schema or {})
        database.run("update project_templates set tasks = %s where id = %s", Jsonb(tasks), template)
        return template

    return make


# Submitting


def test_what_the_template_does_not_take_is_refused_with_every_fault(given_project, producer, database):
    project = given_project({"plan": {"schema": PANEL, "artifact_type": "document"}})

    with database.unchanged():
        answer = producer.submit(project, "plan", {"panels": 0, "other": True})

    assert violations(answer) == [("artifact_type", ""), ("schema", "/panels")]
    error = answer.json["errors"][0]
    assert error["message"] == "plan: The artifact type is json, not document. (1 more)"
    assert error["extensions"]["schema_key"] == "plan"
    assert error["extensions"]["template"].startswith("Template ")
    assert error["extensions"]["violations"][1]["schema_path"] == "/schema/properties/panels/minimum"


def test_what_it_takes_is_kept(given_project, producer):
    project = given_project({"plan": {"schema": PANEL}})
    assert producer.submit(project, "plan", {"panels": 3}).status_code == 201


def test_a_wildcard_asks_of_every_path_it_fits(given_project, producer):
    project = given_project({"scenes[*].plan": {"schema": PANEL}})

    assert violations(producer.submit(project, "scenes[3].plan", {})) == [("schema", "")]
    assert producer.submit(project, "scenes[3].notes", {}).status_code == 201


def test_files_are_asked_for_by_type_and_size(given, given_project, producer, database):
    project = given_project({"brand.logo": {"mime_types": "image/*", "max_bytes": 100}})
    picture, recording, large = given.file(), given.file("audio/ogg", "a.ogg"), given.file()
    database.run("update directus_files set filesize = 101 where id = %s", large)

    assert violations(producer.submit(project)) == [("mime_types", "")]
    assert violations(producer.submit(project, file_ids=[str(recording)])) == [("mime_types", "")]
    assert violations(producer.submit(project, file_ids=[str(picture), str(large)])) == [("max_bytes", "")]
    assert producer.submit(project, file_ids=[str(picture)]).status_code == 201
    assert producer.submit(project, source_url="https://cdn.test/logo.png", value={}).status_code == 201


def test_paths_that_the_template_does_not_name(given_project, producer):
    open_one, closed = given_project({"plan": {}}), given_project({"plan": {}, "additional_paths": False})

    assert producer.submit(open_one, "other", 1).status_code == 201
    assert producer.submit(closed, "plan", 1).status_code == 201
    assert violations(producer.submit(closed, "other", 1)) == [("additional_paths", "")]


@pytest.mark.parametrize(
    "entry",
    [{"schema": {"type": "objct"}}, {"schema": {"$ref": "http://127.0.0.1:1/x"}}, {"schema": {"pattern": "(("}},
     {"schema": 7}, {"no_such_rule": 1}, {"auto_approve": "(("}, {"approvals_required": "two"}, 7, None],
)  # fmt: skip
def test_a_broken_template_is_named_and_nothing_is_lost(given, given_project, producer, reviewer, database, entry):
    project = given_project({"plan": entry, "brand.logo": {}})
    inserted = given.version(project, "plan", 1)

    with database.unchanged():
        for answer in (producer.submit(project, "plan", 1), reviewer.approve(inserted)):
            assert (answer.status_code, code(answer)) == (422, "template_broken")
            extensions = answer.json["errors"][0]["extensions"]
            assert extensions["template"].startswith("Template ")
            assert extensions["problems"][0]["path"] == "plan"
    assert producer.submit(project, "brand.logo", 1).status_code == 201


@pytest.mark.parametrize("schema", [[], "x", 7, False])
def test_a_template_that_is_no_object_refuses_every_path(given_project, producer, schema):
    answer = producer.submit(given_project(schema), "plan", 1)
    assert (answer.status_code, code(answer)) == (422, "template_broken")


def test_a_refusal_of_the_template_is_not_kept_under_a_key(given_project, producer, database):
    project = given_project({"plan": {"schema": PANEL}})
    body, key = {"project_id": str(project), "schema_key": "plan", "value": {}}, {"Idempotency-Key": "plan-1"}

    assert producer.post("/v1/artifacts", body, headers=key).status_code == 422
    database.run("update project_templates set context_schema = '{}'")
    assert producer.post("/v1/artifacts", body, headers=key).status_code == 201


@pytest.mark.parametrize("value", ["\\u0000", "1e400", "[" * 500, "\\ud800"])
def test_what_cannot_be_stored_is_refused_before_the_template_is_asked(given_project, producer, value):
    project = given_project({"plan": {"schema": PANEL}})
    raw = json.dumps({"project_id": str(project), "schema_key": "plan"})[:-1] + f', "value": "{value}"}}'
    raw = raw.replace('"1e400"', "1e400").replace('"' + "[" * 500 + '"', "[" * 500 + "]" * 500)
    assert producer.post("/v1/artifacts", data=raw, content_type="application/json").status_code == 400


def test_a_value_that_would_take_for_ever_is_refused_in_time(given_project, producer):
    twice = {"anyOf": [{"properties": {"c": {"$ref": "#"}}, "required": [word]} for word in "yz"]}
    project = given_project({"plan": {"schema": twice}, "text": {"schema": {"pattern": "^(a+)+$"}}})
    value: dict = {}
    for _ in range(60):
        value = {"c": value}

    assert violations(producer.submit(project, "plan", value)) == [("schema", "")]
    assert violations(producer.submit(project, "text", "a" * 100_000 + "!")) == [("schema", "")]


# Approving what was inserted past the sidecar


def test_an_inserted_version_that_does_not_fit_is_not_approved(given, given_project, reviewer, database):
    project = given_project({"plan": {"schema": PANEL}, "brand.logo": {"mime_types": "image/*"}})
    plan, logo = given.version(project, "plan", {"panels": 0}), given.version(project, files=(given.file("text/html"),))

    with database.unchanged():
        for version, fault in ((plan, ("schema", "/panels")), (logo, ("mime_types", ""))):
            for answer in (reviewer.approve(version), reviewer.promote(artifact_version_ids=[version])):
                assert violations(answer) == [fault]
                assert answer.json["errors"][0]["extensions"]["artifact_version_id"] == str(version)
    assert reviewer.decide("reject", plan, logo, reason="Not what was asked for.").status_code == 200


def test_an_inserted_version_without_a_type_has_that_of_its_file(given, given_project, reviewer):
    project = given_project({"brand.logo": {"artifact_type": "image"}, "plan": {"artifact_type": "json"}})
    logo, plan = given.version(project, files=(given.file(),)), given.version(project, "plan", {})
    sound = given.version(project, files=(given.file("audio/ogg"),))

    assert violations(reviewer.approve(sound)) == [("artifact_type", "")]
    assert reviewer.approve(logo, plan).status_code == 200


def test_an_inserted_version_that_fits_is_approved(given, given_project, reviewer):
    project = given_project({"plan": {"schema": PANEL}, "brand.logo": {"mime_types": "image/*", "max_bytes": 10**6}})
    plan, logo = given.version(project, "plan", {"panels": 2}), given.version(project, files=(given.file(),))
    assert reviewer.approve(plan, logo).status_code == 200


def test_a_rule_does_not_approve_what_does_not_fit(given, given_project, producer, database):
    project = given_project({"plan": {"schema": PANEL, "auto_approve": "$[?(@.panels >= 0)]"}})
    assert violations(producer.submit(project, "plan", {"panels": 0})) == [("schema", "/panels")]
    assert producer.submit(project, "plan", {"panels": 1}).json["data"]["status"] == "approved"


# The tasks of a new project


def tasks_of(database, project):
    return database.all("select * from tasks where project_id = %s order by date_created", project)


def test_a_new_project_gets_the_tasks_of_its_template_once(given_template, producer, database):
    template = given_template(
        ["Write the brief",
         {"title": " Draw the logo ", "schema_key": "brand.logo", "description": "In ink.", "due_in_days": 2.5,
          "depends_on": ["Write the brief"], "status": "in_progress", "estimate": "ignored"},
         {"schema_key": "brand.colors"}, {"schema_key": "brand.font"}],
        {"brand.colors": {"title": "The palette"}},
    )  # fmt: skip
    body = {"key": "spring", "template_id": str(template)}

    made = producer.post("/v1/projects", body)
    again = producer.post("/v1/projects", body)

    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json["data"]["template_id"] == str(template)
    brief, logo, colors, font = tasks_of(database, made.json["data"]["id"])
    assert [t["title"] for t in (brief, logo, colors, font)] == [
        "Write the brief", "Draw the logo", "The palette", "brand.font"
    ]  # fmt: skip
    assert (brief["status"], logo["status"], logo["schema_key"]) == ("todo", "in_progress", "brand.logo")
    assert logo["description"] == "In ink.\n\nAfter: Write the brief"
    assert abs(logo["due_date"] - datetime.now(UTC) - timedelta(days=2.5)) < timedelta(minutes=5)
    assert {t["user_created"] for t in (brief, logo)} == {producer.id}


@pytest.mark.parametrize("named", ["name", "id"])
def test_a_template_is_named_by_name_or_id(given_template, producer, database, named):
    template = given_template(["One"])
    name = database.value("select name from project_templates where id = %s", template)

    answer = producer.post("/v1/projects", {"key": "spring", "template": name if named == "name" else str(template)})

    assert answer.json["data"]["template_id"] == str(template)
    assert len(tasks_of(database, answer.json["data"]["id"])) == 1


@pytest.mark.parametrize(
    ("named", "refusal"),
    [({"template": "None such"}, "template_not_found"), ({"template": str(10**30)}, "template_not_found"),
     ({"template": "00000000-0000-0000-0000-000000000007"}, "template_not_found"), ({"template": ""}, "invalid_value"),
     ({"template": "x" * 300}, "invalid_value"), ({"template": 7}, "invalid_value"),
     ({"template_id": "00000000-0000-0000-0000-000000000007"}, "reference_not_found"),
     ({"template": "x", "template_id": "00000000-0000-0000-0000-000000000007"}, "invalid_value")],
)  # fmt: skip
def test_a_template_that_is_not_there_makes_no_project(producer, database, named, refusal):
    answer = producer.post("/v1/projects", {"key": "spring", **named})
    assert (answer.status_code, code(answer)) == (422, refusal)
    assert database.all("select from projects") == []


def test_a_project_made_in_directus_gets_its_tasks_too(given_template, directus_role, database):
    template = given_template(["One", "Two"])
    project = directus_role.value("insert into projects (title, template_id) values ('x', %s) returning id", template)
    assert [task["title"] for task in tasks_of(database, project)] == ["One", "Two"]


def test_a_project_that_is_given_a_template_later_keeps_its_tasks(given, given_template, directus_role, database):
    project = given.project()
    directus_role.run("update projects set template_id = %s where id = %s", given_template(["One"]), project)
    assert tasks_of(database, project) == []


@pytest.mark.parametrize("tasks", [None, []])
def test_a_template_may_have_no_tasks(given_template, producer, database, tasks):
    answer = producer.post("/v1/projects", {"key": "spring", "template_id": str(given_template(tasks))})
    assert (answer.status_code, tasks_of(database, answer.json["data"]["id"])) == (201, [])


@pytest.mark.parametrize(
    "tasks",
    ["One", 7, {"title": "One"}, [7], [None], [[]], [{}], [""], [" "], ["x" * 256], [{"title": 7}], [{"title": {}}],
     [{"title": "x", "schema_key": "no path"}], [{"title": "x", "schema_key": "_meta.x"}],
     [{"title": "x", "schema_key": 7}], [{"title": "x", "schema_key": "scenes[*]"}],
     [{"title": "x", "description": []}],
     [{"title": "x", "due_in_days": "soon"}], [{"title": "x", "due_in_days": -1}],
     [{"title": "x", "due_in_days": 10**400}], [{"title": "x", "status": "done"}], [{"title": "x", "status": 7}],
     [{"title": "x", "assignee": "robin"}], [{"title": "x", "assignee": {}}],
     [{"title": "x", "assignee": "00000000-0000-0000-0000-000000000007"}], ["fine", {}], ["x"] * 501],
)  # fmt: skip
def test_a_template_with_broken_tasks_makes_no_project(given_template, producer, directus_role, database, tasks):
    template = given_template(tasks)

    answer = producer.post("/v1/projects", {"key": "spring", "template_id": str(template)})

    assert (answer.status_code, code(answer)) == (422, "template_broken"), answer.text
    assert "Template " in answer.json["errors"][0]["message"]
    with refused("template_broken"):
        directus_role.run("insert into projects (title, template_id) values ('x', %s)", template)
    assert database.all("select from projects") == database.all("select from tasks") == []


def test_tasks_are_assigned_to_people(given, given_template, producer, database):
    robin = given.person("reviewer")
    template = given_template([{"title": "x", "assignee": str(robin.id), "schema_key": None, "due_in_days": None}])
    answer = producer.post("/v1/projects", {"key": "spring", "template_id": str(template)})
    (task,) = tasks_of(database, answer.json["data"]["id"])
    assert (task["assignee"], task["due_date"]) == (robin.id, None)
