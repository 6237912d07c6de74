"""A real Directus with the product in it, once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.directus import Directus
from sidecar.provision.install import install
from sidecar.stack.progress import Progress
from sidecar.stack.stack import Stack

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("provision") / "stack")
    try:
        stack.up(Progress(9), demo=False)
        yield stack
    finally:
        stack.down()


@pytest.fixture
def administrator(stack: Stack) -> Directus:
    return Directus(stack.url("directus"), stack.secrets["admin_token"])


@pytest.fixture
def reviewer(stack: Stack) -> Directus:
    secrets = stack.secrets
    return Directus(stack.url("directus"), email=secrets["reviewer_email"], password=secrets["reviewer_password"])


@pytest.fixture
def producer(stack: Stack) -> Directus:
    return Directus(stack.url("directus"), stack.secrets["producer_token"])


@pytest.fixture
def files(stack: Stack) -> Directus:
    return Directus(stack.url("directus"), stack.secrets["files_token"])


def install_again(stack: Stack, administrator: Directus) -> list[str]:
    """What a further installation says it did, part by part."""
    said: list[str] = []
    install(administrator, stack.databases.admin_url(), stack.secrets, said.append)
    return said
