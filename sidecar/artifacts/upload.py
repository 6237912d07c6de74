"""Submitting with files: a multipart body whose files go to Directus' storage before the transaction begins.

Nothing leaves the process inside a transaction. So the request is checked first, then the files are stored, then the
version is written; whatever fails after the files were stored takes them away again. A repeated request
(Idempotency-Key) is answered before any file is stored.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any
from uuid import UUID

import structlog
from flask import Response, request
from pydantic import BaseModel
from pydantic_core import from_json
from werkzeug.datastructures import FileStorage, Headers, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser, MultiPartParser

from sidecar.artifacts.submit import Submission
from sidecar.body import refuse_unstorable, strict_json
from sidecar.call import Answer, Call
from sidecar.directus import DirectusError
from sidecar.edge import answer, answered_before, read_model, registry, run
from sidecar.errors import Refusal
from sidecar.idempotency.key import fingerprint
from sidecar.projects.find import find_project
from sidecar.provision.ids import ARTIFACTS_FOLDER
from sidecar.sql import Statements

sql = Statements(__file__)
log = structlog.get_logger()

# Form fields that are JSON text; everything else is the text itself.
_JSON_FIELDS = ("value", "metadata", "tags", "file_ids", "derived_from", "deduplicate")


def submit_upload(model: type[BaseModel], submitted: Callable[[Call, Submission], Answer]) -> Response:
    """Read a multipart submission, store its files, and submit it in a transaction.

    `model` is the body's model (with submission()), `submitted` the operation.
    Raises Refusal body_too_large, value_not_json, invalid_text, invalid_value, project_not_found, file_upload_failed
    and whatever `submitted` refuses.
    """
    form, parts = _parts()
    if (replayed := answered_before(lambda: _payload(form, parts))) is not None:
        return replayed
    body: Any = read_model(model, _fields(form))
    files = _files(parts)
    run(lambda call: find_project(call, body.project_id))
    stored: list[dict[str, Any]] = []
    try:
        for file in files:
            stored.append(_store(file, body.schema_key))
        submission = body.submission([item["id"] for item in stored])
        response = answer(lambda call: _remember_and_submit(call, stored, submission, submitted))
    except BaseException as error:
        # A connection lost while committing: the version may be there, with its files. `artifacts verify` finds them if
        # it is not.
        if not (isinstance(error, Refusal) and error.code == "database_unavailable"):
            _take_away(stored)
        raise
    _take_away(_unused(response, stored))
    return response


def _parts() -> tuple[MultiDict[str, str], MultiDict[str, FileStorage]]:
    settings = registry().settings
    request.max_content_length = settings.upload_limit
    request.max_form_memory_size = settings.json_limit
    request.form_data_parser_class = _BytesKept
    try:
        return request.form, request.files
    except RequestEntityTooLarge:
        limits = {"limit": settings.upload_limit, "field_limit": settings.json_limit}
        raise Refusal("body_too_large", details=limits) from None


def _payload(form: MultiDict[str, str], parts: MultiDict[str, FileStorage]) -> bytes:
    """What was sent, without the boundary and the order of fields, which may differ when it is sent again."""
    fields = sorted((name.encode(), text.encode()) for name, texts in form.lists() for text in texts)
    files = [(name.encode(), _content(file)[0]) for name, found in parts.lists() for file in found]
    return fingerprint(*(fingerprint(*part) for part in [*fields, (b"files",), *files]))


def _files(parts: MultiDict[str, FileStorage]) -> list[FileStorage]:
    if stray := set(parts) - {"files"}:
        raise Refusal("invalid_value", f"{min(stray)}: files are sent in the field files.", {"fields": sorted(stray)})
    return parts.getlist("files")


def _fields(form: MultiDict[str, str]) -> dict[str, Any]:
    fields: dict[str, Any] = {name: _utf8(name, text) for name, text in form.to_dict().items()}
    refuse_unstorable(fields)
    for name in _JSON_FIELDS:
        if name in fields:
            code = "value_not_json" if name == "value" else "invalid_json"
            fields[name] = strict_json(fields[name].encode(), code)
    return fields


class _BytesKept(FormDataParser):
    """Multipart fields as one character per byte: werkzeug's own reading puts U+FFFD where bytes are not UTF-8."""

    def parse(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str] | None = None
    ) -> tuple[IO[bytes], MultiDict[str, str], MultiDict[str, FileStorage]]:
        parser = _BytesKeptPart(self.stream_factory, self.max_form_memory_size, max_form_parts=self.max_form_parts)
        try:
            boundary = (options or {}).get("boundary", "").encode("ascii")
            form, files = parser.parse(stream, boundary, content_length)
        except ValueError:
            raise Refusal("bad_request", "The multipart body is broken.") from None
        return stream, form, files


class _BytesKeptPart(MultiPartParser):
    def get_part_charset(self, headers: Headers) -> str:
        return "iso-8859-1"


def _utf8(field: str, text: str) -> str:
    try:
        return text.encode("iso-8859-1").decode()
    except UnicodeDecodeError:
        raise Refusal("invalid_text", f"The field {field} is not UTF-8.", {"field": field}) from None


def _content(file: FileStorage) -> tuple[bytes, int]:
    """The SHA-256 and the size of a file's bytes."""
    digest, size = hashlib.sha256(), 0
    while chunk := file.stream.read(1 << 20):
        digest.update(chunk)
        size += len(chunk)
    file.stream.seek(0)
    return digest.digest(), size


def _store(file: FileStorage, title: str) -> dict[str, Any]:
    sha256, size = _content(file)
    name = (file.filename or "upload").replace("\x00", "")[-200:]
    claimed = None if file.mimetype in ("", "application/octet-stream") else file.mimetype
    kind = claimed or mimetypes.guess_type(name)[0] or "application/octet-stream"
    try:
        row = registry().directus().upload(file.stream, name, kind, title=title, folder=ARTIFACTS_FOLDER)
    except DirectusError as error:
        log.warning("upload refused by Directus", status=error.status, code=error.code)
        raise Refusal("file_upload_failed", details={"filename": name, "directus": str(error)[:300]}) from error
    return {"id": UUID(row["id"]), "sha256": sha256, "size": size}


def _remember_and_submit(
    call: Call, stored: list[dict[str, Any]], submission: Submission, submitted: Callable[[Call, Submission], Answer]
) -> Answer:
    for item in stored:
        call.connection.execute(
            sql.remember_content, {"file_id": item["id"], "sha256": item["sha256"], "size": item["size"]}
        )
    return submitted(call, submission)


def _unused(response: Response, stored: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of `stored` that the version answered with does not have: it is an earlier one with the same content, or
    the answer is that of the same request, which was running at the same time."""
    version = from_json(response.get_data()).get("data", {})
    used = {file["id"] for file in version.get("files", [])}
    return [item for item in stored if str(item["id"]) not in used]


def _take_away(stored: list[dict[str, Any]]) -> None:
    """Delete files that no version refers to. What cannot be deleted now, `artifacts verify` finds."""
    for item in stored:
        with suppress(Exception):
            registry().directus().delete(f"/files/{item['id']}")
            run(lambda call, item=item: call.connection.execute(sql.forget_content, {"file_id": item["id"]}))
