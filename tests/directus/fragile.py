"""A stack for tests that stop parts of it, beside the one that everybody shares."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from sidecar.stack.progress import Progress
from sidecar.stack.stack import Stack

PARTS = ("directus", "sidecar", "worker")
_made: list[Stack] = []


def fragile_stack(config: pytest.Config) -> Stack:
    """The process' own stack with all its parts running; made by the first test that asks, removed after the last."""
    if not _made:
        folder = Path(tempfile.mkdtemp(prefix="artifacts-fragile-"))
        stack = Stack(folder / "stack")
        config.add_cleanup(lambda: remove(stack, folder))
        stack.up(Progress(9, first=2, quiet=True), demo=False)
        _made.append(stack)
    for part in PARTS:
        _made[0].start(part)
    return _made[0]


def remove(stack: Stack, folder: Path) -> None:
    stack.reset()
    shutil.rmtree(folder, ignore_errors=True)
