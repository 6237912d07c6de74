"""What was made from what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from sidecar.client.ids import Id, id_of
from sidecar.client.models import Affected, Lineage, Relation
from sidecar.client.transport import Transport, part

RelationType = Literal["derived_from", "variant_of", "transcoded_from", "edited_from", "restored_from"]


class Lineages:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def relate(
        self,
        version: Id,
        source: Id,
        relation_type: RelationType = "derived_from",
        *,
        metadata: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> Relation:
        """Say that `version` was made from `source`; a relation that exists is left as it is.

        Raises Conflict (relation_cycle).
        """
        body = {"to_version_id": id_of(source), "relation_type": relation_type, "metadata": metadata and dict(metadata)}
        address = f"/v1/artifacts/{part(id_of(version))}/relations"
        return Relation.model_validate(self._transport.post(address, body, key=idempotency_key).data)

    def relations(self, version: Id) -> Iterator[Relation]:
        for row in self._transport.pages(f"/v1/artifacts/{part(id_of(version))}/relations"):
            yield Relation.model_validate(row)

    def get(
        self,
        version: Id,
        *,
        direction: Literal["ancestors", "descendants", "both"] = "both",
        depth: int = 10,
        runs: bool = False,
    ) -> Lineage:
        """The graph around a version, to a depth; with `runs` also the steps and executions."""
        query = {"direction": direction, "depth": depth, "include": "runs" if runs else None}
        answer = self._transport.get(f"/v1/artifacts/{part(id_of(version))}/lineage", **query)
        return Lineage.model_validate({**answer.data, **answer.meta})

    def impact(self, version: Id) -> list[Affected]:
        """What must be looked at again if the version changes."""
        rows = self._transport.get(f"/v1/artifacts/{part(id_of(version))}/impact").data
        return [Affected.model_validate(row) for row in rows]
