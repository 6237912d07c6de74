"""Retention: archiving what a template says it is time for, and taking its files away where it says so."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from sidecar import audit
from sidecar.answers import version_name
from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.promotion.enter import lock_projects
from sidecar.retention.due import Place, due_in, unreadable
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]

# The versions that one transaction takes up: their project's decisions wait for it, about 0.2 s.
MOST = 200
# Looking through projects in which nothing is due ends here, and goes on with the next request.
SECONDS = 2.0
PROJECTS = 100

# No path sorts behind it: the place behind all of a project's paths.
_LAST = "~"


def retain(
    call: Call, *, project_id: UUID | None, after: Place | None = None, dry_run: bool = False, most: int = MOST
) -> tuple[Row, Place | None]:
    """Archive at most `most` versions that are due, in one project or (None) in all, from a place on.

    Superseded, rejected and intermediate ones, never what is approved or waits for review. Their files go with them
    where the rule says so: each is deleted by the worker, once nothing else refers to it.
    Returns {"archived", "bytes_removed": numbers of versions, "files", "bytes": that go now, "held": [{file_id,
    used_by}], "rules": [the same numbers by project and rule], "versions": [...], "problems", "waiting"} and the place
    to go on from, None when that was all. `dry_run` reads only, and counts what would be.
    """
    tally, place = Tally(dry_run), after
    projects = _projects(call, project_id, after)
    for project in projects:
        if tally.full(most):
            break
        start = after if after and after.project_id == project["id"] else Place(project["id"])
        place = _project(call, project, start, tally, most - tally.found)
    waiting = call.connection.execute(sql.removals).fetchone() or {}
    more = tally.full(most) or len(projects) == PROJECTS
    return tally.shown(waiting), place if more else None


class Tally:
    """What was done so far, in the order in which it was."""

    def __init__(self, dry_run: bool) -> None:
        self.dry_run, self.found, self.began = dry_run, 0, time.monotonic()
        self.rules: dict[tuple[UUID, str, str], Row] = {}
        self.versions: list[Row] = []
        self.held: list[Row] = []
        self.problems: list[Row] = []

    def full(self, most: int) -> bool:
        return self.found >= most or time.monotonic() - self.began > SECONDS

    def add(self, project: Row, version: Row) -> None:
        was, rule = version["was"], self._rule(project, version)
        rule["archived"] += was != "archived"
        rule["bytes_removed"] += bool(version["remove"])
        fields = {"project_id": project["id"], "status": was, "bytes_removed": bool(version["remove"])}
        self.versions.append({**version_name(version), **fields})

    def add_file(self, project: Row, version: Row, file: Row) -> None:
        if file["used_by"]:
            self.held.append({"file_id": file["file_id"], "used_by": file["used_by"]})
            return
        rule = self._rule(project, version)
        rule["files"] += 1
        rule["bytes"] += file["filesize"]

    def _rule(self, project: Row, version: Row) -> Row:
        key, status = version["key"], version["was"]
        empty = {"archived": 0, "bytes_removed": 0, "files": 0, "bytes": 0}
        names = {"project_id": project["id"], "project": project["key"], "rule": key, "status": status}
        return self.rules.setdefault((project["id"], key, status), {**names, **empty})

    def shown(self, waiting: Row) -> Row:
        rules = list(self.rules.values())
        totals = {name: sum(rule[name] for rule in rules) for name in ("archived", "bytes_removed", "files", "bytes")}
        return {
            "dry_run": self.dry_run, **totals, "held": self.held, "rules": rules, "versions": self.versions,
            "problems": self.problems, "waiting": waiting,
        }  # fmt: skip


def as_cursor(place: Place | None) -> str | None:
    """A place as text that a caller hands back."""
    return place and f"{place.project_id}/{place.number}/{place.path}"


def as_place(cursor: str | None) -> Place | None:
    """The place of a cursor. Raises Refusal invalid_value for one this API did not make."""
    if cursor is None:
        return None
    project, _, rest = cursor.partition("/")
    number, _, path = rest.partition("/")
    try:
        place = Place(UUID(project), path, int(number))
    except ValueError:
        raise Refusal("invalid_value", "The cursor is not one that a page ended with.") from None
    if not 0 <= place.number < 2**31:
        raise Refusal("invalid_value", "The cursor is not one that a page ended with.")
    return place


def _projects(call: Call, project_id: UUID | None, after: Place | None) -> list[Row]:
    parameters = {"project_id": project_id, "from_id": after and after.project_id, "limit": PROJECTS}
    return call.connection.execute(sql.ruled_projects, parameters).fetchall()


def _project(call: Call, project: Row, start: Place, tally: Tally, most: int) -> Place:
    """Do what is due in one project, at most so much. Returns the place to go on from."""
    tally.problems += [{"project_id": project["id"], **problem.shown()} for problem in unreadable(project)]
    due = list(due_in(call, project, start, most))
    tally.found += len(due)
    if due and tally.dry_run:
        _tell(call, project, [{**version, "was": version["status"]} for version in due], tally)
    elif due:
        _put_away(call, project, due, tally)
    if len(due) < most:
        return Place(project["id"], _LAST)
    return Place(project["id"], due[-1]["schema_key"], due[-1]["version_number"])


def _put_away(call: Call, project: Row, due: list[Row], tally: Tally) -> None:
    # Decisions, restored versions and reverts of the project wait from here on, and then find what is archived.
    lock_projects(call, [project["id"]])
    found = [{name: row[name] for name in ("id", "status", "key", "after_days", "remove")} for row in due]
    locked = call.connection.execute(sql.still_due, {"due": Jsonb(found)}).fetchall()
    rows = sorted(locked, key=lambda row: (row["schema_key"], row["version_number"]))
    removing = [row["id"] for row in rows if row["remove"]]
    files = _tell(call, project, rows, tally)
    call.connection.execute(sql.note_files, {"ids": removing, "cause": "retention", "forget_hash": False})
    call.connection.execute(sql.put_away, {"ids": [row["id"] for row in rows], "removing": removing})
    if removing:
        call.connection.execute(sql.unlink_files, {"ids": removing})
        call.connection.execute(sql.release_documents, {"ids": removing})
        call.connection.execute(sql.ask_to_remove, {"ids": [file["file_id"] for file in files], "erase": False})
    audit.record(call.connection, call.caller, call.request_id, [entry for row in rows for entry in _records(row)])


def _tell(call: Call, project: Row, rows: list[Row], tally: Tally) -> list[Row]:
    """Count the versions and their files, which are returned; before anything is taken from them."""
    removing = {row["id"]: row for row in rows if row["remove"]}
    for row in rows:
        tally.add(project, row)
    files = call.connection.execute(sql.files_of_due, {"ids": list(removing)}).fetchall() if removing else []
    for file in files:
        tally.add_file(project, removing[file["version_ids"][0]], file)
    return files


def _records(row: Row) -> list[audit.Entry]:
    days = f"{row['after_days']} {'day' if row['after_days'] == 1 else 'days'}"
    reason = f"Retention: {row['was']} for {days} or more (the rule of {row['key']})."
    archived = [audit.Entry(row, "archive", reason)] if row["was"] != "archived" else []
    removed = [audit.Entry(row, "remove_bytes", reason)] if row["remove"] else []
    return archived + removed
