"""Linking tasks to the versions that their lists of ids have become."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.legacy.batch import Import, Written, known_keys
from sidecar.legacy.items import Links, Problem
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]


def link_tasks(call: Call, work: Import, wanted: list[Links], tables: list[str], expected: set[UUID]) -> Written:
    """Link each task to its versions, in their order. `tables` are those whose rows became versions; `expected` are ids
    that a dry run would have made.

    A task of which one version is not known is left as it is. Raises Refusal import_rolled_back.
    """
    if call.connection.execute(sql.take_turn, {"import_id": work.id}).fetchone() is None:
        raise Refusal("import_rolled_back", details={"import": work.name})
    written = Written()
    fresh = _fresh(call, work, wanted, written)
    versions = _versions(call, work, fresh, tables)
    tasks = {row["id"] for row in call.connection.execute(sql.tasks_known, {"ids": [item.task_id for item in fresh]})}
    rows: list[Row] = []
    for item in fresh:
        problem = _problem(item, tasks, versions, expected)
        if problem:
            written.problems.append(problem)
            continue
        ids = [versions[version_id] for version_id in item.version_ids if version_id in versions]
        rows += [
            {"task_id": str(item.task_id), "version_id": str(version_id), "sort": sort}
            for sort, version_id in enumerate(dict.fromkeys(ids), start=1)
        ]
        written.added.append(item.source_key)
    call.connection.execute(sql.link_tasks, {"links": Jsonb(rows)})
    done = set(written.added)
    noted = [
        {
            "source_key": item.source_key,
            "kind": "links",
            "row_id": str(item.task_id),
            "fingerprint": item.fingerprint.hex(),
        }
        for item in fresh
        if item.source_key in done
    ]
    call.connection.execute(sql.note_rows, {"import_id": work.id, "rows": Jsonb(noted)})
    return written


def _fresh(call: Call, work: Import, wanted: list[Links], written: Written) -> list[Links]:
    """The lists that are new, or are others than the last time: links are only added, so linking again is safe."""
    known = known_keys(call, work.id, [item.source_key for item in wanted])
    fresh = {
        item.source_key: item
        for item in wanted
        if item.source_key not in known or bytes(known[item.source_key]["fingerprint"]) != item.fingerprint
    }
    written.same = len(wanted) - len(fresh)
    return list(fresh.values())


def _versions(call: Call, work: Import, wanted: list[Links], tables: list[str]) -> dict[UUID, UUID]:
    ids = list({version_id for item in wanted for version_id in item.version_ids})
    parameters = {"import_id": work.id, "ids": ids, "tables": tables}
    rows = call.connection.execute(sql.versions_of_keys, parameters).fetchall()
    return {row["wanted"]: row["version_id"] for row in rows if row["version_id"]}


def _problem(item: Links, tasks: set[UUID], versions: dict[UUID, UUID], expected: set[UUID]) -> Problem | None:
    if item.task_id not in tasks:
        return Problem(item.source_key, "task_not_found", f"There is no task {item.task_id}.")
    missing = [
        version_id for version_id in item.version_ids if version_id not in versions and version_id not in expected
    ]
    if missing:
        return Problem(item.source_key, "artifact_not_found", f"There is no version {missing[0]}.")
    return None
