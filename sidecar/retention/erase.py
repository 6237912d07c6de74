"""Erasing: what a version was is taken out of everything that holds it. That it was, and what was decided, stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from sidecar import audit
from sidecar.answers import version_name
from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.promotion.enter import enter_context, leaving, lock_projects_of
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]

# Copies that one request erases: each takes some milliseconds, and their projects wait meanwhile.
MOST_COPIES = 200


@dataclass(frozen=True, slots=True)
class Erasure:
    """What somebody asks for, and why."""

    reason: str
    include_copies: bool = False
    forget_hash: bool = False


def erase(call: Call, version_id: UUID, wish: Erasure, *, dry_run: bool = False) -> Row:
    """Erase a version: value, metadata, tags, address and files, and the copies of them that the registry keeps.

    An approved one leaves the context by a promotion of its own. Other versions that hold the same are named, and
    erased too where the wish includes them. Files that something else refers to are no longer the version's, and stay
    as long as that does. Again, it changes nothing. Returns {"status": erased | already_erased, "erased": [...],
    "copies": [...], "files": [{file_id, filesize, used_by}], "promotions": [...], "taken_out_of": counts}.
    Raises Refusal artifact_not_found, too_many_copies, registry_busy.
    """
    if dry_run:
        with call.connection.transaction(force_rollback=True):
            return _erase(call, version_id, wish)
    return _erase(call, version_id, wish)


def _erase(call: Call, version_id: UUID, wish: Erasure) -> Row:
    call.connection.execute(sql.patience)
    copies = _copies(call, version_id)
    ids = [version_id, *(copy["id"] for copy in copies if wish.include_copies)]
    if len(ids) > MOST_COPIES:
        raise Refusal("too_many_copies", details={"copies": [str(version) for version in ids[1:51]]})
    projects = lock_projects_of(call, ids)
    rows = call.connection.execute(sql.lock_to_erase, {"ids": ids}).fetchall()
    if version_id not in {row["id"] for row in rows}:
        raise Refusal("artifact_not_found", details={"artifact_version_id": str(version_id)})
    # Whoever was making a copy has finished by now, or waits and finds the version erased.
    copies = _copies(call, version_id)
    there = [row for row in rows if row["erased_at"] is None]
    steps = [row["id"] for version in there for row in _rows(call, sql.erase_steps, {"id": version["id"]})]
    files = _take(call, there, wish)
    promotions = _record(call, projects, there, wish)
    counts = _scrub(call, there, steps) if there else dict.fromkeys(_PLACES, 0)
    gone = {version["id"] for version in there}
    return {
        "status": "erased" if there else "already_erased",
        "erased": [{"project_id": version["project_id"], **version_name(version)} for version in there],
        "copies": [_shown(copy, gone) for copy in copies],
        "files": _rows(call, sql.uses_of, {"ids": files}),
        "promotions": [{"project_id": p["project_id"], "context_version": p["context_version"]} for p in promotions],
        "taken_out_of": counts,
    }


def _copies(call: Call, version_id: UUID) -> list[Row]:
    return _rows(call, sql.copies_of, {"id": version_id, "limit": MOST_COPIES})


def _shown(copy: Row, gone: set[UUID]) -> Row:
    erased = copy["erased"] or copy["id"] in gone
    return {"project_id": copy["project_id"], **version_name(copy), "how": copy["how"], "erased": erased}


def _take(call: Call, versions: list[Row], wish: Erasure) -> list[UUID]:
    """Take everything from the versions. Returns the files that they had."""
    ids = [version["id"] for version in versions]
    if not ids:
        return []
    execute, noted = call.connection.execute, {"ids": ids, "forget_hash": wish.forget_hash}
    execute(sql.forget_names, noted)
    execute(sql.note_files, {**noted, "cause": "erasure"})
    execute(sql.erase, noted)
    files = list({row["file_id"] for row in _rows(call, sql.unlink_files, {"ids": ids})})
    execute(sql.ask_to_remove, {"ids": files, "erase": True})
    return files


def _record(call: Call, projects: dict[UUID, Row], versions: list[Row], wish: Erasure) -> list[Row]:
    """The records of the erasure, with the promotion that takes out of the context what stood in it."""
    promotions: list[Row] = []
    for project_id in sorted(projects):
        mine = [version for version in versions if version["project_id"] == project_id]
        records = [audit.Entry(version, "erase", wish.reason) for version in mine]
        # While an approved version awaits promotion, the entry of the one before it stands: nobody wants that now.
        standing = {v["schema_key"]: v for v in mine if v["replaces"] and _stands(v)}
        if standing:
            changes = [leaving(version) for _path, version in sorted(standing.items())]
            promotions.append(enter_context(call, projects[project_id], changes, records, wish.reason))
        else:
            audit.record(call.connection, call.caller, call.request_id, records)
    return promotions


def _stands(version: Row) -> bool:
    return version["status"] == "approved" or version["replaces"] == str(version["id"])


_PLACES = ("promotions", "documents", "answers", "steps", "revisions")


def _scrub(call: Call, versions: list[Row], steps: list[UUID]) -> dict[str, int]:
    """Take the versions out of what keeps copies of them. Returns how many rows of each kind."""
    ids, names = [version["id"] for version in versions], [str(version["id"]) for version in versions]
    projects = list({version["project_id"] for version in versions})
    execute = call.connection.execute
    execute(sql.erase_words, {"ids": ids})
    places = {
        "names": names, "project_ids": projects, "projects": [str(project) for project in projects],
        "steps": [str(step) for step in steps], "body": _refusal(call),
    }  # fmt: skip
    return {
        "promotions": execute(sql.erase_entries, places).rowcount,
        "documents": execute(sql.erase_documents, {"ids": ids}).rowcount,
        "answers": execute(sql.erase_answers, places).rowcount,
        "steps": len(set(steps)),
        "revisions": execute(sql.erase_revisions, places).rowcount,
    }


def _refusal(call: Call) -> bytes:
    """What is answered to whoever repeats a request whose answer held what was erased."""
    body = Refusal("version_erased", "What this request was answered with was erased.").body()
    body["errors"][0]["extensions"]["request_id"] = call.request_id
    return to_json(body)


def _rows(call: Call, statement: Any, parameters: Row) -> list[Row]:
    return call.connection.execute(statement, parameters).fetchall()
