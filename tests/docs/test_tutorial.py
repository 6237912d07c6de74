"""The commands of a page are run in order, and what it says they print is looked for in what they print."""

from __future__ import annotations

import os
import re
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from sidecar.stack.stack import Stack

REPOSITORY = Path(__file__).resolve().parents[2]
# and how many commands each has at least
PAGES = {"tutorial.md": 10, "how-to/repeat-safely.md": 4, "how-to/learn-from-reviews.md": 6}
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
AFTER = "### after block"


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_print_what_it_says(page: str, running_stack: Stack, tmp_path: Path) -> None:
    blocks = FENCE.findall((REPOSITORY / "docs" / page).read_text())
    commands = [text for kind, text in blocks if kind == "bash"]
    assert len(commands) >= PAGES[page]
    script = "set -euo pipefail\n" + "".join(f"{text}\necho '{AFTER} {n}'\n" for n, text in enumerate(commands))
    environment = os.environ | {"ARTIFACTS_STACK": str(running_stack.directory), "TMPDIR": str(tmp_path)}

    done = subprocess.run(
        ["bash"],
        input=script,
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    printed = re.split(rf"{AFTER} \d+\n", done.stdout)
    number = -1
    for (kind, _), (following, expected) in pairwise([*blocks, ("end", "")]):
        number += kind == "bash"
        if kind == "bash" and following == "text":
            missing = [line for line in expected.splitlines() if line.strip() not in printed[number]]
            assert not missing, f"block {number} printed {printed[number]!r}"
