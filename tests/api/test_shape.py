"""One shape for every answer and every refusal, at every address, and the description that says so."""

from __future__ import annotations

import json
import re
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate

from sidecar.answers import Shape
from sidecar.errors import CODES, Refusal
from tests.given import Person

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def assert_error_shape(answer, status: int | None = None) -> str:
    """Directus' own error shape; the code."""
    assert status in (None, answer.status_code), answer.text
    assert answer.content_type == "application/json"
    body = json.loads(answer.data)
    assert set(body) == {"errors"}
    (error,) = body["errors"]
    assert set(error) == {"message", "extensions"}
    extensions = error["extensions"]
    assert error["message"]
    assert CODES[extensions["code"]].status == answer.status_code
    assert extensions["next"] == CODES[extensions["code"]].next_step
    assert extensions["request_id"] == answer.headers["X-Request-Id"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    return extensions["code"]


@pytest.fixture
def rules(app):
    """(address with ids of nothing, methods) of every route under /v1."""
    nothing = str(uuid.UUID(int=7))
    return [
        (re.sub(r"<\w+>", nothing, rule.rule), rule.methods - {"HEAD", "OPTIONS"})
        for rule in app.url_map.iter_rules()
        # A link is a token itself (test_files_url.py, test_stable_links.py, test_shared.py).
        if rule.rule.startswith("/v1/") and not rule.rule.startswith(("/v1/downloads/", "/v1/stable/", "/v1/shared/"))
    ]


def test_every_route_refuses_a_caller_without_a_token(client, rules):
    assert len(rules) > 10
    for path, methods in rules:
        for method in methods:
            assert assert_error_shape(client.open(path, method=method), 401) == "token_missing"


def test_every_route_refuses_methods_it_does_not_take(app, client, rules):
    # Of all routes that fit the address: /artifacts/batch is an /artifacts/<id>, too.
    addresses = app.url_map.bind("localhost")
    taken = {path: set(addresses.allowed_methods(path)) for path, _ in rules}
    assert all(methods <= taken[path] for path, methods in rules)

    for path, methods in taken.items():
        for method in set(METHODS) - methods:
            answer = client.open(path, method=method)
            assert assert_error_shape(answer, 405) == "method_not_allowed"
            assert methods <= set(answer.headers["Allow"].split(", "))


def test_no_two_shapes_share_a_name():
    """The description names its components by their classes: the second of a name would describe the first."""
    shapes, found = [Shape], {}
    while shapes:
        shape = shapes.pop()
        shapes += shape.__subclasses__()
        assert found.setdefault(shape.__name__, shape) is shape, f"{found[shape.__name__]} and {shape}"
    assert len(found) > 50


def test_every_route_refuses_somebody_without_rights(given, rules):
    nobody = given.person(None)

    for path, methods in rules:
        for method in methods:
            answer = nobody.call(method, path, **({} if method == "GET" else {"json": {}}))
            assert assert_error_shape(answer, 403) == "forbidden"


def test_every_route_that_takes_a_body_refuses_what_is_no_json(given, rules, database):
    admin = given.person("admin")

    with database.unchanged():
        for path, methods in rules:
            if "POST" in methods:
                assert assert_error_shape(admin.call("POST", path, data="{", content_type="application/json"), 400)
                assert assert_error_shape(admin.call("POST", path, data="{}", content_type="text/plain"), 415)
                assert assert_error_shape(admin.call("POST", path, json=[]), 422)
                assert assert_error_shape(admin.call("POST", path, json={"action": "\x00"}), 400)


def test_an_address_with_nothing_at_it(client):
    for path in ("/", "/v1", "/v1/", "/v2/artifacts", "/v1/artifacts/", "/v1/nothing", "/é", "/%ff", "/%00"):
        for method in METHODS:
            assert assert_error_shape(client.open(path, method=method), 404) == "route_not_found"


def test_a_bug_is_an_internal_error_that_tells_nothing(given, producer, monkeypatch):
    def broken(*_arguments, **_named):
        raise RuntimeError("a secret of ours")

    monkeypatch.setattr("sidecar.projects.find.find_project", broken)

    answer = producer.get(f"/v1/projects/{given.project()}")

    assert assert_error_shape(answer, 500) == "internal_error"
    assert "secret" not in answer.text


def test_a_database_that_does_not_answer_is_said_so(given, producer, app):
    app.extensions["artifacts"].database.pool.close()

    answer = producer.get("/v1/projects")

    assert assert_error_shape(answer, 503) == "database_unavailable"
    assert assert_error_shape(producer.get("/readyz"), 503) == "database_unavailable"
    assert producer.get("/healthz").status_code == 200


def test_health_and_readiness(client):
    assert client.get("/healthz").json["data"]["status"] == "ok"
    assert client.get("/readyz").json["data"]["status"] == "ready"


def test_a_request_id_that_was_sent_comes_back(client):
    for claimed in ("abc-123", "n8n/execution:7", "x" * 128):
        assert client.get("/healthz", headers={"X-Request-Id": claimed}).headers["X-Request-Id"] == claimed


def test_a_request_id_that_cannot_be_kept_is_replaced(client):
    for claimed in ("", "x" * 129, "a b", "<script>", "\xe9"):
        assert uuid.UUID(client.get("/healthz", headers={"X-Request-Id": claimed}).headers["X-Request-Id"])


def test_an_unknown_code_fails_where_it_is_raised():
    with pytest.raises(KeyError):
        Refusal("no_such_code")


def test_every_code_has_a_sentence_and_a_next_step():
    for name, code in CODES.items():
        assert re.fullmatch(r"[a-z_]+", name)
        assert 400 <= code.status < 600
        assert code.sentence.endswith((".", ")"))
        assert code.next_step.endswith(".")


# The description


@pytest.fixture
def description(client):
    answer = client.get("/openapi.json")
    assert answer.status_code == 200
    return answer.json


def operations(description):
    return {
        (path, method): operation
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    }


def test_the_description_is_valid_openapi(description):
    assert description["openapi"].startswith("3.1")
    validate(description)


def test_whoever_asks_while_the_description_is_made_gets_all_of_it(app):
    with ThreadPoolExecutor(8) as pool:
        sizes = set(
            pool.map(lambda _: (len(app.api_doc["paths"]), "Errors" in app.api_doc["components"]["schemas"]), range(8))
        )
    assert sizes == {(len(app.paths), True)}


def test_every_route_is_described(app, description):
    routes = {
        (re.sub(r"<(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/v1/")
    }

    assert set(operations(description)) == routes
    ids = [operation["operationId"] for operation in operations(description).values()]
    assert len(set(ids)) == len(ids)
    for where, operation in operations(description).items():
        assert operation["summary"], where
        assert operation["description"], where
        # A redirect is the whole answer of a stable link.
        assert any(status[0] in "23" for status in operation["responses"]), where
        assert {"401", "403", "422", "500", "503"} <= set(operation["responses"]), where


def test_every_documented_refusal_exists_with_its_status(description):
    for where, operation in operations(description).items():
        for status, response in operation["responses"].items():
            for code in re.findall(r"`(\w+)`:", response["description"]):
                assert CODES[code].status == int(status), (where, code)


def test_the_page_for_people_is_there(client):
    answer = client.get("/docs", follow_redirects=True)

    assert answer.status_code == 200
    assert "text/html" in answer.content_type


# Anything at all

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    "project_id", "schema_key", "value", "file_ids", "status", "tags", "metadata", "decisions", "action", "reason",
    "artifact_version_ids", "promote", "task_id", "if_match", "dry_run", "key", "title", "kind", "parent_id",
)  # fmt: skip
BODIES = st.dictionaries(
    st.sampled_from(FIELDS), JSON | st.sampled_from(["approve", "brand.logo", str(uuid.UUID(int=7))]), max_size=5
)


# The connection pool's threads use `random` while hypothesis makes a body.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
@pytest.mark.parametrize("path", ["/v1/artifacts", "/v1/reviews", "/v1/promotions", "/v1/projects"])
def test_no_body_whatsoever_is_an_internal_error(given_admin, path):
    @given(BODIES)
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    def any_body(body):
        answer = given_admin.post(path, body)
        assert answer.status_code < 500, (body, answer.text)

    any_body()


@pytest.fixture
def given_admin(request) -> Person:
    return request.getfixturevalue("given").person("admin")
