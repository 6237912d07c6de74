"""The servers that steps run on, as the operator names them: bytes go to these and come from these, no others. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Server:
    """`name` is what rows and answers call it: the name it was given, else its origin."""

    name: str
    origin: str
    authorization: str | None = field(default=None, repr=False)

    @property
    def host(self) -> str:
        return urlsplit(self.origin).hostname or ""


class Servers:
    """The servers of ARTIFACTS_SERVERS, with what ARTIFACTS_SERVER_TOKENS says of them.

    `named` is a list with commas: origins such as http://comfy1:8188, or name=origin. `tokens` is one of server=token;
    a token with a space in it is the whole Authorization header, any other a bearer token.
    Raises ValueError with a sentence, in which no token stands.
    """

    def __init__(self, named: str, tokens: str = "") -> None:
        self._known: dict[str, Server] = {}
        for part in _parts(named):
            self._add(_server(part))
        for part in _parts(tokens):
            said, _, token = part.partition("=")
            self._entrust(said.strip(), token.strip())

    def __iter__(self):
        return iter(dict.fromkeys(self._known.values()))

    def find(self, said: str) -> Server | None:
        """The server of a name or an origin; None for one that the operator has not named."""
        return self._known.get(said) or self._known.get(_origin(said) or "")

    def _add(self, server: Server) -> None:
        if server.name in self._known or server.origin in self._known:
            raise ValueError(f"names {server.name} twice")
        self._known |= {server.name: server, server.origin: server}

    def _entrust(self, said: str, token: str) -> None:
        server = self.find(said)
        if server is None:
            raise ValueError("has a token for a server that ARTIFACTS_SERVERS does not name")
        if not token.isascii() or not token.isprintable() or not token:
            raise ValueError(f"has no token of printable ASCII characters for {server.name}")
        known = replace(server, authorization=token if " " in token else f"Bearer {token}")
        self._known |= {known.name: known, known.origin: known}


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _server(part: str) -> Server:
    name, equals, rest = part.partition("=")
    origin = _origin(rest.strip() if equals else part)
    if origin is None or (equals and not _NAME.fullmatch(name.strip())):
        shown = part.rpartition("@")[2]
        raise ValueError(f"is a list of origins such as http://comfy1:8188 or comfy1=http://10.0.0.5:8188; not {shown}")
    return Server(name.strip() if equals else origin, origin)


def _origin(text: str) -> str | None:
    """The origin of an address in one spelling; None for what is more or less than an origin."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not host or port == 0 or not re.fullmatch(r"[\w.:-]+", host, re.ASCII):
        return None
    if "@" in parts.netloc or parts.path.strip("/") or parts.query or parts.fragment:
        return None
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + ("" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}")
