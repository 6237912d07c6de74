"""Feedback as JSON Lines, for training and analysis: which version was chosen over which, or each decision.

Nothing is held but one page of ids and a few versions' contents, and no connection while the reader reads: a cursor in
the database would keep a transaction open for as long as that takes. What makes pages one file is that records are only
added, and that the file ends at a moment before which none can be added any more.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal, Protocol, TypeVar
from uuid import UUID

from pydantic_core import to_json

from sidecar.call import Call
from sidecar.feedback.paths import Paths
from sidecar.feedback.rejections import records_of
from sidecar.pages import cursor_of, place
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]
Kind = Literal["pairs", "decisions"]
T = TypeVar("T")

# Decisions looked at in one statement, pairs of one page, and lines whose contents are in memory at once: a value may
# have 2 MB.
RECORDS = 200
PAIRS = 1000
AT_ONCE = 20
# Projects whose decisions are looked for in one statement; those with the path asked for have few each.
PROJECTS = 20
PROJECTS_BY_PATH = 100

_BEFORE_ALL = UUID(int=0)
_LAST = 2**31 - 1


class Run(Protocol):
    """Runs some work on a connection of its own."""

    def __call__(self, work: Callable[[Call], T], /) -> T: ...


@dataclass(frozen=True, slots=True)
class Place:
    """Behind which line the next one is looked for: a decision, by project and time, and a version's number in it."""

    project: UUID = _BEFORE_ALL
    date: datetime = datetime(1, 1, 1, tzinfo=UTC)
    record: UUID = _BEFORE_ALL
    number: int = -1

    def cursor(self) -> str:
        return cursor_of(self.project, self.date, self.record, self.number)


@dataclass(frozen=True, slots=True)
class Export:
    """What to write: decisions from `since` to before `until`, of one project (`only`) or of all."""

    kind: Kind
    only: UUID | None
    paths: Paths
    since: datetime | None
    until: datetime
    limit: int | None
    address: str


@dataclass(frozen=True, slots=True)
class Page:
    """The keys of some lines, in order, and where to look for more (None: there is no more)."""

    keys: list[Row]
    following: Place | None


def settled(call: Call) -> datetime:
    """The moment before which no decision can still appear."""
    row = call.connection.execute(sql.settled).fetchone()
    assert row is not None  # noqa: S101  an aggregate has one row
    return row["at"]


def place_of(cursor: str | None) -> Place:
    """Where a line's cursor leads. Raises Refusal invalid_value for one this API did not make."""
    if cursor is None:
        return Place()
    return Place(**place(cursor, project=UUID, date=datetime, record=UUID, number=int))


def page(call: Call, export: Export, at: Place) -> Page:
    """The next lines' keys behind `at`; there may be none, and more behind them."""
    most = PROJECTS_BY_PATH if export.paths.one else PROJECTS
    named = {"project": at.project, "only": export.only, "limit": most + 1}
    projects = [row["id"] for row in call.connection.execute(sql.projects_from, named).fetchall()]
    records = _records(call, export, at, projects[:most])
    keys = _keys(call, export, at, [record["id"] for record in records])
    if len(keys) == PAIRS:
        return Page(keys, _place(keys[-1]))
    if len(records) == RECORDS:
        end = records[-1]
        return Page(keys, Place(end["project_id"], end["date_created"], end["id"], _LAST))
    return Page(keys, Place(projects[most]) if len(projects) > most else None)


def _records(call: Call, export: Export, at: Place, projects: list[UUID]) -> list[Row]:
    parameters = {
        "projects": projects, "project": at.project, "date": at.date, "record": at.record, "since": export.since,
        "until": export.until, "limit": RECORDS, "schema_key": export.paths.one,
    }  # fmt: skip
    statement = sql.records_of_path if export.paths.one else sql.records_of_projects
    return call.connection.execute(statement, parameters).fetchall()


def lines(run: Run, export: Export, first: Page) -> Iterator[tuple[bytes, Place]]:
    """The lines from `first` on, each with its place. What fails is raised where it fails."""
    left = itertools.count() if export.limit is None else range(export.limit)
    found = (line for keys in _batches(run, export, first) for line in run(partial(_written, export=export, keys=keys)))
    for _, line in zip(left, found, strict=False):
        yield line


