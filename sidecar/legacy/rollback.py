"""Taking an import back: its versions are withdrawn by the usual decisions, the contexts go on without them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from sidecar.access.caller import Caller
from sidecar.call import Call
from sidecar.database import Connection, Database
from sidecar.errors import Refusal
from sidecar.legacy.batch import Import
from sidecar.legacy.patience import patiently
from sidecar.review.decide import Decision, decide
from sidecar.settings import Settings
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]
T = TypeVar("T")

PAGE = 100
# So many are listed at once, and withdrawn project by project: each page is one promotion of each of its projects.
LISTED = 5000
# What is in a context until its successor is promoted there cannot go before that.
_IN_THE_WAY = "approved_is_replaced"


@dataclass(slots=True)
class Taken:
    """What a rollback came to. `kept`: versions that stay, mostly because somebody has decided on them since, as
    {source_key, id, project_id, schema_key, version_number, status, action, actor_label, why}."""

    withdrawn: int = 0
    projects: int = 0
    kept: list[Row] = field(default_factory=list)


class _Ended(Exception):
    """Somebody else has rolled it back meanwhile."""


def roll_back(database: Database, settings: Settings, caller: Caller, work: Import, *, force: bool = False) -> Taken:
    """Withdraw what an import made and nobody has decided on since; with `force` that, too.

    Page by page, each a transaction: whoever is killed runs it again. What the import itself, still running, adds
    meanwhile is withdrawn, too. Nothing is deleted: versions are archived, with who did it and why. Raises Refusal
    registry_busy, database_unavailable.
    """
    rollback = _Rollback(database, settings, caller, work, force)
    with suppress(_Ended):
        rollback.run()
    return rollback.taken


class _Rollback:
    def __init__(self, database: Database, settings: Settings, caller: Caller, work: Import, force: bool) -> None:
        self.database, self.settings, self.caller, self.work, self.force = database, settings, caller, work, force
        self.taken = Taken()
        self._in_the_way: dict[UUID, str] = {}

    def run(self) -> None:
        while True:
            # Approved ones first: what they superseded stays in the context until they have left it.
            for approved in (True, False):
                self._withdraw(approved)
            self._archive_projects()
            if self._in_turn(self._ended):
                return

    def _withdraw(self, approved: bool) -> None:
        after = ""
        while rows := self._in_turn(lambda connection, at=after: self._left(connection, at, approved)):
            after = rows[-1]["source_key"]
            ids = [row["id"] for row in sorted(rows, key=lambda row: (row["project_id"], row["id"]))]
            for first in range(0, len(ids), PAGE):
                page = ids[first : first + PAGE]
                self.taken.withdrawn += self._in_turn(lambda connection, some=page: self._decide(connection, some))

    def _left(self, connection: Connection, after: str, approved: bool | None = None) -> list[Row]:
        parameters = {"import_id": self.work.id, "after": after, "approved": approved, "limit": LISTED}
        return connection.execute(sql.versions_left, parameters).fetchall()

    def _decide(self, connection: Connection, ids: list[UUID]) -> int:
        """Withdraw those that are to go, all at once, or where one is in the way each by itself. Returns how many."""
        going = [row["id"] for row in self._decided(connection, ids) if self._goes(row)]
        try:
            with connection.transaction():
                self._decide_on(connection, going)
            return len(going)
        except Refusal as refusal:
            if refusal.code != _IN_THE_WAY:
                raise
        return sum(self._goes_alone(connection, version_id) for version_id in going)

    def _goes_alone(self, connection: Connection, version_id: UUID) -> bool:
        try:
            with connection.transaction():
                self._decide_on(connection, [version_id])
        except Refusal as refusal:
            if refusal.code != _IN_THE_WAY:
                raise
            self._in_the_way[version_id] = refusal.message or str(refusal)
            return False
        return True

    def _decide_on(self, connection: Connection, ids: list[UUID]) -> None:
        reason = f"The import {self.work.name} was rolled back."
        if ids:
            call = Call(connection, self.caller, self.work.request_id, self.settings)
            decide(call, [Decision(version_id, "withdraw", reason) for version_id in ids])

    def _decided(self, connection: Connection, ids: list[UUID]) -> list[Row]:
        """Those of some versions that are in use still, with what somebody did with them since."""
        return connection.execute(sql.decided_since, {"ids": ids, "request_id": self.work.request_id}).fetchall()

    def _goes(self, row: Row) -> bool:
        return (self.force or row["action"] is None) and row["id"] not in self._in_the_way

    def _archive_projects(self) -> None:
        after: str | None = ""
        while after is not None:
            parameters = {"import_id": self.work.id, "after": after, "limit": PAGE}
            row = self._in_turn(
                lambda connection, at=parameters: connection.execute(sql.archive_projects, at).fetchone()
            )
            after, archived = (row["last"], row["archived"]) if row else (None, 0)
            self.taken.projects += archived

    def _ended(self, connection: Connection) -> bool:
        """Whether nothing is left to withdraw, with the import's turn taken: then it takes no more batches."""
        kept = list(self._kept(connection))
        if any(self._goes(row) for row in kept):
            return False
        connection.execute(sql.withdrawn, {"import_id": self.work.id})
        connection.execute(sql.roll_back, {"import_id": self.work.id})
        self.taken.kept = kept
        return True

    def _kept(self, connection: Connection) -> Iterator[Row]:
        after = ""
        while rows := self._left(connection, after):
            after = rows[-1]["source_key"]
            listed = {row["id"]: row for row in rows}
            for row in self._decided(connection, list(listed)):
                why = self._in_the_way.get(row["id"]) or f"{row['action']} by {row['actor_label']}"
                yield {**listed[row["id"]], **row, "why": why}

    def _in_turn(self, work: Callable[[Connection], T]) -> T:
        """One transaction with the import's turn: between the batches of the import itself, should it still run, and
        without the limits that are meant for requests."""

        def within(connection: Connection) -> T:
            if connection.execute(sql.take_turn, {"import_id": self.work.id}).fetchone() is None:
                raise _Ended
            return work(connection)

        return patiently(self.database, within)
