"""What a submission is refused for: the right code, a sentence, the next step, and nothing stored."""

from __future__ import annotations

import json
import uuid

import pytest

from sidecar.errors import CODES
from tests.given import code, multipart
from tests.rows import fresh_database

NOBODY = str(uuid.UUID(int=7))


def assert_refused(answer, expected: str) -> None:
    """The whole shape of a refusal."""
    (error,) = answer.json["errors"]
    assert error["extensions"]["code"] == expected, answer.text
    assert answer.status_code == CODES[expected].status
    assert error["message"].strip().endswith((".", ")", "…")) or expected in ("invalid_value", "schema_key_grammar")
    assert error["extensions"]["next"] == CODES[expected].next_step
    assert error["extensions"]["request_id"] == answer.headers["X-Request-Id"]
    assert answer.content_type == "application/json"


@pytest.fixture(scope="module")
def database_name(stack):
    """One for all: nothing here changes anything, which every test asserts."""
    with fresh_database(stack) as name:
        yield name


@pytest.fixture
def project(given, database):
    known = database.column("select id from projects where key = 'spring-brand'")
    return known[0] if known else given.project("spring-brand")


@pytest.fixture(autouse=True)
def nothing_is_stored(project, producer, database):
    with database.unchanged():
        yield


def fits(**fields):
    return {"project_id": "spring-brand", "schema_key": "brand.logo", "value": 1, **fields}


def test_without_a_token(client, project):
    answer = client.post("/v1/artifacts", json=fits())

    assert_refused(answer, "token_missing")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "authorization", ["Bearer art_wrong", "Bearer a.b.c", "Bearer é.é.é", "Bearer art_\xff", "Bearer  ", "Basic Zm9v"]
)
def test_with_a_wrong_token(client, project, authorization):
    answer = client.post("/v1/artifacts", json=fits(), headers={"Authorization": authorization})

    assert answer.status_code == 401
    assert_refused(answer, code(answer))


@pytest.mark.parametrize("missing", ["project_id", "schema_key"])
def test_without_a_required_field(producer, missing):
    body = fits()
    del body[missing]

    answer = producer.post("/v1/artifacts", body)

    assert_refused(answer, "invalid_value")
    assert answer.json["errors"][0]["extensions"]["fields"][0]["field"] == missing


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("project_id", "no-such-project", "project_not_found"),
        ("project_id", NOBODY, "project_not_found"),
        ("source_task_id", NOBODY, "task_not_found"),
        ("execution_id", NOBODY, "execution_not_found"),
        ("step_id", NOBODY, "step_not_found"),
        ("parent_id", NOBODY, "artifact_not_found"),
        ("derived_from", [NOBODY], "artifact_not_found"),
        ("file_ids", [NOBODY], "file_not_found"),
        ("primary_file_id", NOBODY, "file_not_found"),
    ],
)
def test_with_an_id_of_nothing(producer, field, value, expected):
    assert_refused(producer.post("/v1/artifacts", fits(**{field: value})), expected)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source_task_id", "not-an-id"),
        ("file_ids", "not-a-list"),
        ("file_ids", [NOBODY] * 101),
        ("status", "approved"),
        ("artifact_type", "sculpture"),
        ("tags", ["x" * 256]),
        ("tags", "blue"),
        ("metadata", []),
        ("source_url", "x" * 2001),
        ("deduplicate", "perhaps"),
        ("project_id", ""),
        ("project_id", 5),
        ("version_number", 7),
        ("valeu", 1),
    ],
)
def test_with_a_field_that_does_not_fit_or_is_unknown(producer, field, value):
    answer = producer.post("/v1/artifacts", fits(**{field: value}))

    assert_refused(answer, "invalid_value")
    assert answer.json["errors"][0]["extensions"]["fields"][0]["field"].split(".")[0] == field


