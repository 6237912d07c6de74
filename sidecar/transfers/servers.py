"""Which server is meant, in a request and in a row."""

from __future__ import annotations

from sidecar.errors import Refusal
from sidecar.servers import Server, Servers
from sidecar.settings import Settings


def servers_of(settings: Settings) -> Servers:
    """The servers that the operator has named."""
    return Servers(settings.servers, settings.server_tokens.get_secret_value())


def find_server(settings: Settings, said: str | None) -> Server:
    """The server of a name or an origin. Raises Refusal server_not_allowed, with the names of those there are."""
    known = servers_of(settings)
    server = known.find(said) if said else None
    if server is None:
        sentence = f"{said[:200]} is no server that the registry exchanges files with." if said else None
        raise Refusal("server_not_allowed", sentence, {"server": said, "servers": [each.name for each in known]})
    return server


def names_of(settings: Settings, said: str) -> list[str]:
    """Everything that rows may call the same server; what is said itself where no such server is named any more."""
    server = servers_of(settings).find(said)
    return [said] if server is None else list({said, server.name, server.origin})
