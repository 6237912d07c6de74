"""A file on its way in, uploaded or fetched: its bytes, and what its sender says about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO


@dataclass(frozen=True, slots=True)
class Incoming:
    """`stream` is at its beginning and can be read again; `claimed` is the content type it came with, if any."""

    stream: IO[bytes]
    name: str
    claimed: str | None
