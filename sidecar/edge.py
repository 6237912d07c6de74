"""The edge of the API: a request comes in as text and leaves as an answer, and everything between is one operation.

`operation` turns a plain function into a Flask view: authenticate, check the right, read the typed path, query and
body, open the transaction, replay or run, encode. The function receives a `Call` and never commits. A view that does
some of this itself is `permitted` and ends in `answer`.
"""

from __future__ import annotations

import functools
import inspect
import re
import time
import typing
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes

import structlog
from flask import Flask, Response, current_app, g, request
from psycopg import errors as pg
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from sidecar.access.authenticate import Authenticator
from sidecar.access.caller import Caller, Right
from sidecar.body import refuse_unstorable, strict_json
from sidecar.call import Answer, Call
from sidecar.database import Connection, Database, refusal_of
from sidecar.directus import Directus
from sidecar.errors import CODES, Refusal
from sidecar.idempotency import claim as once
from sidecar.idempotency import key as keys
from sidecar.settings import Settings
from sidecar.waiting.room import Room

log = structlog.get_logger()
F = TypeVar("F", bound=Callable[..., Any])

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
# A body that is too large is read on to its end (up to this much) so that its sender gets to read the refusal.
_DRAIN = 64 * 1024**2

WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# The headers that are part of what an operation answers; the others belong to one request.
_KEPT_HEADERS = ("ETag", "Location")


@dataclass(frozen=True, slots=True)
class Registry:
    """What every request needs of the process. Kept in app.extensions["artifacts"]."""

    settings: Settings
    database: Database
    authenticator: Authenticator
    room: Room

    def directus(self) -> Directus:
        """A client of Directus as the user that stores uploads; one per request, as it is not shared by threads."""
        return Directus(self.settings.directus_url, token=self.settings.directus_token.get_secret_value())


def registry() -> Registry:
    """The registry of the running app."""
    return current_app.extensions["artifacts"]


def caller() -> Caller:
    """The authenticated caller of this request; found once."""
    if "caller" not in g:
        g.caller = registry().authenticator.caller(
            _bearer(), request.headers.get("X-Actor-Id"), request.remote_addr or ""
        )
        structlog.contextvars.bind_contextvars(caller=g.caller.key)
    return g.caller


def speak_as(who: Caller) -> None:
    """Answer this request as `who`, whom something else than a bearer token has told: the guest of a review link."""
    g.caller = who
    structlog.contextvars.bind_contextvars(caller=who.key)


def operation(right: Right, at_once: Callable[..., Answer | None] | None = None) -> Callable[[F], F]:
    """Make `function(call, path=…, query=…, body=…)` a view for callers with `right`.

    Each of path, query and body is optional and annotated with its pydantic model, from which the OpenAPI description
    is made too. The whole function runs in one transaction, and again after a deadlock: it must not touch the world.
    `at_once`, which takes the same, is tried first; see answer().
    """

    def decorate(function: F) -> F:
        models = _models(function)

        @permitted(right)
        @functools.wraps(function)
        def view(*_args: Any, **path_values: str) -> Response:
            typed = _typed(models, path_values)
            first = functools.partial(at_once, **typed) if at_once else None
            return answer(lambda call: function(call, **typed), first)

        return described(**models)(typing.cast(F, view))

    return decorate


def permitted(right: Right) -> Callable[[F], F]:
    """Let callers with `right` through to a view, which ends in `answer`.

    Under an Idempotency-Key, `answer` runs at most once, and a refusal of the request itself is kept here.
    """

    def decorate(view: F) -> F:
        @functools.wraps(view)
        def checked(*args: Any, **path_values: str) -> Response:
            caller().must(right)
            if request.method not in WRITING or keys.HEADER not in request.headers:
                return view(*args, **path_values)
            g.attempt = _attempt()
            try:
                _identify(_raw_json() if request.mimetype == "application/json" else b"")
                return view(*args, **path_values)
            except Refusal as refusal:
                if refusal.final:
                    return _refused_once(refusal)
                raise

        return typing.cast(F, checked)

    return decorate


def described(**models: type[BaseModel]) -> Callable[[F], F]:
    """Let flask-openapi3 describe a view by `models` (path, query, body), and leave the reading of requests to us.

    Its own reading ignores malformed JSON and builds a JSON Schema on every request.
    """

    def mark(view: F) -> F:
        view.__annotations__ = {**view.__annotations__, **models}
        view.__delay_validate_request__ = True  # type: ignore[attr-defined]
        return view

    return mark


