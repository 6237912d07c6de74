"""Review links: people without an account look, comment and decide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from sidecar.client.ids import Id, id_of
from sidecar.client.models import ReviewLink
from sidecar.client.transport import Transport, part


class Links:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def share(
        self,
        version: Id,
        guest_name: str,
        *,
        may: Sequence[str] = ("view",),
        lasts: timedelta = timedelta(days=7),
        guest_email: str | None = None,
        note: str | None = None,
        beside: Sequence[Id] = (),
        idempotency_key: str | None = None,
    ) -> ReviewLink:
        """A link to a version, and to those `beside` it. Its `url` is said here only.

        `may` is of view, comment and decide. Raises Forbidden, NotFound, Invalid (review_link_too_long).
        """
        body = {
            "guest_name": guest_name, "guest_email": guest_email, "may": list(may), "note": note,
            "expires_in": int(lasts.total_seconds()), "artifact_version_ids": [id_of(each) for each in beside],
        }  # fmt: skip
        address = f"/v1/artifacts/{part(id_of(version))}/links"
        return ReviewLink.model_validate(self._transport.post(address, body, key=idempotency_key).data)

    def list(self, version: Id | None = None, *, live: bool | None = None, page: int = 50) -> Iterator[ReviewLink]:
        """Links, newest first: a reviewer's program sees everybody's. `live`: only those that have not ended."""
        query = {"artifact_version_id": id_of(version), "live": live, "limit": page}
        for row in self._transport.pages("/v1/links", **query):
            yield ReviewLink.model_validate(row)

    def revoke(self, link: ReviewLink | Id) -> ReviewLink:
        """End a link. Raises NotFound."""
        key = str(link.id) if isinstance(link, ReviewLink) else str(id_of(link))
        return ReviewLink.model_validate(self._transport.send("DELETE", f"/v1/links/{part(key)}").data)
