"""Relations: which version was made from which, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args
from uuid import UUID

from psycopg.types.json import Jsonb

from sidecar.artifacts.read import find_version
from sidecar.call import Call
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]

RelationType = Literal["derived_from", "variant_of", "transcoded_from", "edited_from", "restored_from"]
RELATION_TYPES: tuple[RelationType, ...] = get_args(RelationType)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of relations ended: sources are side 0, what was made from the version is side 1."""

    side: int
    other_id: UUID
    relation_type: str


def relate(
    call: Call, version_id: UUID, source_id: UUID, relation_type: RelationType, metadata: dict[str, Any] | None
) -> tuple[Row, bool]:
    """Say that a version was made from another, of any project. Returns the relation and whether it is new.

    Raises Refusal artifact_not_found, relation_not_to_itself, relation_cycle, registry_busy.
    """
    find_version(call, version_id)
    find_version(call, source_id)
    ends = {"from_version_id": version_id, "to_version_id": source_id, "relation_type": relation_type}
    said = {"metadata": None if metadata is None else Jsonb(metadata), "user_created": call.caller.user_id}
    added = call.connection.execute(sql.add_relation, {**ends, **said}).fetchone()
    row = added or call.connection.execute(sql.find_relation, ends).fetchone()
    assert row is not None  # noqa: S101  relations of two versions are not deleted between two statements
    return row, added is not None


def relations_of(call: Call, version_id: UUID, *, after: Place | None, limit: int) -> tuple[list[Row], Place | None]:
    """A page of a version's relations, its sources first, and where it ended (None on the last page).

    Raises Refusal artifact_not_found.
    """
    find_version(call, version_id)
    parameters = {
        "id": version_id,
        "after_side": after and after.side,
        "after_id": after and after.other_id,
        "after_type": after and after.relation_type,
        "limit": limit + 1,
    }
    rows = call.connection.execute(sql.relations_of_version, parameters).fetchall()
    places = [Place(row.pop("side"), row.pop("other_id"), row["relation_type"]) for row in rows]
    return rows[:limit], places[limit - 1] if len(rows) > limit else None
