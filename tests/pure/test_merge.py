"""The laws of placing entries in a context: sidecar.context_after, which every promotion goes through."""

from __future__ import annotations

import itertools

import psycopg
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from sidecar.paths import steps
from sidecar.promotion.context import entry_of, node_at

META = "_meta"

NAMES = st.sampled_from(["a", "b", "c", "_x"])
SEGMENTS = st.builds(
    lambda name, index: name if index is None else f"{name}[{index}]", NAMES, st.sampled_from([None, None, 0, 2])
)
PATHS = st.lists(SEGMENTS, min_size=1, max_size=3).map(".".join)
# What jsonb can hold: no NUL, no halves of surrogate pairs.
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
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


@pytest.fixture(scope="module")
def merged(stack):
    """merged(context, {path: entry or None}, number) as Postgres does it."""
    with psycopg.connect(stack.environment()["DATABASE_URL"], autocommit=True) as connection:

        def merge(context, entries, number=1):
            changes = [{"schema_key": path, "entry": entry} for path, entry in entries.items()]
            row = connection.execute(
                "select sidecar.context_after(%s, %s, %s, '2026-01-02T00:00:00Z')",
                [Jsonb(context), Jsonb(changes), number],
            ).fetchone()
            return row[0]

        yield merge


@given(SETS)
def test_every_entry_is_where_it_was_put(merged, entries):
    context = merged({}, entries)

    for path, entry in entries.items():
        assert node_at(context, path) == entry


@given(SETS, SETS)
def test_what_is_not_named_stays_as_it_was(merged, first, second):
    assume(stand_beside_each_other([*first, *(path for path in second if path not in first)]))
    before = merged({}, first)

    after = merged(before, second)

    for path, entry in first.items():
        assert node_at(after, path) == second.get(path, entry)


@given(SETS)
def test_merging_twice_is_merging_once(merged, entries):
    once = merged({}, entries)

    assert merged(once, entries) == once


@given(SETS, st.randoms())
def test_the_order_of_disjoint_paths_does_not_matter(merged, entries, order):
    shuffled = list(entries.items())
    order.shuffle(shuffled)

    together = merged({}, entries)
    one_by_one: dict = {}
    for path, entry in shuffled:
        one_by_one = merged(one_by_one, {path: entry})

    assert one_by_one == together


ADOPTED = st.dictionaries(st.sampled_from(["a", "b", "q", "artifact_version_id", META]), VALUES, max_size=3)


def one_by_one(merged, context, changes, number=1):
    """`context` after one change at a time; the first one that is refused counts for all."""
    for path, entry in changes:
        context = merged(context, {path: entry}, number)
    return context


@given(SETS, SETS, st.data())
def test_a_set_of_changes_is_its_changes_one_by_one_in_any_order(merged, first, second, data):
    """Entries come, are replaced and go in one set, also below one first key, and of lists."""
    assume(stand_beside_each_other([*first, *(path for path in second if path not in first)]))
    gone = data.draw(st.sets(st.sampled_from(sorted(first))))
    changes = list((dict.fromkeys(gone) | second).items())
    before = merged({}, first)

    together = merged(before, dict(changes), 2)

    assert one_by_one(merged, before, data.draw(st.permutations(changes)), 2) == together
    kept = {path: entry for path, entry in (first | dict(changes)).items() if entry is not None}
    assert together == merged({}, kept, 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"a.b": None, "a.c": "new"},
        {"a.b": None, "a.c": "new", "a.d[0]": None, "a.d[1]": "new"},
        {"a.b": None, "a.d[0]": None, "a.d[2].x": None, "b": "new"},
        {"a.d[2].x": None, "a.d[2].y": "new", "l[1]": None},
        {"l[1]": None, "l[3]": "new", "l[0]": "new"},
        {"one": None, "a.b": "new", "z": None},
    ],
)
def test_taking_out_and_putting_in_below_one_key_in_any_order(merged, changes):
    def entry(name):
        return entry_of(name, artifact_version_id=name, file_id=None, approved_at=None, version=1)

    before = merged({}, {path: entry("old") for path in ("a.b", "a.d[0]", "a.d[2].x", "l[1]", "one")})
    wanted = [(path, name and entry(name)) for path, name in changes.items()]

    together = merged(before, dict(wanted), 2)

    for order in itertools.permutations(wanted):
        assert one_by_one(merged, before, order, 2) == together
    for path, put in wanted:
        assert node_at(together, path) == put


