"""Make a schema snapshot of SQLite fit for PostgreSQL.

Directus tells a column's type from its declaration, and SQLite's say less. A reference to a UUID comes out as text,
which PostgreSQL refuses as a foreign key; and SQLite enforces neither lengths nor the size of integers, so that values
may be there which the column that Directus would make cannot hold.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from sidecar.legacy.sqlite_move.source import Source

Snapshot = dict[str, Any]
Field = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """A field that gets another type than the snapshot says."""

    field: str
    was: str
    becomes: str
    why: str

    def __str__(self) -> str:
        return f"{self.field}: {self.becomes} instead of {self.was}, {self.why}"


def fitted(snapshot: Snapshot, source: Source) -> tuple[Snapshot, list[Change]]:
    """A copy with types that hold what the SQLite file holds, and what was changed in it."""
    fresh = deepcopy(snapshot)
    fields = {(field["collection"], field["field"]): field for field in fresh["fields"] if field.get("schema")}
    changes = [change for field in fields.values() if (change := _fit_values(field, source))]
    references = {
        (relation["collection"], relation["field"]): _referred(relation, source)
        for relation in fresh["relations"]
        if relation["related_collection"]
    }
    # A reference may refer to a reference (a key that is one itself), so the last of the chain is what counts.
    changes += [change for place in references if (change := _fit_reference(place, references, fields, source))]
    return fresh, changes


def _fit_values(field: Field, source: Source) -> Change | None:
    wider = _wider(field, source)
    return wider and _retype(field, wider[0], None, wider[1])


def _wider(field: Field, source: Source) -> tuple[str, str] | None:
    table, column, kind = field["collection"], field["field"], field["type"]
    if field["schema"].get("is_primary_key") or column not in source.columns(table):
        return None
    if kind in ("integer", "bigInteger"):
        if source.all("select 1 from {1} where typeof({0}) = 'real' limit 1", column, table):
            return "float", "because it holds fractions"
        if kind == "integer" and source.all("select 1 from {1} where abs({0}) > 2147483647 limit 1", column, table):
            return "bigInteger", "because it holds larger numbers"
    longest = source.all("select max(length({})) from {}", column, table)[0][0] or 0
    if kind == "string" and longest > (field["schema"].get("max_length") or 255):
        return "text", f"because it holds {longest} characters"
    return None


def _referred(relation: dict[str, Any], source: Source) -> tuple[str, str]:
    """Table and column that a relation refers to."""
    table = relation["related_collection"]
    return table, (relation.get("schema") or {}).get("foreign_key_column") or source.key(table)


def _fit_reference(
    place: tuple[str, str],
    references: dict[tuple[str, str], tuple[str, str]],
    fields: dict[tuple[str, str], Field],
    source: Source,
) -> Change | None:
    end, seen = references[place], {place}
    while end in references and end not in seen:
        seen.add(end)
        end = references[end]
    kind, length = _kind(end, fields, source)
    field = fields.get(place)
    if field is None or field["type"] == kind:
        return None
    return _retype(field, kind, length, f"like {'.'.join(end)}, to which it refers")


def _kind(place: tuple[str, str], fields: dict[tuple[str, str], Field], source: Source) -> tuple[str, int | None]:
    """Type and length of a column. Directus' own tables are in no snapshot: there the declaration decides."""
    if place in fields:
        field = fields[place]
        return field["type"], field["schema"].get("max_length")
    table, column = place
    declared = source.columns(table)[column].declared
    if declared == "char(36)":
        return "uuid", None
    return ("integer", None) if declared.startswith("int") else ("string", 255)


def _retype(field: Field, kind: str, length: int | None, why: str) -> Change:
    change = Change(f"{field['collection']}.{field['field']}", field["type"], kind, why)
    field["type"] = kind
    field["schema"]["max_length"] = length if kind == "string" else None
    return change
