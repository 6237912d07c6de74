"""The secrets of review links: the address itself, and what a page must send back to decide. Pure.

Both are sealed by an HMAC under keys derived from the secret that sidecar and Directus share (see files/link.py), so a
token that was guessed or changed is refused without asking the database, which keeps the hash of each that was made.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from uuid import UUID

from itsdangerous import BadData, URLSafeSerializer

from sidecar.errors import Refusal
from sidecar.settings import Settings

# Long enough to look at a film and write about it; a page left open overnight is loaded again.
FORM_SECONDS = 2 * 3600


@dataclass(frozen=True, slots=True)
class Form:
    """One page that was shown: what was sent with it counts once."""

    id: str


def seal_link(settings: Settings, link_id: UUID, expires: int) -> str:
    """A link as the last part of its address. `expires` is a Unix time in whole seconds."""
    return str(_serializer(settings, "link").dumps([link_id.hex, expires]))


def unseal_link(settings: Settings, token: str, now: float) -> UUID:
    """The id of the link. `now` is a Unix time. Raises Refusal review_link_not_found, review_link_expired."""
    try:
        link_id, expires = _serializer(settings, "link").loads(token)
        found, ends = UUID(link_id), int(expires)
    except (BadData, ValueError, TypeError, AttributeError):
        raise Refusal("review_link_not_found") from None
    if now >= ends:
        raise Refusal("review_link_expired")
    return found


def hashed(token: str) -> bytes:
    """What is stored of a link's token."""
    return hashlib.sha256(token.encode()).digest()


def seal_form(settings: Settings, link_id: UUID, now: float) -> str:
    """What a page of this link sends back with a decision; another one for each page."""
    return str(_serializer(settings, "form").dumps([link_id.hex, int(now), secrets.token_urlsafe(9)]))


def unseal_form(settings: Settings, text: str, link_id: UUID, now: float) -> Form:
    """The form of a page of this link. Raises Refusal review_form_expired."""
    try:
        of_link, made, form_id = _serializer(settings, "form").loads(text)
        fresh = UUID(of_link) == link_id and 0 <= now - made < FORM_SECONDS
    except (BadData, ValueError, TypeError, AttributeError):
        raise Refusal("review_form_expired") from None
    if not fresh:
        raise Refusal("review_form_expired")
    return Form(str(form_id))


def _serializer(settings: Settings, purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(
        settings.directus_secret.get_secret_value(),
        salt=f"artifacts/review-{purpose}",
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )
