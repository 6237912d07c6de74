"""Comparing two versions: what differs in value, metadata and files."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from sidecar.answers import version_name
from sidecar.artifacts.read import find_version
from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]

# What a person can look through; beyond it the answer says that it ends here.
MOST_CHANGES = 1000
# difflib may take the square of the number of lines: 2,000 lines are a fraction of a second.
MOST_LINES = 2000
MOST_TEXTS = 20


def compare(call: Call, version_id: UUID, earlier_id: UUID | None) -> Row:
    """What version `version_id` has otherwise than `earlier_id` (None: its parent).

    Returns {"before", "after": {artifact_version_id, schema_key, version_number}, "value", "metadata": changes as
    differences() gives them, "truncated", "files": {"added", "removed", "kept"}}; files are the same by the SHA-256 of
    their bytes where it is known, else by their id. Raises Refusal artifact_not_found, invalid_value.
    """
    after = find_version(call, version_id)
    if earlier_id is None and after["parent_id"] is None:
        raise Refusal("invalid_value", "with: This version has no parent; say which version to compare it with.")
    before = find_version(call, earlier_id or after["parent_id"])
    value, more = differences(before["value"], after["value"])
    metadata, still_more = differences(before["metadata"], after["metadata"])
    return {
        "before": version_name(before),
        "after": version_name(after),
        "value": value,
        "metadata": metadata,
        "truncated": more or still_more,
        "files": _files(call, before["id"], after["id"]),
    }


def differences(before: Any, after: Any) -> tuple[list[Row], bool]:
    """How two JSON values differ: [{op: add | remove | replace, path: JSON pointer (RFC 6901), before, after, text}],
    and whether there is more than the first 1,000. Pure.

    Of a list, what both begin and end with is the same; what lies between is compared in its order. `text` is a unified
    diff where two texts of several lines differ.
    """
    found: list[Row] = []
    texts = 0
    for change in _changes(before, after, ""):
        if len(found) == MOST_CHANGES:
            return found, True
        if texts < MOST_TEXTS and (text := _text(change)) is not None:
            texts += 1
            change["text"] = text
        found.append(change)
    return found, False


def _changes(before: Any, after: Any, path: str) -> Iterator[Row]:
    # As text: to Python, true is 1. Postgres keeps keys in one order.
    if to_json(before) == to_json(after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            place = f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
            if key not in after:
                yield _change("remove", place, before[key], None)
            elif key not in before:
                yield _change("add", place, None, after[key])
            else:
                yield from _changes(before[key], after[key], place)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _list_changes(before, after, path)
    else:
        yield _change("replace", path, before, after)


def _list_changes(before: list[Any], after: list[Any], path: str) -> Iterator[Row]:
    old, new = [to_json(item) for item in before], [to_json(item) for item in after]
    start = _shared(old, new)
    end = min(_shared(old[::-1], new[::-1]), len(old) - start, len(new) - start)
    old_end, new_end = len(old) - end, len(new) - end
    both = min(old_end, new_end)
    for index in range(start, both):
        yield from _changes(before[index], after[index], f"{path}/{index}")
    for index in range(max(start, both), old_end):
        yield _change("remove", f"{path}/{index}", before[index], None)
    for index in range(max(start, both), new_end):
        yield _change("add", f"{path}/{index}", None, after[index])


def _shared(one: list[bytes], other: list[bytes]) -> int:
    """How many items both begin with."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _change(op: str, path: str, before: Any, after: Any) -> Row:
    return {"op": op, "path": path, "before": before, "after": after, "text": None}


def _text(change: Row) -> str | None:
    before, after = change["before"], change["after"]
    if not isinstance(before, str) or not isinstance(after, str) or "\n" not in before + after:
        return None
    old, new = before.splitlines(), after.splitlines()
    if max(len(old), len(new)) > MOST_LINES:
        return None
    return "\n".join(difflib.unified_diff(old, new, "before", "after", lineterm=""))


def _files(call: Call, before: UUID, after: UUID) -> Row:
    rows = call.connection.execute(sql.files_compared, {"ids": [before, after]}).fetchall()
    sides: dict[UUID, dict[str, Row]] = {before: {}, after: {}}
    for row in rows:
        version_id = row.pop("artifact_version_id")
        sides[version_id][row["sha256"] or str(row["id"])] = row
    old, new = sides[before], sides[after]
    return {
        "added": [new[key] for key in new if key not in old],
        "removed": [old[key] for key in old if key not in new],
        "kept": [new[key] for key in new if key in old],
    }
