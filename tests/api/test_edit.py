"""Editing a version: what is changed becomes the next version of its path, the rest is kept."""

from __future__ import annotations

import uuid

import pytest
from psycopg.types.json import Jsonb

from tests.api.test_upload import directus, storage  # noqa: F401
from tests.given import code, multipart


@pytest.fixture
def project(given):
    return given.project()


def data(answer, status=201):
    assert answer.status_code == status, answer.text
    return answer.json["data"]


def relations(database, version):
    return [
        (row["relation_type"], row["to_version_id"])
        for row in database.all("select * from artifact_relations where from_version_id = %s", version)
    ]


def test_an_edited_value_is_the_next_version_with_the_files_and_tags_it_had(given, project, reviewer, database):
    files = (given.file(), given.file())
    task = given.task(project)
    base = given.version(
        project, "a", {"n": 1}, status="rejected", task=task, files=files, tags=Jsonb(["x"]), metadata=Jsonb({"m": 1}),
        artifact_type="image", source_url="https://cdn.test/1.png", execution_id=given.execution(task),
    )  # fmt: skip
    given.version(project, "a", {"n": 2})

    version = data(reviewer.post(f"/v1/artifacts/{base}/edit", {"value": {"n": 3}, "reason": "Softer."}))

    assert (version["version_number"], version["status"], version["value"]) == (3, "pending", {"n": 3})
    assert (version["parent_id"], version["user_created"]) == (str(base), str(reviewer.id))
    assert [file["id"] for file in version["files"]] == [str(file) for file in files]
    kept = ("tags", "metadata", "artifact_type", "source_url", "source_task_id")
    assert [version[name] for name in kept] == [["x"], {"m": 1}, "image", "https://cdn.test/1.png", str(task)]
    # No run has made it.
    assert version["execution_id"] is None
    assert relations(database, version["id"]) == [("edited_from", base)]
    (comment,) = database.approvals(version["id"])
    assert (comment["action"], comment["reason"]) == ("comment", "Softer.")
    assert database.task(task)["status"] == "needs_review"


def test_edited_files_keep_the_value(given, project, producer):
    base = given.version(project, "a", {"n": 1}, files=(given.file(),), artifact_type="image", source_url="https://x")
    file = given.file("application/pdf")
    version = data(producer.post(f"/v1/artifacts/{base}/edit", {"file_ids": [str(file)]}))
    assert (version["value"], [f["id"] for f in version["files"]]) == ({"n": 1}, [str(file)])
    assert (version["primary_file_id"], version["artifact_type"], version["source_url"]) == (
        str(file), "document", None,
    )  # fmt: skip
    assert data(producer.post(f"/v1/artifacts/{base}/edit", {"file_ids": []}))["files"] == []


def test_a_value_may_become_null(given, project, producer):
    base = given.version(project, "a", {"n": 1})
    assert data(producer.post(f"/v1/artifacts/{base}/edit", {"value": None}))["value"] is None


def test_an_edit_with_the_same_content_is_a_version_all_the_same(producer, project):
    base = data(producer.submit(project, "a", 1))
    assert data(producer.post(f"/v1/artifacts/{base['id']}/edit", {"value": 1}))["version_number"] == 2


def test_an_edit_that_is_approved_is_promoted_and_supersedes(given, project, reviewer, database):
    base = given.promoted(project, "a", {"n": 1}, task=given.task(project, status="done"))

    answer = reviewer.post(f"/v1/artifacts/{base}/edit", {"value": {"n": 2}, "approve": True, "reason": "Typo."})

    version = data(answer)
    assert (version["status"], version["approval_status"], version["lifecycle"]) == ("approved", "edited", "published")
    assert version["approved_by"] == str(reviewer.id)
    assert answer.json["meta"]["review"]["promotions"][0]["status"] == "promoted"
    assert database.status(base) == "superseded"
    context = database.context(project)["a"]
    assert (context["n"], context["artifact_version_id"]) == (2, version["id"])
    (approval,) = database.approvals(version["id"])
    assert (approval["action"], approval["reason"]) == ("approve", "Typo.")
    # Nothing waits for a person.
    assert database.task(version["source_task_id"])["status"] == "done"


def test_an_edit_may_be_approved_without_being_promoted(given, project, reviewer, database):
    base = given.promoted(project, "a", {"n": 1})
    version = data(reviewer.post(f"/v1/artifacts/{base}/edit", {"value": {"n": 2}, "approve": True, "promote": False}))
    assert (version["status"], version["promoted_at"]) == ("approved", None)
    assert database.context(project)["a"]["n"] == 1


def test_who_may_not_review_approves_no_edit_and_nothing_is_written(given, project, producer, database):
    base = given.version(project, "a")
    with database.unchanged():
        answer = producer.post(f"/v1/artifacts/{base}/edit", {"value": 2, "approve": True})
    assert (answer.status_code, code(answer)) == (403, "forbidden")


