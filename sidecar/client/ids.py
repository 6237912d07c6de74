"""What a method takes where the API wants an id: the id itself, or what has one."""

from __future__ import annotations

from typing import Protocol, overload
from uuid import UUID

from sidecar.client.models import Submitted


class Identified(Protocol):
    @property
    def id(self) -> UUID: ...


# A project may be named by its key, too.
Id = UUID | str | Identified | Submitted


@overload
def id_of(thing: None) -> None: ...
@overload
def id_of(thing: Id) -> str: ...
def id_of(thing: Id | None) -> str | None:
    """The id as the API writes it."""
    if thing is None:
        return None
    if isinstance(thing, Submitted):
        return str(thing.version.id)
    return str(thing) if isinstance(thing, UUID | str) else str(thing.id)
