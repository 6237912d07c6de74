"""Callers that keep their connections: bytes made beforehand go out, the answer is read, its status looked at.

One process serves all callers of a run with a selector. That costs less processor time than a process or a thread for
each, and processor time is what the caller takes away from the server on the same machine; `Run.busy` says how much.
"""

from __future__ import annotations

import json
import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from bench.figures import Run

SECONDS = 30.0


class UnexpectedAnswer(Exception):
    """The server answered with something that was not to be measured."""


class Wire:
    """One kept-open HTTP/1.1 connection, without Nagle's delay. Answers must carry Content-Length (or be 204, 304).

    `acknowledge_at_once`: do not let a server wait that sends the rest when the first packet is acknowledged (Linux).
    """

    def __init__(self, url: str, *, acknowledge_at_once: bool = False) -> None:
        place = urlsplit(url)
        self.socket = socket.create_connection((place.hostname, place.port), timeout=SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.acknowledge_at_once = acknowledge_at_once

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and wait for status and body."""
        self.socket.sendall(request)
        return self.answer()

    def answer(self) -> tuple[int, bytes]:
        """Wait for the answer of a request that was sent."""
        while True:
            if (complete := self.complete()) is not None:
                return complete
            self.receive()

    def receive(self) -> None:
        if self.acknowledge_at_once:  # the system forgets it after a while
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        arrived = self.socket.recv(1 << 18)
        if not arrived:
            raise UnexpectedAnswer("the server closed the connection")
        self.received += arrived

    def complete(self) -> tuple[int, bytes] | None:
        """Status and body once all of an answer has arrived."""
        head, separator, rest = self.received.partition(b"\r\n\r\n")
        if not separator:
            return None
        status, length = int(head[9:12]), _length(head)
        if len(rest) < length:
            return None
        self.received = rest[length:]
        return status, rest[:length]

    def close(self) -> None:
        self.socket.close()


def _length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(b"\r\ncontent-length:")
    if at >= 0:
        return int(lower[at + 17 :].split(b"\r\n", 1)[0])
    if b"\r\ntransfer-encoding:" in lower:
        raise UnexpectedAnswer("the answer comes in chunks, which this client does not read")
    return 0


def request(url: str, method: str, path: str, token: str | None, body: Any = None, **headers: str) -> bytes:
    """The bytes of a request. Header names are given with underscores."""
    content = b"" if body is None else json.dumps(body).encode()
    lines = {"Host": urlsplit(url).netloc, "Content-Length": str(len(content))}
    if body is not None:
        lines["Content-Type"] = "application/json"
    if token:
        lines["Authorization"] = f"Bearer {token}"
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + content


def one_caller(url: str, requests: Sequence[bytes], *, expect: int = 200) -> Run:
    """One request after the other on one connection."""
    wire, durations = Wire(url), []
    began, busy = time.perf_counter(), time.process_time()
    for sent in requests:
        at = time.perf_counter()
        status, body = wire.ask(sent)
        durations.append(time.perf_counter() - at)
        _check(status, body, expect)
    elapsed = time.perf_counter() - began
    busy = time.process_time() - busy
    wire.close()
    return Run(durations, elapsed, busy)


class _Lane:
    """One caller among many."""

    def __init__(self, url: str, requests: Sequence[bytes]) -> None:
        self.wire, self.requests = Wire(url), iter(requests)
        self.sent_at = 0.0

    def send(self) -> bool:
        """Send the next request; False when there is none left."""
        following = next(self.requests, None)
        if following is None:
            return False
        self.sent_at = time.perf_counter()
        self.wire.socket.sendall(following)
        return True


def many_callers(url: str, scripts: Sequence[Sequence[bytes]], *, seconds: float, expect: int = 200) -> Run:
    """Every caller sends its next request as soon as the last is answered, for `seconds`.

    It ends earlier when one of them has nothing left to send: fewer callers would be another load.
    """
    lanes = [_Lane(url, script) for script in scripts]
    durations: list[float] = []
    began, busy = time.perf_counter(), time.process_time()
    for duration in _answers(lanes, began + seconds, expect):
        durations.append(duration)
    elapsed, busy = time.perf_counter() - began, time.process_time() - busy
    for lane in lanes:
        lane.wire.close()
    return Run(durations, elapsed, busy)


def _answers(lanes: list[_Lane], until: float, expect: int) -> Iterator[float]:
    """Seconds that each answer took, as they arrive; after the end those that are still on their way, too."""
    with selectors.DefaultSelector() as selector:
        for lane in lanes:
            selector.register(lane.wire.socket, selectors.EVENT_READ, lane)
            lane.send()
        waiting, sending = len(lanes), True
        while waiting:
            for key, _ in selector.select(timeout=SECONDS):
                lane: _Lane = key.data
                lane.wire.receive()
                if (complete := lane.wire.complete()) is None:
                    continue
                now = time.perf_counter()
                _check(*complete, expect)
                yield now - lane.sent_at
                sending = sending and now < until
                if not (sending and lane.send()):
                    sending, waiting = False, waiting - 1


def _check(status: int, body: bytes, expect: int) -> None:
    if status != expect:
        raise UnexpectedAnswer(f"{status} instead of {expect}: {body[:500].decode(errors='replace')}")
