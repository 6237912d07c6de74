"""What a step was given, as a hash: equal hash, equal input. Pure."""

from __future__ import annotations

import hashlib
from typing import Any

from sidecar.artifacts.content import canonical


def input_hash(given: Any, versions: list[str], parameters: Any) -> str | None:
    """SHA-256 (hex) of {"input", "inputs", "parameters"} in canonical JSON (RFC 8785); None when nothing was given.

    What is null or empty is left out; `versions` are ids, in any order.
    """
    named = {"input": given, "inputs": sorted(versions) or None, "parameters": parameters}
    said = {name: value for name, value in named.items() if value is not None}
    return hashlib.sha256(canonical(said)).hexdigest() if said else None
