"""Numbering: what happened becomes an event with its number, its payload, and a delivery for whoever asked for it.

What happened is read when it is committed. Between two transactions of which one waited for the other, or saw what the
other wrote, the ids of sidecar.happened are in the order of their commits, because an id is drawn before the commit and
after the wait. So each number is greater than those of everything that came before, and none is left out: one worker
numbers at a time, in the transaction that takes the rows away. Writers wait for nobody.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from sidecar.database import Connection, Database
from sidecar.events.payload import MOST_CHANGES, data_of, envelope
from sidecar.settings import Settings
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]

BATCH = 500
# The project of what belongs to none.
NOBODYS = UUID(int=0)


def number_events(database: Database, settings: Settings) -> set[UUID | None] | None:
    """Number what happened, at most BATCH of it. Returns the projects it happened in; None when there was nothing to
    be done, or another worker does it."""
    if not database.by_statement(_anything_new):
        return None
    with database.transaction() as connection:
        turn = connection.execute(sql.take_turn).fetchone()
        if not (turn and turn["mine"]):
            return None
        rows = connection.execute(sql.next_happened, {"limit": BATCH}).fetchall()
        if rows:
            _keep(connection, settings, rows)
    return {row["project_id"] for row in rows}


def _anything_new(connection: Connection) -> bool:
    row = connection.execute(sql.anything_new).fetchone()
    return bool(row and row["found"])


def _keep(connection: Connection, settings: Settings, rows: list[Row]) -> None:
    facts = _facts(connection, rows)
    # What is gone by now (a run that was deleted at once) leaves no event and no number.
    told = [(row, facts[row["id"]]) for row in rows if row["id"] in facts]
    numbers = _numbers(connection, [fact["project_id"] or NOBODYS for _, fact in told])
    events = []
    for place, (row, fact) in enumerate(told):
        project = fact["project_id"] or NOBODYS
        data = data_of(row["type"], fact, number := next(numbers[project]), settings.address)
        events.append(
            {
                "place": place,
                "project_id": project,
                "number": number,
                "type": row["type"],
                "subject": row["subject"],
                "version_id": fact.get("artifact_version_id"),
                "payload": envelope(row["type"], row["happened_at"], data),
                "happened_at": row["happened_at"],
            }
        )
    if events:
        connection.execute(sql.keep_events, {"events": Jsonb(events)})
    connection.execute(sql.forget_happened, {"ids": [row["id"] for row in rows]})
    if any(row["type"].startswith("version.") for row in rows):
        connection.execute(sql.tell_waiting)


def _facts(connection: Connection, rows: list[Row]) -> dict[int, Row]:
    """What each of them tells, by its id."""
    statements: dict[str, LiteralString] = {
        "version": sql.version_facts,
        "context": sql.context_facts,
        "task": sql.task_facts,
        "transfer": sql.transfer_facts,
        "execution": sql.execution_facts,
    }
    by_kind: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        by_kind[row["type"].partition(".")[0]].append(row["id"])
    found: dict[int, Row] = {}
    for kind, ids in by_kind.items():
        parameters = {"ids": ids, "most": MOST_CHANGES}
        found |= {row["id"]: row for row in connection.execute(statements[kind], parameters).fetchall()}
    return found


def _numbers(connection: Connection, projects: list[UUID]) -> dict[UUID, Any]:
    """For each project the numbers of its events, in order."""
    counts = Counter(projects)
    wanted = Jsonb([{"project_id": project, "count": count} for project, count in counts.items()])
    rows = connection.execute(sql.take_numbers, {"wanted": wanted}).fetchall()
    return {
        row["project_id"]: iter(range(row["number"] - counts[row["project_id"]] + 1, row["number"] + 1)) for row in rows
    }
