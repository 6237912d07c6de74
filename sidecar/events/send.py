"""One message on its way: to an address that may be anybody's, for a bounded time, and a few bytes of the answer."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError, InvalidHeader, LocationParseError
from urllib3.util import Retry

from sidecar.artifacts.fetch import Allowed, Deadline, Resolve, guarded_pool, judge_url
from sidecar.errors import Refusal

# Of the answer, for people who look for a mistake. The rest is not read.
SHOWN_BYTES = 500
# For these bytes, once the status is there: it is what counts.
SHOWN_SECONDS = 2.0
# No receiver is waited for longer than this, whatever it asks.
LONGEST_WAIT_SECONDS = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of one try. `status` is None when there was no answer; `after` is what Retry-After asks, in seconds."""

    status: int | None
    answer: str | None
    error: str | None
    after: float = 0.0
    milliseconds: int = 0

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def send(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    seconds: float,
    allowed: Allowed,
    resolve: Resolve = socket.getaddrinfo,
) -> Sent:
    """POST `body` to `url` and say what came of it. Redirects are not followed; nothing is raised for the receiver's
    sake. No part of `url` but its host stands in what is said: it may be a secret."""
    began = time.monotonic()

    def came(status: int | None, answer: str | None, error: str | None, after: float = 0.0) -> Sent:
        return Sent(status, answer, error, after, round((time.monotonic() - began) * 1000))

    try:
        judge_url(url)
        with Deadline(seconds) as deadline, guarded_pool(allowed, deadline, resolve, silence=seconds) as pool:
            try:
                response = pool.request(
                    "POST", url, body=body, redirect=False, retries=False, preload_content=False,
                    headers={"Content-Type": "application/json", "Accept": "*/*", "Accept-Encoding": "identity",
                             "User-Agent": "directus-artifacts", **headers},
                )  # fmt: skip
            except (HTTPError, OSError) as error:
                if deadline.passed:
                    return came(None, None, f"It took longer than {seconds:g} seconds to answer.")
                known = not isinstance(error, LocationParseError)
                return came(None, None, "It could not be reached, or broke off." if known else "It is no address.")
            with response:
                return came(response.status, _beginning(response, deadline), _error(response.status), _asked(response))
    except Refusal as refusal:
        return came(None, None, _WORDS.get(refusal.code, refusal.message))


_WORDS = {
    "file_url_refused": "Its address is none that may be sent to: only http and https on the public network, without a"
    " user name, and what an operator names in ARTIFACTS_WEBHOOK_ALLOW.",
    "file_url_failed": "Its host is not known.",
}


def _beginning(response: BaseHTTPResponse, deadline: Deadline) -> str:
    deadline.shorten(SHOWN_SECONDS)
    read = b""
    with suppress(HTTPError, OSError):
        read = response.read1(SHOWN_BYTES)
    return read[:SHOWN_BYTES].decode("utf-8", "replace").replace("\x00", "�")


def _error(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return f"It redirects elsewhere ({status}), which is not followed."
    return f"It answered {status}."


def _asked(response: BaseHTTPResponse) -> float:
    """The seconds of Retry-After, in either of its forms."""
    try:
        return min(Retry().get_retry_after(response) or 0.0, LONGEST_WAIT_SECONDS)
    except (InvalidHeader, OverflowError):
        return 0.0
