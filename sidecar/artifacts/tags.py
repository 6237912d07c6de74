"""Tags: the words by which people sort versions. They may change at any time, and each change is recorded."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from sidecar import audit
from sidecar.artifacts.read import find_version
from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.promotion.enter import lock_projects_of
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]

MOST = 50


def tag(
    call: Call, version_id: UUID, *, tags: list[str] | None = None, add: list[str] | None = None,
    remove: list[str] | None = None,
) -> Row:  # fmt: skip
    """Give a version `tags` instead of those it has, or `add` some and `remove` others. Returns the version's row.

    Raises Refusal artifact_not_found, too_many_tags, registry_busy.
    """
    lock_projects_of(call, [version_id])
    version = find_version(call, version_id)
    before = version["tags"] if isinstance(version["tags"], list) else []
    after = changed(before if tags is None else tags, add or [], remove or [])
    if len(after) > MOST:
        raise Refusal("too_many_tags", details={"tags": len(after)})
    if after == before:
        return version
    row = call.connection.execute(sql.set_tags, {"id": version_id, "tags": Jsonb(after)}).fetchone()
    entry = audit.Entry(version, "tag", None, {"before": before, "after": after})
    audit.record(call.connection, call.caller, call.request_id, [entry])
    return row or version


def changed(tags: list[Any], add: list[str], remove: list[str]) -> list[Any]:
    """The tags with some added and others taken away; each once, in the order in which they came. Pure."""
    return [word for word in dict.fromkeys([*map(str, tags), *add]) if word not in remove]
