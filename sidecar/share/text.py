"""Texts of a shared version as they can be shown: short enough, and nothing in them unseen."""

from __future__ import annotations

import json
import re
from typing import Any

from urllib3.exceptions import HTTPError

from sidecar.directus import Directus, DirectusError

Row = dict[str, Any]

LARGEST_TEXT = 64 * 1024
# Each is a request to Directus: a page with more shows the first ones, and the others to be downloaded.
MOST_TEXTS = 8
_TEXT = re.compile(r"text/.*|application/(.*\+)?(json|xml|yaml|x-yaml|toml)|image/svg\+xml")
# What would not be seen, or would let the text after it be read in another order.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)


def is_text(kind: str | None) -> bool:
    """Whether a file of this type can be shown as text."""
    return bool(_TEXT.fullmatch((kind or "").partition(";")[0].strip().lower()))


def plain(text: str) -> str:
    """The text with what is not seen in it made visible."""
    return _UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text.replace("\r\n", "\n"))


def value_text(version: Row) -> str | None:
    """A version's value to be read: a text as it is, anything else as JSON; None when it has none."""
    if version["value_start"] is not None:
        return plain(version["value_start"]) + " …"
    if version["value"] is None:
        return None
    value = version["value"]
    return plain(value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False))


def texts_of(directus: Directus, versions: list[Row]) -> dict[Any, str]:
    """By the id of a file, the beginning of the first texts among the versions' files; without what cannot be read."""
    files = [file for version in versions for file in version["files"] if is_text(file["type"])]
    found = {}
    try:
        for file in files[:MOST_TEXTS]:
            try:
                found[file["id"]] = plain(_beginning(directus, str(file["id"])))
            except (DirectusError, HTTPError) as error:
                if isinstance(error, DirectusError) and 400 <= error.status < 500:
                    continue  # this file is not there, or empty
                break  # the others would keep the guest waiting, too
            if (file["size"] or 0) > LARGEST_TEXT:
                found[file["id"]] += " …"
    finally:
        directus.session.close()
    return found


def _beginning(directus: Directus, file_id: str) -> str:
    with directus.open_asset(file_id, {"Range": f"bytes=0-{LARGEST_TEXT - 1}"}) as answer:
        # A storage that knows no ranges sends all of it.
        return answer.raw.read(LARGEST_TEXT, decode_content=False).decode("utf-8", "replace")
