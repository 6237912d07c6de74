"""Stable links: an address without a token that always leads to the file approved at a path. Pure.

For code that keeps an address and shows it, such as an <img src> in an older application. The link names a project and
a path, sealed by an HMAC under a key of its own (see link.py), and does not expire; it gives only what is approved.
All links end together: with another ARTIFACTS_STABLE_LINKS, which stands in the key, or another secret of Directus.
"""

from __future__ import annotations

import hashlib
from uuid import UUID

from itsdangerous import BadData, URLSafeSerializer

from sidecar.errors import Refusal
from sidecar.settings import Settings


def seal_stable(settings: Settings, project_id: UUID, path: str) -> str:
    """The link as the last part of an address. Raises Refusal stable_links_off."""
    return str(_serializer(settings).dumps([project_id.hex, path]))


def unseal_stable(settings: Settings, text: str) -> tuple[UUID, str]:
    """The project and the path of a link. Raises Refusal link_invalid, stable_links_off."""
    try:
        project_id, path = _serializer(settings).loads(text)
        return UUID(project_id), str(path)
    except (BadData, ValueError, TypeError, AttributeError):
        raise Refusal("link_invalid") from None


def stable_url(settings: Settings, project_id: UUID, path: str) -> str:
    """The whole address. Raises Refusal stable_links_off."""
    return f"{settings.address}/v1/stable/{seal_stable(settings, project_id, path)}"


def _serializer(settings: Settings) -> URLSafeSerializer:
    if not settings.stable_links:
        raise Refusal("stable_links_off")
    return URLSafeSerializer(
        settings.directus_secret.get_secret_value(),
        salt=f"artifacts/stable/{settings.stable_links}",
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )
