"""Writing a batch: its versions with files, records and bookkeeping, in the caller's transaction, by a few statements
whatever the number of rows."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from sidecar.artifacts.content import artifact_type_of, content_hash
from sidecar.call import Call
from sidecar.database import refusal_of
from sidecar.errors import CODES, Refusal
from sidecar.files.stable import stable_url
from sidecar.legacy.items import Item, Problem, ProjectNamed
from sidecar.promotion.enter import lock_projects
from sidecar.sql import Statements
from sidecar.templates.check import check_versions

sql = Statements(__file__)
Row = dict[str, Any]

# PREPARE takes neither CREATE nor COPY, so these are not among the named statements, which a test prepares. The table
# is the transaction's own, found before the one it is like: it needs no vacuum, and no two imports meet there.
_STAGING = "create temporary table if not exists import_staged (like sidecar.import_staged) on commit drop"
_STAGE = """
copy import_staged
    (import_id, place, source_key, fingerprint, id, id_wanted, project_id, schema_key, status, review_state,
     artifact_type, value, metadata, tags, file_ids, source_url, content_hash, rejection_reason, approved_at,
     approved_by, user_created, date_created, source_task_id, execution_id, run_id, variant_of, replaces)
from stdin
"""
_STAGED_TYPES = (
    "uuid", "int4", "text", "bytea", "uuid", "bool", "uuid", "text", "text", "text", "text", "jsonb", "jsonb", "jsonb",
    "uuid[]", "text", "text", "text", "timestamptz",
    "uuid", "uuid", "timestamptz", "uuid", "uuid", "uuid", "text", "uuid",
)  # fmt: skip
# What says nothing about a row: the whole batch is tried again.
_PASSING = ("registry_busy", "database_unavailable")


@dataclass(frozen=True, slots=True)
class Import:
    """An import under way. `request_id` stands on every row that it writes."""

    id: UUID
    name: str
    write_back: bool = False
    renew_changed: bool = False

    @property
    def request_id(self) -> str:
        return f"import-{self.id}"


@dataclass(slots=True)
class Written:
    """What a batch came to: source keys that became versions, that were there, that changed since; and problems."""

    added: list[str] = field(default_factory=list)
    same: int = 0
    changed: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def begin_import(call: Call, name: str, chosen_map: Any, source: str) -> Row:
    """The import of this name, new or gone on with. `source` names where it reads, without secrets."""
    row = call.connection.execute(
        sql.begin_import,
        {
            "name": name,
            "map": Jsonb(chosen_map),
            "source": source,
            "actor_id": call.caller.user_id,
            "actor_label": call.caller.label,
        },
    ).fetchone()
    assert row is not None  # noqa: S101  an upsert that returns answers with its row
    return row


def known_keys(call: Call, import_id: UUID, source_keys: list[str]) -> dict[str, Row]:
    """What earlier batches made of these source rows, by their keys."""
    rows = call.connection.execute(sql.known, {"import_id": import_id, "source_keys": source_keys}).fetchall()
    return {row["source_key"]: row for row in rows}


def write_batch(call: Call, work: Import, items: list[Item], known_by: Mapping[str, bytes]) -> Written:
    """Make the versions that `items` want and that no earlier batch made. `known_by`: their fingerprints, by source
    key, from before their files were stored.

    Rows that the registry would not take become problems, the others are written all the same: what to do about it is
    the caller's decision, who holds the transaction. Locks: the import, the projects by id, then their numbers.
    Raises Refusal registry_busy, database_unavailable, import_rolled_back.
    """
    if call.connection.execute(sql.take_turn, {"import_id": work.id}).fetchone() is None:
        raise Refusal("import_rolled_back", details={"import": work.name})
    call.connection.execute(_STAGING)
    written = Written()
    fresh = _fresh(call, work, items, known_by, written)
    fresh = _in_projects(call, work, fresh, written)
    projects = lock_projects(call, sorted({item.project.id for item, _ in fresh if item.project.id}))
    _reopen(call, work, list(projects))
    # Numbers are locked in this order, too, and all rows of a project at once.
    ordered = [pair for _, pair in sorted(enumerate(fresh), key=lambda at: (str(at[1][0].project.id), at[0]))]
    _write(_Batch(call, work, projects, known_by, written), ordered)
    if work.write_back:
        _note_writes(call, work, items, written)
    return written


Pair = tuple[Item, UUID | None]  # with the version that it replaces


def _fresh(call: Call, work: Import, items: list[Item], known_by: Mapping[str, bytes], written: Written) -> list[Pair]:
    """The items that are to be written, of which no two have one key."""
    known = known_keys(call, work.id, [item.source_key for item in items])
    fresh: list[Pair] = []
    for item in items:
        there = known.get(item.source_key)
        if there is None or there["rolled_back_at"] is not None:
            fresh.append((item, None))
        elif bytes(there["fingerprint"]) == known_by[item.source_key]:
            written.same += 1
        elif work.renew_changed:
            fresh.append((replace(item, wanted_id=None), there["row_id"]))
        else:
            written.changed.append(item.source_key)
    return fresh


def _in_projects(call: Call, work: Import, fresh: list[Pair], written: Written) -> list[Pair]:
    """The items with the ids of their projects; missing ones are made where the map says so."""
    named = _projects(call, [item.project for item, _ in fresh])
    missing = {
        item.project.key: item.project
        for item, _ in fresh
        if item.project.create and item.project.key and ("key", item.project.key) not in named
    }
    if missing:
        made = [
            {"id": str(uuid.uuid4()), "key": project.key, "title": project.title, "kind": project.kind}
            for project in missing.values()
        ]
        parameters = {"projects": Jsonb(made), "actor_id": call.caller.user_id}
        added = call.connection.execute(sql.add_projects, parameters).fetchall()
        _note_rows(call, work, [(f"project/{row['key']}", "project", row["id"]) for row in added])
        named |= _projects(call, list(missing.values()))
    placed: list[Pair] = []
    for item, replaces in fresh:
        project_id = named.get(_name(item.project))
        if project_id is None:
            written.problems.append(
                _problem(item, "project_not_found", f"There is no project {_name(item.project)[1]}.")
            )
        else:
            placed.append((replace(item, project=replace(item.project, id=project_id)), replaces))
    return placed


def _reopen(call: Call, work: Import, project_ids: list[UUID]) -> None:
    """Projects that the rollback of an import archived are in use again, and belong to this import now."""
    rows = call.connection.execute(sql.reopen_projects, {"ids": project_ids}).fetchall()
    _note_rows(call, work, [(f"project/{row['key']}", "project", row["id"]) for row in rows])


def _projects(call: Call, projects: Sequence[ProjectNamed]) -> dict[tuple[str, str], UUID]:
    parameters = {
        "ids": [project.id for project in projects if project.id],
        "keys": [project.key for project in projects if project.key],
        "task_ids": [project.task_id for project in projects if project.task_id],
    }
    return {(row["by"], row["name"]): row["id"] for row in call.connection.execute(sql.projects_named, parameters)}


def _name(project: ProjectNamed) -> tuple[str, str]:
    if project.id:
        return "id", str(project.id)
    return ("key", project.key) if project.key else ("task", str(project.task_id))


@dataclass(frozen=True, slots=True)
class _Batch:
    call: Call
    work: Import
    projects: dict[UUID, Row]
    known_by: Mapping[str, bytes]
    written: Written


def _write(batch: _Batch, pairs: list[Pair]) -> None:
    """Write all of them; where one is refused by the database, halves, until that one stands alone."""
    if not pairs:
        return
    try:
        with batch.call.connection.transaction():
            _stage_and_write(batch, pairs)
        batch.written.added += [item.source_key for item, _ in pairs]
    except _Refused as refused:
        bad = {problem.source_key for problem in refused.problems}
        batch.written.problems += refused.problems
        _write(batch, [pair for pair in pairs if pair[0].source_key not in bad])
    except (psycopg.Error, Refusal) as error:
        refusal = error if isinstance(error, Refusal) else refusal_of(error) or _misfit(error)
        if refusal is None or refusal.code in _PASSING:
            raise
        if len(pairs) == 1:
            batch.written.problems.append(_problem(pairs[0][0], refusal.code, refusal.message))
            return
        middle = len(pairs) // 2
        _write(batch, pairs[:middle])
        _write(batch, pairs[middle:])


def _misfit(error: psycopg.Error) -> Refusal | None:
    """What a column cannot hold, such as a session_id of 300 characters, is a fault of its row."""
    if not isinstance(error, psycopg.DataError):
        return None
    return Refusal("invalid_value", f"A column cannot hold this: {error.diag.message_primary or error}.")


class _Refused(Exception):
    def __init__(self, problems: list[Problem]) -> None:
        super().__init__()
        self.problems = problems


def _stage_and_write(batch: _Batch, pairs: list[Pair]) -> None:
    call, work = batch.call, batch.work
    execute, here = call.connection.execute, {"import_id": work.id}
    who = {"actor_id": call.caller.user_id, "actor_type": call.caller.actor_type, "actor_label": call.caller.label}
    told = {**here, **who, "request_id": work.request_id, "name": work.name}
    _stage(batch, pairs)
    execute(sql.free_ids, here)
    if problems := [_said(row) for row in execute(sql.staged_problems, here)]:
        raise _Refused(problems)
    _add_runs(call, work, pairs)
    renewing = any(replaces for _, replaces in pairs)
    superseded = execute(sql.supersede_replaced, here).fetchall() if renewing else []
    execute(sql.add_versions, told)
    execute(sql.add_files, here)
    execute(sql.link_runs, here)
    execute(sql.note_versions, here)
    if any(item.variant_of for item, _ in pairs):
        execute(sql.add_variants, here)
    execute(sql.add_records, told)
    if superseded:
        execute(sql.add_supersede_records, {**told, "ids": [row["id"] for row in superseded]})
    for project_id, project in batch.projects.items():
        if project["context_schema"] is not None:
            rows = execute(sql.staged_versions, {**here, "project_id": project_id}).fetchall()
            check_versions(call, project, rows)
    execute(sql.unstage, here)


def _stage(batch: _Batch, pairs: list[Pair]) -> None:
    connection = batch.call.connection
    ids = [file_id for item, _ in pairs for file_id in item.file_ids]
    hashes = {row["file_id"]: row["sha256"] for row in connection.execute(sql.file_hashes, {"ids": ids})} if ids else {}
    with connection.cursor().copy(_STAGE) as copy:
        copy.set_types(_STAGED_TYPES)
        for place, (item, replaces) in enumerate(pairs):
            copy.write_row(_staged(batch, place, item, replaces, hashes))


def _staged(
    batch: _Batch, place: int, item: Item, replaces: UUID | None, hashes: Mapping[UUID, bytes]
) -> tuple[Any, ...]:
    work = batch.work
    source_url = item.place if item.fetched and not item.file_ids else None
    kind = item.artifact_type or (None if item.file_ids or source_url else artifact_type_of(None, item.value))
    known = [hashes.get(file_id) for file_id in item.file_ids]
    decided = item.status in ("approved", "superseded")
    note = {"name": work.name, "source_key": item.source_key}
    facts = item.metadata if isinstance(item.metadata, dict) else {"source": item.metadata} if item.metadata else {}
    return (
        work.id, place, item.source_key, batch.known_by[item.source_key],
        item.wanted_id or uuid.uuid4(), item.wanted_id is not None,
        item.project.id, item.schema_key, item.status, item.review_state, kind,
        _json(item.value), _json({**facts, "import": note}),
        _json(item.tags), list(item.file_ids), source_url, content_hash(item.value, known, source_url),
        item.rejection_reason, (item.approved_at or datetime.now(UTC)) if decided else None,
        item.approved_by if decided else None, item.created_by,
        item.created_at, item.task_id, item.execution_id, _run_id(work, item), item.variant_of, replaces,
    )  # fmt: skip


def _add_runs(call: Call, work: Import, pairs: list[Pair]) -> None:
    runs = {item.run.source_key: item for item, _ in pairs if item.run}
    known = known_keys(call, work.id, list(runs))
    new = [
        {
            "id": str(_run_id(work, item)),
            "project_id": str(item.project.id),
            "name": item.run.name,
            "workflow_type": item.run.workflow_type,
            "session_id": item.run.session_id,
            "started_at": item.run.started_at and item.run.started_at.isoformat(),
            "completed_at": item.run.completed_at and item.run.completed_at.isoformat(),
        }
        for key, item in runs.items()
        if key not in known and item.run
    ]
    if new:
        told = {"runs": Jsonb(new), "request_id": work.request_id, "actor_id": call.caller.user_id}
        call.connection.execute(sql.add_runs, told)
        rows = [(key, "run", _run_id(work, item)) for key, item in runs.items() if key not in known]
        _note_rows(call, work, rows)


def _run_id(work: Import, item: Item) -> UUID | None:
    """A run is known by its source row: its versions may come in different batches."""
    return uuid.uuid5(work.id, item.run.source_key) if item.run else None


def _note_rows(call: Call, work: Import, rows: list[tuple[str, str, Any]]) -> None:
    noted = [{"source_key": key, "kind": kind, "row_id": str(row_id), "fingerprint": ""} for key, kind, row_id in rows]
    if noted:
        call.connection.execute(sql.note_rows, {"import_id": work.id, "rows": Jsonb(noted)})


def _note_writes(call: Call, work: Import, items: list[Item], written: Written) -> None:
    """What is to be written into the source: for versions that were made now, and for those that were there."""
    bad = {problem.source_key for problem in written.problems}
    named = _projects(call, [item.project for item in items])
    writes = [
        {
            "source_key": item.write_back.source_key,
            "place": {"table": item.write_back.table, "column": item.write_back.column, "keys": item.write_back.keys},
            "old_value": item.write_back.old,
            "new_value": stable_url(call.settings, project_id, item.schema_key),
        }
        for item in items
        if item.write_back
        # The address leads to the approved file of the path: a candidate, or a value alone, has none.
        and item.status == "approved"
        and (item.place or item.file_ids)
        and item.source_key not in bad
        and (project_id := named.get(_name(item.project)))
    ]
    if writes:
        call.connection.execute(sql.note_writes, {"import_id": work.id, "writes": Jsonb(writes)})


_DETAILS = {
    "file_not_found": "There is no file {}.",
    "task_not_found": "There is no task {}.",
    "import_id_taken": "There is a version with the id {} already, and no import made it.",
    "import_path_decided": "Version {} of the path is approved, and this import did not make it.",
    "two_approvals_for_one_path": "{} is approved for the same path.",
    "path_locked": "It is locked: {}.",
}


def _said(row: Row) -> Problem:
    return Problem(row["source_key"], row["code"], _DETAILS[row["code"]].format(row["said"]))


def _problem(item: Item, code: str, message: str | None = None) -> Problem:
    return Problem(item.source_key, code, re.sub(r"\s+", " ", message or CODES[code].sentence))


def _json(value: Any) -> Jsonb | None:
    return None if value is None else Jsonb(value)
