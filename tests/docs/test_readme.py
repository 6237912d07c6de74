"""The calls README shows work on a stack whose demo was played."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from sidecar.demo import script
from sidecar.demo.play import play
from sidecar.stack.stack import Stack

REPOSITORY = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def blocks(running_stack: Stack, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """README's blocks, on a project of this test's own instead of `tidewell`."""
    key = f"tidewell-{uuid.uuid4().hex[:8]}"
    monkeypatch.setitem(script.PROJECT, "key", key)
    play(running_stack.environment(), lambda line: None)
    return FENCE.findall((REPOSITORY / "README.md").read_text().replace("tidewell", key))


@pytest.mark.slow
def test_the_calls_of_the_readme_work(running_stack: Stack, blocks: list[tuple[str, str]]) -> None:
    environment = os.environ | running_stack.environment()
    calls = [text for kind, text in blocks if kind == "sh" and text.startswith("curl")]
    programs = [text for kind, text in blocks if kind == "python"]
    assert calls
    assert programs

    for text in calls:
        called = text.replace("curl ", "curl --silent --fail-with-body ", 1)
        done = subprocess.run(
            ["bash", "-euc", called], cwd=REPOSITORY, env=environment, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stdout
    for text in programs:
        done = subprocess.run(
            [sys.executable, "-c", text], env=environment, capture_output=True, text=True, check=False
        )
        assert done.stdout.endswith(" pending\n"), done.stderr
