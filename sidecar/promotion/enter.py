"""Writing a promotion: changes of a locked project's context, under one new number, with every record of them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from sidecar import audit
from sidecar.answers import version_name
from sidecar.call import Call
from sidecar.documents.keep import keep_documents
from sidecar.errors import Refusal
from sidecar.promotion.context import Entry, entry_of
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """What a promotion does to one path: from the version whose entry stands there to another, or to nothing."""

    schema_key: str
    replaces: str | None
    version: Row | None
    entry: Entry | None

    def kept(self) -> dict[str, Any]:
        """As `promotions.changes` keeps it: enough to rebuild the context."""
        return {
            "schema_key": self.schema_key,
            "from_version_id": self.replaces,
            "to_version_id": str(self.version["id"]) if self.version else None,
            "entry": self.entry,
        }


def entering(version: Row) -> Change:
    """The change that brings an approved version (with its `replaces`) into the context."""
    entry = entry_of(
        version["value"],
        artifact_version_id=str(version["id"]),
        file_id=str(version["primary_file_id"]) if version["primary_file_id"] else None,
        approved_at=_utc(version["approved_at"]),
        version=version["version_number"],
    )
    return Change(version["schema_key"], _version_id(version["replaces"]), version, entry)


def leaving(version: Row) -> Change:
    """The change that takes a version's path out of the context, whichever version's entry stands there."""
    return Change(version["schema_key"], _version_id(version["replaces"]), None, None)


def lock_projects(call: Call, project_ids: list[UUID]) -> dict[UUID, Row]:
    """The projects' rows, locked in the order of their ids against other decisions until the transaction ends."""
    rows = call.connection.execute(sql.lock_projects, {"ids": project_ids}).fetchall()
    return {row["id"]: row for row in rows}


def lock_projects_of(call: Call, version_ids: list[UUID]) -> dict[UUID, Row]:
    """The same for the projects of some versions."""
    rows = call.connection.execute(sql.lock_projects_of_versions, {"ids": version_ids}).fetchall()
    return {row["id"]: row for row in rows}


def enter_context(
    call: Call,
    project: Row,
    changes: list[Change],
    records: list[audit.Entry],
    reason: str | None,
    *,
    explain: bool = False,
) -> dict[str, Any]:
    """Write `changes` into the context of a locked `project`, and every record that belongs to them.

    `records` are the approval records of the same decision; they are written with the promotion's id. `explain` adds
    what a dry run shows. Returns what promote() answers. Raises Refusal context_path_occupied.
    """
    before = _entries(call, project, changes) if explain else {}
    number = _write(call, project, changes, records, reason)
    keep_documents(call, project, changes)
    project["context_version"] = number
    replaced = [UUID(change.replaces) for change in changes if change.replaces]
    answer = promoted_answer(project["id"], number, [c.version for c in changes if c.version], "promoted")
    answer["superseded"] = _named_by_id(call, replaced, records)
    answer["withdrawn"] = [change.schema_key for change in changes if change.version is None]
    return {**answer, **_explained(call, changes, before, replaced)} if explain else answer


def promoted_answer(
    project_id: UUID | None, number: int | None, versions: list[Row], status: str, superseded: Sequence[Row] = ()
) -> dict[str, Any]:
    """The answer of a promotion; `status` is promoted, already_promoted or nothing_to_promote."""
    return {
        "project_id": project_id,
        "context_version": number,
        "promoted": [version_name(version) for version in versions],
        "superseded": [version_name(version) for version in superseded],
        "withdrawn": [],
        "status": status,
    }


def refuse_stale(project: Row, if_match: int | None) -> None:
    """Raise Refusal context_version_conflict when the caller has seen another version of the context."""
    current = project["context_version"]
    if if_match is not None and if_match != current:
        raise Refusal(
            "context_version_conflict",
            f"The context is at version {current}, you have seen {if_match}.",
            {"context_version": current, "if_match": if_match},
            {"ETag": f'"{current}"'},
        )


def _write(call: Call, project: Row, changes: list[Change], records: list[audit.Entry], reason: str | None) -> int:
    row = call.connection.execute(
        sql.write_promotion,
        {
            "id": uuid.uuid4(),
            "records": Jsonb([audit.as_record(entry) for entry in records]),
            "actor_type": call.caller.actor_type,
            "project_id": project["id"],
            "changes": Jsonb([change.kept() for change in changes]),
            "ids": [change.version["id"] for change in changes if change.version],
            "actor_id": call.caller.user_id,
            "actor_label": call.caller.label,
            "reason": reason,
            "request_id": call.request_id,
        },
    ).fetchone()
    assert row is not None  # noqa: S101  the project's row is locked by us
    return row["context_version"]


def _entries(call: Call, project: Row, changes: list[Change]) -> dict[str, Any]:
    parameters = {"project_id": project["id"], "paths": [change.schema_key for change in changes]}
    return {row["path"]: row["entry"] for row in call.connection.execute(sql.entries_at, parameters).fetchall()}


def _explained(call: Call, changes: list[Change], before: dict[str, Any], replaced: list[UUID]) -> dict[str, Any]:
    stale = call.connection.execute(sql.stale_downstream, {"ids": replaced}).fetchall() if replaced else []
    return {
        "changes": [{"schema_key": c.schema_key, "before": before[c.schema_key], "after": c.entry} for c in changes],
        "stale": [version_name(row) for row in stale],
    }


def _named_by_id(call: Call, ids: list[UUID], records: list[audit.Entry]) -> list[dict[str, Any]]:
    # Nearly always they are the ones this decision has superseded, and known.
    known = {entry.version["id"]: entry.version for entry in records}
    missing = [version_id for version_id in ids if version_id not in known]
    if missing:
        rows = call.connection.execute(sql.versions_with_numbers, {"ids": missing}).fetchall()
        known |= {row["id"]: row for row in rows}
    return sorted((version_name(known[version_id]) for version_id in ids), key=lambda name: name["schema_key"])


def _version_id(text: str | None) -> str | None:
    """The id of a version of ours; an adopted context may name things of its own."""
    try:
        return str(UUID(text)) if text else None
    except ValueError:
        return None


def _utc(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z") if moment else None
