"""Whether content is what a rule asks for: every fault is found and placed, and none takes long to find."""

from __future__ import annotations

import socket
import time
import uuid

import pytest

from sidecar.templates.check import Content, violations
from sidecar.templates.schemas import SchemaBroken, compiled, faults


def found(rule, value=None, kind="json", files=(), elsewhere=False):
    return violations({"brand.logo": rule}, "brand.logo", Content(kind, value, files, elsewhere))


def file(mime="image/png", size=10):
    return {"id": uuid.UUID(int=1), "type": mime, "size": size}


def nested(depth, leaf=None):
    value = {} if leaf is None else leaf
    for _ in range(depth):
        value = {"c": value}
    return value


def test_every_fault_of_a_value_is_named_with_its_places():
    schema = {
        "type": "object",
        "required": ["name"],
        "properties": {"a/b": {"items": {"type": "string"}}, "when": {"format": "date-time"}},
    }
    faulty = {"a/b": ["fine", 1, {}], "when": "yesterday"}

    listed = {(v["pointer"], v["rule"], v["schema_path"]) for v in found({"schema": schema}, faulty)}

    assert listed == {
        ("", "schema", "/schema/required"),
        ("/a~1b/1", "schema", "/schema/properties/a~1b/items/type"),
        ("/a~1b/2", "schema", "/schema/properties/a~1b/items/type"),
        ("/when", "schema", "/schema/properties/when/format"),
    }
    assert all(v["message"] for v in found({"schema": schema}, faulty))
    assert found({"schema": schema}, {"name": "x", "when": "2026-01-01T00:00:00Z"}) == []


@pytest.mark.parametrize("value", [None, 0, "", [], {}])
def test_a_schema_is_asked_of_every_value_and_of_none(value):
    assert (found({"schema": {"type": "object"}}, value) == []) is (value == {})
    assert found({"schema": False}, value) != []
    assert found({"schema": True}, value) == []


def test_a_schema_may_name_its_draft():
    seventh = {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "string"}]}
    assert found({"schema": seventh}, [1]) != []
    assert found({"schema": {"prefixItems": [{"type": "string"}]}}, [1]) != []


def test_the_type_must_be_the_one_asked_for():
    assert found({"artifact_type": "image"}, kind="image") == []
    (fault,) = found({"artifact_type": "image"}, kind="json")
    assert (fault["rule"], fault["schema_path"]) == ("artifact_type", "/artifact_type")


@pytest.mark.parametrize(
    ("mime", "taken"),
    [("image/png", True), ("IMAGE/WEBP", True), ("image/svg+xml; charset=utf-8", True), ("application/pdf", True),
     ("application/pdfx", False), ("video/mp4", False), ("images/png", False), ("", False), (None, False)],
)  # fmt: skip
def test_files_must_be_of_an_accepted_type(mime, taken):
    rule = {"mime_types": ["image/*", "application/pdf"]}
    assert (found(rule, files=[file(mime)]) == []) is taken
    assert len(found(rule, files=[file(mime), file("audio/ogg")])) == (1 if taken else 2)


def test_a_file_is_asked_for_where_its_type_is():
    assert [v["rule"] for v in found({"mime_types": "image/*"})] == ["mime_types"]
    assert found({"mime_types": "image/*"}, elsewhere=True) == []


def test_size_is_that_of_each_file_or_of_the_value_without_one():
    assert found({"max_bytes": 10}, files=[file(size=10), file(size=3)]) == []
    assert len(found({"max_bytes": 9}, files=[file(size=10), file(size=3)])) == 1
    assert found({"max_bytes": 4}, "ab") == []
    assert len(found({"max_bytes": 3}, "ab")) == 1
    assert found({"max_bytes": 3}, "a long value", files=[file(size=3)]) == []


def test_nothing_is_ever_fetched():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/schema"
        for schema in ({"$ref": address}, {"$schema": address}, {"properties": {"a": {"$dynamicRef": address}}}):
            with pytest.raises(SchemaBroken):
                compiled(schema)
        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.mark.parametrize("pattern", ["^(a+)+$", "(a|a)*$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*a){20}$"])
def test_no_pattern_takes_long(pattern):
    started = time.perf_counter()
    faults({"pattern": pattern}, "a" * 200_000 + "!")
    faults({"patternProperties": {pattern: False}}, {"a" * 200_000 + "!": 1})
    assert time.perf_counter() - started < 3


TWICE = {"anyOf": [{"properties": {"c": {"$ref": "#"}}, "required": [word]} for word in "yz"]}
MANY = {f"d{i}": {"allOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(40)} | {"d40": {"type": "object"}}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (TWICE, nested(40)),
        ({"type": "object", "allOf": [{"properties": {"c": {"$ref": "#"}}}] * 2}, nested(60, 7)),
        ({"items": {"type": "string"}}, list(range(300_000))),
        ({"uniqueItems": True, "items": {"type": "array"}}, [{"n": i} for i in range(100_000)]),
        ({"type": "string"}, nested(1000)),
        ({"type": "string"}, ["x" * 1_000_000]),
    ],
)
def test_no_value_takes_long(schema, value):
    started = time.perf_counter()
    listed = faults(schema, value)
    assert listed
    assert sum(len(fault.message) for fault in listed) < 50_000
    assert time.perf_counter() - started < 5


def test_schemas_that_refer_to_themselves_for_ever():
    for schema in ({"$ref": "#"}, {"allOf": [{"$ref": "#"}]}, {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#"}}}):
        assert faults(schema, nested(100)) == []


def test_a_schema_that_refers_to_itself_is_explained():
    tree = {"type": "object", "properties": {"c": {"$ref": "#"}}}
    assert [(f.pointer, f.schema_path) for f in faults(tree, nested(5, 7))] != []
    assert faults(tree, nested(5, 7))[0].pointer == "/c/c/c/c/c"


@pytest.mark.parametrize("value", [10**400, 2**64, 1e308, -0.0, "\U0001f600", {"": {"": []}}])
def test_values_at_the_limits(value):
    assert faults({"not": {}}, value) != []
    assert faults(True, value) == []
