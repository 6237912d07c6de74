"""Taking an import back: its versions are withdrawn by the usual decisions, the contexts go on without them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sidecar.access.caller import Caller
from sidecar.call import Call
from sidecar.database import Database
from sidecar.legacy.batch import Import
from sidecar.legacy.patience import patiently
from sidecar.review.decide import Decision, decide
from sidecar.settings import Settings
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]

PAGE = 100
_FIRST = UUID(int=0)


@dataclass(slots=True)
class Taken:
    """What a rollback came to. `kept`: versions that somebody has decided on since, as
    {source_key, id, schema_key, version_number, status, action, actor_label}."""

    withdrawn: int = 0
    projects: int = 0
    kept: list[Row] = field(default_factory=list)


def roll_back(database: Database, settings: Settings, caller: Caller, work: Import, *, force: bool = False) -> Taken:
    """Withdraw what an import made and nobody has decided on since; with `force` that, too.

    Page by page, each a transaction: whoever is killed runs it again. Nothing is deleted: versions are archived, with
    who did it and why. Raises Refusal registry_busy, database_unavailable.
    """
    taken = Taken()
    # Approved ones first: what they superseded stays in the context until they have left it.
    for approved in (True, False):
        for decided in (False, True) if force else (False,):
            _withdraw(database, settings, caller, work, taken, approved=approved, decided=decided)
    with database.transaction() as connection:
        taken.kept = _kept(connection, work)
        connection.execute(sql.withdrawn, {"import_id": work.id})
        taken.projects = connection.execute(sql.archive_projects, {"import_id": work.id}).rowcount
        connection.execute(sql.roll_back, {"import_id": work.id})
    return taken


def _withdraw(
    database: Database, settings: Settings, caller: Caller, work: Import, taken: Taken, *, approved: bool, decided: bool
) -> None:
    after = _FIRST

    def page(connection: Any) -> list[Row]:
        connection.execute(sql.take_time)
        parameters = {"import_id": work.id, "request_id": work.request_id, "after": after, "limit": PAGE}
        rows = connection.execute(
            sql.versions_to_withdraw, {**parameters, "approved": approved, "decided": decided}
        ).fetchall()
        reason = f"The import {work.name} was rolled back."
        decisions = [Decision(row["id"], "withdraw", reason) for row in rows]
        if decisions:
            decide(Call(connection, caller, work.request_id, settings), decisions)
        return rows

    while rows := patiently(database, page):
        taken.withdrawn += len(rows)
        after = rows[-1]["id"]


def _kept(connection: Any, work: Import) -> list[Row]:
    rows: list[Row] = []
    for approved in (True, False):
        parameters = {
            "import_id": work.id, "request_id": work.request_id, "after": _FIRST, "limit": None, "approved": approved,
        }  # fmt: skip
        rows += connection.execute(sql.versions_to_withdraw, {**parameters, "decided": True}).fetchall()
    return rows
