"""What a file is, told from its first bytes. Pure.

Browsers run scripts in HTML and SVG, so a file that is one of these may not call itself a picture; and what people
review as a picture has to be one. Within a family the bytes decide (a PNG called JPEG is stored as PNG), and what only
the sender can know (Markdown, CSV) is what the sender says.
"""

from __future__ import annotations

import mimetypes
import re

import puremagic

from sidecar.errors import Refusal

# Enough for every signature that decides below, and for a comment or a declaration before <svg>.
HEAD_BYTES = 8192

GENERIC = frozenset({"", "application/octet-stream", "binary/octet-stream", "application/binary"})
# Claims that the bytes must bear out, by what they must not turn out to be.
_MEDIA = frozenset({"image", "audio", "video", "font", "pdf"})
# Signatures of two or three bytes stand in many files by chance.
_CONFIDENT = 0.3

# Never a picture, whatever follows.
_NO_MEDIA = {
    b"PK\x03\x04": "application/zip",
    b"\x1f\x8b\x08": "application/gzip",
    b"\x7fELF": "application/x-executable",
    b"MZ\x90": "application/x-executable",
    b"#!/": "text/x-shellscript",
}

_SPACE = re.compile(rb"^(?:\xef\xbb\xbf|[\s\x00])*", re.DOTALL)
_HTML = re.compile(
    rb"(?:<!doctype html|<(?:html|head|body|script|iframe|style|title|table|meta|link|div|h1|br|p|a|b)[\s>/])", re.I
)
_SVG = re.compile(rb"<(?:\w+:)?svg[\s>]", re.I)
_XHTML = re.compile(rb"<html[\s>]", re.I)


def mime_of(head: bytes, name: str, claimed: str | None) -> str:
    """The mime type of a file that begins with `head`, whose sender calls it `name` and, perhaps, `claimed`.

    Raises Refusal file_type_mismatch when the bytes are something else than a picture, sound, film, font or PDF that
    they are said to be, or are one of these and said to be text.
    """
    claim = (claimed or "").partition(";")[0].strip().lower()
    found = sniff(head)
    if claim in GENERIC:
        return found or mimetypes.guess_type(name)[0] or "application/octet-stream"
    if found is None and _family(claim) in _MEDIA:
        found = next((mime for signature, mime in _NO_MEDIA.items() if head.startswith(signature)), None)
    if found is None or found == claim:
        return claim
    if _family(claim) in _MEDIA or (_family(found) in _MEDIA and _family(claim) == "text"):
        if not _related(claim, found):
            details = {"filename": name, "claimed": claim, "found": found}
            raise Refusal("file_type_mismatch", f"{name} is said to be {claim} and is {found}.", details)
        return found if _family(found) == "image" else claim
    return claim


def sniff(head: bytes) -> str | None:
    """The mime type that the first bytes give away: markup, or a picture, sound, film, font or PDF; None for others."""
    if markup := _markup(head):
        return markup
    try:
        matches = puremagic.magic_string(head[:HEAD_BYTES])
    except (puremagic.PureError, ValueError):
        return None
    best = next((match.mime_type for match in matches if match.mime_type and match.confidence >= _CONFIDENT), None)
    return best if best and _family(best) in _MEDIA else None


def _markup(head: bytes) -> str | None:
    text = head[_SPACE.match(head).end() :]  # type: ignore[union-attr]
    if not text.startswith(b"<"):
        return None
    if _HTML.match(text):
        return "text/html"
    if text[:5].lower() == b"<?xml" or text.startswith(b"<!") or _SVG.match(text):
        if _SVG.search(text):
            return "image/svg+xml"
        return "application/xhtml+xml" if _XHTML.search(text) else "application/xml"
    return None


def _family(mime: str) -> str:
    if mime in ("application/pdf", "application/ogg"):
        return {"application/pdf": "pdf", "application/ogg": "audio"}[mime]
    if mime in ("image/svg+xml", "application/xhtml+xml", "application/xml"):
        return "markup"
    return "markup" if mime in ("text/html", "text/xml") else mime.partition("/")[0]


def _related(claim: str, found: str) -> bool:
    """Whether a file may honestly be called either: containers such as MP4 and Ogg hold sound as well as films."""
    families = {_family(claim), _family(found)}
    return len(families) == 1 or families == {"audio", "video"}
