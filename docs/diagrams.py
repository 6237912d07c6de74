"""The data model and the status machines as Mermaid diagrams, from directus-schema/ and the code's own tables.

docs/generate.py puts them between their marks in docs/reference/data-model.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sidecar.executions.status import EXECUTIONS, STEPS, Move
from sidecar.provision.database import MIGRATIONS
from sidecar.provision.schema import COMMON_FIELDS, read_collections
from sidecar.transfers.status import TRANSFERS

COLLECTIONS = MIGRATIONS.parent / "directus-schema" / "collections"
GUARDS = MIGRATIONS / "guards"

# The operation that takes each arrow of a version; the arrows themselves are the guard's.
_VERSION_VERBS = {
    ("intermediate", "pending"): "submit",
    ("pending", "approved"): "approve",
    ("pending", "rejected"): "reject",
    ("approved", "superseded"): "another version of the path is approved",
    ("approved", "archived"): "withdraw, revert",
}


def diagrams() -> dict[str, Any]:
    """What docs/generate.py writes, by the name of its marks."""
    return {
        "entities": entities,
        "status of versions": lambda: states(_versions()),
        "status of executions": lambda: states(EXECUTIONS.moves, ("pending",)),
        "status of steps": lambda: states(STEPS.moves, ("queued",)),
        "status of transfers": lambda: states(TRANSFERS.moves, ("pending",)),
    }


def entities() -> str:
    """An entity relationship diagram of every collection with its columns and foreign keys."""
    specs = {name: spec for name, spec in read_collections(COLLECTIONS).items() if not spec.get("folder")}
    lines = [f"    {line}" for name in sorted(specs) for line in _entity(name, specs[name])]
    lines += [f"    {line}" for name in sorted(specs) for line in _relations(name, specs[name])]
    return _mermaid(["erDiagram", *lines])


def states(moves: Mapping[Move, str], starts: tuple[str, ...] = ()) -> str:
    """A state diagram; statuses that nothing follows end it."""
    ends = {after for _, after in moves} - {before for before, _ in moves}
    lines = [f"[*] --> {status}" for status in starts]
    lines += [f"{before} --> {after}: {verb}" for (before, after), verb in moves.items()]
    lines += [f"{status} --> [*]" for status in sorted(ends)]
    return _mermaid(["stateDiagram-v2", *(f"    {line}" for line in lines)])


def _versions() -> dict[Move, str]:
    guard = (GUARDS / "version_status_one_way.sql").read_text(encoding="utf-8")
    listed = guard[guard.index("not in (") : guard.index("then\n        raise")]
    moves = [(before, after) for before, after in re.findall(r"\('(\w+)', '(\w+)'\)", listed)]
    return {move: _VERSION_VERBS.get(move, "archive") for move in moves}


def _entity(name: str, spec: dict[str, Any]) -> Iterator[str]:
    yield f"{name} {{"
    for field, about in _columns(spec):
        key = " PK" if field == "id" else " FK" if "references" in about else ""
        yield f"    {_kind(about)} {field}{key}"
    yield "}"


def _relations(name: str, spec: dict[str, Any]) -> Iterator[str]:
    for field, about in _columns(spec):
        if "references" in about:
            one = "||" if about.get("nullable") is False else "|o"
            yield f"{about['references']} {one}--o{{ {name} : {field}"


def _columns(spec: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The fields with a column of their own, each with what every collection says of it in the same way."""
    for field, about in spec["fields"].items():
        if not {"o2m", "m2m", "detail", "buttons", "shows"} & about.keys():
            yield field, {**COMMON_FIELDS.get(about.get("type", ""), {}), **about}


def _kind(about: dict[str, Any]) -> str:
    if "references" in about or about["type"] == "id":
        return "uuid"
    kind: str = about["type"]
    return {"date_created": "timestamp", "json": "jsonb"}.get(kind, kind)


def _mermaid(lines: list[str]) -> str:
    return "\n".join(["```mermaid", *lines, "```"])
