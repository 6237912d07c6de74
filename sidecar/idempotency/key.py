"""Reading an Idempotency-Key, and telling whether two requests under it are one.

Source: draft-ietf-httpapi-idempotency-key-header. The draft wants a quoted string (RFC 8941); many clients send the
bare text, which is taken as the same key.
"""

from __future__ import annotations

import hashlib
import re

from sidecar.errors import Refusal

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST = 255

_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
_PRINTABLE = re.compile(r"[\x20-\x7e]+")


def parse_key(header: str) -> str:
    """The key in a header: `"abc"` and `abc` are the same. Raises Refusal idempotency_key_invalid."""
    text = header.strip(" \t")
    quoted = _QUOTED.fullmatch(text)
    key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else text
    broken_quotes = quoted is None and text.startswith('"')
    if broken_quotes or not key.strip() or len(key) > LONGEST or not _PRINTABLE.fullmatch(key):
        raise Refusal("idempotency_key_invalid", details={"length": len(key), "longest": LONGEST})
    return key


def fingerprint(*parts: bytes) -> bytes:
    """32 bytes that differ when any of the parts does."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()