def test_an_edit_that_needs_more_votes_waits_with_its_task(given, reviewer, database):
    project = given.project(template_id=given.template({"a": {"approvals_required": 2}}))
    task = given.task(project)
    base = given.version(project, "a", task=task)
    answer = reviewer.post(f"/v1/artifacts/{base}/edit", {"value": 2, "approve": True})
    assert (data(answer)["status"], data(answer)["approval_status"]) == ("pending", "pending")
    assert answer.json["meta"]["review"]["decisions"][0]["votes"] == {"given": 1, "required": 2}
    assert database.task(task)["status"] == "needs_review"


def test_ones_own_edit_is_not_approved_where_the_template_says_so(given, reviewer, database):
    project = given.project(template_id=given.template({"a": {"producer_may_approve": False}}))
    base = given.version(project, "a")
    with database.unchanged():
        answer = reviewer.post(f"/v1/artifacts/{base}/edit", {"value": 2, "approve": True})
    assert (answer.status_code, code(answer)) == (403, "own_work")


@pytest.mark.parametrize(
    "body",
    [
        {}, {"reason": "x"}, {"approve": True}, {"value": 1, "id": "x"}, {"file_ids": ["x"]}, {"file_ids": None},
        {"value": "\x00"}, {"tags": [""]}, {"tags": ["x"] * 51}, {"value": 1, "approve": "perhaps"}, [], None,
        {"metadata": [1]}, {"value": 1, "promote": "later"}, {"value": 1, "reason": "\ud800"},
    ],
)  # fmt: skip
def test_an_edit_that_cannot_be_read_or_changes_nothing_is_refused(given, project, reviewer, database, body):
    base = given.version(project, "a")
    with database.unchanged():
        answer = reviewer.post(f"/v1/artifacts/{base}/edit", body)
    assert answer.status_code in (400, 422), answer.text


def test_what_is_not_there_is_not_edited(given, project, producer):
    answer = producer.post(f"/v1/artifacts/{uuid.uuid4()}/edit", {"value": 1})
    assert (answer.status_code, code(answer)) == (404, "artifact_not_found")
    assert producer.post("/v1/artifacts/x/edit", {"value": 1}).status_code == 422
    base = given.version(project, "a")
    answer = producer.post(f"/v1/artifacts/{base}/edit", {"file_ids": [str(uuid.uuid4())]})
    assert code(answer) == "file_not_found"


def test_a_repeated_edit_under_a_key_is_one(given, project, producer, database):
    base = given.version(project, "a")
    key = {"Idempotency-Key": "edit-1"}
    first = producer.post(f"/v1/artifacts/{base}/edit", {"value": 2}, headers=key)
    again = producer.post(f"/v1/artifacts/{base}/edit", {"value": 2}, headers=key)
    assert (first.json, first.status_code) == (again.json, again.status_code)
    assert database.value("select count(*) from artifact_versions") == 2


# Under a lock


def test_on_a_locked_path_the_owner_and_reviewers_edit_others_are_told(given, project, producer, reviewer, database):
    base = given.version(project, "a")
    assert producer.call("PUT", f"/v1/projects/{project}/locks/a", json={}).status_code == 200
    with database.unchanged():
        answer = given.person("producer").post(f"/v1/artifacts/{base}/edit", {"value": 1})
    assert (answer.status_code, code(answer)) == (423, "path_locked")
    data(producer.post(f"/v1/artifacts/{base}/edit", {"value": 2}))
    data(reviewer.post(f"/v1/artifacts/{base}/edit", {"value": 3, "approve": True}))


# With files


@pytest.mark.parametrize("field", ["files", "file"])
def test_uploaded_files_replace_the_old_ones(given, storage, reviewer, database, field):  # noqa: F811
    base = given.version(given.project(), "a", {"n": 1}, files=(given.file(),))
    body = multipart({"approve": b"true", "reason": b"Sharper."}, [(field, "logo.png", b"\x89PNG\r\n\x1a\n sharper")])

    version = data(reviewer.post(f"/v1/artifacts/{base}/edit", **body))

    assert (version["status"], version["value"], len(version["files"])) == ("approved", {"n": 1}, 1)
    assert version["files"][0]["id"] != str(database.version(base)["primary_file_id"])
    assert storage.deleted == []


def test_a_refused_edit_stores_no_file(given, storage, producer, database):  # noqa: F811
    base = given.version(given.project(), "a", {"n": 1})
    body = multipart({"approve": b"true"}, [("files", "logo.png", b"\x89PNG\r\n\x1a\n")])
    with database.unchanged():
        answer = producer.post(f"/v1/artifacts/{base}/edit", **body)
    assert (answer.status_code, code(answer), storage.bodies) == (403, "forbidden", [])
    body = multipart({"value": b"{"}, [("files", "logo.png", b"\x89PNG\r\n\x1a\n")])
    assert code(producer.post(f"/v1/artifacts/{base}/edit", **body)) == "value_not_json"
    assert storage.bodies == []
