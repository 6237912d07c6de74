"""A process that is killed in a step leaves nothing that the next one cannot go on from."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

PROGRAM = """
import os, signal, sys
from sidecar.client import Registry

project, kill_in, lease = sys.argv[1], sys.argv[2], float(sys.argv[3])
registry = Registry()

def step(name):
    def body(before):
        print(name, flush=True)
        if name == kill_in:
            os.kill(os.getpid(), signal.SIGKILL)
        return {"name": name, "process": os.getpid()}
    return body

with registry.execution(project, "three steps", lease=lease) as run:
    before = None
    for name in ("one", "two", "three"):
        before = registry.reuse_or_run(name, {"before": before}, step(name))
    print(*(done.how for done in run.done))
"""


@pytest.fixture
def start(address, token, project):
    """`start("two")`: the program in a process of its own, which is killed in that step."""
    environment = os.environ | {"SIDECAR_URL": address, "SIDECAR_TOKEN": token("producer")}
    started = []

    def run(kill_in="none", lease=30.0):
        command = [sys.executable, "-c", PROGRAM, project.key, kill_in, str(lease)]
        started.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_the_next_run_goes_on_where_a_killed_one_was(registry, project, start):
    killed = start("two", lease=1.0)
    assert killed.communicate(timeout=60)[0].split() == ["one", "two"]
    assert killed.returncode == -signal.SIGKILL

    printed, _ = start().communicate(timeout=60)
    assert printed.splitlines() == ["two", "three", "reused made made"]
    (execution,) = registry.executions.list(project)
    assert execution.status == "completed"
    steps = [(s.step_name, s.attempt, s.status) for s in registry.steps.list(execution.id)]
    assert sorted(steps) == [
        ("one", 1, "completed"), ("three", 1, "completed"), ("two", 1, "failed"), ("two", 2, "completed"),
    ]  # fmt: skip
    assert [version.version_number for version in registry.versions.list(project)] == [1, 1, 1]


def test_processes_that_run_at_once_make_each_output_once(registry, project, start):
    processes = [start() for _ in range(3)]
    printed = [process.communicate(timeout=120)[0].splitlines() for process in processes]

    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sorted(name for lines in printed for name in lines[:-1]) == ["one", "three", "two"]
    assert [version.version_number for version in registry.versions.list(project)] == [1, 1, 1]
