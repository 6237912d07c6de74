"""One request to the registry and its answer, tried again while there is hope.

What passes by itself is repeated with growing, jittered pauses: lost connections, time-outs, 429, 502, 503, 504 (as
late as Retry-After asks) and 409 idempotency_key_in_use. Every POST carries an Idempotency-Key, the same each time, so
a request whose answer was lost takes effect once. Each try has time-outs of its own.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import uuid
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote, urljoin, urlsplit

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, stop_before_delay
from tenacity import wait_random_exponential as random_exponential
from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

from sidecar.client.errors import RegistryError, Unavailable, refusal

log = logging.getLogger("sidecar.client")
T = TypeVar("T")

# A body made anew for each try, and its content type.
Body = Callable[[], tuple[Any, str]]
Query = Mapping[str, Any]

_PAUSE = random_exponential(multiplier=0.3, max=8)
_PIECE_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Answer:
    """What the registry answered. `data` and `meta` are JSON."""

    status: int
    headers: Mapping[str, str]
    data: Any = None
    meta: Any = None


class Transport:
    """Sends requests as one caller. May be shared by threads, which have connections of their own.

    `timeout` is (connect, read) in seconds for one try; a request is given up after `attempts` tries or when the next
    would begin later than `patience` seconds after the first.
    """

    def __init__(
        self, url: str, token: str, actor: str | None, timeout: tuple[float, float], attempts: int, patience: float
    ) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(f"the registry's address begins with http:// or https://, not {url!r}")
        self.url, self.timeout = url.rstrip("/"), timeout
        self._token, self._actor = token, actor
        self._attempts, self._patience = attempts, patience
        self._local = threading.local()
        self._sessions: weakref.WeakSet[requests.Session] = weakref.WeakSet()

    def get(self, path: str, /, **query: Any) -> Answer:
        return self.send("GET", path, query=query)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Answer:
        return self.send("POST", path, json_body({} if body is None else body), key=key)

    def patch(self, path: str, body: Any, *, key: str | None = None) -> Answer:
        return self.send("PATCH", path, json_body(body), key=key)

    def pages(self, path: str, /, *, cursor: str = "cursor", **query: Any) -> Iterator[Any]:
        """The items of every page, in order; the next page is read when it is needed."""
        while True:
            answer = self.get(path, **query)
            yield from answer.data
            following = (answer.meta or {}).get(f"next_{cursor}")
            if following is None:
                return
            query[cursor] = following

    def send(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        *,
        query: Query | None = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send until it is answered. Raises RegistryError: of what the registry refuses, and of its silence."""
        if key is None and method == "POST":
            key = str(uuid.uuid4())
        sent = {**(headers or {}), **({"Idempotency-Key": key} if key else {})}
        return self.persistently(lambda: self._once(method, path, body, query, sent))

    def persistently(self, attempt: Callable[[], T]) -> T:
        """What `attempt` returns, called again while its RegistryError is a passing one."""
        retrying = Retrying(
            retry=retry_if_exception(lambda error: isinstance(error, RegistryError) and error.passing),
            wait=_pause,
            stop=stop_after_attempt(self._attempts) | stop_before_delay(self._patience),
            before_sleep=_note,
            reraise=True,
        )
        return retrying(attempt)

    def open(self, path: str, /, **query: Any) -> requests.Response:
        """A stream of the bytes a download address leads to, tried once; to be closed. Raises RegistryError."""
        with connecting():
            response = self._session().get(
                self.url + path, params=_plain(query), timeout=self.timeout, allow_redirects=False
            )
            if response.is_redirect:
                # The link is a token of its own, and may lead elsewhere: ours stays here.
                place = urljoin(response.url, response.headers["Location"])
                response.close()
                response = requests.get(place, stream=True, timeout=self.timeout)
        if response.status_code != 200:
            with response:
                raise _refused(response)
        return response

    def text(self, path: str, /, **query: Any) -> str:
        """What is answered as plain text. Raises RegistryError."""

        def attempt() -> str:
            with self._opened(path, query, stream=False) as response:
                return response.text

        return self.persistently(attempt)

    def content(self, path: str, /, **query: Any) -> bytes:
        """What is answered as bytes, such as a picture. Raises RegistryError."""

        def attempt() -> bytes:
            with self._opened(path, query, stream=False) as response:
                return response.content

        return self.persistently(attempt)

    def lines(self, path: str, /, **query: Any) -> Iterator[bytes]:
        """The lines of an answer as they arrive, tried once. Raises RegistryError, and what requests raises when it
        breaks off."""
        with self._opened(path, query, stream=True) as response:
            yield from response.iter_lines(chunk_size=_PIECE_BYTES)

    def _opened(self, path: str, query: Query, *, stream: bool) -> requests.Response:
        with connecting():
            response = self._session().get(
                self.url + path, params=_plain(query), timeout=self.timeout, stream=stream, allow_redirects=False
            )
        if response.status_code != 200:
            with response:
                raise _refused(response)
        return response

    def close(self) -> None:
        for session in list(self._sessions):
            session.close()

    def _once(
        self, method: str, path: str, body: Body | None, query: Query | None, headers: Mapping[str, str]
    ) -> Answer:
        data, content_type = body() if body else (None, None)
        with connecting():
            response = self._session().request(
                method,
                self.url + path,
                params=_plain(query or {}),
                data=data,
                headers={**headers, **({"Content-Type": content_type} if content_type else {})},
                timeout=self.timeout,
                allow_redirects=False,
            )
        if response.status_code == 304:
            return Answer(304, response.headers)
        if not response.ok or response.is_redirect:
            raise _refused(response)
        try:
            payload = response.json()
            return Answer(response.status_code, response.headers, payload["data"], payload.get("meta"))
        except (requests.JSONDecodeError, LookupError, TypeError):
            raise _refused(response) from None

    def _session(self) -> requests.Session:
        # Not shared with other threads, nor with a process forked from this one.
        if getattr(self._local, "process", None) != os.getpid():
            self._local.process, self._local.session = os.getpid(), self._new_session()
            self._sessions.add(self._local.session)
        return self._local.session

    def _new_session(self) -> requests.Session:
        def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
            request.headers["Authorization"] = f"Bearer {self._token}"
            return request

        session = requests.Session()
        session.auth = sign  # a header alone would be replaced by what ~/.netrc says of the host
        session.headers["Accept"] = "application/json"
        if self._actor:
            session.headers["X-Actor-Id"] = self._actor
        return session


