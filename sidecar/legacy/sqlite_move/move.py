"""Take the rows of a Directus on SQLite into the PostgreSQL database that the same Directus has prepared.

One transaction: all of it is there afterwards, and was read back and compared, or nothing is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from sidecar.legacy.sqlite_move.source import Source
from sidecar.legacy.sqlite_move.target import Target
from sidecar.legacy.sqlite_move.values import Checksum, Misfit, converter, is_known, is_midnight

SHOWN = 20
SHOWN_OF_COLUMN = 3


class Refused(Exception):
    """Nothing was changed. `reasons` are sentences, each with what to do."""

    def __init__(self, reasons: list[str]) -> None:
        more = len(reasons) - SHOWN
        super().__init__("\n".join(reasons[:SHOWN] + ([f"… and {more} more."] if more > 0 else [])))
        self.reasons = reasons


@dataclass(frozen=True)
class Move:
    """What moves where. `leave` are tables that stay behind; `zone` is where the old Directus' server kept its time."""

    source: Source
    target: Target
    zone: ZoneInfo
    leave: frozenset[str] = frozenset()

    @property
    def tables(self) -> list[str]:
        return [table for table in self.source.moving if table not in self.leave]

    @property
    def emptied(self) -> list[str]:
        """Those that stay behind, too: PostgreSQL does not truncate a table without the ones that refer to it."""
        return [table for table in self.source.moving if table in self.target.columns]

    def columns(self, table: str) -> list[str]:
        return list(self.source.columns(table))


@dataclass(frozen=True)
class Moved:
    """One table, counted and summed on both sides."""

    table: str
    there: Checksum
    here: Checksum

    @property
    def is_same(self) -> bool:
        return self.there == self.here


@dataclass
class Faults:
    """Values that do not fit: of each column how many, and the first few; more would say nothing new."""

    said: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, table: str, column: str, key: str, value: Any, why: object) -> None:
        place = (table, column)
        self.counts[place] += 1
        if self.counts[place] <= SHOWN_OF_COLUMN:
            self.said.setdefault(place, []).append(f"{table}.{column} where {key} is {value}: {why}.")

    def refuse(self) -> None:
        if self.said:
            repair = "Repair these in the old Directus, or in a copy of its file, and run this again:"
            raise Refused([repair, *(line for place in self.said for line in self._of(place))])

    def _of(self, place: tuple[str, str]) -> list[str]:
        more = self.counts[place] - SHOWN_OF_COLUMN
        return self.said[place] + ([f"{'.'.join(place)}: {more:,} more like these."] if more > 0 else [])


def move(plan: Move, say: Callable[[str], None] = lambda line: None) -> list[Moved]:
    """Fill the target. Raises Refused; the caller's transaction is then rolled back.

    The target is committed by whoever opened it.
    """
    refuse_what_cannot_move(plan)
    _refuse_occupied(plan)
    for name in plan.target.widen_floats(plan.tables):
        say(f"{name}: eight bytes instead of four")
    plan.target.empty(plan.emptied)
    faults, moved = Faults(), []
    with plan.target.foreign_keys_at_the_end():
        for table in plan.tables:
            moved.append(_move_table(plan, table, faults))
        faults.refuse()
    _refuse_differences(moved)
    plan.target.analyze(plan.tables)
    return moved


def rehearse(plan: Move) -> list[tuple[str, int]]:
    """Everything `move` would refuse, found without writing: every value is converted. (table, rows) of each table."""
    refuse_what_cannot_move(plan)
    _refuse_occupied(plan)
    faults = Faults()
    counts = [(table, sum(1 for _ in _converted(plan, table, faults))) for table in plan.tables]
    faults.refuse()
    return counts


def compare(plan: Move) -> list[Moved]:
    """Both sides as they are now, table by table."""
    refuse_what_cannot_move(plan)
    faults, found = Faults(), []
    for table in plan.tables:
        there = Checksum()
        for row in _converted(plan, table, faults):
            there.add(row)
        found.append(Moved(table, there, plan.target.checksum(table, plan.columns(table))))
    faults.refuse()
    return found


def _move_table(plan: Move, table: str, faults: Faults) -> Moved:
    there = Checksum()
    plan.target.fill(table, plan.columns(table), _summed(_converted(plan, table, faults), there))
    plan.target.continue_ids(table, plan.source.last_id(table))
    return Moved(table, there, plan.target.checksum(table, plan.columns(table)))


def _summed(rows: Iterable[tuple[Any, ...]], into: Checksum) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        into.add(row)
        yield row