def _batches(run: Run, export: Export, first: Page) -> Iterator[list[Row]]:
    here: Page | None = first
    while here is not None:
        for start in range(0, len(here.keys), AT_ONCE):
            yield here.keys[start : start + AT_ONCE]
        here = run(partial(page, export=export, at=here.following)) if here.following else None


def _written(call: Call, export: Export, keys: list[Row]) -> list[tuple[bytes, Place]]:
    """The lines of some keys, each with its place."""
    pairs = export.kind == "pairs"
    names = ("chosen_id", "rejected_id") if pairs else ("version_id",)
    ids = list({key[name] for key in keys for name in names})
    contents = {row["id"]: row for row in call.connection.execute(sql.contents, {"ids": ids}).fetchall()}
    said = records_of(call, ids) if pairs else {}
    written: list[tuple[bytes, Place]] = []
    for key in keys:
        at = _place(key)
        line = _pair(key, contents, said, export.address) if pairs else _decision(key, contents, export.address)
        line |= {"decided_at": key["date_created"], "cursor": at.cursor()}
        written.append((to_json(line) + b"\n", at))
    return written


def _keys(call: Call, export: Export, at: Place, records: list[UUID]) -> list[Row]:
    if not records:
        return []
    statement = sql.pairs if export.kind == "pairs" else sql.decisions
    parameters = {
        "records": records, "record": at.record, "number": at.number, "pattern": export.paths.pattern, "limit": PAIRS,
    }  # fmt: skip
    return call.connection.execute(statement, parameters).fetchall()


def _place(key: Row) -> Place:
    return Place(key["project_id"], key["date_created"], key["id"], key["number"])


def _pair(key: Row, contents: dict[UUID, Row], said: dict[UUID, list[Row]], address: str) -> Row:
    """Every field has one type in every line, so that whoever infers a schema from the first lines is right about all:
    what is not known is an empty text."""
    chosen, rejected = contents[key["chosen_id"]], contents[key["rejected_id"]]
    about = [record for record in said[rejected["id"]] if record["action"] != "approve"]
    return {
        "prompt": chosen["prompt"] or rejected["prompt"] or "",
        "chosen": chosen["content"] or "",
        "rejected": rejected["content"] or "",
        "source": key["source"],
        "reason": _reason(about, "reject", "request_changes"),
        "feedback": _feedback(about),
        "chosen_reason": _reason(said[chosen["id"]], "approve"),
        **_of_project(chosen),
        "rejected_prompt": rejected["prompt"] or "",
        **_version("chosen_", chosen, address),
        **_version("rejected_", rejected, address),
    }


def _decision(key: Row, contents: dict[UUID, Row], address: str) -> Row:
    version = contents[key["version_id"]]
    return {
        "prompt": version["prompt"] or "",
        "completion": version["content"] or "",
        "label": key["action"] == "approve",
        "action": key["action"],
        "reason": key["reason"] or "",
        "feedback": _feedback([key]),
        "actor_type": key["actor_type"] or "",
        **_of_project(version),
        **_version("", version, address),
    }


def _of_project(version: Row) -> Row:
    return {
        "project_id": version["project_id"],
        "project_key": version["project_key"] or "",
        "schema_key": version["schema_key"],
        "artifact_type": version["artifact_type"] or "",
    }


def _version(prefix: str, version: Row, address: str) -> Row:
    name = f"{address}/v1/artifacts/{version['id']}/download"
    return {
        f"{prefix}version_id": version["id"],
        f"{prefix}version_number": version["version_number"],
        f"{prefix}content_hash": version["content_hash"] or "",
        f"{prefix}file_url": name if version["has_file"] else "",
        f"{prefix}input_hash": version["input_hash"] or "",
    }


def _reason(records: list[Row], *actions: str) -> str:
    """The last reason given with such a decision."""
    return next((r["reason"] for r in reversed(records) if r["action"] in actions and r["reason"]), "")


def _feedback(records: list[Row]) -> str:
    """Comments and structured feedback as JSON text: a list, whose items differ too much to be a column."""
    kept = [
        {"action": record["action"], "comment": record["reason"], "feedback": record["feedback"]}
        for record in records
        if record["feedback"] is not None or record["action"] == "comment"
    ]
    return to_json(kept).decode()
