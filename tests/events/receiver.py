"""A program that receives events over real HTTP, and fails in every way that one can."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Message:
    """A request as it came. `at` is the clock of the test's own process."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def type(self) -> str:
        return self.json["type"]

    @property
    def data(self) -> dict[str, Any]:
        return self.json["data"]


Answer = Callable[[BaseHTTPRequestHandler], None]


class Receiver:
    """Answers each request by the next of `answers`; the last one goes on for ever. Keeps every message."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers) or [ok]
        self.messages: list[Message] = []
        self.changed = threading.Condition()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/hook"

    def types(self) -> list[str]:
        return [message.type for message in list(self.messages)]

    def wait(self, enough: Callable[[list[Message]], Any], seconds: float = 30) -> list[Message]:
        """The messages, once they are enough."""
        with self.changed:
            assert self.changed.wait_for(lambda: enough(self.messages), seconds), self.types()
            return list(self.messages)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with receiver.changed:
                    headers = {name.lower(): value for name, value in self.headers.items()}
                    receiver.messages.append(Message(self.path, headers, body, time.monotonic()))
                    answers = receiver.answers
                    answer = answers.pop(0) if len(answers) > 1 else answers[0]
                    receiver.changed.notify_all()
                with suppress(OSError):  # whoever sent it did not wait
                    answer(self)
                self.close_connection = True

            do_GET = do_POST

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


def says(status: int, body: bytes = b"", **headers: str) -> Answer:
    """Answer at once."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return answer


ok = says(204)


def hangs(released: threading.Event) -> Answer:
    """Never answer, until the test is over."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        released.wait(60)

    return answer


def drips(request: BaseHTTPRequestHandler) -> None:
    """200, and a body that never ends: a byte now and then."""
    request.send_response(200)
    request.end_headers()
    for _ in range(600):
        request.wfile.write(b".")
        request.wfile.flush()
        time.sleep(0.1)  # the receiver's slowness, which nobody waits for


def pours(request: BaseHTTPRequestHandler) -> None:
    """200 and ten megabytes."""
    request.send_response(200)
    request.send_header("Content-Length", str(10 * 1024**2))
    request.end_headers()
    for _ in range(160):
        request.wfile.write(b"x" * 65536)


def breaks_off(request: BaseHTTPRequestHandler) -> None:
    """No answer at all."""