@given(ADOPTED, SETS, st.data())
def test_over_an_adopted_document_a_set_is_its_changes_one_by_one(merged, adopted, entries, data):
    """Whatever stood there: the same document, or refused both ways."""
    gone = data.draw(st.sets(st.sampled_from(sorted(entries))))
    changes = [(path, None if path in gone else entry) for path, entry in entries.items()]
    if isinstance(adopted.get(META), dict):
        adopted[META].pop("total_artifacts", None)

    def outcome(merge):
        try:
            return merge()
        except psycopg.errors.CheckViolation as error:
            return error.diag.constraint_name

    together = outcome(lambda: merged(adopted, dict(changes)))

    assert outcome(lambda: one_by_one(merged, adopted, data.draw(st.permutations(changes)))) == together


@pytest.mark.parametrize("adopted", [[], [{"a": 1}], ["artifact_version_id"], "a text", 7, True, None])
@pytest.mark.parametrize("path", ["a", "a.b", "a[0].b", None])
@pytest.mark.parametrize("put", [True, False])
def test_a_context_that_is_no_object_stays_as_it_is(merged, adopted, path, put):
    entry = entry_of({}, artifact_version_id="x", file_id=None, approved_at=None, version=1) if put else None

    with pytest.raises(psycopg.errors.CheckViolation) as caught:
        merged(adopted, {path: entry} if path else {})

    assert caught.value.diag.constraint_name == "context_path_occupied"


def test_in_an_adopted_document_that_looks_like_an_entry_only_what_is_below_a_container_is_placed(merged):
    entry = entry_of({}, artifact_version_id="x", file_id=None, approved_at=None, version=1)
    adopted = {"artifact_version_id": "theirs", "brand": {"claim": "Fresh."}}

    after = merged(adopted, {"brand.logo": entry})

    assert (after["brand"], after["artifact_version_id"]) == ({"claim": "Fresh.", "logo": entry}, "theirs")
    for path in ("logo", "film.logo"):
        with pytest.raises(psycopg.errors.CheckViolation):
            merged(adopted, {"brand.logo": entry, path: entry})


@given(SETS, SETS)
def test_the_total_counts_every_path_once(merged, first, second):
    assume(stand_beside_each_other([*first, *(path for path in second if path not in first)]))

    context = merged(merged({}, first, 1), second, 2)

    assert context[META] == {
        "schema_version": "1.0.0",
        "last_updated": "2026-01-02T00:00:00.000000Z",
        "context_version": 2,
        "total_artifacts": len(first.keys() | second.keys()),
    }


@given(ENTRIES, ENTRIES)
def test_nothing_is_put_below_or_above_another_entry(merged, above, below):
    for first, second in ({"a": above}, {"a.b": below}), ({"a.b": above}, {"a[0]": below}):
        with pytest.raises(psycopg.errors.CheckViolation, match="needs that place") as caught:
            merged(merged({}, first), second)
        assert caught.value.diag.constraint_name == "context_path_occupied"


@given(SETS, st.data())
def test_what_is_left_depends_on_what_is_left_alone(merged, entries, data):
    gone = data.draw(st.sets(st.sampled_from(sorted(entries))))
    kept = {path: entry for path, entry in entries.items() if path not in gone}

    assert merged(merged({}, entries), dict.fromkeys(gone)) == merged({}, kept)


@given(SETS)
def test_taking_out_what_is_not_there_changes_nothing(merged, entries):
    context = merged({}, entries)
    absent = [path for path in ("z", "a.z[1].y", "c[9]") if node_at(context, path) is None]

    assert merged(context, dict.fromkeys(absent)) == context


@given(SETS)
def test_what_nobody_promoted_stays(merged, entries):
    adopted = {"q": {"claim": "Fresh."}, "r": [1, None], "_meta": {"owner": "Kim"}}

    context = merged(adopted, entries)

    assert (context["q"], context["r"], context[META]["owner"]) == ({"claim": "Fresh."}, [1, None], "Kim")
    assert merged(context, dict.fromkeys(entries))["q"] == {"claim": "Fresh."}


@pytest.mark.parametrize("way", ["a text", 7, [1], True])
def test_nothing_is_put_where_something_else_stands(merged, way):
    entry = entry_of({}, artifact_version_id="x", file_id=None, approved_at=None, version=1)

    with pytest.raises(psycopg.errors.CheckViolation) as caught:
        merged({"a": way}, {"a.b.c": entry})

    assert caught.value.diag.message_detail == "a"


@given(VALUES)
def test_an_entry_keeps_the_values_keys_and_ours_win(value):
    entry = entry_of(value, artifact_version_id="id", file_id="file", approved_at="then", version=3)

    ours = {"artifact_version_id": "id", "file_id": "file", "approved_at": "then", "version": 3}
    assert {key: entry[key] for key in ours} == ours
    if isinstance(value, dict):
        assert entry == {**value, **ours}
    elif value is not None:
        assert entry["value"] == value
