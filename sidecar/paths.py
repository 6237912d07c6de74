"""The grammar of paths (`schema_key`): brand.logo, scenes[3].image. Pure."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

LONGEST = 255
DEEPEST = 8

_SEGMENT = re.compile(r"([A-Za-z0-9_-]+)(?:\[(0|[1-9][0-9]{0,3})\])?")

Step = str | int


def is_path(text: str) -> bool:
    """Whether `text` is a path. Postgres holds the same rule as the constraint schema_key_grammar."""
    segments = text.split(".")
    return (
        len(text) <= LONGEST
        and len(segments) <= DEEPEST
        and all(_SEGMENT.fullmatch(segment) for segment in segments)
        and not re.match(r"_meta(?![A-Za-z0-9_-])", text)
    )


def steps(path: str) -> list[Step]:
    """The keys and indexes that lead to a path: scenes[3].image → ["scenes", 3, "image"]."""
    found: list[Step] = []
    for segment in path.split("."):
        match = _SEGMENT.fullmatch(segment)
        if match is None:
            raise ValueError(f"{path!r} is no path")
        found.append(match[1])
        if match[2] is not None:
            found.append(int(match[2]))
    return found


def _check(text: str) -> str:
    if not is_path(text):
        raise PydanticCustomError(
            "schema_key_grammar",
            "a path is made of segments of letters, digits, _ and -, each with an optional [n] up to 9999, joined by"
            " dots: at most 255 characters, 8 segments deep, not beginning with _meta",
        )
    return text


# Told to callers, as far as a pattern can tell it: _check says what is wrong, and knows of _meta.
_PATTERN = rf"^{_SEGMENT.pattern}(\.{_SEGMENT.pattern}){{0,{DEEPEST - 1}}}$".replace("(?:", "(")
Path = Annotated[
    str,
    AfterValidator(_check),
    Field(json_schema_extra={"pattern": _PATTERN, "maxLength": LONGEST, "example": "brand.logo"}),
]
