"""Download links: an address that names a file until a moment, sealed so that nobody can change it. Pure.

The seal is an HMAC under a key derived from the secret that sidecar and Directus share; what it is derived for stands
in the key, so no link is a token and no token a link.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from itsdangerous import BadData, URLSafeSerializer

from sidecar.errors import Refusal
from sidecar.settings import Settings

Disposition = Literal["inline", "attachment"]


@dataclass(frozen=True, slots=True)
class Link:
    """A file to give out until `expires` (a Unix time in whole seconds)."""

    file_id: UUID
    expires: int
    disposition: Disposition

    @property
    def expires_at(self) -> datetime:
        return datetime.fromtimestamp(self.expires, UTC)


def seal(settings: Settings, link: Link) -> str:
    """The link as the last part of an address."""
    return str(_serializer(settings).dumps([link.file_id.hex, link.expires, link.disposition == "attachment"]))


def unseal(settings: Settings, text: str, now: float) -> Link:
    """The link of a text that `seal` made. `now` is a Unix time. Raises Refusal link_invalid, link_expired."""
    try:
        file_id, expires, attachment = _serializer(settings).loads(text)
        link = Link(UUID(file_id), int(expires), "attachment" if attachment else "inline")
    except (BadData, ValueError, TypeError, AttributeError):
        raise Refusal("link_invalid") from None
    if now >= link.expires:
        raise Refusal("link_expired", details={"expired_at": link.expires_at.isoformat()})
    return link


def _serializer(settings: Settings) -> URLSafeSerializer:
    return URLSafeSerializer(
        settings.directus_secret.get_secret_value(),
        salt="artifacts/download",
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )
