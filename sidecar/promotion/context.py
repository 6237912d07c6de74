"""The context document: where an entry goes and what it holds. Pure: values in, values out.

Nothing here reads a clock or a database, so the same promotions always rebuild the same context.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sidecar.paths import Step, steps

SCHEMA_VERSION = "1.0.0"
META = "_meta"

Context = dict[str, Any]
Entry = dict[str, Any]


class PathOccupied(ValueError):
    """Something that is no container stands on the way to `path`, at `place`."""

    def __init__(self, path: str, place: str) -> None:
        super().__init__(f"{place} stands in the way of {path}")
        self.path, self.place = path, place


def entry_of(
    value: Any, *, artifact_version_id: str, file_id: str | None, approved_at: str | None, version: int
) -> Entry:
    """What the context holds for a version: its value's keys, then ours, which win over equal names.

    A value that is no object goes under `value`; no value adds nothing.
    """
    keys = value if isinstance(value, dict) else ({} if value is None else {"value": value})
    ours = {"artifact_version_id": artifact_version_id, "approved_at": approved_at, "version": version}
    return {**keys, **({"file_id": file_id} if file_id else {}), **ours}


def is_entry(node: Any) -> bool:
    """Whether a node of the context was written by a promotion."""
    return isinstance(node, dict) and "artifact_version_id" in node


def node_at(context: Any, path: str) -> Any:
    """What the context holds at a path; None when there is nothing."""
    node = context
    for step in steps(path):
        node = _child(node, step)
        if node is None:
            return None
    return node


def merge(context: Context, entries: Mapping[str, Entry], *, context_version: int, last_updated: str) -> Context:
    """A new context with `entries` (path → entry) in place and `_meta` brought up to date.

    Neither argument is changed; what is not on the way to an entry is shared with the old context.
    Lists grow as far as an index needs, with null in the gaps.
    Raises PathOccupied where a value that is no container stands in the way.
    """
    merged: Context = dict(context)
    known = merged.get(META)
    meta: dict[str, Any] = known if isinstance(known, dict) else {}
    total = int(meta.get("total_artifacts", 0))
    for path, entry in entries.items():
        if not is_entry(node_at(merged, path)):
            total += 1
        merged = _placed(merged, steps(path), entry, path, "")
    merged[META] = {
        **meta,
        "schema_version": SCHEMA_VERSION,
        "last_updated": last_updated,
        "context_version": context_version,
        "total_artifacts": total,
    }
    return merged


def _child(node: Any, step: Step) -> Any:
    if isinstance(step, str):
        return node.get(step) if isinstance(node, dict) else None
    return node[step] if isinstance(node, list) and step < len(node) else None


def _placed(node: Any, way: list[Step], entry: Entry, path: str, place: str) -> Any:
    if not way:
        return entry
    step, rest = way[0], way[1:]
    here = f"{place}[{step}]" if isinstance(step, int) else f"{place}.{step}".lstrip(".")
    if isinstance(step, str):
        if node is not None and (not isinstance(node, dict) or is_entry(node)):
            raise PathOccupied(path, place or "the whole context")
        node = dict(node or {})
    else:
        if node is not None and not isinstance(node, list):
            raise PathOccupied(path, place)
        node = list(node or ())
        node.extend([None] * (step + 1 - len(node)))
    node[step] = _placed(_child(node, step), rest, entry, path, here)
    return node
