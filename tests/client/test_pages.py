"""The pages about the client do what they say, on a whole stack: files go to Directus and come back."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from sidecar.client import Registry
from sidecar.stack.stack import Stack

REPOSITORY = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.slow


@pytest.fixture
def environment(running_stack: Stack) -> dict[str, str]:
    own = running_stack.environment()
    return os.environ | own | {"ARTIFACTS_STACK": str(running_stack.directory), "PYTHONPATH": str(REPOSITORY)}


def blocks_of(page: str, **replaced: str) -> list[tuple[str, str]]:
    text = (REPOSITORY / "docs" / "how-to" / page).read_text()
    for name, other in replaced.items():
        text = text.replace(name.replace("_", "-"), other)
    return FENCE.findall(text)


def test_a_pipeline_resumes_as_the_page_shows(environment: dict[str, str], running_stack: Stack) -> None:
    scene = f"harbour-{uuid.uuid4().hex[:8]}"
    blocks = blocks_of("resume-a-pipeline.md", harbour=scene)
    commands = [text for kind, text in blocks if kind == "bash"]
    expected = [text for kind, text in blocks if kind == "text"]
    assert (len(commands), len(expected)) == (6, 5)
    script = "set -uo pipefail\n" + "".join(f"{text}\necho '###'\n" for text in commands)

    done = subprocess.run(
        ["bash"],
        input=script,
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    printed = done.stdout.split("###\n")[1:-1]
    assert [text.strip() for text in printed] == [text.strip() for text in expected], done.stderr[-3000:]
    with Registry(environment["SIDECAR_URL"], environment["SIDECAR_TOKEN"]) as registry:
        runs = list(registry.executions.list(scene))
        assert [run.status for run in runs] == ["completed"] * 3
        rendered = [(s.attempt, s.status) for s in registry.steps.list(runs[-1]) if s.step_name == "render_result"]
        assert rendered == [(1, "failed"), (2, "completed")]
        made = list(registry.versions.list(scene))
        assert len({version.schema_key for version in made}) == 11
        pages = [version for version in made if version.schema_key == "render_result"]
        assert {(version.artifact_type, version.files[0].width) for version in pages} == {("image", 600)}


def test_the_client_does_what_its_page_says(environment: dict[str, str], tmp_path: Path) -> None:
    blocks = blocks_of("python-client.md", python_client=f"python-{uuid.uuid4().hex[:8]}")
    programs = [text for kind, text in blocks if kind == "python"]
    assert len(programs) >= 6

    done = subprocess.run(
        [sys.executable, "-W", "error"], input="".join(programs), env=environment, cwd=tmp_path, capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines() == [
        "brand.claim 1 pending",
        "['leaf.svg', 'notes.txt']",
        "brand.logo 1",
        "brand.claim 1",
        "brand.claim 1 0 []",
        "brand.logo 1 0 []",
        "1",
        "1 Leaf",
        "already_decided - Version 1 of brand.claim is approved already.",
        "['brand.logo']",
        "drawing",
    ]
    assert (tmp_path / "copy.svg").read_text() == (tmp_path / "leaf.svg").read_text()
    assert (tmp_path / "notes.txt").read_bytes() == b"Drawn by hand."


MEASURED = """
import sys, tracemalloc
from sidecar.client import Registry

with Registry() as registry:
    registry.projects.create_or_find(sys.argv[1])
    tracemalloc.start()
    film = registry.submit(sys.argv[1], "film", files=["film ü.bin"], artifact_type="document").version
    registry.download(film, "folder")
    registry.versions.download_path(sys.argv[1], "film", "again.bin", want="latest")
    print(tracemalloc.get_traced_memory()[1])
"""


def test_large_files_are_sent_and_fetched_in_pieces(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    film = os.urandom(1 << 20) * 32
    (tmp_path / "film ü.bin").write_bytes(film)

    done = subprocess.run(
        [sys.executable, "-c", MEASURED, f"film-{uuid.uuid4().hex[:8]}"], env=environment, cwd=tmp_path,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) < 8 << 20, "a fraction of the 32 MiB"
    assert (tmp_path / "folder" / "film ü.bin").read_bytes() == film
    assert (tmp_path / "again.bin").read_bytes() == film
