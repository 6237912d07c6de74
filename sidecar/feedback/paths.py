"""Which paths are asked about: one, those that a wildcard fits, or all. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from sidecar.paths import DEEPEST, LONGEST, is_path

# Sorts after every character of a path.
_LAST = "~"


@dataclass(frozen=True, slots=True)
class Paths:
    """As statements take it: paths from `low` to `high`, of them those that `pattern` fits (None: all of them)."""

    low: str
    high: str
    pattern: str | None = None

    @property
    def one(self) -> str | None:
        """The path, where it is a single one."""
        return self.low if self.low == self.high else None


EVERY = Paths("", _LAST)


def paths_named(text: str | None) -> Paths:
    """The paths that a path or a pattern stands for, as in a template: `[*]` is any index, `*` any part of a name."""
    if text is None:
        return EVERY
    if "*" not in text:
        return Paths(text, text)
    beginning = text.partition("*")[0]
    fitting = re.escape(text).replace(r"\[\*\]", r"\[[0-9]+\]").replace(r"\*", "[A-Za-z0-9_-]+")
    return Paths(beginning, beginning + _LAST, f"^{fitting}$")


def _check(text: str) -> str:
    if not is_path(text.replace("[*]", "[0]").replace("*", "x")):
        raise PydanticCustomError(
            "schema_key_grammar", "this is no path such as brand.logo and no pattern such as scene_images[*]"
        )
    return text


_PART = r"[A-Za-z0-9_*-]+(\[(0|[1-9][0-9]{0,3}|\*)\])?"
PathPattern = Annotated[
    str,
    AfterValidator(_check),
    Field(
        json_schema_extra={
            "pattern": rf"^{_PART}(\.{_PART}){{0,{DEEPEST - 1}}}$", "maxLength": LONGEST, "example": "brand.logo",
        }
    ),
]  # fmt: skip
