"""What a version's content is: its type and its hash."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.artifacts.content import artifact_type_of, canonical, content_hash

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(-1e15, 1e15) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@pytest.mark.parametrize(
    ("mime", "value", "expected"),
    [
        ("image/png", None, "image"), ("audio/mpeg", None, "audio"), ("video/mp4", None, "video"),
        ("text/plain", None, "text"), ("application/json; charset=utf-8", None, "json"),
        ("application/pdf", None, "document"), ("application/octet-stream", None, "document"),
        (None, "a text", "text"), (None, {"a": 1}, "json"), (None, None, "json"), (None, 7, "json"),
    ],
)  # fmt: skip
def test_the_type_is_told_from_the_primary_file_or_the_value(mime, value, expected):
    assert artifact_type_of(mime, value) == expected


@given(JSON)
def test_the_same_value_in_another_order_has_the_same_hash(value):
    again = json.loads(json.dumps(value, sort_keys=True))

    assert content_hash(value, []) == content_hash(again, [])


@given(JSON)
def test_canonical_json_means_the_same_value(value):
    assert json.loads(canonical(value)) == value


@given(JSON, st.lists(st.binary(min_size=32, max_size=32), min_size=2, max_size=3, unique=True))
def test_files_and_their_order_belong_to_the_content(value, files):
    assert content_hash(value, files) != content_hash(value, files[::-1])
    assert content_hash(value, files) != content_hash(value, files[:1])


def test_a_file_of_unknown_bytes_is_like_nothing():
    assert content_hash({}, [b"x", None]) is None
