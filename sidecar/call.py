"""What an operation is given, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sidecar.access.caller import Caller
from sidecar.database import Connection
from sidecar.settings import Settings


@dataclass(slots=True)
class Call:
    """One request being answered: who calls, on which connection."""

    connection: Connection
    caller: Caller
    request_id: str
    settings: Settings


@dataclass(slots=True)
class Answer:
    """`{"data": data, "meta": meta}` with a status and headers."""

    data: Any
    status: int = 200
    meta: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)
