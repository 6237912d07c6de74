"""Texts of people and programs, made fit to stand in a prompt. Pure.

Nobody can tell by looking at a text whether a model will take it for an instruction. What can be done is done: nothing
invisible comes through, every line is marked as a quotation, and none is longer than its reader expects.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from pydantic_core import to_json

# Controls, what has no look of its own (joiners, marks of direction, tags), half pairs, private and unassigned ones.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_BREAKS = re.compile(r"\r\n?|[\n\v\f\x1c-\x1e\x85\u2028\u2029]")


def visible(text: str) -> str:
    """The text on lines of its own: without characters that cannot be seen, without blank lines at its ends."""
    lines = _BREAKS.sub("\n", text).replace("\t", " ").split("\n")
    seen = ("".join(c for c in line if unicodedata.category(c) not in _UNSEEN).rstrip() for line in lines)
    return "\n".join(seen).strip("\n")


def same(text: str | None) -> str:
    """What two reasons have in common that say the same: words without case, spaces and a last full stop."""
    return " ".join(visible(text or "").casefold().split()).rstrip(".! ")


def shortened(text: str, most: int) -> str:
    """The text, or its beginning with … where it is longer than `most` characters."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def quoted(text: str, most: int, indent: str = "") -> str:
    """The text as a quotation of at most `most` characters of it: every line begins with `> `."""
    lines = [line for line in shortened(visible(text), most).split("\n") if line.strip()]
    return "\n".join(f"{indent}> {line}" for line in lines)


def as_text(value: Any, most: int) -> str:
    """A JSON value on one line, at most `most` characters long."""
    written = value if isinstance(value, str) else to_json(value).decode()
    return shortened(" ".join(visible(written).split()), most)
