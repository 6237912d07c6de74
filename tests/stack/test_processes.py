"""Pid files, and processes that outlive their caller."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import psutil
import pytest

from sidecar.stack import processes

WAIT_FOR_EVER = [sys.executable, "-c", "import time; print('here', flush=True); time.sleep(600)"]


@pytest.fixture
def sleeper(folder: Path):
    pid = processes.launch(WAIT_FOR_EVER, {}, folder, folder / "sleeper.log")
    process = psutil.Process(pid)
    yield process
    processes.kill(process)


def test_a_started_process_is_nobodys_child_and_its_pid_file_finds_it(folder, sleeper):
    processes.remember(folder / "run" / "a.pid", sleeper.pid, "v1")

    assert processes.find(folder / "run" / "a.pid") == sleeper
    assert sleeper not in psutil.Process().children(recursive=True)


def test_a_recycled_pid_is_never_signalled(folder, sleeper, given_stack):
    stack = given_stack()
    stack.prepare_folder()
    record = {"pid": sleeper.pid, "started": sleeper.create_time() - 3600, "fingerprint": "v1"}
    stack.pid_file("directus").write_text(json.dumps(record))

    stack.stop("directus")
    stack.kill("directus")

    assert processes.lives(sleeper)
    assert not stack.pid_file("directus").exists()


@pytest.mark.parametrize("content", ["", "123", "{}", '{"pid": 1'])
def test_a_damaged_pid_file_means_nothing_runs(folder, content):
    (folder / "a.pid").write_text(content)

    assert processes.find(folder / "a.pid") is None


def test_ending_a_process_ends_its_children(folder):
    program = f"import subprocess, sys; subprocess.run({WAIT_FOR_EVER!r})"
    parent = psutil.Process(processes.launch([sys.executable, "-c", program], {}, folder, folder / "log"))
    wait_for(lambda: parent.children())
    [child] = parent.children()

    processes.end(parent)

    assert not processes.lives(parent)
    assert not processes.lives(child)


def test_a_process_that_ignores_the_request_is_killed(folder):
    program = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    deaf = psutil.Process(processes.launch([sys.executable, "-c", program], {}, folder, folder / "log"))
    wait_for(lambda: "deaf" in (folder / "log").read_text())

    processes.end(deaf, seconds=0.2)

    assert not processes.lives(deaf)


def test_a_process_whose_pid_file_was_lost_is_found_and_ended(folder, given_stack):
    stack = given_stack()
    stack.prepare_folder()
    mark = {processes.MARK: f"{stack.directory}:directus"}
    stray = psutil.Process(processes.launch(WAIT_FOR_EVER, mark, folder, folder / "log"))

    stack.stop("directus")

    assert not processes.lives(stray)


def test_the_callers_variables_do_not_reach_directus(folder, monkeypatch):
    monkeypatch.setenv("DB_HOST", "elsewhere")
    monkeypatch.setenv("PORT", "1")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    program = [sys.executable, "-c", "import os, json; print(json.dumps(dict(os.environ)))"]
    processes.launch(program, {"HOST": "127.0.0.1"}, folder, folder / "log")
    wait_for(lambda: (folder / "log").read_text().endswith("\n"))
    seen = json.loads((folder / "log").read_text())

    assert seen["HOST"] == "127.0.0.1"
    assert seen["LC_ALL"] == "C.UTF-8"
    assert not {"DB_HOST", "PORT"} & seen.keys()


def wait_for(condition, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
