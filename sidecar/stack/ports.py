"""Free TCP ports."""

from __future__ import annotations

import random
import socket
import time

from sidecar.stack.progress import Failure

# Below the range from which systems take the ports of outgoing connections: one of those could hold ours when we start.
PORTS = range(20000, 32000)
WILDCARDS = ("0.0.0.0", "::")


def is_free(port: int) -> bool:
    """Whether nobody listens on the port, on loopback or on all addresses."""
    return all(_can_bind(host, port) for host in ("127.0.0.1", "0.0.0.0"))


def is_free_within(port: int, seconds: float) -> bool:
    """The same, for a port whose last owner ended a moment ago: its connections may hold it a little longer."""
    deadline = time.monotonic() + seconds
    while not (free := is_free(port)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return free


def choose(taken: set[int]) -> int:
    """A free port that is none of `taken`."""
    for port in random.sample(PORTS, 200):
        if port not in taken and is_free(port):
            return port
    raise Failure(f"no free port was found between {PORTS.start} and {PORTS.stop}.", remedy="Stop what occupies them.")


def check_host(host: str) -> None:
    """Refuse an address to listen on that this machine does not have."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind(address)
    except OSError as error:
        remedy = "HOST=0.0.0.0 listens on all addresses of this machine, HOST=127.0.0.1 (the default) only for itself."
        raise Failure(f"HOST={host} is no address of this machine ({error}).", remedy=remedy) from error


def url(host: str, port: int) -> str:
    """How this machine reaches what listens on `host`."""
    reached = "127.0.0.1" if host in WILDCARDS else host
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def _can_bind(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True
