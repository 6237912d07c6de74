"""What the context holds for a version. Pure. Where it goes is sidecar.context_with, in the database
(migrations/functions/context.sql): the document lives there and is never carried here to be changed."""

from __future__ import annotations

from typing import Any

from sidecar.paths import steps

Entry = dict[str, Any]


def entry_of(
    value: Any, *, artifact_version_id: str, file_id: str | None, approved_at: str | None, version: int
) -> Entry:
    """A version's entry: its value's keys, then ours, which win over equal names.

    A value that is no object goes under `value`; no value adds nothing.
    """
    keys = value if isinstance(value, dict) else ({} if value is None else {"value": value})
    ours = {"artifact_version_id": artifact_version_id, "approved_at": approved_at, "version": version}
    return {**keys, **({"file_id": file_id} if file_id else {}), **ours}


def node_at(context: Any, path: str) -> Any:
    """What a context document holds at a path; None when there is nothing."""
    node = context
    for step in steps(path):
        if isinstance(step, str):
            node = node.get(step) if isinstance(node, dict) else None
        else:
            node = node[step] if isinstance(node, list) and step < len(node) else None
        if node is None:
            return None
    return node