@pytest.mark.parametrize(
    "path",
    ["x" * 300, "", ".", "a.", ".a", "a..b", "a b", "a/b", "é", "a[", "a[]", "a[01]", "a[-1]", "a[10000]", "a[1][2]",
     "[1]", "_meta", "_meta.x", "_meta[0]", "a\n", ".".join("abcdefghi")],
)  # fmt: skip
def test_with_a_bad_path(producer, path):
    assert_refused(producer.submit("spring-brand", path), "schema_key_grammar")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"project_id": }', b"{'a': 1}", b'{"a": 1} trailing', b'{"value": NaN}', b'{"value": -Infinity}',
     b'{"value": 1e400}', b'{"value": -1e400}', b'{"value": "\\ud800"}', b'{"value": "\\udc00\\ud800"}',
     b'{"value": "\xff\xfe"}', b'{"value": "\xed\xa0\x80"}', b'{"value": "raw \x00 nul"}', b"[" * 5000 + b"]" * 5000,
     b'{"value": ' + b"[" * 5000 + b"]" * 5000 + b"}", b'{"value": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
     b'{"value": ' + b"9" * 5000 + b"}", "{\"a\": 1}".encode("utf-16")],
)  # fmt: skip
def test_with_a_body_that_is_not_json(producer, body):
    assert_refused(producer.post("/v1/artifacts", data=body, content_type="application/json"), "invalid_json")


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"null", b"7"])
def test_with_json_that_is_no_object(producer, body):
    assert_refused(producer.post("/v1/artifacts", data=body, content_type="application/json"), "invalid_value")


@pytest.mark.parametrize("value", ["nul \x00", {"k\x00": 1}, [{"deep": ["\x00"]}]])
def test_with_nul_in_a_text(producer, value):
    assert_refused(producer.submit("spring-brand", value=value), "invalid_text")


@pytest.mark.parametrize("field", ["project_id", "source_url", "metadata", "tags"])
def test_with_nul_in_any_field(producer, field):
    wrapped = {"metadata": {"a": "\x00"}, "tags": ["\x00"]}.get(field, "\x00")

    assert_refused(producer.post("/v1/artifacts", fits(**{field: wrapped})), "invalid_text")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", None])
def test_with_a_wrong_content_type(producer, content_type):
    answer = producer.post("/v1/artifacts", data=json.dumps(fits()), content_type=content_type)

    assert_refused(answer, "unsupported_media_type")


def test_with_a_body_beyond_the_limit(producer):
    answer = producer.submit("spring-brand", value="x" * (50 * 1024**2))

    assert_refused(answer, "body_too_large")
    assert answer.json["errors"][0]["extensions"]["limit"] == 2 * 1024**2


@pytest.mark.parametrize("text", [b"{", b"plain text", b"NaN", b"1e400", b"", b"[" * 5000])
def test_with_a_multipart_value_that_is_not_json(producer, text):
    form = {"project_id": b"spring-brand", "schema_key": b"brand.logo", "value": text}

    assert_refused(producer.post("/v1/artifacts", **multipart(form)), "value_not_json")


@pytest.mark.parametrize(
    ("field", "text", "expected"),
    [
        ("value", rb'"\u0000"', "invalid_text"),
        ("value", b'"\xff"', "invalid_text"),
        ("value", b'"\x00"', "invalid_text"),
        ("source_url", b"a\x00b", "invalid_text"),
        ("source_url", b"a\xffb", "invalid_text"),
        ("tags", b"[", "invalid_json"),
        ("unknown", b"1", "invalid_value"),
        ("schema_key", b"a..b", "schema_key_grammar"),
        ("project_id", b"no-such-project", "project_not_found"),
    ],
)
def test_with_a_multipart_field_that_does_not_fit(producer, field, text, expected):
    form = {"project_id": b"spring-brand", "schema_key": b"brand.logo", field: text}

    assert_refused(producer.post("/v1/artifacts", **multipart(form)), expected)


def test_with_a_file_in_a_field_of_another_name(producer):
    form = {"project_id": b"spring-brand", "schema_key": b"brand.logo"}

    answer = producer.post("/v1/artifacts", **multipart(form, [("file", "logo.png", b"PNG")]))

    assert_refused(answer, "invalid_value")
    assert "file" in answer.json["errors"][0]["message"]


def test_with_a_multipart_body_that_is_none(producer):
    answer = producer.post("/v1/artifacts", data=b"not parts", content_type="multipart/form-data")

    assert 400 <= answer.status_code < 500
    assert_refused(answer, code(answer))


def test_with_a_token_of_a_user_who_may_only_read(given):
    person = given.person(None)
    policy = given.policy()
    given.permission(policy)
    given.grant(person.id, policy)

    answer = person.submit("spring-brand")

    assert_refused(answer, "forbidden")
    assert answer.json["errors"][0]["extensions"]["needs"] == "produce"
