"""Locks: while a path or its project is locked, producers go on with the version that is there."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from sidecar.artifacts.latest import version_of_path
from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]

# What somebody wants who comes to a locked path: the version that is there, a refusal, or to change it deliberately,
# which reviewers may.
IfLocked = Literal["existing", "fail", "edit"]


def locked_version(call: Call, project_id: UUID, schema_key: str, if_locked: IfLocked) -> Row | None:
    """What the caller gets instead of a new version of a locked path; None where they may add one.

    The version is the newest that is neither rejected nor archived; its row has `locked` beside its columns:
    {schema_key (None for the project's lock), owner, owner_id, reason, since}. A locked project takes a path's first
    version. Call it under the project's number lock, as locks are set: a lock is there before the submission, or after.
    Raises Refusal path_locked.
    """
    place = {"project_id": project_id, "schema_key": schema_key}
    who = {"actor_id": call.caller.user_id, "actor_label": call.caller.label}
    lock = call.connection.execute(sql.lock_over, {**place, **who}).fetchone()
    if lock is None or (if_locked == "edit" and "review" in call.caller.rights):
        return None
    standing = version_of_path(call, project_id, schema_key, "latest")
    if standing is None and lock["schema_key"] is None:
        return None
    if standing is None or if_locked != "existing":
        raise _refusal(schema_key, lock)
    return {**standing, "locked": lock}


def _refusal(schema_key: str, lock: Row) -> Refusal:
    what = f"The path {lock['schema_key']}" if lock["schema_key"] else "The project"
    by = f" by {lock['owner']}" if lock["owner"] else ""
    why = f": {lock['reason'].rstrip('.')}" if lock["reason"] else ""
    return Refusal("path_locked", f"{what} is locked{by}{why}.", {"schema_key": schema_key, "locked": lock})
