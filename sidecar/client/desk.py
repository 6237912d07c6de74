"""What waits for review, and what a decision needs: as the Review desk reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sidecar.client.ids import Id, id_of
from sidecar.client.models import ReviewSheet, Waiting
from sidecar.client.transport import Transport, part


class Desk:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def inbox(
        self,
        project: Id | None = None,
        path: str | None = None,
        *,
        artifact_type: str | None = None,
        producer: Id | None = None,
        task: Id | None = None,
        q: str | None = None,
        older_than_hours: int | None = None,
        younger_than_hours: int | None = None,
        decidable: bool = True,
        page: int = 200,
    ) -> Iterator[Waiting]:
        """What waits for a decision, by project, task and path; pages of `page` are read as they are needed.

        `path` may end with an asterisk: `brand.*`. Unless `decidable` is False, only what this caller's approval counts
        for.
        """
        query: dict[str, Any] = {
            "project_id": id_of(project), "schema_key": path, "artifact_type": artifact_type, "q": q,
            "producer": id_of(producer), "task_id": id_of(task), "older_than_hours": older_than_hours,
            "younger_than_hours": younger_than_hours, "decidable": decidable, "limit": page,
        }  # fmt: skip
        for row in self._transport.pages("/v1/inbox", **query):
            yield Waiting.model_validate(row)

    def sheet(self, version: Id) -> ReviewSheet:
        """All that a decision on a version needs. Raises NotFound."""
        return ReviewSheet.model_validate(self._transport.get(f"/v1/artifacts/{part(id_of(version))}/sheet").data)
