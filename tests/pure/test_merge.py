"""The laws of merging entries into a context."""

from __future__ import annotations

import copy

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sidecar.paths import steps
from sidecar.promotion.context import META, PathOccupied, entry_of, is_entry, merge, node_at

NAMES = st.sampled_from(["a", "b", "c", "_x"])
SEGMENTS = st.builds(
    lambda name, index: name if index is None else f"{name}[{index}]", NAMES, st.sampled_from([None, None, 0, 2])
)
PATHS = st.lists(SEGMENTS, min_size=1, max_size=3).map(".".join)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
ENTRIES = st.builds(
    entry_of, VALUES, artifact_version_id=st.uuids().map(str), file_id=st.none() | st.uuids().map(str),
    approved_at=st.just("2026-01-01T00:00:00.000000Z"), version=st.integers(1, 99),
)  # fmt: skip


def stand_beside_each_other(paths: list[str]) -> bool:
    """Neither lies above another, nor needs a list where another needs an object: what path_conflict lets in."""
    tree: dict = {}
    for path in paths:
        node = tree
        for step in steps(path):
            if node.get("end") or any(type(known) is not type(step) for known in node):
                return False
            node = node.setdefault(step, {})
        if node:
            return False
        node["end"] = True
    return True


SETS = st.dictionaries(PATHS, ENTRIES, min_size=1, max_size=5).filter(
    lambda entries: stand_beside_each_other(list(entries))
)


def merged(context, entries, number=1):
    return merge(context, entries, context_version=number, last_updated="2026-01-02T00:00:00.000000Z")


@given(SETS)
def test_every_entry_is_where_it_was_put(entries):
    context = merged({}, entries)

    for path, entry in entries.items():
        assert node_at(context, path) == entry


@given(SETS, SETS)
def test_what_is_not_named_stays_as_it_was(first, second):
    assume(stand_beside_each_other([*first, *(path for path in second if path not in first)]))
    before = merged({}, first)

    after = merged(before, second)

    for path, entry in first.items():
        assert node_at(after, path) == second.get(path, entry)


@given(SETS, SETS)
def test_arguments_are_not_changed(first, second):
    assume(stand_beside_each_other([*first, *(path for path in second if path not in first)]))
    before = merged({}, first)
    kept, kept_entries = copy.deepcopy(before), copy.deepcopy(second)

    merged(before, second)

    assert (before, second) == (kept, kept_entries)


@given(SETS)
def test_merging_twice_is_merging_once(entries):
    once = merged({}, entries)

    assert merged(once, entries) == once


@given(SETS, st.randoms())
def test_the_order_of_disjoint_paths_does_not_matter(entries, order):
    shuffled = list(entries.items())
    order.shuffle(shuffled)

    together = merged({}, entries)
    one_by_one: dict = {}
    for path, entry in shuffled:
        one_by_one = merged(one_by_one, {path: entry})

    assert one_by_one == together


@given(SETS, SETS)
def test_the_total_counts_every_path_once(first, second):
    assume(stand_beside_each_other([*first, *(path for path in second if path not in first)]))

    context = merged(merged({}, first, 1), second, 2)

    assert context[META] == {
        "schema_version": "1.0.0",
        "last_updated": "2026-01-02T00:00:00.000000Z",
        "context_version": 2,
        "total_artifacts": len(first.keys() | second.keys()),
    }


@given(ENTRIES, ENTRIES)
def test_nothing_is_put_below_or_above_another_entry(above, below):
    with pytest.raises(PathOccupied, match="stands in the way"):
        merged(merged({}, {"a": above}), {"a.b": below})


@pytest.mark.parametrize("way", ["a text", 7, [1], True])
def test_nothing_is_put_where_something_else_stands(way):
    entry = entry_of({}, artifact_version_id="x", file_id=None, approved_at=None, version=1)

    with pytest.raises(PathOccupied) as caught:
        merged({"a": way}, {"a.b.c": entry})

    assert (caught.value.path, caught.value.place) == ("a.b.c", "a")


@given(VALUES)
def test_an_entry_keeps_the_values_keys_and_ours_win(value):
    entry = entry_of(value, artifact_version_id="id", file_id="file", approved_at="then", version=3)

    ours = {"artifact_version_id": "id", "file_id": "file", "approved_at": "then", "version": 3}
    assert is_entry(entry)
    assert {key: entry[key] for key in ours} == ours
    if isinstance(value, dict):
        assert entry == {**value, **ours}
    elif value is not None:
        assert entry["value"] == value
