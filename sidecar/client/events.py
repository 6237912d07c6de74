"""Events: what happened, who is told, and what came of telling. All but reading them is for administrators."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Literal

from sidecar.client.ids import Id, id_of
from sidecar.client.models import Delivery, Endpoint, Event, Secret
from sidecar.client.transport import Transport, part


class Events:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self,
        project: Id | None = None,
        *,
        after: int | None = None,
        types: Iterable[str] | None = None,
        version: Id | None = None,
        page: int = 100,
    ) -> Iterator[Event]:
        """Oldest first; of one project also those `after` a sequence number."""
        query = {
            "project_id": id_of(project), "after": after, "type": list(types) if types else None,
            "artifact_version_id": id_of(version), "limit": page,
        }  # fmt: skip
        for row in self._transport.pages("/v1/events", **query):
            yield Event.model_validate(row)

    def endpoints(self) -> Sequence[Endpoint]:
        return [Endpoint.model_validate(row) for row in self._transport.get("/v1/webhooks").data]

    def add(
        self, url: str, *, description: str | None = None, events: Iterable[str] = (), active: bool = True
    ) -> Endpoint:
        """A new endpoint, with its secret; `events` none: all."""
        body = {"url": url, "description": description, "events": list(events), "active": active}
        return Endpoint.model_validate(self._transport.post("/v1/webhooks", body).data)

    def change(self, endpoint: Id, **fields: Any) -> Endpoint:
        """`fields` are those of PATCH /v1/webhooks/{id}. Raises NotFound."""
        return Endpoint.model_validate(self._transport.patch(f"/v1/webhooks/{part(id_of(endpoint))}", fields).data)

    def renew_secret(self, endpoint: Id, *, overlap: int = 86400) -> Secret:
        """Another secret; the one of before signs, too, for `overlap` seconds. Raises NotFound."""
        address = f"/v1/webhooks/{part(id_of(endpoint))}/secret"
        return Secret.model_validate(self._transport.post(address, {"overlap_seconds": overlap}).data)

    def test(self, endpoint: Id) -> Delivery:
        """Queue a test event. Raises NotFound, Conflict (webhook_inactive)."""
        return Delivery.model_validate(self._transport.post(f"/v1/webhooks/{part(id_of(endpoint))}/test").data)

    def deliveries(self, endpoint: Id | None = None, *, page: int = 100, **filters: Any) -> Iterator[Delivery]:
        """Newest first; `filters` are those of GET /v1/deliveries."""
        for row in self._transport.pages("/v1/deliveries", webhook_id=id_of(endpoint), limit=page, **filters):
            yield Delivery.model_validate(row)

    def delivery(self, delivery: Id) -> Delivery:
        """Raises NotFound."""
        return Delivery.model_validate(self._transport.get(f"/v1/deliveries/{part(id_of(delivery))}").data)

    def replay(self, delivery: Id) -> Delivery:
        """Send it again, under the id that it had. Raises NotFound, Conflict (webhook_inactive, wake_over)."""
        return Delivery.model_validate(self._transport.post(f"/v1/deliveries/{part(id_of(delivery))}/replay").data)

    def replay_all(
        self, endpoint: Id, *, status: Literal["failed", "all"] = "failed", since: datetime | None = None
    ) -> int:
        """Send an endpoint's deliveries again; how many. Raises NotFound, Conflict (webhook_inactive)."""
        body = {"status": status, **({"since": since.isoformat()} if since else {})}
        return self._transport.post(f"/v1/webhooks/{part(id_of(endpoint))}/replay", body).data["queued"]