def _converted(plan: Move, table: str, faults: Faults) -> Iterator[tuple[Any, ...]]:
    """The rows as PostgreSQL is to hold them. A row that does not fit becomes a fault and is passed over."""
    names, key, columns = plan.columns(table), plan.source.key(table), plan.target.to_be(table)
    converters = [converter(columns[name], plan.zone) for name in names]
    place = names.index(key)
    for row in plan.source.rows(table, names):
        fresh = []
        for name, convert, value in zip(names, converters, row, strict=True):
            try:
                fresh.append(None if value is None else convert(value))
            except Misfit as why:
                faults.add(table, name, key, row[place], why)
        if len(fresh) == len(names):
            yield tuple(fresh)


def refuse_what_cannot_move(plan: Move) -> None:
    """What neither a move nor a comparison can work with; nothing is written. Raises Refused with every reason."""
    reasons = [*_damage(plan.source), *_other_versions(plan)]
    if not reasons:
        reasons = [*_registry(plan.target), *_missing(plan), *_loose_ends(plan)]
    if not reasons:
        reasons = [*_wrong_zone(plan)]
    if reasons:
        raise Refused(reasons)


def _damage(source: Source) -> Iterator[str]:
    for said in source.damage():
        yield f"The SQLite file is damaged ({said}). Restore it from a backup first."
    if "directus_migrations" not in source.tables:
        yield "This SQLite file is no Directus' database: it has no table directus_migrations."


def _other_versions(plan: Move) -> Iterator[str]:
    if "directus_migrations" not in plan.source.tables:
        return
    if "directus_migrations" not in plan.target.columns:
        yield "PostgreSQL has no tables of Directus yet. Run `directus bootstrap` on it first."
    elif differing := plan.source.migrations ^ plan.target.migrations:
        names = ", ".join(sorted(f"{version} {name}" for version, name in differing)[:3])
        yield (
            f"The two databases belong to different versions of Directus ({len(differing)} migrations differ: {names})."
            " Bring the old Directus to the version of the new one first, on SQLite."
        )


def _registry(target: Target) -> Iterator[str]:
    if target.has_registry:
        yield (
            "This PostgreSQL database has the registry in it already, and its guards would refuse old rows."
            " Move first, into a database of its own, and put the registry in afterwards."
        )


def _missing(plan: Move) -> Iterator[str]:
    for table in plan.tables:
        columns = plan.target.columns.get(table)
        if columns is None:
            yield (
                f"PostgreSQL has no table {table}. A collection of Directus comes with `directus schema apply`;"
                f" make any other table yourself, or leave it behind with --leave {table}."
            )
            continue
        for name in plan.columns(table):
            if name not in columns:
                yield f"PostgreSQL has no column {table}.{name}. Apply a schema snapshot of today."
            elif not is_known(columns[name]):
                yield f"{table}.{name} is of type {columns[name].kind}, which this command cannot fill."


def _loose_ends(plan: Move) -> Iterator[str]:
    for table, column, parent, rows in plan.source.loose_ends():
        if table not in plan.tables:
            continue
        yield (
            f"{table}.{column} refers {rows:,} times to rows of {parent} that are not there, which PostgreSQL refuses."
            f" Empty {column} in those rows, or delete them."
        )


def _wrong_zone(plan: Move) -> Iterator[str]:
    """A day is stored as the moment it began. In a wrong time zone most of them would become the day before."""
    for table in plan.tables:
        for column in plan.target.columns[table].values():
            if column.kind == "date" and column.name in plan.source.columns(table):
                days = plan.source.read("select {0} from {1} where typeof({0}) = 'integer'", column.name, table)
                begun = [is_midnight(day, plan.zone) for (day,) in days]
                if begun and sum(begun) * 2 < len(begun):
                    yield (
                        f"Most dates in {table}.{column.name} do not begin at midnight in {plan.zone.key}."
                        " Give --timezone the time zone in which the old Directus ran."
                    )


def _refuse_occupied(plan: Move) -> None:
    if occupied := plan.target.occupied(plan.emptied):
        raise Refused(
            [
                f"PostgreSQL has rows in {', '.join(occupied[:5])} already, and they would be lost."
                " Use an empty database; to see whether these are the old rows, run `compare`."
            ]
        )


def _refuse_differences(moved: list[Moved]) -> None:
    if differing := [one for one in moved if not one.is_same]:
        raise Refused([f"{one.table} was not read back as written: {one.there} and {one.here}." for one in differing])
