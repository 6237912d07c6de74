"""Registries with a history: how many versions there are is what is compared."""

from __future__ import annotations

import hashlib
import random
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bench.stack import Bench

# As bench.add_history makes them.
PER_PROJECT, PATHS, NUMBERS = 1_000, 100, 10
AT_ONCE = 100


@dataclass(frozen=True)
class Place:
    """A path of a project, the version that is pending there, and the task both came from."""

    project: uuid.UUID
    schema_key: str
    version: uuid.UUID
    task: uuid.UUID


@dataclass(frozen=True)
class History:
    """A database of its own with `versions` versions: 100 paths a project, 10 versions a path, one of them pending."""

    database: str
    versions: int

    @property
    def projects(self) -> int:
        return self.versions // PER_PROJECT

    def pending(self, seed: int) -> Iterator[Place]:
        """Where a version is pending, each place once, jumping between projects and paths; the same for a seed."""
        order = list(range(self.projects * PATHS))
        random.Random(seed).shuffle(order)  # noqa: S311  an order, no secret
        return (self._place(number // PATHS, number % PATHS) for number in order)

    def _place(self, project: int, path: int) -> Place:
        version = _id(f"history/h/{project}/{path}/{NUMBERS}")
        return Place(
            _id(f"history/project/{project}"), f"scene_{path:05d}.image", version, _id(f"history/task/{project}/{path}")
        )


def _id(text: str) -> uuid.UUID:
    return uuid.UUID(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest())


@contextmanager
def histories(bench: Bench, sizes: Sequence[int]) -> Iterator[list[History]]:
    """A database for each size, filled and analysed; dropped with the block."""
    made = [History(f"bench_{size}", size) for size in sizes]
    try:
        for item in made:
            _make(bench, item)
        yield made
    finally:
        for item in made:
            bench.drop_database(item.database)


def _make(bench: Bench, item: History) -> None:
    bench.drop_database(item.database)
    bench.copy_database(item.database)
    bench.prepare(bench.url("admin", item.database))
    with bench.seeding(item.database) as connection:
        for first in range(0, item.projects, AT_ONCE):
            last = min(first + AT_ONCE, item.projects) - 1
            connection.execute("select bench.add_history('history', %s, %s)", [first, last])
