"""The page of a review link: one document without scripts, without anything from elsewhere. Pure.

What agents made is hostile until shown otherwise: texts are escaped, with what is unseen in them made visible;
pictures, films and sounds run nothing; everything else is only to be downloaded.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from sidecar.errors import CODES, Refusal
from sidecar.share.text import is_text, plain, value_text

Row = dict[str, Any]

_HERE = Path(__file__).parent
_STYLE = (_HERE / "page.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = "; ".join((
    "default-src 'none'", "img-src 'self'", "media-src 'self'", f"style-src 'sha256-{_STYLE_HASH}'",
    "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
))  # fmt: skip
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Vary": "Accept",
}


def shared(link: Row, texts: Row, refusal: Refusal | None, typed: Row) -> Response:
    """The page with its versions. `texts` are those of their files; with a refusal it keeps what was typed."""
    versions = [
        {**version, "shown": [_shown(file, texts) for file in version["files"]]} for version in link["versions"]
    ]
    page = _PAGES.get_template("page.html").render(
        link=link, versions=versions, refusal=_said(refusal) if refusal else None, typed=typed
    )
    return _page(page, refusal)


def refused(refusal: Refusal) -> Response:
    """The page for a link that shows nothing."""
    page = _PAGES.get_template("page.html").render(link=None, versions=[], refusal=_said(refusal), typed={})
    return _page(page, refusal)


def guarded(response: Response) -> Response:
    """With the headers that every answer to a guest bears."""
    response.headers.update(_HEADERS)
    return response


def _page(text: str, refusal: Refusal | None) -> Response:
    headers = refusal.headers if refusal else {}
    status = refusal.status if refusal else 200
    return guarded(Response(text, status, headers, content_type="text/html; charset=utf-8"))


def _said(refusal: Refusal) -> Row:
    code = CODES[refusal.code]
    return {"code": refusal.code, "sentence": refusal.message or code.sentence, "next": code.next_step}


def _shown(file: Row, texts: Row) -> Row:
    """A file and how it is shown: image, audio, video, text, or only by its name."""
    kind = (file["type"] or "").partition("/")[0].lower()
    how = kind if kind in ("image", "audio", "video") else "text" if file["id"] in texts else None
    return {**file, "how": how, "text": texts.get(file["id"]) if is_text(file["type"]) else None}


def _moment(moment: datetime) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(), f"{moment:%-d %B %Y, %H:%M} UTC")


def _size(size: int) -> str:
    amount = float(size)
    for unit in ("bytes", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def _host(url: str) -> str | None:
    """Where an address elsewhere leads, if it is one that a browser opens like any page."""
    parts = urlsplit(url)
    return parts.hostname if parts.scheme in ("http", "https") else None


_PAGES = Environment(
    loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_PAGES.filters |= {"moment": _moment, "size": _size, "plain": lambda text: plain(str(text)), "host": _host}
_PAGES.globals |= {"style": Markup(_STYLE), "value_text": value_text}  # noqa: S704  a file of ours
