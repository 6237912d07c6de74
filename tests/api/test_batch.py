"""Submitting many outputs in one request."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.given import code


@pytest.fixture
def project(given):
    return given.project("spring-brand")


def item(path: str = "brand.claim", value=None, **fields):
    return {"project_id": "spring-brand", "schema_key": path, "value": value, **fields}


def batch(person, *items, **fields):
    headers = fields.pop("headers", {})
    return person.post("/v1/artifacts/batch", {"artifacts": list(items), **fields}, headers=headers)


def test_outputs_are_kept_in_order_and_answered_in_order(project, producer):
    answer = batch(producer, item("b", 1), item("a", 2), item("b", 3))

    assert answer.status_code == 201, answer.text
    names = [(version["schema_key"], version["version_number"], version["value"]) for version in answer.json["data"]]
    assert names == [("b", 1, 1), ("a", 1, 2), ("b", 2, 3)]
    meta = answer.json["meta"]
    assert (meta["new"], meta["existing"], meta["refused"]) == (3, 0, 0)
    assert [(each["existing"], each["error"]) for each in meta["items"]] == [(False, None)] * 3


def test_what_exists_is_answered_with_its_version(given, project, producer, reviewer):
    old = producer.submit("spring-brand", "a", 1).json["data"]["id"]
    reviewer.decide("reject", old, reason="Too small.")

    answer = batch(producer, item("a", 1), item("b", 1), item("b", 1))

    assert [version["id"] == old for version in answer.json["data"]] == [True, False, False]
    assert answer.json["data"][1] == answer.json["data"][2]
    assert [(each["existing"], each["rejection_reason"]) for each in answer.json["meta"]["items"]] == [
        (True, "Too small."), (False, None), (True, None),
    ]  # fmt: skip
    assert batch(producer, item("a", 1)).status_code == 200


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (item("brand.claim.below", 1), "path_conflict"),
        (item("x", 1, project_id="nowhere"), "project_not_found"),
        (item("x", 1, file_ids=[str(uuid.UUID(int=7))]), "file_not_found"),
        (item("x", 1, source_task_id=str(uuid.UUID(int=7))), "task_not_found"),
    ],
)
def test_one_refusal_refuses_all_and_says_which(project, producer, database, bad, expected):
    with database.unchanged():
        answer = batch(producer, item("brand.claim", 1), bad, item("other", 2))

    assert (code(answer), answer.json["errors"][0]["extensions"]["index"]) == (expected, 1)


def test_with_partial_each_has_its_own_result(given, project, producer, database):
    task = given.task(project)

    answer = batch(
        producer,
        item("brand.claim", 1, source_task_id=str(task)),
        item("brand.claim.below", 1),
        item("no..path", 1),
        "no submission",
        item("other", 2, source_task_id=str(uuid.UUID(int=7))),
        item("last", 3),
        partial=True,
    )

    assert answer.status_code == 201, answer.text
    assert [version and version["schema_key"] for version in answer.json["data"]] == [
        "brand.claim", None, None, None, None, "last",
    ]  # fmt: skip
    errors = [each["error"] and each["error"]["extensions"]["code"] for each in answer.json["meta"]["items"]]
    assert errors == [None, "path_conflict", "schema_key_grammar", "invalid_value", "task_not_found", None]
    assert (answer.json["meta"]["new"], answer.json["meta"]["refused"]) == (2, 4)
    assert database.column("select schema_key from artifact_versions order by 1") == ["brand.claim", "last"]
    assert database.task(task)["status"] == "needs_review"


def test_with_partial_everything_may_be_refused(project, producer, database):
    with database.unchanged():
        answer = batch(producer, item("no..path", 1), partial=True)

    assert (answer.status_code, answer.json["data"], answer.json["meta"]["refused"]) == (200, [None], 1)


@pytest.mark.parametrize(
    "body",
    [
        {}, {"artifacts": []}, {"artifacts": [item(str(n)) for n in range(101)]}, {"artifacts": "a"},
        {"artifacts": [item()], "other": 1}, {"artifacts": [], "partial": True}, {"artifacts": [item()], "partial": 7},
        {"artifacts": [item(value="x", other=1)]}, [], {"artifacts": [[[[]]]]},
    ],
)  # fmt: skip
def test_a_batch_that_is_none_is_refused(project, producer, database, body):
    with database.unchanged():
        answer = producer.post("/v1/artifacts/batch", body)

    assert (answer.status_code, code(answer)) == (422, "invalid_value")


def test_the_place_of_a_wrong_field_is_named(project, producer):
    answer = batch(producer, item("a"), item("b", status="approved"))

    assert answer.json["errors"][0]["extensions"]["fields"][0]["field"] == "artifacts.1.status"


def test_one_key_covers_the_whole(project, producer, database):
    key = {"Idempotency-Key": "batch-1"}
    first = batch(producer, item("a", 1), item("a", 2), headers=key)

    again = batch(producer, item("a", 1), item("a", 2), headers=key)
    other = batch(producer, item("a", 1), headers=key)

    assert (again.status_code, again.data, again.headers["Idempotency-Replayed"]) == (201, first.data, "true")
    assert (other.status_code, code(other)) == (422, "idempotency_key_reused")
    assert database.value("select count(*) from artifact_versions") == 2


def test_a_whole_batch_may_be_a_hundred(project, producer):
    answer = batch(producer, *(item("a", number) for number in range(100)))

    assert [version["version_number"] for version in answer.json["data"]] == list(range(1, 101))


def test_a_batch_needs_the_right_to_produce(given, project):
    assert code(batch(given.person(None), item("a", 1))) == "forbidden"


def test_batches_that_name_projects_in_another_order_all_pass(given, producer, app, database):
    keys = [database.project(given.project())["key"] for _ in range(2)]

    def send(number: int):
        order = keys if number % 2 else keys[::-1]
        person = given.person("producer")
        person.client = app.test_client()
        return [batch(person, *({**item("a", [number, n]), "project_id": key} for key in order)) for n in range(5)]

    with ThreadPoolExecutor(4) as pool:
        answers = [answer for sent in pool.map(send, range(4)) for answer in sent]

    assert {answer.status_code for answer in answers} == {201}
    numbers = database.column("select version_number from artifact_versions order by project_id, version_number")
    assert numbers == [*range(1, 21), *range(1, 21)]


def test_what_a_rule_approves_in_a_batch_is_promoted(given, producer, database):
    rule = {"auto_approve": "$[?(@.score > 0.9)]"}
    project = given.project("ruled", template_id=given.template({"a": rule}))

    answer = batch(producer, *({**item("a", {"score": s}), "project_id": "ruled"} for s in (0.95, 0.1)))

    assert [version["status"] for version in answer.json["data"]] == ["approved", "pending"], answer.text
    assert database.context(project)["a"]["version"] == 1
