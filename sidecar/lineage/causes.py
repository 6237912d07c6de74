"""Which versions are stale, and because of what. Pure."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Iterable
from typing import TypeVar

V = TypeVar("V", bound=Hashable)

# Of a version that many changes have reached, the nearest are named.
NAMED = 10


def causes(edges: Iterable[tuple[V, V, bool]], most: int = NAMED) -> dict[V, list[V]]:
    """For each stale version the sources that are out of date, the nearest first, at most `most`.

    `edges` are (version, source, outdated). A version is stale when a source of it is outdated, or stale itself.
    """
    derived: dict[V, list[V]] = defaultdict(list)
    reached: deque[tuple[V, V]] = deque()
    for version, source, outdated in edges:
        derived[source].append(version)
        if outdated:
            reached.append((version, source))
    found: dict[V, list[V]] = {}
    while reached:
        version, cause = reached.popleft()
        known = found.setdefault(version, [])
        if cause in known or len(known) == most:
            continue
        known.append(cause)
        reached.extend((next_version, cause) for next_version in derived[version])
    return found
