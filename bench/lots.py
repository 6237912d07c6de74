"""What one round of promotions works on: a lot of pending versions for a number of callers."""

from __future__ import annotations

import hashlib
import itertools
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from bench.stack import Bench

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Lot:
    """`versions` pending versions for each of `callers`, each caller on a path of its own.

    `shared`: all in one project; otherwise one project each. Every project's context holds `paths` entries.
    """

    name: str
    callers: int
    versions: int
    paths: int
    shared: bool = False

    def version(self, caller: int, n: int) -> uuid.UUID:
        """The id that seed.sql gives a caller's n-th version."""
        return uuid.UUID(hashlib.md5(f"{self.name}/version/{caller}/{n}".encode(), usedforsecurity=False).hexdigest())

    def project(self, caller: int = 0) -> uuid.UUID:
        place = f"{self.name}/project/{0 if self.shared else caller}"
        return uuid.UUID(hashlib.md5(place.encode(), usedforsecurity=False).hexdigest())


def lot(callers: int, versions: int, *, paths: int = 10, shared: bool = False) -> Lot:
    """Describe a lot; nothing is written. There are at least as many paths as callers, as each has its own."""
    return Lot(f"lot{next(_numbers)}-{uuid.uuid4().hex[:6]}", callers, versions, max(paths, callers), shared)


def write(bench: Bench, lots: Sequence[Lot], database: str | None = None) -> None:
    """Put lots into the database, in as little time as it takes without triggers."""
    with bench.seeding(database) as connection:
        for item in lots:
            projects = 1 if item.shared else item.callers
            connection.execute("select bench.add_projects(%s, %s, %s)", [item.name, projects, item.paths])
            connection.execute(
                "select bench.add_pending(%s, %s, %s, %s)", [item.name, item.callers, item.versions, item.shared]
            )
