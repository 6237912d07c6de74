"""Checking every promise of the registry on live data: what is, beside what should be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg import IsolationLevel
from psycopg.types.json import Jsonb

from sidecar.database import Connection
from sidecar.provision.database import MIGRATIONS
from sidecar.provision.ids import ARTIFACTS_FOLDER
from sidecar.sql import Statements

sql = Statements(__file__)

# The name of each statement is the code of what it finds; docs/reference/verify.md says what to do about it.
OF_PROJECTS: Mapping[str, LiteralString] = {
    "context_differs": sql.context_differs,
    "context_version_differs": sql.context_version_differs,
    "promotion_missing": sql.promotion_missing,
    "entry_without_version": sql.entry_without_version,
    "version_not_in_context": sql.version_not_in_context,
    "entry_differs": sql.entry_differs,
    "number_gap": sql.number_gap,
    "two_approved": sql.two_approved,
    "status_unreachable": sql.status_unreachable,
    "decision_not_recorded": sql.decision_not_recorded,
    "decision_undone": sql.decision_undone,
    "primary_file_not_linked": sql.primary_file_not_linked,
    "removal_not_recorded": sql.removal_not_recorded,
    "gone_and_there": sql.gone_and_there,
    "paths_in_conflict": sql.paths_in_conflict,
    "log_entry_missing": sql.log_entry_missing,
    "log_link_broken": sql.log_link_broken,
    "log_hash_wrong": sql.log_hash_wrong,
    "record_changed": sql.record_changed,
    "promotion_changed": sql.promotion_changed,
    "erasure_unfounded": sql.erasure_unfounded,
    "record_not_logged": sql.record_not_logged,
    "record_missing": sql.record_missing,
    "event_missing": sql.event_missing,
    "event_number_gap": sql.event_number_gap,
}
OF_THE_DATABASE: Mapping[str, LiteralString] = {
    "guard_missing": sql.guard_missing,
    "guard_disabled": sql.guard_disabled,
    "guard_changed": sql.guard_changed,
    "owner_wrong": sql.owner_wrong,
    "role_too_powerful": sql.role_too_powerful,
    "grant_too_wide": sql.grant_too_wide,
    "file_unused": sql.file_unused,
    "file_not_removed": sql.file_not_removed,
    "file_replaced": sql.file_replaced,
}

_TRIGGER = re.compile(
    r"create (?:or replace )?trigger (\w+) ([^;]*?) on ([\w.]+)([^;]*?)execute function sidecar\.(\w+)\("
)
_FUNCTION = re.compile(r"create (?:or replace )?function sidecar\.(\w+)\([^;]*?\$\$(.*?)\$\$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Breach:
    """One promise that does not hold. `project` is a key, `path` a path of it, or what of the database it is about."""

    code: str
    project: str | None
    path: str | None
    found: str
    expected: str

    def __str__(self) -> str:
        place = " ".join(filter(None, [self.project, self.path]))
        return f"{self.code}  {place + ': ' if place else ''}{self.found}; should be: {self.expected}"


@contextmanager
def snapshot(connection: Connection) -> Iterator[None]:
    """A transaction that reads one moment, writes nothing and may take its time. The connection is in none yet."""
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    with connection.transaction():
        # The sidecar's role has limits meant for requests.
        connection.execute(sql.take_time)
        yield


def verify(connection: Connection, project_id: UUID | None = None) -> Iterator[Breach]:
    """Every breach in the database, or in one project, as of the snapshot that the caller holds.

    A check that the damage itself keeps from running is a breach too.
    """
    checks: dict[str, LiteralString] = dict(OF_PROJECTS if project_id else {**OF_PROJECTS, **OF_THE_DATABASE})
    parameters = {"project_id": project_id, "folder": ARTIFACTS_FOLDER, **_guards()}
    for code, statement in checks.items():
        try:
            with connection.transaction():
                rows = connection.execute(statement, parameters).fetchall()
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            yield Breach(code, None, None, f"the check failed: {error.diag.message_primary}", "data it can read")
            continue
        names = _names(connection) if rows else {}
        for row in rows:
            yield Breach(code, names.get(row["project_id"]), row["path"], row["found"], row["expected"])


def looked_at(connection: Connection, project_id: UUID | None = None) -> dict[str, int]:
    """How many rows of each kind there are: {"projects", "versions", "approvals", "promotions", "log_entries"}."""
    row = connection.execute(sql.looked_at, {"project_id": project_id}).fetchone()
    return row or {}


def project_named(connection: Connection, project: str) -> UUID | None:
    """The id of the project with this key or id; None when there is none."""
    row = connection.execute(sql.project_named, {"project": project}).fetchone()
    return row["id"] if row else None


def _names(connection: Connection) -> dict[UUID, str]:
    return {row["id"]: row["name"] for row in connection.execute(sql.names_of_projects)}


@cache
def _guards() -> dict[str, Jsonb]:
    """The triggers and functions that migrations/ makes. Of two functions with one name, the later file's counts."""
    functions: dict[str, str] = {}
    triggers: dict[tuple[str, str], dict[str, Any]] = {}
    for path in _migrations():
        text = path.read_text(encoding="utf-8")
        functions.update(_FUNCTION.findall(text))
        for name, _events, relation, condition, function in _TRIGGER.findall(text):
            triggers[relation, name] = {
                "name": name,
                "relation": relation,
                "function": function,
                "conditional": "when (" in condition,
            }
    bodies = [{"name": name, "body": body} for name, body in functions.items()]
    return {"triggers": Jsonb(list(triggers.values())), "functions": Jsonb(bodies)}


def _migrations() -> Iterator[Path]:
    """The files in the order in which set-up runs them."""
    for folder in (MIGRATIONS, MIGRATIONS / "functions", MIGRATIONS / "guards", MIGRATIONS / "after"):
        yield from sorted(folder.glob("*.sql"))
