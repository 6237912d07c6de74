"""Running an import from its source to its end: read, store files, write batch by batch, promote, write back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar
from uuid import UUID

from sidecar.access.caller import Caller
from sidecar.call import Call
from sidecar.database import Connection, Database
from sidecar.errors import CODES
from sidecar.legacy.batch import Import, Written, begin_import, known_keys, write_batch
from sidecar.legacy.files import Places, stored_ids
from sidecar.legacy.items import Found, Item, Links, Problem, as_it_was, found_in, written_places
from sidecar.legacy.links import link_tasks
from sidecar.legacy.mapping import Map, TableRule
from sidecar.legacy.patience import patiently
from sidecar.legacy.promote import promote_imported
from sidecar.legacy.source import Row, Source
from sidecar.legacy.write_back import write_back
from sidecar.settings import Settings
from sidecar.sql import Statements

sql = Statements(__file__)
T = TypeVar("T")

# A transaction holds up the submissions to its projects and the decisions there, who wait two seconds at most: as many
# rows, or projects to promote, as take this long on this machine just now.
AIM_SECONDS = 0.4
BATCH_ITEMS = (20, 500)
PROMOTED = (1, 100)
BATCH_BYTES = 8 << 20
# So many raw rows are compared at once with what was written into them.
LOOKED_BACK = 500


@dataclass(frozen=True, slots=True)
class Options:
    """How an import is run. `places` says where bytes are."""

    places: Places
    dry_run: bool = False
    skip_bad: bool = False
    promote: bool = True
    write_back: bool = False
    renew_changed: bool = False


@dataclass(slots=True)
class Tally:
    """What an import came to so far."""

    rows: int = 0
    added: int = 0
    same: int = 0
    linked: int = 0
    promoted: int = 0
    written: int = 0
    changed: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    stopped: bool = False


Told = Callable[[Tally], None]


class Pace:
    """How many at a time, so that it takes AIM_SECONDS: from what the last ones took, never twice as many at once."""

    def __init__(self, fewest: int, most: int) -> None:
        self.many, self._fewest, self._most = max(fewest, most // 5), fewest, most

    @contextmanager
    def measured(self, done: int) -> Iterator[None]:
        """Around the work on `done` things."""
        began = time.monotonic()
        yield
        fitting = done * AIM_SECONDS / max(time.monotonic() - began, 0.001)
        self.many = int(max(self._fewest, min(self._most, fitting, 2 * self.many)))


class Runner:
    """One run of an import. Each transaction is one call of `_run`; a dry run rolls all of them back."""

    def __init__(
        self, database: Database, settings: Settings, caller: Caller, chosen: Map, source: Source, options: Options
    ) -> None:
        self.database, self.settings, self.caller = database, settings, caller
        self.map, self.source, self.options = chosen, source, options
        self.tally = Tally()
        # Set by _begin, in a dry run for each of its transactions.
        self.work: Import
        self._rehearsal = ExitStack()
        self._rehearsing: Connection | None = None
        self._last_project: object = None
        self._expected: set[UUID] = set()
        self._writes = False
        self._request_id = f"import-{chosen.name}"
        self._batch, self._projects = Pace(*BATCH_ITEMS), Pace(*PROMOTED)

    def run(self, told: Told = lambda _: None) -> Tally:
        """Do all of it; `told` hears of the progress after each batch.

        Without `skip_bad` the first batch with a problem is rolled back and ends it (`stopped`): what was written
        before stands, and the next run goes on there. Raises SourceError; Refusal registry_busy,
        database_unavailable, file_upload_failed, import_rolled_back, stable_links_off.
        """
        with self._rehearsal:
            self._begin()
            for table in self.map.tables:
                if self.source.columns(table.place):
                    self._table(table, told)
                if self.tally.stopped:
                    return self.tally
        if not self.options.dry_run:
            self._finish(told)
        return self.tally

    def _begin(self) -> None:
        def begin(call: Call) -> tuple[Row, bool]:
            row = begin_import(
                call, self.map.name, self.map.model_dump(mode="json", by_alias=True), self.source.description
            )
            some = call.connection.execute(sql.writes_to_restore, {"import_id": row["id"], "after": "", "limit": 1})
            return row, some.fetchone() is not None

        if self.options.dry_run:
            # The import itself is rolled back, too: it is begun again in each transaction of the rehearsal.
            self._rehearse()
        row, self._writes = self._run(begin)
        self.work = Import(row["id"], row["name"], self.options.write_back, self.options.renew_changed)
        self._request_id = self.work.request_id

    def _table(self, table: TableRule, told: Told) -> None:
        for batch in _batches(found_in(table, self._counted(self._as_they_were(table))), self._batch):
            self._turn(batch)
            items, problems = _distinct([found for found in batch if isinstance(found, Item)])
            problems += [found for found in batch if isinstance(found, Problem)] + _too_large(items, self.settings)
            bad = {problem.source_key for problem in problems}
            written = self._items([item for item in items if item.source_key not in bad], problems)
            links = [found for found in batch if isinstance(found, Links)]
            if links and not self._stops(problems):
                written = self._links(links, problems) or written
            self.tally.problems += problems
            if self._stops(problems):
                self.tally.stopped = True
                return
            told(self.tally)

    def _items(self, items: list[Item], problems: list[Problem]) -> Written:
        """Store the files of the new ones, then write them. Adds to `problems`."""
        if not items or self._stops(problems):
            return Written()
        keys = [item.source_key for item in items]
        known = self._run(lambda call: known_keys(call, self.work.id, keys))
        new = [item for item in items if self._is_new(item, known.get(item.source_key))]
        places = self.options.places
        if self.options.dry_run:
            ready, wrong = places.check(new)
        else:
            ready, wrong = places.store(self.database, self.work.id, new)
        problems += wrong
        stored = stored_ids(ready, new)
        if self._stops(problems):
            places.take_away(self.database, stored.values())
            return Written()
        by_key = {item.source_key: item for item in ready}
        bad = {problem.source_key for problem in wrong}
        # What an item was before its file was stored is what it is known by.
        before = {item.source_key: item.fingerprint for item in items}
        whole = [by_key.get(item.source_key, item) for item in items if item.source_key not in bad]
        with self._batch.measured(len(whole)):
            written = self._attempt(lambda call: write_batch(call, self.work, whole, before), problems)
        refused = {problem.source_key for problem in problems}
        places.take_away(self.database, [file for key, file in stored.items() if key in refused])
        if not self._stops(problems):
            self.tally.added += len(written.added)
            self.tally.same += written.same
            self.tally.changed += written.changed
            if self.options.dry_run:
                self._expected |= {item.wanted_id for item in whole if item.wanted_id}
        return written

    def _is_new(self, item: Item, known: Row | None) -> bool:
        """Whether a version will be made of it, so that its file is wanted."""
        return known is None or (self.options.renew_changed and bytes(known["fingerprint"]) != item.fingerprint)

    def _links(self, links: list[Links], problems: list[Problem]) -> Written:
        tables = [table.table for table in self.map.tables if table.versions]
        expected = self._expected
        written = self._attempt(lambda call: link_tasks(call, self.work, links, tables, expected), problems)
        if not self._stops(problems):
            self.tally.linked += len(written.added)
            self.tally.same += written.same
        return written

    def _attempt(self, work: Callable[[Call], Written], problems: list[Problem]) -> Written:
        """One transaction; where it found problems that are not to be skipped, it is rolled back."""

        class Stop(Exception):
            pass

        written = Written()

        def within(call: Call) -> None:
            nonlocal written
            written = work(call)
            if self._stops(written.problems) and not self.options.dry_run:
                raise Stop

        try:
            self._run(within)
        except Stop:
            problems += written.problems
            return Written()
        problems += written.problems
        return written

    def _finish(self, told: Told) -> None:
        if self.options.promote:
            after: UUID | None = UUID(int=0)
            while after is not None:
                place = after
                many = self._projects.many
                with self._projects.measured(many):
                    promoted, after, problems = self._run(
                        lambda call, at=place, most=many: promote_imported(call, self.work, at, most)
                    )
                self.tally.promoted += promoted
                self.tally.problems += problems
                told(self.tally)
        if self.options.write_back:
            written, problems = write_back(self.database, self.source, self.work.id)
            self.tally.written += written
            self.tally.problems += problems
        parameters = {"import_id": self.work.id, "problems": len(self.tally.problems)}
        self._run(lambda call: call.connection.execute(sql.finish_import, parameters))

    def _stops(self, problems: list[Problem]) -> bool:
        return bool(problems) and not self.options.skip_bad and not self.options.dry_run

    def _counted(self, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            self.tally.rows += 1
            yield row

    def _as_they_were(self, table: TableRule) -> Iterator[Row]:
        """The source's rows, with the addresses that an earlier run wrote into them taken out again."""
        rows = self.source.rows(table)
        if not self._writes:
            yield from rows
            return
        while chunk := list(islice(rows, LOOKED_BACK)):
            names = [name for row in chunk for name in written_places(table, row).values()]
            parameters = {"import_id": self.work.id, "source_keys": names}
            found = self._run(lambda call, told=parameters: call.connection.execute(sql.writes_known, told).fetchall())
            writes = {row["source_key"]: row for row in found}
            yield from (as_it_was(table, row, writes) for row in chunk)

    # -- transactions -----------------------------------------------------

    def _run(self, work: Callable[[Call], T]) -> T:
        request_id = self._request_id
        if self._rehearsing is not None:
            return work(Call(self._rehearsing, self.caller, request_id, self.settings))
        return patiently(
            self.database, lambda connection: work(Call(connection, self.caller, request_id, self.settings))
        )

    def _rehearse(self) -> None:
        """Begin a transaction that will be rolled back, after the one before it has been."""
        self._rehearsal.close()
        connection = self._rehearsal.enter_context(self.database.pool.connection())
        self._rehearsal.callback(setattr, self, "_rehearsing", None)
        self._rehearsal.enter_context(connection.transaction(force_rollback=True))
        self._rehearsing = connection

    def _turn(self, batch: list[Found]) -> None:
        """In a dry run: rolled back where a project ends. What can be in each other's way lies in one project.

        Until then the rehearsal keeps the project's lock: in one of tens of thousands of rows, whoever submits or
        decides there meanwhile waits too long and is told that the registry is busy.
        """
        if not self.options.dry_run:
            return
        projects = [found.project for found in batch if isinstance(found, Item)]
        if projects and projects[0] != self._last_project:
            self._begin()
        self._last_project = projects[-1] if projects else self._last_project


