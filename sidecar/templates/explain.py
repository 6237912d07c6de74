"""What of a value does not fit its JSON Schema, as a program can use it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

# More than these help nobody.
MOST = 50
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Fault:
    """One place: a JSON pointer into the value, a sentence, and a JSON pointer into the schema."""

    pointer: str
    message: str
    schema_path: str


def faults(validator: Any, value: Any) -> list[Fault]:
    """The first MOST faults, in the order of the validator."""
    return [
        Fault(_pointer(error.instance_path), _short(error.message), _pointer(error.schema_path))
        for error in islice(validator.iter_errors(value), MOST)
    ]


def _pointer(steps: Iterable[str | int]) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def _short(message: str) -> str:
    # It quotes the value, which may be long; what is wrong stands at the end.
    return message if len(message) <= _LONGEST else f"{message[: _LONGEST // 2]} … {message[-_LONGEST // 2 :]}"
