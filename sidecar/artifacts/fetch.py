"""Fetching a file from an address that a caller names, without letting them reach what only we can reach.

Names are looked up once for each connection, and the address that was judged is the one that is connected to: a name
that answers otherwise a moment later (DNS rebinding) gains nothing. Host header, SNI and certificate check keep the
name. Each redirect is judged like the first address. No proxy is used, as it would do its own looking up.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from email.message import Message
from typing import IO, Any
from urllib.parse import unquote, urljoin, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, LocationParseError, NewConnectionError
from urllib3.util.connection import create_connection

from sidecar.artifacts.incoming import Incoming
from sidecar.errors import Refusal

# getaddrinfo(host, port) → [(family, type, proto, name, (address, port, …))]
Resolve = Callable[..., list[Any]]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

REDIRECTS = 5
CONNECT_SECONDS = 5.0
# Between two pieces; the whole has its own limit.
SILENCE_SECONDS = 15.0
PIECE_BYTES = 1 << 18
# Up to this much is kept in memory.
SPOOLED_BYTES = 1 << 20

_MOVED = (301, 302, 303, 307, 308)
_EMBEDDED_IPV4 = ipaddress.ip_network("64:ff9b::/96")
# Azure's metadata and configuration service has a public address.
_NEVER = frozenset({ipaddress.ip_address("168.63.129.16")})


class Allowed:
    """Which hosts may be fetched from: everybody on the public network, and whom the operator names.

    `names` is ARTIFACTS_FETCH_ALLOW: host names and networks with commas between. A network lets its addresses through,
    a host name whatever that name means just now.
    """

    def __init__(self, names: str = "") -> None:
        parts = [part.strip().lower() for part in names.split(",") if part.strip()]
        self.networks = [network for part in parts if (network := _network(part))]
        self.hosts = {part for part in parts if not _network(part)}

    def __call__(self, host: str, address: str) -> bool:
        """Whether a connection for `host` may go to `address`."""
        judged = _plain(ipaddress.ip_address(address.partition("%")[0]))
        if host.lower().rstrip(".") in self.hosts or any(judged in network for network in self.networks):
            return True
        reserved = judged.is_multicast or judged.is_reserved or judged.is_unspecified or judged in _NEVER
        return judged.is_global and not reserved


def fetch(
    url: str,
    *,
    limit: int,
    seconds: float,
    allowed: Allowed,
    resolve: Resolve = socket.getaddrinfo,
    redirects: int = REDIRECTS,
    headers: Mapping[str, str] | None = None,
) -> Incoming:
    """The file at `url`, at most `limit` bytes of it and within `seconds`. The caller closes its stream.

    `headers` go to every address that a redirect leads to: whoever sends a secret follows none.
    Raises Refusal file_url_refused, file_url_failed (with the `status` of an answer), file_url_too_large.
    """
    with Deadline(seconds) as deadline, guarded_pool(allowed, deadline, resolve) as pool:
        shown = _shown(url)
        try:
            response, url = _followed(pool, url, redirects, headers or {})
            with response:
                file = _received(response, url, limit)
            if deadline.passed:  # cut off by us: without a length said beforehand that looks like its end
                file.stream.close()
                raise _failed(shown, f"It took longer than {seconds:.0f} seconds.")
            return file
        except HTTPError as error:
            reason = "It is no address." if isinstance(error, LocationParseError) else "The connection failed."
            late = f"It took longer than {seconds:.0f} seconds."
            raise _failed(shown, late if deadline.passed else reason) from None


def _followed(
    pool: urllib3.PoolManager, url: str, redirects: int, headers: Mapping[str, str]
) -> tuple[urllib3.BaseHTTPResponse, str]:
    """The answer at the end of the redirects, and where that is."""
    for _ in range(redirects + 1):
        judge_url(url)
        response = pool.request(
            "GET", url, redirect=False, retries=False, preload_content=False,
            headers={"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "directus-artifacts", **headers},
        )  # fmt: skip
        if response.status not in _MOVED or "Location" not in response.headers:
            return response, url
        response.close()
        try:
            url = urljoin(url, response.headers["Location"])
        except ValueError:
            raise _failed(_shown(url), "It was redirected to what is no address.") from None
    often = f"It was redirected more than {redirects} times." if redirects else "It redirects elsewhere."
    raise _failed(_shown(url), often)


def _received(response: urllib3.BaseHTTPResponse, url: str, limit: int) -> Incoming:
    if response.status != 200:
        raise _failed(_shown(url), f"The answer was {response.status}.", status=response.status)
    too_large = Refusal("file_url_too_large", details={"url": _shown(url), "limit": limit})
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and int(length[:20]) > limit:
        raise too_large
    kept: IO[bytes] = tempfile.SpooledTemporaryFile(SPOOLED_BYTES)  # noqa: SIM115  the caller closes it
    try:
        size = 0
        for piece in response.stream(PIECE_BYTES, decode_content=True):
            size += len(piece)
            if size > limit:
                raise too_large
            kept.write(piece)
        kept.seek(0)
    except BaseException:
        kept.close()
        raise
    return Incoming(kept, _name(response, url), response.headers.get("Content-Type"))


def judge_url(url: str) -> None:
    """Raise Refusal file_url_refused for what is no plain http or https address."""
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
        parts = None
    if not known or parts is None:
        raise _refused(_shown(url), "Only http and https addresses are fetched.")
    if parts.username is not None or parts.password is not None:
        raise _refused(_shown(url), "The address holds a user name or password.")


class _Guarded(HTTPConnection):
    """A connection that goes to an address which `choose` allowed."""

    choose: Callable[[str, int], Iterable[str]]
    watched: Callable[[socket.socket], socket.socket]
    silence: float

    def _new_conn(self) -> socket.socket:
        failure: OSError | None = None
        for address in self.choose(self._dns_host, self.port):
            try:
                connected = create_connection(
                    (address, self.port), self.timeout, source_address=self.source_address,
                    socket_options=self.socket_options,
                )  # fmt: skip
                # Else a body that is taken slowly would have no longer between two pieces than connecting may take.
                connected.settimeout(self.silence)
                return self.watched(connected)
            except OSError as error:
                failure = error
        raise NewConnectionError(self, f"no connection: {failure}") from failure


def guarded_pool(
    allowed: Allowed, deadline: Deadline, resolve: Resolve = socket.getaddrinfo, silence: float = SILENCE_SECONDS
) -> urllib3.PoolManager:
    """Connections that go to allowed addresses only, no longer than the deadline or `silence` seconds without a byte.

    They raise Refusal file_url_refused, file_url_failed beside urllib3's own errors.
    """

    def choose(host: str, port: int) -> list[str]:
        try:
            found = resolve(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise _failed(host, "Its host is not known.") from None
        addresses = dict.fromkeys(str(entry[4][0]) for entry in found)
        good = [address for address in addresses if allowed(host, address)]
        if not good:
            raise _refused(host, "Its host is not on the public network.")
        return good

    guarded = {"choose": staticmethod(choose), "watched": staticmethod(deadline.watched), "silence": silence}
    plain = type("Plain", (_Guarded,), guarded)
    secure = type("Secure", (_Guarded, HTTPSConnection), guarded)
    pool = urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=silence),
        cert_reqs="CERT_REQUIRED",
    )
    pool.pool_classes_by_scheme = {
        "http": type("PlainPool", (urllib3.HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("SecurePool", (urllib3.HTTPSConnectionPool,), {"ConnectionCls": secure}),
    }
    return pool


class Deadline:
    """Ends every connection when the time is over: a server that sends a byte now and then keeps every time-out between
    two bytes."""

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._at = time.monotonic() + seconds
        self._handles: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = _timer(seconds, self.end)

    def __enter__(self) -> Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._timer.cancel()
        with self._lock:
            for handle in self._handles:
                handle.close()

    def watched(self, connected: socket.socket) -> socket.socket:
        """The same socket, of which a second handle is kept: the first one changes hands, to TLS and to the answer."""
        with self._lock:
            if self.passed:
                connected.close()
                raise TimeoutError
            self._handles.append(connected.dup())
        return connected

    def shorten(self, seconds: float | None) -> None:
        """From now on no longer than this; None: as long as it was given at first."""
        self._timer.cancel()
        left = max(0.0, self._at - time.monotonic())
        self._timer = _timer(left if seconds is None else min(seconds, left), self.end)
        self._timer.start()

    def end(self) -> None:
        with self._lock:
            self.passed = True
            for handle in self._handles:
                with suppress(OSError):
                    handle.shutdown(socket.SHUT_RDWR)


def _timer(seconds: float, function: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(seconds, function)
    timer.daemon = True
    return timer


def _network(text: str) -> Any:
    with suppress(ValueError):
        return ipaddress.ip_network(text)
    return None


def _plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for (mapped, 6to4, Teredo, NAT64); else itself."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    if address in _EMBEDDED_IPV4:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None) or address


def _name(response: urllib3.BaseHTTPResponse, url: str) -> str:
    header = Message()
    header["Content-Disposition"] = response.headers.get("Content-Disposition", "")
    said = header.get_filename("")
    last = unquote(urlsplit(url).path.rpartition("/")[2])
    return re.sub(r"[\x00-\x1f\x7f/\\]", "", said or last) or "download"


def _shown(url: str) -> str:
    """`url` for a message: without what may be secret in it (user, password, query)."""
    with suppress(ValueError):
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"[:300]
    return url.partition("?")[0].rpartition("@")[2][:300]


def _refused(place: str, why: str) -> Refusal:
    return Refusal("file_url_refused", f"{place} is not fetched. {why}", {"url": place})


def _failed(place: str, why: str, **details: Any) -> Refusal:
    return Refusal("file_url_failed", f"{place} could not be fetched. {why}", {"url": place, **details})
