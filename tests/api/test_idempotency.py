"""Idempotency-Key: the same request again has one effect and one answer. Without one, what is repeated is found."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import responses
from psycopg import errors as pg
from werkzeug.test import TestResponse

from sidecar.app import create_app
from sidecar.database import Database
from sidecar.edge import WRITING
from sidecar.errors import CODES, Refusal
from sidecar.idempotency.claim import Attempt, Saved, claim, finish
from sidecar.idempotency.expire import expire
from sidecar.idempotency.key import LONGEST, fingerprint, parse_key
from sidecar.projects import find
from sidecar.worker.jobs import create_worker
from tests.api.test_upload import FIT, Storage
from tests.given import code, multipart

KEY = {"Idempotency-Key": "abc"}
KEPT = "select caller, method, route, key, status from sidecar.idempotency_keys"


@pytest.fixture
def project(given):
    return given.project("spring-brand")


@pytest.fixture
def submit(producer, project) -> Callable[..., TestResponse]:
    """Ask for a new version, under the key "abc" if nothing else is said."""

    def call(value=1, person=producer, headers=KEY, **fields):
        body = {"project_id": "spring-brand", "schema_key": "brand.logo", "value": value, "deduplicate": False}
        return person.post("/v1/artifacts", {**body, **fields}, headers=headers)

    return call


@pytest.fixture
def versions(database) -> Callable[[], int]:
    return lambda: database.value("select count(*) from artifact_versions")


@pytest.fixture
def forgotten_in(database) -> Callable[[int], None]:
    """`forgotten_in(hours)`: make every key that much older."""
    statement = "update sidecar.idempotency_keys set created_at = created_at - make_interval(hours => %s)"
    return lambda hours: database.run(statement, hours)


@pytest.fixture
def pool(settings):
    database = Database(settings.database_url.get_secret_value(), largest=4)
    database.open()
    yield database
    database.close()


def assert_replayed(answer: TestResponse, first: TestResponse) -> None:
    """The same status, bytes and headers, marked as a repetition."""
    assert answer.headers.get("Idempotency-Replayed") == "true", answer.text
    assert "Idempotency-Replayed" not in first.headers
    assert (answer.status_code, answer.data) == (first.status_code, first.data)
    for name in ("ETag", "Location", "Content-Type", "X-Content-Type-Options"):
        assert answer.headers.get(name) == first.headers.get(name)


# The answer again


def test_a_repeated_submission_makes_one_version_and_answers_the_same_bytes(submit, versions, database):
    first = submit(headers={**KEY, "X-Request-Id": "one"})

    with database.unchanged():
        again = submit(headers={**KEY, "X-Request-Id": "two"})

    assert first.status_code == 201
    assert first.headers["Location"]
    assert_replayed(again, first)
    assert again.headers["X-Request-Id"] == "two"
    assert versions() == 1


def test_without_a_key_the_same_submission_makes_two(submit, versions, database):
    submit(headers={})
    submit(headers={})

    assert versions() == 2
    assert database.all(KEPT) == []


# One request for every writing operation, by its address (and method, if it is not POST). {pending}, {draft},
# {approved}, {promoted} are versions, {run} and {step} are running, {failed} is a step.
# {transfer} waits, {unsent} failed; so did {delivery}, to {webhook}.
WRITES = [
    ("/v1/artifacts", {"project_id": "spring-brand", "schema_key": "new", "value": 1, "deduplicate": False}),
    ("/v1/artifacts/batch", {"artifacts": [{"project_id": "spring-brand", "schema_key": "new", "deduplicate": False}]}),
    ("/v1/reviews", {"artifact_version_ids": ["{pending}"], "action": "comment", "reason": "Louder."}),
    ("/v1/artifacts/{pending}/approve", {}),
    ("/v1/artifacts/{pending}/reject", {"reason": "Too loud."}),
    ("/v1/artifacts/{pending}/request-changes", {"reason": "Louder."}),
    ("/v1/artifacts/{pending}/comment", {"reason": "Louder."}),
    ("/v1/artifacts/{draft}/submit", {}),
    ("/v1/artifacts/{promoted}/withdraw", {}),
    ("/v1/artifacts/{pending}/archive", {}),
    ("/v1/artifacts/{pending}/approvals", {"action": "comment", "reason": "Louder."}),
    ("/v1/promotions", {"artifact_version_ids": ["{approved}"]}),
    ("/v1/promotions", {"artifact_version_ids": ["{approved}"], "dry_run": True}),
    ("/v1/projects", {"key": "autumn"}),
    ("/v1/projects/spring-brand/context/revert", {"to_version": 0}),
    ("/v1/projects/spring-brand/context/rebuild", {}),
    ("/v1/artifacts/{promoted}/edit", {"value": 7}),
    ("/v1/artifacts/{promoted}/restore", {}),
    ("/v1/artifacts/{promoted}/use", {"project_id": "spring-brand", "schema_key": "elsewhere"}),
    ("PATCH /v1/artifacts/{promoted}", {"tags": ["calm"]}),
    ("/v1/artifacts/{promoted}/relations", {"to_version_id": "{approved}"}),
    ("/v1/retention", {"project_id": "spring-brand"}),
    ("/v1/artifacts/{promoted}/erase", {"reason": "Request 17.", "confirm": True}),
    ("PUT /v1/projects/spring-brand/locks", {"reason": "The plan is final."}),
    ("PUT /v1/projects/spring-brand/locks/{any}", {"reason": "The plan is final."}),
    ("DELETE /v1/projects/spring-brand/locks/{any}", {}),
    ("/v1/executions", {"project_id": "spring-brand", "name": "night run"}),
    ("PATCH /v1/executions/{run}", {"status": "completed"}),
    ("/v1/executions/{run}/artifacts", {"artifact_version_id": "{pending}"}),
    ("/v1/executions/{run}/steps", {"step_name": "plan"}),
    ("/v1/executions/{run}/resume", {"steps": [{"step_name": "plan"}]}),
    ("/v1/steps", {"project_id": "spring-brand", "step_name": "plan"}),
    ("PATCH /v1/steps/{step}", {"status": "completed"}),
    ("/v1/steps/{failed}/retry", {}),
    ("/v1/steps/{step}/collect", {"server": "gpu", "project_id": "spring-brand", "outputs": []}),
    ("/v1/transfers", {"artifact_version_id": "{approved}", "target_server": "gpu"}),
    ("PATCH /v1/transfers/{transfer}", {"status": "uploading"}),
    ("/v1/transfers/{unsent}/retry", {}),
    ("/v1/artifacts/{pending}/links", {"guest_name": "Ada"}),
    ("/v1/tasks/{task}/links", {"guest_name": "Ada"}),
    ("DELETE /v1/links/{link}", {}),
    ("/v1/shared/{token}", {"form_token": "{form}", "artifact_version_id": "{pending}", "action": "approve"}),
    ("/v1/webhooks", {"url": "https://n8n.example.com/webhook/artifacts"}),
    ("PATCH /v1/webhooks/{webhook}", {"active": False}),
    ("/v1/webhooks/{webhook}/secret", {}),
    ("/v1/webhooks/{webhook}/test", {}),
    ("/v1/webhooks/{webhook}/replay", {}),
    ("/v1/deliveries/{delivery}/replay", {}),
]


@pytest.mark.parametrize(("path", "body"), WRITES, ids=lambda part: part if isinstance(part, str) else "")
def test_every_operation_answers_a_repeated_request_as_the_first_time(given, project, database, path, body):
    ids = {
        "pending": given.version(project, "a"),
        "draft": given.version(project, "b", status="intermediate"),
        "approved": given.approved(project, "c", files=(given.file(),)),
        "promoted": given.promoted(project, "d"),
        "run": given.execution(),
        "any": "new.path",
    }
    ids["step"], ids["failed"] = given.step(ids["run"], step_name="a"), given.step(ids["run"], "failed", step_name="b")
    ids["transfer"] = given.transfer(ids["promoted"])
    ids["unsent"] = given.transfer(ids["promoted"], "failed")
    ids["task"] = given.task(project)
    given.version(project, "e", task=ids["task"])
    ids["webhook"], ids["delivery"] = given.failed_delivery()
    admin = given.person("admin")
    invited = {"guest_name": "Ada", "may": ["decide"]}
    link = admin.post(f"/v1/artifacts/{ids['pending']}/links", invited).json["data"]
    ids["link"], ids["token"] = link["id"], link["url"].rpartition("/")[2]
    ids["form"] = admin.get(f"/v1/shared/{ids['token']}").json["data"]["form_token"]
    for name, one in ids.items():
        path = path.replace(f"{{{name}}}", str(one))
        body = json.loads(json.dumps(body).replace(f"{{{name}}}", str(one)))
    method, _, address = path.rpartition(" ")
    first = admin.call(method or "POST", address, json=body, headers=KEY)

    with database.unchanged():
        again = admin.call(method or "POST", address, json=body, headers=KEY)

    assert first.status_code in (200, 201, 202), first.text
    assert_replayed(again, first)


def test_every_writing_address_has_its_request_above(app):
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/v1/")]
    writing = {re.sub(r"<[\w:]+>", "id", rule.rule) for rule in rules if rule.methods & WRITING}

    missing = writing - {re.sub(r"\{\w+\}|spring-brand", "id", path).rpartition(" ")[2] for path, _ in WRITES}
    assert not missing, "add a request to WRITES"


def test_every_writing_address_keeps_the_refusal_of_a_broken_body(given, app):
    admin = given.person("admin")
    # A review link that is none is refused before its body is looked at.
    rules = [rule for rule in app.url_map.iter_rules() if re.match("/v1/(?!shared/)", rule.rule)]

    for rule in rules:
        for method in rule.methods & {"POST", "PUT", "PATCH"}:
            path = re.sub(r"<[\w:]+>", str(uuid4()), rule.rule)
            first, again = (
                admin.call(method, path, data="{", content_type="application/json", headers=KEY) for _ in range(2)
            )
            assert code(first) == "invalid_json", path
            assert_replayed(again, first)


def test_no_view_answers_past_the_edge():
    """A view that encodes what it ran by itself would run twice under one key."""
    for module in (Path(__file__).parents[2] / "sidecar").glob("*/http.py"):
        assert not re.search(r"\bencode\b|\bcaller\(\)", module.read_text()), module


def test_a_key_on_a_get_is_not_looked_at(producer, project, database):
    for headers in (KEY, {"Idempotency-Key": ""}):
        assert producer.get("/v1/projects/spring-brand", headers=headers).status_code == 200
    assert database.all(KEPT) == []


# What a key is, and whose


def test_a_quoted_key_and_a_bare_one_are_the_same(submit, versions, database):
    first = submit(headers={"Idempotency-Key": '"abc"'})

    assert_replayed(submit(headers={"Idempotency-Key": " abc "}), first)
    assert database.column("select key from sidecar.idempotency_keys") == ["abc"]


@pytest.mark.parametrize(
    ("header", "key"),
    [("abc", "abc"), ('"abc"', "abc"), (r'"a\"b\\c"', r'a"b\c'), ('a"b', 'a"b'), ("a b/7", "a b/7"), ('" "a', None),
     ("x" * LONGEST, "x" * LONGEST), (f'"{"x" * LONGEST}"', "x" * LONGEST), ("x" * (LONGEST + 1), None), ("", None),
     (" ", None), ('""', None), ('" "', None), ('"', None), ('"abc', None), ('"a"b"', None), (r'"a\b"', None),
     ("a\x00", None), ("a\x1f", None), ("a\x7f", None), ("\xe9", None), ('"\t"', None)],
)  # fmt: skip
def test_keys_are_read(header, key):
    if key is None:
        with pytest.raises(Refusal, match="idempotency_key_invalid"):
            parse_key(header)
    else:
        assert parse_key(header) == key


@pytest.mark.parametrize("header", ["", '""', "x" * (LONGEST + 1), "a\x01b", "\xe9"])
def test_a_key_that_is_none_is_refused_and_nothing_is_done(submit, versions, header):
    answer = submit(headers={"Idempotency-Key": header})

    assert (answer.status_code, code(answer)) == (400, "idempotency_key_invalid")
    assert versions() == 0


def test_another_caller_has_keys_of_its_own(given, submit, versions):
    first = submit(person=given.token("producer"))
    other = submit(person=given.token("producer"))

    assert [first.status_code, other.status_code] == [201, 201]
    assert first.json["data"]["id"] != other.json["data"]["id"]
    assert versions() == 2


def test_a_person_has_one_set_of_keys_however_they_call(given, producer, submit, versions):
    first = submit()

    assert_replayed(submit(person=given.token("admin", actor=producer.id)), first)
    assert versions() == 1


def test_another_operation_has_keys_of_its_own(given, project, reviewer, database):
    version = given.version(project)

    first = reviewer.post(f"/v1/artifacts/{version}/request-changes", {"reason": "Louder."}, headers=KEY)
    second = reviewer.post(f"/v1/artifacts/{version}/reject", {"reason": "Louder."}, headers=KEY)

    assert [first.status_code, second.status_code] == [200, 200]
    assert database.actions(version) == ["reject", "request_changes"]
    assert {row["route"] for row in database.all(KEPT)} == {
        "/v1/artifacts/<id>/request-changes", "/v1/artifacts/<id>/reject",
    }  # fmt: skip


@pytest.mark.parametrize("part", ["caller", "method", "route", "key"])
def test_the_scope_is_caller_method_route_and_key(pool, part):
    scope = {"caller": "user:1", "method": "POST", "route": "/v1/x", "key": "abc"}
    with pool.transaction() as connection:
        first = Attempt(**scope, request_id="one", hours=24)
        assert claim(connection, first) is None
        finish(connection, first, Saved(200, {"ETag": '"1"'}, b"{}"))

    with pool.transaction() as connection:
        assert claim(connection, Attempt(**scope, request_id="two", hours=24)) == Saved(200, {"ETag": '"1"'}, b"{}")
        assert claim(connection, Attempt(**{**scope, part: "other"}, request_id="three", hours=24)) is None


# Another request under the same key


def test_another_payload_under_the_same_key_is_refused(submit, versions, database):
    submit(1)

    with database.unchanged():
        answer = submit(2)

    assert (answer.status_code, code(answer)) == (422, "idempotency_key_reused")
    assert "Idempotency-Replayed" not in answer.headers
    assert submit(1).headers["Idempotency-Replayed"] == "true"
    assert versions() == 1


def test_another_id_query_or_media_type_is_another_request(given, project, reviewer, database):
    one, two = given.version(project, "a"), given.version(project, "b")
    body = {"reason": "Louder."}
    reviewer.post(f"/v1/artifacts/{one}/request-changes", body, headers=KEY)

    for path in (f"/v1/artifacts/{two}/request-changes", f"/v1/artifacts/{one}/request-changes?a=1"):
        assert code(reviewer.post(path, body, headers=KEY)) == "idempotency_key_reused"
    answer = reviewer.post(f"/v1/artifacts/{one}/request-changes", data="{}", content_type="text/plain", headers=KEY)
    assert code(answer) == "idempotency_key_reused"
    assert database.approvals(two) == []


def test_a_broken_body_under_a_used_key_is_refused_as_another(producer, submit):
    submit()

    answer = producer.post("/v1/artifacts", data="{", content_type="application/json", headers=KEY)

    assert (answer.status_code, code(answer)) == (422, "idempotency_key_reused")


def test_parts_of_a_payload_do_not_run_into_each_other():
    assert len({fingerprint(b"ab", b"c"), fingerprint(b"a", b"bc"), fingerprint(b"abc"), fingerprint(b"abc", b"")}) == 4


# Before everything but the caller


def test_the_answer_comes_before_a_stale_if_match(given, project, producer, database):
    version = given.approved(project)
    headers = {**KEY, "If-Match": '"0"'}
    first = producer.promote(artifact_version_ids=[version], headers=headers)
    given.promoted(project, "other")

    with database.unchanged():
        again = producer.promote(artifact_version_ids=[version], headers=headers)
        other = producer.promote(artifact_version_ids=[version], headers={**KEY, "If-Match": "nonsense"})

    assert first.headers["ETag"] == '"1"'
    assert_replayed(again, first)
    assert_replayed(other, first)
    assert database.project(project)["context_version"] == 2


def test_the_answer_comes_whatever_was_decided_since(given, project, producer, reviewer, submit, database):
    first = submit()
    reviewer.decide("reject", first.json["data"]["id"], reason="No.")

    with database.unchanged():
        assert_replayed(submit(), first)


def test_who_may_no_longer_do_it_gets_no_answer(submit, producer, database):
    submit()

    database.run('delete from directus_access where "user" = %s', producer.id)
    assert code(submit()) == "forbidden"
    database.run("update directus_users set status = 'suspended' where id = %s", producer.id)
    assert code(submit()) == "token_invalid"


# If-Match, by itself


def test_if_match_quoted_bare_and_in_the_body_names_the_context_version(given, project, producer, database):
    for number, said in enumerate([{"headers": {"If-Match": '"0"'}}, {"headers": {"If-Match": "1"}}, {"if_match": 2}]):
        version = given.approved(project, f"path_{number}")
        answer = producer.promote(artifact_version_ids=[version], **said)
        assert answer.json["data"]["context_version"] == number + 1

    version = given.approved(project, "last")
    with database.unchanged():
        stale = producer.promote(artifact_version_ids=[version], headers={"If-Match": '"2"'})
        broken = producer.promote(artifact_version_ids=[version], headers={"If-Match": '"two"'})
    assert (stale.status_code, code(stale), stale.headers["ETag"]) == (409, "context_version_conflict", '"3"')
    assert stale.json["errors"][0]["extensions"]["context_version"] == 3
    assert (broken.status_code, code(broken)) == (400, "if_match_invalid")
    assert producer.promote(artifact_version_ids=[version]).json["data"]["context_version"] == 4


def test_a_reader_who_has_the_context_is_told_so(given, project, producer):
    given.promoted(project)
    answer = producer.get("/v1/projects/spring-brand/context")

    again = producer.get("/v1/projects/spring-brand/context", headers={"If-None-Match": answer.headers["ETag"]})

    assert (answer.headers["ETag"], again.status_code, again.data) == ('"1"', 304, b"")


# Which refusals are kept


@pytest.mark.parametrize(
    ("arguments", "status", "expected"),
    [
        ({"data": "{", "content_type": "application/json"}, 400, "invalid_json"),
        ({"json": {"project_id": "x\x00"}}, 400, "invalid_text"),
        ({"data": "a", "content_type": "text/plain"}, 415, "unsupported_media_type"),
        ({"json": {"project_id": "spring-brand", "schema_key": "a..b"}}, 422, "schema_key_grammar"),
        ({"json": {"project_id": "spring-brand", "schema_key": "a", "value": "x" * 3_000_000}}, 413, "body_too_large"),
    ],
)
def test_a_refusal_that_depends_on_the_request_alone_is_kept(
    producer, submit, database, arguments, status, expected
):  # fmt: skip
    first, again = (producer.call("POST", "/v1/artifacts", headers=KEY, **arguments) for _ in range(2))

    assert (first.status_code, code(first)) == (status, expected)
    assert_replayed(again, first)
    assert [row["status"] for row in database.all(KEPT)] == [status]
    assert code(submit()) == "idempotency_key_reused"


def test_a_refusal_found_by_the_operation_is_kept_too(given, project, reviewer, database):
    version = str(given.version(project))
    body = {"artifact_version_ids": [version, version], "action": "approve"}

    first, again = (reviewer.post("/v1/reviews", body, headers=KEY) for _ in range(2))

    assert (first.status_code, code(first)) == (422, "decision_repeated")
    assert_replayed(again, first)
    assert database.status(version) == "pending"


def test_what_was_forbidden_or_missing_or_in_the_way_runs_again(given, submit, producer, reviewer, database):
    forbidden = submit(person=given.person(None))
    missing = producer.post("/v1/artifacts", {"project_id": "autumn", "schema_key": "a"}, headers=KEY)
    version = given.version(given.project("autumn"))
    given.approved(database.version(version)["project_id"], "b")
    decided = reviewer.post(f"/v1/artifacts/{version}/approve", {}, headers=KEY)
    conflict = reviewer.post(f"/v1/artifacts/{version}/reject", {}, headers=KEY)

    assert [a.status_code for a in (forbidden, missing, decided, conflict)] == [403, 404, 200, 409]
    assert [(row["route"], row["status"]) for row in database.all(KEPT)] == [("/v1/artifacts/<id>/approve", 200)]
    now = producer.post("/v1/artifacts", {"project_id": "autumn", "schema_key": "a"}, headers=KEY)
    assert now.status_code == 201


def test_a_stale_promotion_under_a_key_runs_again(given, project, producer):
    version = given.approved(project)
    stale = producer.promote(artifact_version_ids=[version], headers={**KEY, "If-Match": '"7"'})

    now = producer.promote(artifact_version_ids=[version], headers={**KEY, "If-Match": '"0"'})

    assert (stale.status_code, now.status_code, now.json["data"]["status"]) == (409, 200, "promoted")


def test_an_invalid_if_match_under_a_key_may_be_corrected(given, project, producer):
    version = given.approved(project)

    for header, status in (("two", 400), ("two", 400), ('"0"', 200)):
        answer = producer.promote(artifact_version_ids=[version], headers={**KEY, "If-Match": header})
        assert (answer.status_code, answer.headers.get("Idempotency-Replayed")) == (status, None)


def test_a_file_that_was_not_there_may_be_there_later(given, submit):
    file = uuid4()
    assert code(submit(file_ids=[str(file)])) == "file_not_found"

    given._insert("directus_files", id=file, storage="local", filename_download="a.png", type="image/png")

    assert submit(file_ids=[str(file)]).status_code == 201


def test_a_bug_is_not_kept(submit, versions, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("sidecar.artifacts.http.submit", lambda *_: 1 / 0)
        assert submit().status_code == 500

    answer = submit()

    assert (answer.status_code, answer.headers.get("Idempotency-Replayed")) == (201, None)
    assert versions() == 1


def test_only_refusals_about_the_request_itself_are_final():
    final = {name for name in CODES if Refusal(name).final}

    assert {CODES[name].status for name in final} == {400, 413, 415, 422}
    assert not final & {"file_not_found", "reference_not_found", "idempotency_key_reused", "if_match_invalid"}
    assert {"invalid_json", "invalid_value", "schema_key_grammar", "body_too_large"} <= final


# At the same moment


@contextmanager
def held(connect, project, mode="for no key update"):
    """The project, locked by somebody else."""
    with connect("admin").connection.transaction() as transaction:
        transaction.connection.execute(f"select from projects where id = %s {mode}", [project])
        yield


def wait_until_blocked(database, number: int) -> None:
    blocked = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    while database.value(blocked) < number:
        pass


@pytest.fixture
def another_process(settings):
    """A client of a second sidecar on the same database."""
    app = create_app(settings)
    yield app.test_client()
    app.extensions["artifacts"].database.close()


def test_two_at_once_in_two_processes_have_one_effect_and_one_answer(
    given, project, reviewer, another_process, connect, database
):
    version, start = given.version(project), threading.Barrier(2)

    def approve(client) -> TestResponse:
        headers = {"Authorization": f"Bearer {reviewer.token}", **KEY}
        start.wait()
        return client.post(f"/v1/artifacts/{version}/approve", json={}, headers=headers)

    with ThreadPoolExecutor(2) as pool:
        with held(connect, project):
            futures = [pool.submit(approve, client) for client in (reviewer.client, another_process)]
            wait_until_blocked(database, 2)  # the one on the project, the other on the one's key
        answers = sorted((f.result() for f in futures), key=lambda answer: "Idempotency-Replayed" in answer.headers)

    assert_replayed(answers[1], answers[0])
    assert answers[0].json["data"]["decisions"][0]["repeated"] is False
    assert database.actions(version) == ["approve"]
    assert len(database.promotions(project)) == 1


def test_two_different_payloads_at_once_have_one_effect(given, project, producer, connect, database):
    one, two = given.approved(project, "a"), given.approved(project, "b")

    with ThreadPoolExecutor(2) as pool:
        with held(connect, project):
            first = pool.submit(producer.promote, artifact_version_ids=[one], headers=KEY)
            wait_until_blocked(database, 1)
            second = pool.submit(producer.promote, artifact_version_ids=[two], headers=KEY)
            wait_until_blocked(database, 2)
        assert first.result().status_code == 200

    assert code(second.result()) == "idempotency_key_reused"
    assert database.version(two)["promoted_at"] is None


def test_when_the_original_is_rolled_back_the_second_runs(given, project, producer, connect, database):
    version = given.approved(project)
    hurried = {**KEY, "X-Artifacts-In-Transaction": "1"}  # gives up after 500 ms

    with ThreadPoolExecutor(2) as pool:
        with held(connect, project):
            first = pool.submit(producer.promote, artifact_version_ids=[version], headers=hurried)
            wait_until_blocked(database, 1)
            second = pool.submit(producer.promote, artifact_version_ids=[version], headers=KEY)
            assert code(first.result()) == "registry_busy"
        answer = second.result()

    assert (answer.status_code, answer.headers.get("Idempotency-Replayed")) == (200, None)
    assert answer.json["data"]["status"] == "promoted"
    assert len(database.promotions(project)) == 1


@contextmanager
def running(pool: Database, producer, route: str):
    """An original under the key "abc" that does not come to its end. Set to rolled back afterwards."""
    with pool.transaction() as connection:
        original = Attempt(f"user:{producer.id}", "POST", route, "abc", "original", 24)
        assert claim(connection, original) is None
        yield
        raise psycopg.Rollback


def test_while_the_original_is_slow_the_second_is_told_to_come_back(submit, producer, pool, versions, database):
    with running(pool, producer, "/v1/artifacts"):
        answer = submit(headers={**KEY, "X-Artifacts-In-Transaction": "1"})
        assert (answer.status_code, code(answer)) == (409, "idempotency_key_in_use")
        assert answer.headers["Retry-After"] == "1"

        refused = submit(headers={**KEY, "X-Artifacts-In-Transaction": "1"}, schema_key="a..b")
        assert (refused.status_code, code(refused)) == (409, "idempotency_key_in_use")

    assert versions() == 0
    assert submit().status_code == 201


def test_the_wait_for_a_slow_original_is_the_roles_lock_timeout(submit, producer, pool, sidecar_role):
    assert sidecar_role.value("show lock_timeout") == "2s"

    with running(pool, producer, "/v1/artifacts"):
        assert code(submit()) == "idempotency_key_in_use"


def test_another_key_does_not_wait(submit, producer, pool):
    with running(pool, producer, "/v1/artifacts"):
        assert submit(headers={"Idempotency-Key": "other"}).status_code == 201


def test_a_deadlock_within_keeps_one_effect_and_one_answer(producer, database, monkeypatch):
    tries, create_or_find = [], find.create_or_find

    def unlucky(*arguments):
        tries.append(create_or_find(*arguments))
        if len(tries) == 1:
            raise pg.DeadlockDetected
        return tries[-1]

    monkeypatch.setattr(find, "create_or_find", unlucky)
    first, again = (producer.post("/v1/projects", {"key": "autumn"}, headers=KEY) for _ in range(2))

    assert first.status_code == 201
    assert_replayed(again, first)
    assert len(tries) == 2
    assert database.value("select count(*) from projects") == 1
    assert [row["status"] for row in database.all(KEPT)] == [201]


def test_a_key_costs_two_statements_and_none_without(producer, project, monkeypatch):
    executed, execute = [], psycopg.Connection.execute

    def counted(self, query, *arguments, **named):
        executed.append(query)
        return execute(self, query, *arguments, **named)

    monkeypatch.setattr(psycopg.Connection, "execute", counted)
    numbers = []
    for headers in ({}, KEY, {}):
        executed.clear()
        assert producer.post("/v1/projects", {"key": "spring-brand"}, headers=headers).status_code == 200
        numbers.append((len(executed), sum("idempotency_keys" in str(query) for query in executed)))

    plain = numbers[0][0]
    assert numbers == [(plain, 0), (plain + 2, 2), (plain, 0)]


# Files


@pytest.fixture
def directus():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def storage(directus, given, database, project):
    return Storage(directus, given, database)


FORM = {**FIT, "value": b'{"a": 1}', "deduplicate": b"false"}
FILES = [("files", "front.png", b"PNG front"), ("files", "back.png", b"PNG back")]


def with_boundary(boundary: bytes, body: dict) -> dict:
    return {
        "data": body["data"].replace(b"frontier", boundary),
        "content_type": body["content_type"].replace("frontier", boundary.decode()),
    }


def test_an_upload_sent_again_with_another_boundary_stores_no_file_twice(producer, storage, versions, database):
    first = producer.post("/v1/artifacts", **multipart(FORM, FILES), headers=KEY)

    with database.unchanged():
        again = producer.post("/v1/artifacts", **with_boundary(b"edge", multipart(FORM, FILES)), headers=KEY)
        turned = dict(reversed(FORM.items()))
        third = producer.post("/v1/artifacts", **multipart(turned, FILES), headers=KEY)

    assert first.status_code == 201, first.text
    assert_replayed(again, first)
    assert_replayed(third, first)
    assert (len(storage.bodies), storage.deleted, versions()) == (2, [], 1)


@pytest.mark.parametrize(
    ("form", "files"),
    [
        ({**FORM, "value": b'{"a": 2}'}, FILES),
        (FORM, [("files", "front.png", b"PNG other"), FILES[1]]),
        (FORM, FILES[::-1]),
        (FORM, FILES[:1]),
        ({**FORM, "files": b"PNG front"}, FILES[1:]),
    ],
)
def test_other_fields_or_other_bytes_are_another_upload(producer, storage, versions, form, files):
    producer.post("/v1/artifacts", **multipart(FORM, FILES), headers=KEY)

    answer = producer.post("/v1/artifacts", **multipart(form, files), headers=KEY)

    assert (answer.status_code, code(answer)) == (422, "idempotency_key_reused")
    assert (len(storage.bodies), versions()) == (2, 1)


def test_a_refused_upload_is_kept_and_stores_nothing(producer, storage, database):
    broken = multipart({**FORM, "value": b"{"}, FILES)

    first, again = (producer.post("/v1/artifacts", **broken, headers=KEY) for _ in range(2))

    assert (first.status_code, code(first)) == (400, "value_not_json")
    assert_replayed(again, first)
    assert storage.bodies == []


def test_an_upload_that_broke_on_its_way_may_be_sent_again(producer, storage):
    whole = multipart(FORM, FILES)
    cut = {**whole, "data": whole["data"][:100]}

    broken = producer.post("/v1/artifacts", **cut, headers=KEY)
    answer = producer.post("/v1/artifacts", **whole, headers=KEY)

    assert (broken.status_code, code(broken)) == (400, "bad_request")
    assert (answer.status_code, answer.headers.get("Idempotency-Replayed")) == (201, None)


def test_an_upload_that_is_too_large_is_refused_the_same_way_again(given, settings, storage):
    person = given.person("producer")
    app = create_app(settings.model_copy(update={"upload_limit": 4096}))
    with closing(app.extensions["artifacts"].database):
        person.client = app.test_client()
        large = multipart(FORM, [("files", "a.png", b"x" * 5000)])
        first = person.post("/v1/artifacts", **large, headers=KEY)
        again = person.post("/v1/artifacts", **with_boundary(b"edge", large), headers=KEY)

    assert (first.status_code, code(first)) == (413, "upload_too_large")
    assert_replayed(again, first)


def test_what_fails_after_the_upload_takes_its_files_away_and_may_be_sent_again(
    producer, storage, versions, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr("sidecar.artifacts.http.submit", lambda *_: 1 / 0)
        assert producer.post("/v1/artifacts", **multipart(FORM, FILES), headers=KEY).status_code == 500
    assert (len(storage.bodies), len(storage.deleted)) == (2, 2)

    answer = producer.post("/v1/artifacts", **multipart(FORM, FILES), headers=KEY)

    assert (answer.status_code, versions(), len(storage.deleted)) == (201, 1, 2)


def test_of_two_uploads_at_once_the_files_of_one_stay(given, project, producer, storage, connect, database, versions):
    numbers = "select pg_advisory_xact_lock(hashtextextended('artifacts/number/' || %s::uuid::text, 0))"

    def upload() -> TestResponse:
        return producer.post("/v1/artifacts", **multipart(FORM, FILES), headers=KEY)

    with ThreadPoolExecutor(2) as pool:
        with connect("admin").connection.transaction() as transaction:
            transaction.connection.execute(numbers, [project])
            futures = [pool.submit(upload) for _ in range(2)]
            wait_until_blocked(database, 2)
        answers = sorted((f.result() for f in futures), key=lambda answer: "Idempotency-Replayed" in answer.headers)

    assert_replayed(answers[1], answers[0])
    assert versions() == 1
    kept = {file["id"] for file in answers[0].json["data"]["files"]}
    assert set(database.column("select id::text from directus_files")) == kept
    assert set(database.column("select file_id::text from sidecar.file_contents")) == kept


# For how long


def test_an_expired_key_is_new_again(submit, versions, forgotten_in):
    first = submit()
    forgotten_in(23)
    assert_replayed(submit(), first)
    forgotten_in(2)

    second = submit()

    assert (second.status_code, second.headers.get("Idempotency-Replayed")) == (201, None)
    assert second.json["data"]["version_number"] == 2
    assert_replayed(submit(), second)
    assert versions() == 2


def test_an_expired_key_may_name_another_request(submit, forgotten_in):
    submit(1)
    forgotten_in(25)

    assert submit(2).status_code == 201


def test_an_expired_upload_is_stored_again(producer, storage, versions, forgotten_in):
    for _ in range(2):
        answer = producer.post("/v1/artifacts", **multipart(FORM, FILES), headers=KEY)
        assert answer.status_code == 201
        forgotten_in(25)

    assert (len(storage.bodies), versions()) == (4, 2)


def test_keys_are_kept_longer_by_setting(given, settings, forgotten_in):
    person = given.person("producer")
    app = create_app(settings.model_copy(update={"idempotency_hours": 72}))
    with closing(app.extensions["artifacts"].database):
        person.client = app.test_client()
        first = person.post("/v1/projects", {"key": "autumn"}, headers=KEY)
        forgotten_in(71)
        assert_replayed(person.post("/v1/projects", {"key": "autumn"}, headers=KEY), first)


def test_expired_keys_are_taken_away_in_batches(submit, pool, database, forgotten_in):
    for number in range(5):
        submit(headers={"Idempotency-Key": f"old {number}"})
    forgotten_in(25)
    submit(headers={"Idempotency-Key": "new"})

    assert expire(pool, 72, batch=2) == 0
    assert expire(pool, 24, batch=2) == 5
    assert database.column("select key from sidecar.idempotency_keys") == ["new"]


def test_a_key_that_is_just_claimed_anew_is_left_alone(submit, producer, pool, database, forgotten_in):
    submit()
    forgotten_in(25)

    with running(pool, producer, "/v1/artifacts"):
        assert expire(pool, 24) == 0

    assert expire(pool, 24) == 1


def test_the_worker_takes_expired_keys_away(submit, settings, pool, database, forgotten_in):
    submit()
    forgotten_in(25)

    create_worker(settings, pool).tasks["expire_idempotency_keys"](timestamp=0)

    assert database.all(KEPT) == []


# Without a key


def test_submitting_the_same_content_again_is_the_existing_version(producer, project, versions, database):
    first = producer.submit(project, value={"a": 1})
    again = producer.submit(project, value={"a": 1})

    assert [first.status_code, again.status_code] == [201, 200]
    assert first.json["data"]["id"] == again.json["data"]["id"]
    assert again.json["meta"]["existing"] is True
    assert versions() == 1


@pytest.mark.parametrize("action", ["approve", "reject"])
def test_the_same_decision_again_is_the_same_answer(given, project, reviewer, database, action):
    version = given.version(project)
    first = reviewer.decide(action, version, reason="Said.")

    with database.unchanged():
        again = reviewer.decide(action, version, reason="Said.")

    ((one,), (two,)) = (answer.json["data"]["decisions"] for answer in (first, again))
    assert (one["status"], one["repeated"]) == (two["status"], not two["repeated"])
    assert database.actions(version) == [action]


def test_promoting_again_says_that_it_is_promoted(given, project, producer, database):
    version = given.approved(project)
    first = producer.promote(artifact_version_ids=[version])

    with database.unchanged():
        again = producer.promote(artifact_version_ids=[version])

    assert [a.json["data"]["status"] for a in (first, again)] == ["promoted", "already_promoted"]
    assert first.json["data"]["promoted"] == again.json["data"]["promoted"]
    assert again.json["data"]["context_version"] == 1


def test_creating_a_project_again_finds_it(producer, database):
    first = producer.post("/v1/projects", {"key": "autumn", "title": "Autumn"})

    with database.unchanged():
        again = producer.post("/v1/projects", {"key": "autumn", "title": "Another title"})

    assert [first.status_code, again.status_code] == [201, 200]
    assert first.json["data"] == again.json["data"]


def test_the_description_names_the_key_for_every_writing_operation(client):
    for path, methods in client.get("/openapi.json").json["paths"].items():
        for method, operation in methods.items():
            names = {parameter["name"] for parameter in operation["parameters"]}
            assert ("Idempotency-Key" in names) == (method in ("post", "put", "patch", "delete")), (method, path)
            if "Idempotency-Key" in names:
                assert {"400", "409", "422"} <= set(operation["responses"])
