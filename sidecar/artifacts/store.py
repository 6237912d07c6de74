"""Storing files in Directus before the transaction that refers to them, and taking away what nothing came to refer to.

Nothing leaves the process inside a transaction. So a request is checked first, then its files are stored, then the
version is written; whatever fails after the files were stored takes them away again. A file is read in pieces, whatever
its size: once for its hash, once on its way to Directus.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import structlog
from flask import Response
from pydantic_core import from_json

from sidecar.artifacts.fetch import Allowed, fetch
from sidecar.artifacts.incoming import Incoming
from sidecar.artifacts.mime import HEAD_BYTES, mime_of
from sidecar.call import Answer, Call
from sidecar.directus import DirectusError
from sidecar.edge import answer, registry, run
from sidecar.errors import Refusal
from sidecar.provision.ids import ARTIFACTS_FOLDER
from sidecar.sql import Statements

sql = Statements(__file__)
log = structlog.get_logger()
# Stores a file under a title.
Keep = Callable[[Incoming, str], UUID]

PIECE_BYTES = 1 << 20


def answer_with_files(gather: Callable[[Keep], Callable[[Call], Answer]]) -> Response:
    """Answer with what `gather` returns, which runs in the transaction.

    `gather` is given a function that stores a file under a title, closes its stream, and returns its id. A file that is
    not among those of a version answered with is deleted again.
    Raises Refusal file_upload_failed, file_type_mismatch, and whatever `gather` and its work refuse.
    """
    stored: list[dict[str, Any]] = []

    def keep(file: Incoming, title: str) -> UUID:
        with file.stream:
            stored.append(_store(file, title))
        return stored[-1]["id"]

    try:
        work = gather(keep)
        response = answer(lambda call: _remember_and(work, call, stored))
    except BaseException as error:
        # A connection lost while committing: the version may be there, with its files. `artifacts verify` finds them if
        # it is not.
        if not (isinstance(error, Refusal) and error.code == "database_unavailable"):
            _take_away(stored)
        raise
    _take_away(_unused(response, stored))
    return response


def fetcher() -> Callable[[str], Incoming]:
    """Fetches files for one request, which together may be as large as an upload and take ARTIFACTS_FETCH_SECONDS.

    It raises Refusal file_url_refused, file_url_failed, file_url_too_large.
    """
    settings = registry().settings
    allowed, left = Allowed(settings.fetch_allow), settings.upload_limit
    end = time.monotonic() + settings.fetch_seconds

    def next_file(url: str) -> Incoming:
        nonlocal left
        file = fetch(url, limit=left, seconds=max(0.1, end - time.monotonic()), allowed=allowed)
        left -= _size(file)
        return file

    return next_file


def content_of(file: Incoming) -> tuple[bytes, int]:
    """The SHA-256 and the size of a file's bytes; its stream is at the beginning again."""
    digest, size = hashlib.sha256(), 0
    while chunk := file.stream.read(PIECE_BYTES):
        digest.update(chunk)
        size += len(chunk)
    file.stream.seek(0)
    return digest.digest(), size


def _remember_and(work: Callable[[Call], Answer], call: Call, stored: list[dict[str, Any]]) -> Answer:
    for item in stored:
        call.connection.execute(
            sql.remember_content, {"file_id": item["id"], "sha256": item["sha256"], "size": item["size"]}
        )
    return work(call)


def _size(file: Incoming) -> int:
    size = file.stream.seek(0, 2)
    file.stream.seek(0)
    return size


def _store(file: Incoming, title: str) -> dict[str, Any]:
    sha256, size = content_of(file)
    name = file.name.replace("\x00", "")[-200:] or "upload"
    kind = mime_of(file.stream.read(HEAD_BYTES), name, file.claimed)
    file.stream.seek(0)
    try:
        row = registry().directus().upload(file.stream, name, kind, title=title, folder=ARTIFACTS_FOLDER)
    except DirectusError as error:
        log.warning("upload refused by Directus", status=error.status, code=error.code)
        raise Refusal("file_upload_failed", details={"filename": name, "directus": str(error)[:300]}) from error
    return {"id": UUID(row["id"]), "sha256": sha256, "size": size}


def _unused(response: Response, stored: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of `stored` that no version answered with has: it is an earlier one with the same content, or the answer is
    that of the same request, which was running at the same time, or this one of a batch was refused."""
    data = from_json(response.get_data()).get("data") or []
    versions = data if isinstance(data, list) else [data]
    used = {file["id"] for version in versions if version for file in version.get("files", [])}
    return [item for item in stored if str(item["id"]) not in used]


def _take_away(stored: list[dict[str, Any]]) -> None:
    """Delete files that no version refers to. What cannot be deleted now, `artifacts verify` finds."""
    for item in stored:
        with suppress(Exception):
            registry().directus().delete(f"/files/{item['id']}")
            run(lambda call, item=item: call.connection.execute(sql.forget_content, {"file_id": item["id"]}))