def json_body(value: Any) -> Body:
    """A JSON body. Raises TypeError, ValueError for what JSON cannot say."""
    encoded = json.dumps(value, allow_nan=False, default=_text).encode()
    return lambda: (encoded, "application/json")


def part(value: object) -> str:
    """`value` as one segment of an address."""
    return quote(str(value), safe="")


class connecting:
    """What keeps an answer from arriving becomes Unavailable."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, requests.exceptions.SSLError):
            raise Unavailable("certificate_invalid", "The registry's certificate is not trusted.") from error
        if isinstance(error, requests.Timeout):
            raise Unavailable("registry_slow", "The registry did not answer in time.") from error
        lost = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
        if isinstance(error, lost):
            raise Unavailable(
                "registry_unreachable", f"The registry does not answer ({type(error).__name__})."
            ) from error


def _refused(response: requests.Response) -> RegistryError:
    request_id = response.headers.get("X-Request-Id")
    try:
        (said, *_) = response.json()["errors"]
        error = refusal(said, status=response.status_code, request_id=request_id)
    except (requests.JSONDecodeError, LookupError, TypeError, ValueError, AttributeError):
        # Somebody in between has answered: a proxy, or another program at this address.
        sentence = f"The answer {response.status_code} is none of the registry's."
        said = {"message": sentence, "extensions": {"code": "unexpected_answer"}}
        error = refusal(said, status=response.status_code, request_id=request_id)
    error.retry_after = _retry_after(response)
    return error


def _retry_after(response: requests.Response) -> float | None:
    said = response.headers.get("Retry-After")
    try:
        return Retry().parse_retry_after(said) if said else None
    except InvalidHeader:
        return None


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = (error.retry_after or 0) if isinstance(error, RegistryError) else 0
    return asked + _PAUSE(state)


def _note(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    pause = state.next_action.sleep if state.next_action else 0
    log.info("try %d failed, the next in %.1f s: %s", state.attempt_number, pause, error)


def _plain(query: Query) -> dict[str, str]:
    return {name: _word(value) for name, value in query.items() if value is not None}


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple | set | frozenset):
        return ",".join(map(str, value))
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _text(value: Any) -> str:
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"JSON has no {type(value).__name__}")
