"""Giving out a file's bytes: from Directus' storage through the sidecar, in pieces, in constant memory.

What agents upload is hostile until proven otherwise: nothing of it runs, wherever it is opened.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import requests
from flask import Response, request
from werkzeug.datastructures import Headers

from sidecar.directus import CHUNK_BYTES, Directus, DirectusError
from sidecar.errors import Refusal
from sidecar.files.link import Link

# Types that a browser shows without running anything of them; all others are saved.
_SHOWN = re.compile(r"(image/(?!svg)[\w.+-]+|audio/[\w.+-]+|video/[\w.+-]+|text/plain|application/pdf)")
_ASKED = ("Range", "If-Range", "If-None-Match", "If-Modified-Since")
_ANSWERED = ("Content-Length", "Content-Range", "Accept-Ranges", "Last-Modified", "ETag")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def stream(directus: Directus, link: Link, file: dict[str, Any], now: float) -> Response:
    """The file's bytes, or the part of them that the request's Range asks for.

    Raises Refusal bytes_missing, range_not_satisfiable, directus_unavailable.
    """
    asked = {name: request.headers[name] for name in _ASKED if name in request.headers}
    try:
        upstream = directus.open_asset(str(link.file_id), asked, method=request.method)
    except DirectusError as error:
        directus.session.close()
        raise _refusal(error, link) from error
    response = Response(_pieces(upstream), upstream.status_code, _headers(upstream, link, file, now))
    response.call_on_close(upstream.close)
    response.call_on_close(directus.session.close)
    return response


def _pieces(upstream: requests.Response) -> Iterator[bytes]:
    # As stored: a part of a file cannot be decompressed. Bytes that stop coming end the connection short of its
    # Content-Length, which is how the reader knows.
    yield from upstream.raw.stream(CHUNK_BYTES, decode_content=False)


def _headers(upstream: requests.Response, link: Link, file: dict[str, Any], now: float) -> Headers:
    kind = file["type"] or "application/octet-stream"
    shown = link.disposition == "inline" and _SHOWN.fullmatch(kind.partition(";")[0].strip().lower())
    headers = Headers({name: upstream.headers[name] for name in _ANSWERED if name in upstream.headers})
    if upstream.status_code != 304:
        headers["Content-Type"] = _CONTROL.sub("", kind)
    name = _CONTROL.sub("", file["filename_download"] or "") or str(link.file_id)
    headers.set("Content-Disposition", "inline" if shown else "attachment", **_named(name))
    headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Cache-Control"] = f"private, max-age={max(0, int(link.expires - now))}"
    return headers


def _named(name: str) -> dict[str, str]:
    """The parameters of Content-Disposition (RFC 6266): in ASCII, and as it is."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode() or "file"
    return {"filename": plain} if plain == name else {"filename": plain, "filename*": f"UTF-8''{quote(name, safe='')}"}


def _refusal(error: DirectusError, link: Link) -> Refusal:
    if error.status == 416:
        return Refusal("range_not_satisfiable", details={"file_id": str(link.file_id)})
    if error.status in (403, 404):
        return Refusal("bytes_missing", details={"file_id": str(link.file_id)})
    return Refusal(
        "directus_unavailable", "Directus does not answer, so the file could not be read.", headers={"Retry-After": "1"}
    )
