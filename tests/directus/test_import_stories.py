"""Stories whose files lie in a folder: their bytes into Directus, their columns to the address of the approved file."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import uuid
from contextlib import closing
from pathlib import Path

import pytest
import requests

from sidecar.stack import environments
from sidecar.stack.stack import Stack

OLD, NEW = b"\x89PNG\r\n\x1a\n" + b"the older picture" * 100, b"\x89PNG\r\n\x1a\n" + b"a newer picture" * 100


@pytest.fixture
def artifacts(running_stack: Stack):
    """`artifacts import …` with the settings of the running sidecar. Returns what it said."""

    def run(*arguments: str | Path, code: int = 0) -> str:
        environment = os.environ | environments.of_sidecar(running_stack)
        command = [sys.executable, "-m", "sidecar.cli", "import", *map(str, arguments)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture
def stories(tmp_path: Path) -> tuple[Path, Path, str]:
    """A SQLite file with one story, the folder its picture lies in, and the story's id, which is its picture's name."""
    story = uuid.uuid4().hex[:12]
    folder = tmp_path / "uploads"
    (folder / "covers").mkdir(parents=True)
    (folder / "covers" / f"{story}.png").write_bytes(OLD)
    with closing(sqlite3.connect(tmp_path / "old.sqlite")) as connection, connection:
        connection.execute("create table stories (id, title, image_url, text)")
        connection.execute("insert into stories values (?, 'The fox', ?, 'Once.')", [story, f"/covers/{story}.png"])
    return tmp_path / "old.sqlite", folder, story


def image_url(source: Path) -> str:
    with closing(sqlite3.connect(source)) as connection:
        return connection.execute("select image_url from stories").fetchone()[0]


def test_files_are_stored_and_the_old_column_always_leads_to_the_approved_bytes(
    artifacts, stories, environment: dict[str, str]
) -> None:
    source, folder, story = stories
    name = f"stories-{story}"
    options = ("stories", "--source", source, "--files-root", folder, "--name", name)
    assert "2 versions would be made" in artifacts(*options, "--dry-run")
    assert image_url(source) == f"/covers/{story}.png"

    said = artifacts(*options, "--write-back")

    assert "2 versions made" in said
    url = image_url(source)
    shown = requests.get(url, timeout=30)
    assert (shown.status_code, shown.content, shown.headers["Content-Type"]) == (200, OLD, "image/png")
    assert "nothing is wrong" in artifacts("validate", name, "--source", source, "--files")

    with requests.Session() as api:
        api.headers["Authorization"] = f"Bearer {environment['SIDECAR_TOKEN']}"
        submitted = api.post(
            f"{environment['SIDECAR_URL']}/v1/artifacts",
            data={"project_id": f"story-{story}", "schema_key": "cover"},
            files={"files": ("newer.png", NEW, "image/png")}, timeout=30,
        )  # fmt: skip
        version = submitted.json()["data"]["id"]
        assert requests.get(url, timeout=30).content == OLD, "a candidate is not shown"
        approved = api.post(f"{environment['SIDECAR_URL']}/v1/artifacts/{version}/approve", json={}, timeout=30)
        assert approved.status_code == 200, approved.text
    assert requests.get(url, timeout=30).content == NEW

    again = artifacts(*options, "--write-back")
    assert "0 versions made, 2 there already" in again
    taken = artifacts("rollback", name, "--source", source)
    assert "kept" in taken
    assert image_url(source) == f"/covers/{story}.png"


def test_a_run_that_is_repeated_stores_no_file_twice(artifacts, stories, administrator) -> None:
    """The file's id follows from its row and its bytes: what a first run has stored, the next one finds."""
    source, folder, story = stories
    name = f"stories-{story}"
    options = ("stories", "--source", source, "--files-root", folder, "--name", name)
    artifacts(*options)
    artifacts("rollback", name)
    filter_ = {"filter[filename_download][_eq]": f"{story}.png", "limit": "-1"}
    before = len(administrator.get("/files", **filter_).data)

    artifacts(*options)
    artifacts(*options)

    # The second import is another one, so it has a file of its own; repeating it adds none.
    assert len(administrator.get("/files", **filter_).data) == before + 1


def test_a_file_of_a_row_that_is_refused_is_not_kept(artifacts, stories, administrator, environment) -> None:
    source, folder, story = stories
    with requests.Session() as api:
        api.headers["Authorization"] = f"Bearer {environment['SIDECAR_TOKEN']}"
        for step in (
            ("POST", "/v1/projects", {"key": f"story-{story}"}),
            ("PUT", f"/v1/projects/story-{story}/locks/cover", {"reason": "Final."}),
        ):
            answer = api.request(step[0], environment["SIDECAR_URL"] + step[1], json=step[2], timeout=30)
            assert answer.status_code < 300, answer.text
    filter_ = {"filter[filename_download][_eq]": f"{story}.png", "limit": "-1"}
    before = len(administrator.get("/files", **filter_).data)

    said = artifacts("stories", "--source", source, "--files-root", folder, "--name", f"stories-{story}", code=1)

    assert "path_locked" in said
    assert len(administrator.get("/files", **filter_).data) == before
