"""Answering with JSON Lines: one by one, and in such a way that a part of them is never taken for all.

A status cannot be taken back once it is sent. When something fails in the middle, the last line says so in the API's
one shape of a failure, with the cursor to go on from, and the connection is cut before the answer's end is marked:
whoever reads HTTP notices the one, whoever reads the file the other.
"""

from __future__ import annotations

from collections.abc import Iterator

import structlog
from pydantic_core import to_json

from sidecar.database import refusal_of
from sidecar.errors import Refusal
from sidecar.feedback.export import Place

log = structlog.get_logger()

# Registered with nobody, and what most programs send and read; RFC 7464 (application/json-seq) is another format.
NDJSON = "application/x-ndjson"


class BrokenOff(Exception):
    """Ends the connection without ending the answer."""


def guarded(lines: Iterator[tuple[bytes, Place]], start: Place, request_id: str) -> Iterator[bytes]:
    """The lines; when they fail, a last one that says so, and then BrokenOff."""
    at, count, complete = start, 0, False
    try:
        for line, place in lines:
            yield line
            at, count = place, count + 1
        complete = True
    except Exception as error:
        refusal = error if isinstance(error, Refusal) else refusal_of(error) or Refusal("internal_error")
        if refusal.code == "internal_error":
            log.error("export failed", request_id=request_id, exc_info=error)
        yield _last_line(refusal, at, request_id)
        raise BrokenOff(refusal.code) from None
    finally:
        log.info("export", request_id=request_id, lines=count, complete=complete)


def _last_line(refusal: Refusal, at: Place, request_id: str) -> bytes:
    body = refusal.body()
    body["errors"][0]["extensions"] |= {"request_id": request_id, "cursor": at.cursor()}
    return to_json(body) + b"\n"
