"""Files as somebody would make them who wants more than a preview, or a page that stands still."""

from __future__ import annotations

import socket
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class Listener:
    """An address that hears everybody who so much as connects; nobody gets an answer."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.heard: list[str] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                caller, _ = self.socket.accept()
            except OSError:
                return  # closed
            self.heard.append("somebody connects")
            caller.close()


@contextmanager
def listening() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.socket.close()


@dataclass(frozen=True)
class Hostile:
    name: str
    mime: str
    artifact_type: str
    # From the address that it tries to reach.
    content: Callable[[str], bytes]
    # What the desk says instead of, or beside, the preview.
    notice: str


SCRIPT = "window.hacked = top.hacked = parent.hacked = 1; alert('hacked'); fetch('{there}/script')"


def drawing(there: str) -> bytes:
    return f"""<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
  width="400" height="300" onload="{SCRIPT.format(there=there)}">
<style>@import url({there}/style); rect {{ fill: url({there}/fill#a) }}</style>
<script>{SCRIPT.format(there=there)}</script><script xlink:href="{there}/script.js"/>
<rect width="400" height="300" style="fill: teal" onclick="{SCRIPT.format(there=there)}"/>
<image href="{there}/image" width="10" height="10" onerror="{SCRIPT.format(there=there)}"/>
<use xlink:href="{there}/use#a"/><animate attributeName="href" values="javascript:top.hacked=1"/>
<foreignObject width="90" height="90"><body xmlns="http://www.w3.org/1999/xhtml"><iframe src="{there}/frame"/>
<img src="{there}/img" onerror="{SCRIPT.format(there=there)}"/></body></foreignObject></svg>""".encode()


def page(there: str) -> bytes:
    script = SCRIPT.format(there=there)
    return f"""<!doctype html><html><head><title>Menu</title>
<meta http-equiv="refresh" content="0;url={there}/refresh"><base href="{there}/" target="_self">
<link rel="stylesheet" href="style"><link rel="preconnect" href="{there}"><link rel="prefetch" href="{there}/prefetch">
<style>@import url({there}/import); body {{ background: url({there}/background) }}</style>
<script>{script}</script><script src="{there}/script.js"></script></head>
<body onload="{script}"><h1>Tea menu</h1><img src="{there}/img" onerror="{script}"><iframe src="{there}/frame"></iframe>
<iframe src="javascript:top.hacked = 1"></iframe><iframe srcdoc="<script>top.hacked = 1</script>"></iframe>
<object data="{there}/object"></object><embed src="{there}/embed"><video src="{there}/video" autoplay></video>
<form id="f" action="{there}/form"><input autofocus onfocus="{script}; f.submit()"><button>Order</button></form>
<a href="{there}/link" target="_top" ping="{there}/ping">More tea</a>
<svg onload="{script}"><image href="{there}/image"/></svg></body></html>""".encode()


def text(there: str) -> bytes:
    return f'Tea menu\n</pre></li><img src={there}/img onerror="{SCRIPT.format(there=there)}">\u202etxt.exe\n'.encode()


def long_text(_there: str) -> bytes:
    return b"".join(b"%d is a line of the log of a long night.\n" % number for number in range(730_000))


def broken_picture(_there: str) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"these are no chunks " * 40


def large_picture(_there: str, side: int = 12_000) -> bytes:
    """A white PNG of `side` × `side` pixels, in a few kilobytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    row = b"\0" + b"\xff" * (side // 8)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(row * side, 9)) + chunk(b"IEND", b"")
    )


def binary(_there: str) -> bytes:
    return bytes(range(256)) * 40


APART = "Shown apart from Directus: it runs nothing and reaches nothing."
FILES = (
    Hostile("drawing.svg", "image/svg+xml", "image", drawing, APART),
    Hostile("menu.html", "text/html", "document", page, APART),
    Hostile("menu.txt", "text/plain", "text", text, APART),
    Hostile("log.txt", "text/plain", "text", long_text, "Only the first"),
    Hostile("broken.png", "image/png", "image", broken_picture, "the picture is broken"),
    Hostile("large.png", "image/png", "image", large_picture, "too large to be drawn: 12,000 × 12,000 pixels"),
    Hostile(
        "unknown.bin", "application/octet-stream", "document", binary, "There is no preview for this kind of file."
    ),
)