def answer(
    work: Callable[[Call], Answer | Response], at_once: Callable[[Call], Answer | None] | None = None
) -> Response:
    """Run `work` in a transaction and encode what it answers. Under an Idempotency-Key: at most once, ever.

    Key, effect and answer commit together. `at_once` does the same in one writing statement, which is a transaction of
    its own where no key has to be kept; it is tried once, and answers None, or raises SerializationFailure, when `work`
    is to do it. Raises Refusal idempotency_key_in_use, idempotency_key_reused.
    """
    attempt: once.Attempt | None = g.get("attempt")
    if attempt is None:
        done = _alone(at_once) if at_once else None
        return encode(run(work) if done is None else done)
    first = [at_once] if at_once else []

    def replay_or_run(call: Call) -> Response:
        saved = once.claim(call.connection, attempt)
        if saved is not None:
            return _replayed(saved)
        done = first.pop()(call) if first else None
        response = encode(work(call) if done is None else done)
        once.finish(call.connection, attempt, _saved(response))
        return response

    return run(replay_or_run)


def _alone(at_once: Callable[[Call], Answer | None]) -> Answer | None:
    here = registry()
    if _in_transaction():
        return None
    who, request_id = caller(), g.request_id

    def tried(connection: Connection) -> Answer | None:
        try:
            return at_once(Call(connection, who, request_id, here.settings))
        except pg.SerializationFailure:
            return None

    return here.database.by_statement(tried)


def answered_before(payload: Callable[[], bytes]) -> Response | None:
    """The answer kept for this request, of which `payload` is all that was sent; None when it is to be run.

    For a view that does something in the world before it comes to `answer`, and whose payload is more than its JSON.
    """
    if "attempt" not in g:
        return None
    attempt = _identify(payload())
    saved = run(lambda call: once.find(call.connection, attempt))
    return None if saved is None else _replayed(saved)


def run(work: Callable[[Call], Any]) -> Any:
    """Run `work` for the caller of this request, in a transaction unless it only reads (GET)."""
    here = registry()
    who, request_id = caller(), g.request_id
    if request.method == "GET":
        # READ COMMITTED shows each statement its own moment anyway: BEGIN and COMMIT would only be two more trips.
        return here.database.by_statement(lambda connection: work(Call(connection, who, request_id, here.settings)))

    def within(connection: Connection) -> Any:
        if _in_transaction():
            # Directus waits for this answer with rows of its own locked: only giving up early ends such a circle.
            connection.execute("set local lock_timeout = '500ms'")
        return work(Call(connection, who, request_id, here.settings))

    return here.database.run(within)


def _in_transaction() -> bool:
    """Whether the caller, Directus, holds a transaction of its own open meanwhile."""
    return request.headers.get("X-Artifacts-In-Transaction") == "1"


def encode(answer: Answer | Response) -> Response:
    """The HTTP answer of an operation."""
    if isinstance(answer, Response):
        return answer
    payload: dict[str, Any] = {"data": answer.data}
    if answer.meta is not None:
        payload["meta"] = answer.meta
    return Response(to_json(payload), answer.status, answer.headers, content_type="application/json")


def unless_known(answer: Answer) -> Response:
    """The HTTP answer of a GET under the hash of its bytes, or 304 when that is what the caller has already."""
    response = encode(answer)
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response


def json_body() -> Any:
    """The request's JSON. Raises Refusal unsupported_media_type, body_too_large, invalid_json, invalid_text."""
    if not request.mimetype and not request.content_length and "Transfer-Encoding" not in request.headers:
        return {}  # no body at all, as curl -X POST sends: nothing was said, which is enough for some operations
    if request.mimetype != "application/json":
        raise Refusal("unsupported_media_type", details={"received": request.mimetype or None})
    return strict_json(_raw_json())


def _raw_json() -> bytes:
    limit = registry().settings.json_limit
    request.max_content_length = limit
    too_large = Refusal("body_too_large", f"The JSON body is larger than {limit} bytes.", {"limit": limit})
    try:
        raw = request.get_data(cache=True)
    except RequestEntityTooLarge:
        raise too_large from None
    # Of a body sent in chunks werkzeug reads as much as is allowed and says nothing of the rest.
    if request.content_length is None and len(raw) >= limit and request.environ["wsgi.input"].read(1):
        raise too_large
    return raw


def read_model(model: type[BaseModel], value: Any, where: str = "body") -> Any:
    """`value` as `model`. Raises Refusal invalid_value with a pointer to every error."""
    if where == "body" and not isinstance(value, dict):
        raise Refusal("invalid_value", "The body must be a JSON object.")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        fields = [_field_error(e, where) for e in error.errors(include_url=False, include_context=False)]
        first = fields[0]
        raise Refusal(
            first["code"] if first["code"] in CODES else "invalid_value",
            f"{first['field'] or where}: {first['message']}",
            {"fields": fields},
        ) from None


def read_query(model: type[BaseModel]) -> Any:
    """The request's query as `model`. Raises Refusal invalid_value, invalid_text."""
    return read_model(model, _query(), "query")


def install(app: Flask) -> None:
    """Request ids, access log and the one error shape, for every address of the app."""
    app.before_request(_begin)
    app.after_request(_end)
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _failed)


def _models(function: Callable[..., Any]) -> dict[str, type[BaseModel]]:
    hints = typing.get_type_hints(function)
    return {name: hints[name] for name in inspect.signature(function).parameters if name in ("path", "query", "body")}


