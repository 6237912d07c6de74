"""A page of a version's PDF, read in a process that may fail, a few at a time.

Nothing is kept here: a page of text takes a quarter of a second of one processor, whoever looks at it keeps it (it
never changes), and bytes kept on the sidecar's disk would be one more place for erasure to reach.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sidecar.artifacts.read import find_version
from sidecar.call import Call
from sidecar.directus import Directus, DirectusError
from sidecar.errors import Refusal
from sidecar.previews import render
from sidecar.retention.removed import refuse_gone
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]

# Each page asked for is made in one of these: so few sizes that those who look at it share what was kept.
WIDTHS = (400, 800, 1600, 2400)
# From the request to its answer; Directus waits 5 seconds for us.
SECONDS = 4.5
# In one process. Whoever waits keeps a thread from answering others.
AT_ONCE, WAITING = 2, 2
# Larger ones cannot be fetched in time.
DOCUMENT_BYTES = 256 * 1024**2
_TOO_LARGE = f"The document has more than {DOCUMENT_BYTES // 1024**2} MB, too many to show its pages."
# How a process ends that was given too little: killed by its limit, or by itself where PDFium gets no memory.
_TOO_HEAVY = (-4, -5, -6, -9, -24)

_admitted = threading.BoundedSemaphore(AT_ONCE + WAITING)
_rendering = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, slots=True)
class Page:
    """How many pages there are, and the one that was asked for (WebP); None where it was only counted."""

    pages: int
    picture: bytes | None


def document_of(call: Call, version_id: UUID, file_id: UUID) -> Row:
    """The version's file, which is a PDF: {id, type, filesize, uploaded_on, changed_at, pages (as the worker counted)}.

    Raises Refusal artifact_not_found, file_not_linked, bytes_removed, version_erased, file_without_pages.
    """
    version = find_version(call, version_id)
    file = call.connection.execute(sql.file_of_version, {"version_id": version_id, "file_id": file_id}).fetchone()
    if file is None:
        refuse_gone(version)
        details = {"artifact_version_id": str(version_id), "file_id": str(file_id)}
        raise Refusal("file_not_linked", "The version has no file with this id.", details)
    if (file["type"] or "").partition(";")[0].strip().lower() != "application/pdf":
        raise Refusal("file_without_pages", details={"file_id": str(file_id), "type": file["type"]})
    return file


def page_of(directus: Directus, file: Row, number: int, width: int) -> Page:
    """Page `number` of a document, counted from 1, `width` pixels wide or a little more; number 0 only counts.

    Raises Refusal page_not_found, document_unreadable, document_locked, page_too_heavy, previews_busy, bytes_missing,
    directus_unavailable.
    """
    end = time.monotonic() + SECONDS
    if (file["filesize"] or 0) > DOCUMENT_BYTES:
        raise _too_heavy(file, _TOO_LARGE)
    with _turn(end), tempfile.TemporaryDirectory(prefix="artifacts-page-") as folder:
        path, picture = Path(folder) / "file", Path(folder) / "picture"
        _fetch(directus, file, path, end)
        found = _rendered(file, path, number, next((w for w in WIDTHS if w >= width), WIDTHS[-1]), picture, end)
        if "refused" in found:
            raise Refusal(found["refused"], found.get("because"), {"file_id": str(file["id"])})
        if number and "width" not in found:
            raise no_such_page(file, number, found["pages"])
        return Page(found["pages"], picture.read_bytes() if number else None)


def no_such_page(file: Row, number: int, pages: int) -> Refusal:
    there = "1 page" if pages == 1 else f"{pages} pages"
    details = {"file_id": str(file["id"]), "page": number, "pages": pages}
    return Refusal("page_not_found", f"The document has {there}, so there is no page {number}.", details)


@contextmanager
def _turn(end: float) -> Iterator[None]:
    """One of the few that render at once; a few more wait for it."""
    if not _admitted.acquire(blocking=False):
        raise _busy()
    try:
        if not _rendering.acquire(timeout=max(0.0, end - time.monotonic())):
            raise _busy()
        try:
            yield
        finally:
            _rendering.release()
    finally:
        _admitted.release()


def _fetch(directus: Directus, file: Row, path: Path, end: float) -> None:
    size, left = 0, max(0.1, end - time.monotonic())
    directus.timeout = (left, left)
    try:
        with path.open("wb") as copy:
            for piece in directus.download(file["id"]):
                copy.write(piece)
                size += len(piece)
                if size > DOCUMENT_BYTES:  # Directus' own count was another one
                    raise _too_heavy(file, _TOO_LARGE)
                if time.monotonic() > end:
                    raise _busy()
    except DirectusError as error:
        if error.status in (403, 404):
            raise Refusal("bytes_missing", details={"file_id": str(file["id"])}) from error
        sentence = "Directus does not answer, so the file could not be read."
        raise Refusal("directus_unavailable", sentence, headers={"Retry-After": "1"}) from error
    finally:
        directus.session.close()


def _rendered(file: Row, path: Path, number: int, width: int, picture: Path, end: float) -> Row:
    command = [sys.executable, "-P", render.__file__, str(path), str(number), str(width), str(picture)]
    left = max(0.1, end - time.monotonic())
    try:
        done = subprocess.run(command, env={}, stdin=subprocess.DEVNULL, capture_output=True, timeout=left, check=False)
    except subprocess.TimeoutExpired:
        # It had processor time left: the machine has none.
        raise _busy() from None
    if done.returncode in _TOO_HEAVY:
        raise _too_heavy(file)
    try:
        return json.loads(done.stdout.replace(b"\\u0000", b""))
    except ValueError:
        sentence = f"Reading the document failed ({done.returncode})."
        raise Refusal("document_unreadable", sentence, {"file_id": str(file["id"])}) from None


def _too_heavy(file: Row, sentence: str | None = None) -> Refusal:
    return Refusal("page_too_heavy", sentence, {"file_id": str(file["id"])})


def _busy() -> Refusal:
    return Refusal("previews_busy", headers={"Retry-After": "1"})
