"""Stacks and folders of their own for every test, ended and removed afterwards."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sidecar.stack.postgres import Server
from sidecar.stack.stack import Stack, Wishes


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's tmp_path: PostgreSQL's own user must be able to pass through when root runs the tests."""
    path = Path(tempfile.mkdtemp(prefix="artifacts-stack-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def given_stack(folder: Path) -> Iterator[Callable[..., Stack]]:
    """Makes Stack objects in `folder`; whatever runs there is ended after the test."""

    def make(name: str = "stack", **wishes: str) -> Stack:
        return Stack(folder / name, Wishes(**wishes))

    yield make
    for directory in folder.glob("*/stack.json"):
        Stack(directory.parent).reset()


@pytest.fixture
def given_server(folder: Path) -> Iterator[Callable[[str], Server]]:
    """Makes PostgreSQL servers (not started) below `folder`; they are stopped after the test."""
    made: list[Server] = []

    def make(name: str) -> Server:
        server = Server(folder / name / "data", folder / name / "server.log")
        server.log.parent.mkdir(parents=True)
        made.append(server)
        return server

    yield make
    for server in made:
        if server.pid() is not None:
            server.stop()
