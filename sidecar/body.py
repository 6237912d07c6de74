"""Reading a request's JSON strictly: what Postgres cannot store is refused here, with its place, before it runs."""

from __future__ import annotations

import math
import re
from typing import Any

from pydantic_core import from_json

from sidecar.errors import Refusal

# Texts that may hide something jsonb cannot hold: an escaped NUL, or a number that overflows to infinity.
_SUSPICIOUS = re.compile(rb"\\u0000|[eE]\+?\d{3}|\d{300}")


def strict_json(raw: bytes, code: str = "invalid_json") -> Any:
    """The value of a JSON text: UTF-8, no NaN, no infinity, no NUL, no lone surrogates, at most ~200 levels deep.

    Raises Refusal `code` or `invalid_text`.
    """
    try:
        value = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise Refusal(
            code, f"The body is not valid JSON: {error}." if code == "invalid_json" else None, {"detail": str(error)}
        ) from None
    if _SUSPICIOUS.search(raw):
        refuse_unstorable(value, code=code)
    return value


def refuse_unstorable(value: Any, pointer: str = "", code: str = "invalid_json") -> None:
    """Raise Refusal when a text in `value` holds NUL or half a surrogate pair, or a number is not finite."""
    if isinstance(value, str):
        if "\x00" in value or not _encodable(value):
            raise Refusal("invalid_text", details={"pointer": pointer})
    elif isinstance(value, float) and not math.isfinite(value):
        raise Refusal(code, "A number is too large.", {"pointer": pointer})
    elif isinstance(value, dict):
        for key, item in value.items():
            refuse_unstorable(key, f"{pointer}/{key!r}"[:200], code)
            refuse_unstorable(item, f"{pointer}/{key}"[:200], code)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            refuse_unstorable(item, f"{pointer}/{index}", code)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