def _typed(models: dict[str, type[BaseModel]], path_values: dict[str, str]) -> dict[str, Any]:
    readers: dict[str, Callable[[], Any]] = {"path": lambda: _path(path_values), "query": _query, "body": json_body}
    return {name: read_model(model, readers[name](), name) for name, model in models.items()}


def _path(values: dict[str, str]) -> dict[str, str]:
    refuse_unstorable(values)
    return values


def _query() -> dict[str, str]:
    try:
        # werkzeug would leave the bytes of a broken text as %FF, which then stands for itself
        unquote_to_bytes(request.query_string).decode()
    except UnicodeDecodeError:
        raise Refusal("invalid_text", "The query is not UTF-8.") from None
    values = request.args.to_dict()
    refuse_unstorable(values)
    for name, texts in request.args.lists():
        if len(texts) > 1:  # one of them would count and the others be lost
            raise Refusal("invalid_value", f"{name}: it is sent more than once.", {"in": "query", "field": name})
    return values


def _attempt() -> once.Attempt:
    """This request under its Idempotency-Key, not identified yet. Raises Refusal idempotency_key_invalid."""
    key = keys.parse_key(request.headers[keys.HEADER])
    route = request.url_rule.rule if request.url_rule else request.path
    hours = registry().settings.idempotency_hours
    return once.Attempt(caller().key, request.method, route, key, g.request_id, hours)


def _identify(payload: bytes) -> once.Attempt:
    # If-Match is left out: a repeated request is answered before it is compared.
    path = request.path.encode(errors="backslashreplace")
    known = keys.fingerprint(path, request.query_string, request.mimetype.encode(), payload)
    g.attempt = replace(g.attempt, fingerprint=known)
    return g.attempt


def _refused_once(refusal: Refusal) -> Response:
    """The refusal's answer, kept in a transaction of its own as the operation's was rolled back; or the one kept."""
    response = _refused(refusal)
    # What is too large was not read to its end: such bodies are one payload.
    attempt = _identify(b"too large") if refusal.status == 413 else g.attempt
    saved = run(lambda call: once.keep(call.connection, attempt, _saved(response)))
    return response if saved is None else _replayed(saved)


def _saved(response: Response) -> once.Saved:
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    return once.Saved(response.status_code, headers, response.get_data())


def _replayed(saved: once.Saved) -> Response:
    structlog.contextvars.bind_contextvars(replayed=True)
    headers = {**saved.headers, keys.REPLAYED: "true"}
    return Response(saved.body, saved.status, headers, content_type="application/json")


def _bearer() -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _field_error(error: Any, where: str) -> dict[str, str]:
    return {
        "field": ".".join(str(part) for part in error["loc"]),
        "in": where,
        "message": error["msg"].removeprefix("Value error, "),
        "code": error["type"],
    }


def _begin() -> None:
    claimed = request.headers.get("X-Request-Id", "")
    g.request_id = claimed if _REQUEST_ID.fullmatch(claimed) else str(uuid.uuid4())
    g.started = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    response.headers["X-Content-Type-Options"] = "nosniff"
    quiet = request.path in ("/healthz", "/readyz") and response.status_code == 200
    (log.debug if quiet else log.info)(
        "request",
        method=request.method,
        path=_logged_path(),
        status=response.status_code,
        ms=round((time.perf_counter() - g.started) * 1000, 2),
    )
    return response


def _logged_path() -> str:
    # The address of a review link lets its reader decide for weeks: it stands in no log.
    return "/v1/shared/…" if request.path.startswith("/v1/shared/") else request.path[:300]


def _refused(refusal: Refusal) -> Response:
    if refusal.status == 413:
        _drain()
    body = refusal.body()
    body["errors"][0]["extensions"]["request_id"] = g.request_id
    return Response(to_json(body), refusal.status, refusal.headers, content_type="application/json")


def _drain() -> None:
    # werkzeug's limited stream stands in front of the socket; what it refused to read is read here and dropped.
    stream, left = request.environ.get("wsgi.input"), _DRAIN
    while stream is not None and left > 0:
        chunk = stream.read(min(left, 65536))
        if not chunk:
            return
        left -= len(chunk)


_CODE_OF_STATUS = {
    404: "route_not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
}


def _http_error(error: HTTPException) -> Response:
    if (error.code or 500) >= 500:
        return _failed(error)
    headers = {"Allow": ", ".join(error.valid_methods)} if getattr(error, "valid_methods", None) else {}  # type: ignore[attr-defined]
    return _refused(Refusal(_CODE_OF_STATUS.get(error.code or 400, "bad_request"), headers=headers))


def _failed(error: Exception) -> Response:
    refusal = refusal_of(error)
    if refusal is not None:
        return _refused(refusal)
    log.error("request failed", path=_logged_path(), exc_info=error)
    return _refused(Refusal("internal_error"))
