"""Submitting with files: a multipart body, or addresses to fetch. The files go to Directus' storage before the
transaction begins (store.py). A repeated request (Idempotency-Key) is answered before any file is stored.

A body's files lie on disk while they wait (TMPDIR), never in memory as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Any

from flask import Response, request
from pydantic import BaseModel
from werkzeug.datastructures import FileStorage, Headers, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser, MultiPartParser

from sidecar.artifacts.batch import submit_batch
from sidecar.artifacts.incoming import Incoming
from sidecar.artifacts.store import Keep, answer_with_files, content_of, fetcher
from sidecar.body import refuse_unstorable, strict_json
from sidecar.call import Answer, Call
from sidecar.edge import answered_before, read_model, registry, run
from sidecar.errors import Refusal
from sidecar.idempotency.key import fingerprint
from sidecar.projects.find import find_project

# Form fields that are JSON text; everything else is the text itself.
JSON_FIELDS = ("value", "metadata", "tags", "file_ids", "file_urls", "derived_from", "deduplicate")


def project_known(call: Call, body: Any) -> str:
    """The title of a submission's files. Raises Refusal project_not_found."""
    find_project(call, body.project_id)
    return body.schema_key


def submit_upload(
    model: type[BaseModel],
    submitted: Callable[[Call, Any], Answer],
    look: Callable[[Call, Any], str] = project_known,
    fields: tuple[str, ...] = ("files",),
) -> Response:
    """Read a multipart submission, store its files, and submit it in a transaction.

    `model` is the body's model (with submission()), `submitted` the operation. `look` refuses what need not be stored
    and says what the files are called; `fields` are those that carry files.
    Raises Refusal upload_too_large, body_too_large, value_not_json, invalid_text, invalid_value, project_not_found,
    file_type_mismatch, file_upload_failed, and whatever fetching and `submitted` refuse.
    """
    form, parts = _parts()
    if (replayed := answered_before(lambda: _payload(form, parts))) is not None:
        return replayed
    body: Any = read_model(model, _fields(form))
    files = _files(parts, fields)
    title = run(lambda call: look(call, body))

    def gather(keep: Keep) -> Callable[[Call], Answer]:
        ids = [keep(file, title) for file in files]
        fetch = fetcher()
        ids += [keep(fetch(url), title) for url in getattr(body, "file_urls", ())]
        return lambda call: submitted(call, body.submission(ids))

    return answer_with_files(gather)


def submit_many(bodies: list[Any], submitted: Callable[[Call, Any], Answer], *, partial: bool) -> Response:
    """Fetch the `file_urls` of JSON submissions, store them, and submit all in one transaction (see submit_batch).

    `bodies` are submissions, or Refusals of those that could not be read. With `partial`, what cannot be fetched
    refuses its own submission only.
    """
    fetches = any(getattr(body, "file_urls", ()) for body in bodies)
    if fetches and (replayed := answered_before(request.get_data)) is not None:
        return replayed

    def gather(keep: Keep) -> Callable[[Call], Answer]:
        fetch = fetcher()
        items = [_gathered(body, index, keep, fetch, partial) for index, body in enumerate(bodies)]
        return lambda call: submit_batch(call, items, submitted, partial=partial)

    return answer_with_files(gather)


def submit_fetched(body: Any, submitted: Callable[[Call, Any], Answer]) -> Response:
    """Fetch the `file_urls` of a JSON submission, store them, and submit it in a transaction.

    Raises Refusal project_not_found, file_type_mismatch, file_upload_failed, and whatever fetching and `submitted`
    refuse.
    """
    if (replayed := answered_before(request.get_data)) is not None:
        return replayed

    def gather(keep: Keep) -> Callable[[Call], Answer]:
        submission = _fetched(body, keep, fetcher())
        return lambda call: submitted(call, submission)

    return answer_with_files(gather)


def _gathered(body: Any, index: int, keep: Keep, fetch: Callable[[str], Incoming], partial: bool) -> Any:
    if isinstance(body, Refusal):
        return body
    try:
        return _fetched(body, keep, fetch)
    except Refusal as refusal:
        if partial and refusal.status < 500:
            return refusal
        refusal.details = {**refusal.details, "index": index}
        raise


def _fetched(body: Any, keep: Keep, fetch: Callable[[str], Incoming]) -> Any:
    if not body.file_urls:
        return body.submission()
    title = run(lambda call: project_known(call, body))
    return body.submission([keep(fetch(url), title) for url in body.file_urls])


def _parts() -> tuple[MultiDict[str, str], MultiDict[str, FileStorage]]:
    settings = registry().settings
    request.max_content_length = settings.upload_limit
    request.max_form_memory_size = settings.json_limit
    request.form_data_parser_class = _BytesKept
    try:
        return request.form, request.files
    except RequestEntityTooLarge:
        raise Refusal("upload_too_large", details={"limit": settings.upload_limit}) from None


def _payload(form: MultiDict[str, str], parts: MultiDict[str, FileStorage]) -> bytes:
    """What was sent, without the boundary and the order of fields, which may differ when it is sent again."""
    fields = sorted((name.encode(), text.encode()) for name, texts in form.lists() for text in texts)
    files = [(name.encode(), content_of(_incoming(file))[0]) for name, found in parts.lists() for file in found]
    return fingerprint(*(fingerprint(*part) for part in [*fields, (b"files",), *files]))


def _files(parts: MultiDict[str, FileStorage], fields: tuple[str, ...]) -> list[Incoming]:
    if stray := set(parts) - set(fields):
        raise Refusal("invalid_value", f"{min(stray)}: files are sent in the field files.", {"fields": sorted(stray)})
    return [_incoming(file) for name in fields for file in parts.getlist(name)]


def _incoming(file: FileStorage) -> Incoming:
    return Incoming(file.stream, file.filename or "upload", file.mimetype)


def _fields(form: MultiDict[str, str]) -> dict[str, Any]:
    fields: dict[str, Any] = {name: _utf8(name, text) for name, text in form.to_dict().items()}
    refuse_unstorable(fields)
    for name in JSON_FIELDS:
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
        except RequestEntityTooLarge:
            limits = request.max_content_length, request.max_form_memory_size
            if stream.tell() >= (limits[0] or 0):
                raise
            sentence = f"A field of the body is larger than {limits[1]} bytes."
            raise Refusal("body_too_large", sentence, {"limit": limits[1]}) from None
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
