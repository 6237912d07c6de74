"""The four parts: how each is started, when it is ready, and what it reads from its environment."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import requests

from sidecar.stack import install
from sidecar.stack.fingerprint import of_files, of_values

NAMES = ("postgres", "directus", "sidecar", "worker")
CODE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Part:
    """A process of the stack. `code` is a hash of what it runs; `is_ready` is asked until it says yes."""

    name: str
    command: list[str]
    environment: dict[str, str]
    folder: Path
    code: str
    is_ready: Callable[[], bool]
    seconds: float = 60.0

    @cached_property
    def fingerprint(self) -> str:
        """Changes when the running process would have to be started anew."""
        return of_values([self.command, self.environment, self.code])


def directus(settings: dict[str, str], url: str) -> Part:
    return Part(
        name="directus",
        command=[install.node(), directus_program(), "start"],
        environment=settings | install.node_environment() | {"NODE_ENV": "production"},
        folder=install.DIRECTUS,
        code=of_values([install.directus_fingerprint(), install.extension_fingerprint()]),
        is_ready=lambda: answers(f"{url}/server/ping"),
        seconds=120.0,
    )


def directus_program() -> str:
    """Directus' command line. `node_modules/directus/cli.js` would first ask npm's registry for a newer version."""
    return str(install.DIRECTUS / "node_modules" / "@directus" / "api" / "dist" / "cli" / "run.js")


def sidecar(settings: dict[str, str], url: str, folder: Path) -> Part:
    program = [sys.executable, "-m", "gunicorn", "-c", "python:sidecar.gunicorn_conf", "sidecar.wsgi:app"]
    return Part("sidecar", program, settings, folder, of_files(CODE), lambda: answers(f"{url}/healthz"))


def worker(settings: dict[str, str], folder: Path, is_ready: Callable[[], bool]) -> Part:
    program = [sys.executable, "-m", "sidecar.cli", "worker"]
    return Part("worker", program, settings, folder, of_files(CODE), is_ready)


def answers(url: str) -> bool:
    """Whether a GET of the URL succeeds. Proxies are not asked: the parts run on this machine."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.get(url, timeout=5).ok
        except requests.RequestException:
            return False
