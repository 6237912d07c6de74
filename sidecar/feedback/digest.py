"""What many remarks come to: the same reasons together, what was changed by hand in short. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from sidecar.artifacts.compare import differences
from sidecar.feedback.clean import as_text, same
from sidecar.review.decide import REJECTED_WITH

Row = dict[str, Any]

# Of one group: how many of its versions are named, and of how many records the feedback is shown.
MOST_VERSIONS = 5
MOST_FEEDBACK = 3
# Of one edit: how many changes are shown, and how many characters of each value.
MOST_CHANGES = 20
MOST_CHARACTERS = 200

# Said by the registry where several candidates stood for one place: nothing to learn from.
_EMPTY = frozenset({"", same(REJECTED_WITH)})


def grouped(remarks: Iterable[Row]) -> tuple[list[Row], int]:
    """Remarks, newest first, as groups of the same reason, and how many say nothing at all.

    {reason, count, rejected, changes_requested, first_at, last_at, versions, records}: `count` versions were turned
    down so; `reason` is as it was said last, None where there is feedback only. Most frequent first, then the latest.
    """
    groups: dict[Any, Row] = {}
    silent = 0
    for remark in remarks:
        words = same(remark["reason"])
        if words in _EMPTY and not remark["has_feedback"]:
            silent += 1
            continue
        key = remark["record_id"] if words in _EMPTY else words
        _add(groups.setdefault(key, _group(None if words in _EMPTY else remark["reason"], remark)), remark)
    shown = sorted(groups.values(), key=lambda g: (-g["count"], -g["last_at"].timestamp(), same(g["reason"])))
    return shown, silent


def _group(reason: str | None, remark: Row) -> Row:
    counts = dict.fromkeys(("count", "rejected", "changes_requested"), 0)
    return {"reason": reason, **counts, "last_at": remark["at"], "versions": [], "records": [], "known": set()}


def _add(group: Row, remark: Row) -> None:
    group["first_at"] = remark["at"]
    if remark["has_feedback"] and len(group["records"]) < MOST_FEEDBACK:
        group["records"].append(remark["record_id"])
    # Sent back, then rejected for the same reason: one version, counted as it was decided last.
    if remark["id"] in group["known"]:
        return
    group["known"].add(remark["id"])
    group["count"] += 1
    group["rejected" if remark["action"] == "reject" else "changes_requested"] += 1
    if len(group["versions"]) < MOST_VERSIONS:
        group["versions"].append({**version_in(remark), "decided_at": remark["at"]})


def version_in(row: Row) -> Row:
    """How lessons name a version."""
    return {
        "artifact_version_id": row["id"],
        "project_id": row["project_id"],
        "schema_key": row["schema_key"],
        "version_number": row["version_number"],
    }


def edit_in_short(row: Row) -> Row:
    """What an edit changed: {changes, more, compared}. Long values are told by their beginning, as JSON text."""
    if not row["comparable"]:
        return {"changes": [], "more": 0, "compared": False}
    before, after = row["both"]
    found, _ = differences(before, after)
    shown = [
        {"op": c["op"], "path": c["path"], "before": _short(c["before"]), "after": _short(c["after"])}
        for c in found[:MOST_CHANGES]
    ]
    return {"changes": shown, "more": len(found) - len(shown), "compared": True}


def _short(value: Any) -> Any:
    return value if len(to_json(value)) <= MOST_CHARACTERS else as_text(value, MOST_CHARACTERS)


def chosen_instead(groups: list[Row], chosen: dict[UUID, Row]) -> None:
    """Say of each group what was approved instead of the version turned down last, by that version's id."""
    for group in groups:
        found = chosen.get(group["versions"][0]["artifact_version_id"])
        group["approved_instead"] = found and {name: found[name] for name in found if name != "id"}
