"""What a version's content is: its type and its hash. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import rfc8785

_DOCUMENTS = ("application/pdf", "application/msword", "application/rtf", "application/vnd.")


def artifact_type_of(mime: str | None, value: Any) -> str:
    """The artifact type of a primary file's mime type, or of a value without a file."""
    if mime is None:
        return "text" if isinstance(value, str) else "json"
    family = mime.partition("/")[0]
    if family in ("image", "audio", "video", "text"):
        return family
    if mime.partition(";")[0] == "application/json":
        return "json"
    return "document"


def content_hash(value: Any, file_hashes: list[bytes | None], source_url: str | None = None) -> str | None:
    """SHA-256 (hex) of the value in canonical JSON (RFC 8785) and the hashes of the files, in order.

    Without files, the address of bytes that live elsewhere is content, too.
    None when the bytes of some file are not known: then nothing can be said to be the same.
    """
    if any(known is None for known in file_hashes):
        return None
    digest = hashlib.sha256(canonical(value))
    for known in file_hashes:
        digest.update(b"\x00" + (known or b""))
    if source_url and not file_hashes:
        digest.update(b"\x01" + source_url.encode())
    return digest.hexdigest()


def canonical(value: Any) -> bytes:
    """Canonical JSON. Whole numbers beyond 2^53, which RFC 8785 leaves out, are written with all their digits."""
    try:
        return rfc8785.dumps(value)
    except (rfc8785.IntegerDomainError, rfc8785.FloatDomainError):
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
