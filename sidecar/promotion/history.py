"""The history of a context: its versions, what changed between two, and the way back."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any
from uuid import UUID

from sidecar import audit
from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.projects.find import as_uuid
from sidecar.promotion.enter import (
    Change,
    enter_context,
    entering,
    leaving,
    lock_projects,
    promoted_answer,
    refuse_stale,
)
from sidecar.retention.removed import refuse_gone
from sidecar.review.approve import approve_pending
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]

_SIDES = ("from", "to")


def history(call: Call, project_id: UUID, *, before: int | None, limit: int) -> list[Row]:
    """The promotions of a project, newest first, from below version `before`, their changes with the versions named."""
    parameters = {"project_id": project_id, "before": before, "limit": limit}
    rows = call.connection.execute(sql.history, parameters).fetchall()
    _name_versions(call, [change for row in rows for change in row["changes"]])
    return rows


def context_as_of(call: Call, project: Row, *, version: int | None, at: datetime | None) -> tuple[int, str]:
    """Which version the context had, and the document (JSON text), as of a version or a moment.

    Raises Refusal context_version_unknown.
    """
    number = version
    if number is None:
        row = call.connection.execute(sql.version_at_time, {"project_id": project["id"], "at": at}).fetchone()
        number = row["context_version"] if row else 0
    refuse_unknown(project, number)
    row = call.connection.execute(sql.context_as_of, {"project_id": project["id"], "number": number}).fetchone()
    return number, row["context"] if row else "{}"


def diff(call: Call, project: Row, first: int, second: int) -> list[Row]:
    """The paths whose entries differ between two versions, with both entries: [{schema_key, before, after, …}], and the
    versions they are of.

    Raises Refusal context_version_unknown.
    """
    refuse_unknown(project, first)
    refuse_unknown(project, second)
    parameters = {"project_id": project["id"], "from": first, "to": second}
    rows = call.connection.execute(sql.diff, parameters).fetchall()
    _name_versions(call, rows)
    return rows


def _name_versions(call: Call, changes: list[Row]) -> None:
    """Beside the ids of changes, from_version and to_version: what shows them; None where nothing was or is."""
    # An adopted context may name versions of its own, by whatever it called them.
    ids = {as_uuid(str(change.get(f"{side}_version_id"))) for change in changes for side in _SIDES} - {None}
    found = call.connection.execute(sql.versions_named, {"ids": list(ids)}).fetchall() if ids else []
    named = {str(row["id"]): {name: row[name] for name in row if name != "id"} for row in found}
    for change in changes:
        change |= {f"{side}_version": named.get(str(change.get(f"{side}_version_id"))) for side in _SIDES}


def revert(
    call: Call, project_id: UUID, to_version: int, *, if_match: int | None, reason: str | None, dry_run: bool
) -> dict[str, Any]:
    """Bring the context back to what it held at `to_version`, by going forward.

    Each path that differs gets a new, approved version that copies the one of that time; a path that was absent is
    withdrawn. One promotion. Returns what promote() answers; `already_promoted` when nothing differs.
    Raises Refusal project_not_found, context_version_unknown, context_version_conflict, bytes_removed,
    version_erased, registry_busy.
    """
    if dry_run:
        with call.connection.transaction(force_rollback=True):
            return _revert(call, project_id, to_version, if_match, reason, explain=True)
    return _revert(call, project_id, to_version, if_match, reason, explain=False)


def rebuild(call: Call, project_id: UUID, *, if_match: int | None, reason: str | None) -> dict[str, Any]:
    """Put a context right that does not agree with its promotions or with the approved, promoted versions.

    Nothing differs: nothing is written. Else one promotion, whose number tells readers to look again.
    Raises Refusal project_not_found, context_version_conflict, registry_busy.
    """
    project = _locked(call, project_id)
    refuse_stale(project, if_match)
    stands = call.connection.execute(sql.context_as_it_stands, {"project_id": project_id}).fetchone()
    rows = call.connection.execute(sql.rebuild_differences, {"project_id": project_id}).fetchall()
    if stands and stands["agrees"] and not rows:
        return promoted_answer(project_id, project["context_version"], [], "already_promoted")
    if not (stands and stands["agrees"]):
        _place_folded(call, project, reason)
    if not rows:
        return promoted_answer(project_id, project["context_version"], [], "promoted")
    paths = [row["schema_key"] for row in rows]
    versions = {v["schema_key"]: v for v in _approved_at(call, project_id, paths)}
    changes = [
        entering(versions[row["schema_key"]])
        if row["to_version_id"]
        else Change(row["schema_key"], str(row["from_version_id"]), None, None)
        for row in rows
    ]
    return enter_context(call, project, changes, [], reason)


def refuse_unknown(project: Row, number: int) -> None:
    """Raise Refusal context_version_unknown for a version the context has not reached."""
    if not 0 <= number <= project["context_version"]:
        raise Refusal(
            "context_version_unknown",
            f"The context is at version {project['context_version']}; there is no version {number}.",
            {"context_version": project["context_version"]},
        )


def _revert(
    call: Call, project_id: UUID, to_version: int, if_match: int | None, reason: str | None, *, explain: bool
) -> dict[str, Any]:
    project = _locked(call, project_id)
    refuse_unknown(project, to_version)
    refuse_stale(project, if_match)
    rows = _unlike(call, diff(call, project, project["context_version"], to_version))
    if not rows:
        return promoted_answer(project_id, project["context_version"], [], "already_promoted")
    back = {row["schema_key"]: row["to_version_id"] for row in rows if row["to_version_id"]}
    gone = [row["schema_key"] for row in rows if not row["to_version_id"]]
    for version in call.connection.execute(sql.gone, {"ids": list(back.values())}).fetchall():
        refuse_gone(version)
    words = reason or f"Back to version {to_version} of the context."
    # What goes makes room first: a path of that time may lie above or below one of now.
    withdrawn, records = _withdraw(call, project, gone, words)
    copies = [_copy(call, version_id) for _path, version_id in sorted(back.items())]
    standing = {row["schema_key"]: row["from_version_id"] for row in rows}
    for copy in copies:
        copy["replaces"] = str(standing[copy["schema_key"]]) if standing[copy["schema_key"]] else None
    approval = _approve_copies(call, project, copies, words)
    call.connection.execute(sql.say_reverting)
    changes = [entering(v) for v in approval.approved] + _with_adopted(call, project, gone, withdrawn)
    return enter_context(call, project, changes, [*approval.records, *records], words, explain=explain)


def _unlike(call: Call, rows: list[Row]) -> list[Row]:
    """Without the paths that hold a copy of the version asked for: the same way back again finds nothing to do."""
    ids = [row["from_version_id"] for row in rows if row["from_version_id"]]
    found = call.connection.execute(sql.restored, {"ids": ids}).fetchall() if ids else []
    copies = {(row["from_version_id"], row["to_version_id"]) for row in found}
    return [row for row in rows if (row["from_version_id"], row["to_version_id"]) not in copies]


def _approve_copies(call: Call, project: Row, copies: list[Row], reason: str) -> Any:
    # What was approved once is approved: the template's number of votes is not asked for again.
    return approve_pending(call, {**project, "context_schema": None}, copies, reason)


def _copy(call: Call, version_id: UUID) -> Row:
    parameters = {"id": version_id, "request_id": call.request_id, "user_created": call.caller.user_id}
    copy = call.connection.execute(sql.copy_version, parameters).fetchone()
    assert copy is not None  # noqa: S101  promotions name versions that are never deleted
    call.connection.execute(sql.copy_files, {"from_id": version_id, "to_id": copy["id"]})
    call.connection.execute(sql.relate_restored, {"from_version_id": copy["id"], "to_version_id": version_id})
    return copy


def _withdraw(call: Call, project: Row, paths: list[str], reason: str) -> tuple[list[Change], list[audit.Entry]]:
    versions = _approved_at(call, project["id"], paths)
    ids = [version["id"] for version in versions]
    rows = call.connection.execute(sql.withdraw, {"ids": ids}).fetchall() if ids else []
    changes = [leaving(version) for version in versions]
    return changes, [audit.Entry(row, "withdraw", reason) for row in rows]


def _with_adopted(call: Call, project: Row, paths: list[str], withdrawn: list[Change]) -> list[Change]:
    """One change for each path that goes: back to what stood there before the registry came, if anything did."""
    if not paths:
        return []
    parameters = {"project_id": project["id"], "paths": paths}
    adopted = {r["path"]: r["entry"] for r in call.connection.execute(sql.adopted_entries, parameters).fetchall()}
    replaces = {change.schema_key: change.replaces for change in withdrawn}
    return [Change(path, replaces.get(path), None, adopted.get(path)) for path in paths]


def _approved_at(call: Call, project_id: UUID, paths: list[str]) -> list[Row]:
    if not paths:
        return []
    return call.connection.execute(sql.approved_at_paths, {"project_id": project_id, "paths": paths}).fetchall()


def _place_folded(call: Call, project: Row, reason: str | None) -> None:
    parameters = {
        "id": uuid.uuid4(),
        "project_id": project["id"],
        "actor_id": call.caller.user_id,
        "actor_label": call.caller.label,
        "reason": reason or "Rebuilt from its promotions.",
        "request_id": call.request_id,
    }
    row = call.connection.execute(sql.write_folded, parameters).fetchone()
    call.connection.execute(sql.place_folded, {"project_id": project["id"]})
    project["context_version"] = row["context_version"] if row else project["context_version"]


def _locked(call: Call, project_id: UUID) -> Row:
    project = lock_projects(call, [project_id]).get(project_id)
    if project is None:
        raise Refusal("project_not_found")
    return project
