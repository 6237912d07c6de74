"""A stack for tests that stop parts of it, beside the one that everybody shares."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from sidecar.stack.progress import Progress
from sidecar.stack.stack import Stack

PARTS = ("directus", "sidecar", "worker")
_made: list[Stack] = []


def make_fragile_stack() -> Stack:
    """The process' own stack with all its parts running; the first test that asks waits until it is made."""
    if not _made:
        _made.append(Stack(Path(tempfile.mkdtemp(prefix="artifacts-fragile-")) / "stack"))
        _made[0].up(Progress(9, first=2, quiet=True), demo=False)
    for part in PARTS:
        _made[0].start(part)
    return _made[0]


def remove_fragile_stack() -> None:
    """End and remove it, if it was made."""
    while _made:
        stack = _made.pop()
        stack.reset()
        shutil.rmtree(stack.directory.parent, ignore_errors=True)
