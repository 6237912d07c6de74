"""Which versions are stale because of what."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidecar.lineage.causes import causes

# Versions are numbers here; a version is made from smaller ones, so there is no circle.
edges = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.booleans()).filter(lambda edge: edge[0] > edge[1]), max_size=30
)


def reaches(graph, version):
    """Every outdated source behind a version, by the definition."""
    found = set()
    for newer, source, outdated in graph:
        if newer == version:
            found |= ({source} if outdated else set()) | reaches(graph, source)
    return found


def test_nothing_outdated_makes_nothing_stale():
    assert causes([(2, 1, False), (3, 2, False)]) == {}


def test_staleness_goes_on_from_version_to_version():
    assert causes([(2, 1, True), (3, 2, False), (5, 4, False)]) == {2: [1], 3: [1]}


def test_the_nearest_sources_come_first_and_no_more_than_asked_for():
    graph = [(9, 8, True), (8, 7, True), (7, 6, True), (9, 5, True)]
    assert causes(graph)[9] == [8, 5, 7, 6]
    assert causes(graph, most=2)[9] == [8, 5]


@given(edges)
def test_each_source_behind_a_version_is_named_once(graph):
    found = causes(graph)
    for version in range(10):
        assert set(found.get(version, [])) == reaches(graph, version)
        assert len(found.get(version, [])) == len(set(found.get(version, [])))


@given(edges, st.integers(1, 3))
def test_as_many_as_asked_for_are_named_where_there_are_so_many(graph, most):
    found = causes(graph, most)
    for version in range(10):
        assert len(found.get(version, [])) == min(most, len(reaches(graph, version)))


def test_a_circle_comes_to_an_end():
    assert causes([(1, 2, True), (2, 3, False), (3, 1, False)]) == {1: [2], 2: [2], 3: [2]}
