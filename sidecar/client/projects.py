"""Projects, and how their paths stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from sidecar.client.ids import Id, id_of
from sidecar.client.models import PathStanding, Project
from sidecar.client.transport import Transport, part


class Projects:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create_or_find(
        self,
        key: str,
        title: str | None = None,
        *,
        kind: Literal["project", "story", "scene"] = "project",
        parent: Id | None = None,
        template: str | None = None,
        idempotency_key: str | None = None,
    ) -> Project:
        """The project of this key; an existing one is left as it is. `template` is an id or a name."""
        body = {"key": key, "title": title, "kind": kind, "parent_id": id_of(parent), "template": template}
        said = {name: value for name, value in body.items() if value is not None}
        return Project.model_validate(self._transport.post("/v1/projects", said, key=idempotency_key).data)

    def get(self, project: Id) -> Project:
        """By id or key. Raises NotFound."""
        return Project.model_validate(self._transport.get(f"/v1/projects/{part(id_of(project))}").data)

    def list(self, *, has_approved: str | None = None) -> Iterator[Project]:
        for row in self._transport.pages("/v1/projects", has_approved=has_approved, limit=200):
            yield Project.model_validate(row)

    def paths(self, project: Id) -> Sequence[PathStanding]:
        """Each path the template names, then the others in use."""
        rows = self._transport.get(f"/v1/projects/{part(id_of(project))}/paths").data
        return [PathStanding.model_validate(row) for row in rows]
