"""One file on its way: from Directus' storage to ComfyUI's /upload/image, in pieces, in constant memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import requests
import urllib3
from requests_toolbelt import MultipartEncoder
from urllib3.exceptions import HTTPError, InvalidHeader
from urllib3.util import Retry

from sidecar.artifacts.fetch import Deadline
from sidecar.directus import CHUNK_BYTES, Directus, DirectusError
from sidecar.errors import Refusal
from sidecar.servers import Server
from sidecar.transfers.comfy import stored

# Of the answer; ComfyUI's is a hundred bytes.
ANSWER_BYTES = 64 * 1024
# For the answer once the last byte is sent: the server copies the file to its place meanwhile.
ANSWER_SECONDS = 120.0
# No server is waited for longer than this, whatever it asks.
LONGEST_WAIT_SECONDS = 3600.0
# 4xx that say nothing about the request: too slow, too early, too many.
_PASSING = (408, 425, 429)


class NotSent(Exception):
    """This try has failed. `passing`: another may succeed, not before `after` s; `ours`: not by the server."""

    def __init__(self, sentence: str, *, passing: bool = True, after: float = 0.0, ours: bool = False) -> None:
        super().__init__(sentence)
        self.passing, self.after, self.ours = passing, after, ours


def upload(
    pool: urllib3.PoolManager,
    deadline: Deadline,
    directus: Directus,
    server: Server,
    file: dict[str, Any],
    name: str,
    subfolder: str | None,
) -> dict[str, str]:
    """Send a file's bytes under `name`; {name, subfolder, type} as the server has kept it.

    A file of that name is replaced: it is what an earlier try has left. Raises NotSent.
    """
    try:
        asset = directus.open_asset(str(file["id"]), {})
    except DirectusError as error:
        raise _unread(file, error) from error
    with asset:
        source = _Source(asset, file, lambda: deadline.shorten(ANSWER_SECONDS))
        fields = {"type": "input", "subfolder": subfolder or "", "overwrite": "true"}
        kind = file["type"] or "application/octet-stream"
        body = MultipartEncoder({**fields, "image": (name, source, kind)})
        try:
            return _sent(pool, server, body, name)
        finally:
            deadline.shorten(None)  # there may be another file


def _sent(pool: urllib3.PoolManager, server: Server, body: MultipartEncoder, name: str) -> dict[str, str]:
    headers = {
        "Content-Type": body.content_type,
        "Content-Length": str(body.len),
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": "directus-artifacts",
        **({"Authorization": server.authorization} if server.authorization else {}),
    }
    try:
        # No redirect: what the operator has named is this server, and the token is for it.
        response = pool.request(
            "POST", f"{server.origin}/upload/image", body=_pieces(body), headers=headers, redirect=False, retries=False,
            preload_content=False,
        )  # fmt: skip
        with response:
            answer = response.read(ANSWER_BYTES + 1)
    except HTTPError as error:
        raise NotSent(f"{server.name} could not be reached, or broke off while {name} was sent.") from error
    except Refusal as refusal:  # its host is not known just now
        raise NotSent(refusal.message or str(refusal)) from refusal
    _judge(server, response, answer, name)
    try:
        return stored(answer[:ANSWER_BYTES])
    except ValueError:
        raise NotSent(f"{server.name} took {name} and did not answer as ComfyUI does.") from None


def _pieces(body: MultipartEncoder) -> Iterator[bytes]:
    while piece := body.read(CHUNK_BYTES):
        yield piece


def _judge(server: Server, response: urllib3.BaseHTTPResponse, answer: bytes, name: str) -> None:
    status = response.status
    if status == 200 and len(answer) > ANSWER_BYTES:
        raise NotSent(f"{server.name} answered with more than {ANSWER_BYTES} bytes, which is not ComfyUI's answer.")
    if status == 200:
        return
    if 300 <= status < 400:
        raise NotSent(f"{server.name} redirects elsewhere ({status}), which is not followed.", passing=False)
    sentence = f"{server.name} answered {status} to {name}{_WORDS.get(status, '')}."
    passing = status >= 500 or status in _PASSING
    raise NotSent(sentence, passing=passing, after=_asked(response) if passing else 0.0)


_WORDS = {
    401: ": it asks for a token (ARTIFACTS_SERVER_TOKENS)",
    403: ": it does not let us",
    404: ": it has no /upload/image, so it is no ComfyUI",
    413: ": the file is larger than it takes",
    429: ": it is asked too often",
}


def _asked(response: urllib3.BaseHTTPResponse) -> float:
    """The seconds of Retry-After, in either of its forms."""
    try:
        return min(Retry().get_retry_after(response) or 0.0, LONGEST_WAIT_SECONDS)
    except (InvalidHeader, OverflowError):
        return 0.0


def _unread(file: dict[str, Any], error: DirectusError) -> NotSent:
    if error.status in (403, 404):
        return NotSent(f"Directus has lost the bytes of {_shown(file)}.", passing=False, ours=True)
    return NotSent("Directus did not give the file's bytes.", ours=True)


def _shown(file: dict[str, Any]) -> str:
    return file["filename_download"] or str(file["id"])


class _Source:
    """The bytes of a file as MultipartEncoder reads them: `len` is how many are left.

    The last ones are given only when all of them together are those that were submitted, and approved: a body that ends
    before its Content-Length is stored by no server.
    """

    def __init__(self, asset: requests.Response, file: dict[str, Any], ended: Callable[[], None]) -> None:
        self.len = int(asset.headers.get("Content-Length") or file["filesize"] or 0)
        self._raw, self._file, self._ended, self._digest = asset.raw, file, ended, hashlib.sha256()
        if self.len == 0:
            self._end()

    def read(self, size: int = -1) -> bytes:
        try:
            piece = self._raw.read(self.len if size < 0 else min(size, self.len), decode_content=False)
        except (HTTPError, OSError) as error:
            raise NotSent("Directus broke off while the file was read.", ours=True) from error
        if not piece:
            raise NotSent("Directus broke off while the file was read.", ours=True)
        self._digest.update(piece)
        self.len -= len(piece)
        if self.len == 0:
            self._end()
        return piece

    def _end(self) -> None:
        if self._file["sha256"] not in (None, self._digest.digest()):
            sentence = f"The bytes of {_shown(self._file)} are not those that were submitted; they were not sent."
            raise NotSent(sentence, passing=False, ours=True)
        self._ended()
