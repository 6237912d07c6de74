"""Locking and unlocking a path or a whole project."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sidecar import audit
from sidecar.artifacts.numbers import lock_numbers
from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.promotion.enter import lock_projects
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]

PROJECT = "*"  # under which the project's own lock is kept: no path reads like it
_NOBODY = {"owner": None, "owner_id": None, "reason": None, "since": None, "program": None}


def lock(call: Call, project_id: UUID, schema_key: str | None, *, owner: str | None, reason: str | None) -> Row:
    """Lock a path with everything below it, or (None) the whole project. Returns the lock.

    `owner` is what others are told, else the caller's name. The caller's own lock again takes the new words; somebody
    else's is taken over by reviewers only. Returns {schema_key, owner, owner_id, reason, since}.
    Raises Refusal project_not_found, lock_of_another, registry_busy.
    """
    name = schema_key or PROJECT
    standing = _standing(call, project_id, name)
    own = standing is not None and _own(call, standing)
    label = owner or call.caller.label
    if standing and own and (standing["owner"], standing["reason"]) == (label, reason):
        return _shown(name, standing)
    if standing and not own:
        _refuse_producer(call, name, standing)
    row = call.connection.execute(
        sql.put_lock,
        {
            "project_id": project_id,
            "name": name,
            "owner": label,
            "owner_id": call.caller.user_id,
            "program": None if call.caller.user_id else call.caller.label,
            "reason": reason,
            "since": standing["since"] if standing and own else None,
        },
    ).fetchone()
    assert row is not None  # noqa: S101  the project's row is locked by us
    _record(call, project_id, "lock", name, reason, label)
    return _shown(name, row["lock"])


def unlock(call: Call, project_id: UUID, schema_key: str | None, *, reason: str | None) -> Row | None:
    """Release a path's own lock, or (None) the project's; locks above or below it stay.

    Returns the lock that was released, None where there was none. Only its owner and reviewers may.
    Raises Refusal project_not_found, lock_of_another, registry_busy.
    """
    name = schema_key or PROJECT
    standing = _standing(call, project_id, name)
    if standing is None:
        return None
    if not _own(call, standing):
        _refuse_producer(call, name, standing)
    call.connection.execute(sql.remove_lock, {"project_id": project_id, "name": name})
    _record(call, project_id, "unlock", name, reason, standing["owner"])
    return _shown(name, standing)


def locks_of(call: Call, project_id: UUID) -> list[Row]:
    """The project's locks: its own first, then those of its paths in their order."""
    held = _held(call, project_id)
    return [_shown(name, held[name]) for name in sorted(held, key=lambda name: (name != PROJECT, name))]


def _standing(call: Call, project_id: UUID, name: str) -> Row | None:
    """The lock under a name, with the project locked and no submission under way."""
    if project_id not in lock_projects(call, [project_id]):
        raise Refusal("project_not_found")
    lock_numbers(call, project_id)
    return _held(call, project_id).get(name)


def _held(call: Call, project_id: UUID) -> dict[str, Row]:
    row = call.connection.execute(sql.locks_of_project, {"project_id": project_id}).fetchone()
    if row is None:
        raise Refusal("project_not_found")
    held = {name: {**_NOBODY, **lock} for name, lock in row["locks"].items() if isinstance(lock, dict)}
    whole = held.pop(PROJECT, dict(_NOBODY))
    return {PROJECT: whole, **held} if row["planning_locked"] else held


def _own(call: Call, standing: Row) -> bool:
    if call.caller.user_id is None:
        return standing["owner_id"] is None and standing["program"] == call.caller.label
    return standing["owner_id"] == str(call.caller.user_id)


def _refuse_producer(call: Call, name: str, standing: Row) -> None:
    if "review" not in call.caller.rights:
        raise Refusal("lock_of_another", details={"locked": _shown(name, standing)})


def _record(call: Call, project_id: UUID, action: str, name: str, reason: str | None, owner: str | None) -> None:
    what = {"owner": owner} if name == PROJECT else {"schema_key": name, "owner": owner}
    # A lock is of a path, which may have no version yet: the record names the path.
    subject = {"id": None, "project_id": project_id, "source_task_id": None}
    entry = audit.Entry(subject, action, reason, what)
    audit.record(call.connection, call.caller, call.request_id, [entry])


def _shown(name: str, lock: Row) -> Row:
    return {
        "schema_key": None if name == PROJECT else name,
        "owner": lock["owner"],
        "owner_id": lock["owner_id"],
        "reason": lock["reason"],
        "since": lock["since"],
    }