def _batches(found: Iterator[list[Found]], pace: Pace) -> Iterator[list[Found]]:
    """What whole rows stand for, until it is many or large. A row's own are never parted."""
    batch: list[Found] = []
    size = 0
    for of_row in found:
        batch += of_row
        size += sum(_size(item) for item in of_row)
        if len(batch) >= pace.many or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _distinct(items: list[Item]) -> tuple[list[Item], list[Problem]]:
    """Each row once. Of two that differ under one key nobody knows which is meant: neither is taken.

    In different batches the other one reads as a row that has changed since.
    """
    first: dict[str, Item] = {}
    problems = []
    for item in items:
        if first.setdefault(item.source_key, item) != item:
            said = CODES["import_key_repeated"].sentence
            problems.append(Problem(item.source_key, "import_key_repeated", said))
    repeated = {problem.source_key for problem in problems}
    return [item for key, item in first.items() if key not in repeated], problems


def _size(found: Found) -> int:
    return len(json.dumps(found.value, default=str)) if isinstance(found, Item) and found.value is not None else 0


def _too_large(items: list[Item], settings: Settings) -> list[Problem]:
    """Values that no request could bring either: contexts hold them whole."""
    problems = []
    for item in items:
        size = _size(item)
        if size > settings.json_limit:
            said = f"The value has {size:,} bytes; {settings.json_limit:,} are allowed."
            problems.append(Problem(item.source_key, "body_too_large", said))
    return problems
