"""A ComfyUI as far as the registry meets one, on this machine, which fails in every way it is told to; and what
Directus gives out of its storage."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from werkzeug.formparser import parse_form_data

# Does something else than the server does; `handler` is at the request's body.
Plan = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    comfy: Comfy

    def body(self) -> tuple[dict, dict]:
        """The fields and the files of a multipart body."""
        environ = {
            "wsgi.input": self.rfile,
            "CONTENT_LENGTH": self.headers["Content-Length"],
            "CONTENT_TYPE": self.headers["Content-Type"],
            "REQUEST_METHOD": "POST",
        }
        _, form, files = parse_form_data(environ, stream_factory=lambda *_args, **_named: io.BytesIO(), silent=False)
        return form.to_dict(), {name: (file.filename, file.read()) for name, file in files.items()}

    def answer(self, status: int, content: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(content)

    def do_POST(self):
        self._plan_or(self.comfy.upload)

    def do_GET(self):
        self._plan_or(self.comfy.give)

    def _plan_or(self, usual: Plan) -> None:
        self.comfy.asked.append(self)
        plan = self.comfy.plans.pop(0) if self.comfy.plans else usual
        self.close_connection = True
        # Whoever asked may have gone meanwhile: that is what some tests are about.
        with suppress(OSError):
            (plan or usual)(self)

    def log_message(self, *_args):
        pass


class Comfy:
    """`files` are those it has, by (type, subfolder, name); `plans` what it does with the next requests."""

    def __init__(self, address: str = "127.0.0.1"):
        self.files: dict[tuple[str, str, str], bytes] = {}
        self.history: dict[str, dict] = {}
        self.plans: list[Plan | None] = []
        self.asked: list[Handler] = []
        self.over = threading.Event()
        handler = type("OneHandler", (Handler,), {"comfy": self})
        self.server = ThreadingHTTPServer((address, 0), handler)
        self.server.daemon_threads = True
        self.url = f"http://{address}:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def upload(self, handler: Handler) -> None:
        if handler.path != "/upload/image":
            return handler.answer(404)
        form, files = handler.body()
        name, content = files["image"]
        assert form["overwrite"] == "true"
        self.files[form["type"], form["subfolder"], name] = content
        stored = {"name": name, "subfolder": form["subfolder"], "type": form["type"]}
        return handler.answer(200, json.dumps(stored).encode(), Content_Type="application/json")

    def give(self, handler: Handler) -> None:
        url = urlsplit(handler.path)
        if url.path.startswith("/history/"):
            prompt = url.path.rpartition("/")[2]
            found = {prompt: self.history[prompt]} if prompt in self.history else {}
            return handler.answer(200, json.dumps(found).encode(), Content_Type="application/json")
        query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        content = self.files.get((query.get("type", ""), query.get("subfolder", ""), query.get("filename", "")))
        if url.path != "/view" or content is None:
            return handler.answer(404)
        return handler.answer(200, content, Content_Type="image/png")

    def leaves(self, prompt: str, **nodes: list[tuple[str, bytes]]) -> None:
        """A prompt that has completed: by node, the names and the bytes of what it left."""
        outputs = {}
        for node, made in nodes.items():
            for name, content in made:
                self.files["output", "", name] = content
            named = [{"filename": name, "subfolder": "", "type": "output"} for name, _ in made]
            outputs[node.lstrip("n")] = {"images": named, "animated": [False], "text": ["a caption"]}
        self.history[prompt] = {"outputs": outputs, "status": {"status_str": "success", "completed": True}}

    # Plans

    def hangs(self, handler: Handler) -> None:
        """Takes the request and says nothing until the test is over."""
        self.over.wait(20)

    def breaks_off(self, handler: Handler) -> None:
        """Reads a little of the body, then closes the connection."""
        handler.rfile.read(min(10, int(handler.headers.get("Content-Length") or 0)))
        handler.connection.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def answers(status: int, content: bytes = b"{}", **headers: str) -> Plan:
        def plan(handler: Handler) -> None:
            handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
            handler.answer(status, content, **headers)

        return plan

    @staticmethod
    def refuses_early(status: int) -> Plan:
        """Answers before it has read the body, and reads none of it."""
        return lambda handler: handler.answer(status, b"no", Connection="close")

    def drips(self, handler: Handler) -> None:
        """An answer of a byte now and then, for ever."""
        handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        handler.send_response(200)
        handler.end_headers()
        while not self.over.wait(0.02):
            handler.wfile.write(b"x")


class Assets(Comfy):
    """Directus' /assets: the bytes of files by id."""

    def give(self, handler: Handler) -> None:
        content = self.files.get(("asset", "", handler.path.rpartition("/")[2]))
        if content is None:
            error = {"errors": [{"message": "No.", "extensions": {"code": "FORBIDDEN"}}]}
            return handler.answer(403, json.dumps(error).encode())
        return handler.answer(200, content)
