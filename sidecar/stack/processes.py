"""Processes that outlive us, remembered in pid files.

A pid file holds the process' start time beside its pid, because pids are used again: a process that started at
another time is somebody else's and is never signalled.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

# Every child carries it, `<stack folder>:<part>`, so that one whose pid file was lost is found again.
MARK = "ARTIFACTS_STACK_PART"
# Clock corrections move the start time that psutil computes; a pid comes back after hours at the earliest.
SAME_START_SECONDS = 5.0
# Started through a process that ends at once, so that the child is init's: a long-lived caller gets no zombie.
LAUNCH = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[3:], cwd=sys.argv[2], stdin=subprocess.DEVNULL, stdout=open(sys.argv[1], "ab"),
                         stderr=subprocess.STDOUT, start_new_session=True)
print(child.pid, flush=True)
os._exit(0)
"""
# What children keep of the caller's environment: where programs, certificates, proxies and the language are. Not more,
# because Directus takes any variable (HOST, PORT, DB_HOST, …) for one of its settings.
KEPT = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
KEPT_PREFIXES = ("LC_", "SSL_CERT_", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
LOOPBACK = "127.0.0.1,localhost,::1"


@dataclass(frozen=True)
class Record:
    """What a pid file holds. `started` is in seconds since 1970; `fingerprint` says with what it was started."""

    pid: int
    started: float
    fingerprint: str


def inherited() -> dict[str, str]:
    """The part of our environment that children get. A proxy is not asked for what runs on this machine."""
    kept = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith(KEPT_PREFIXES)}
    direct = ",".join(filter(None, [os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), LOOPBACK]))
    return kept | {"NO_PROXY": direct, "no_proxy": direct}


def launch(command: Sequence[str], environment: Mapping[str, str], cwd: Path, log: Path) -> int:
    """Start a process in a session of its own, output appended to `log`; returns its pid."""
    launcher = [sys.executable, "-I", "-S", "-c", LAUNCH, str(log), str(cwd), *command]
    started = subprocess.run(launcher, env=inherited() | dict(environment), stdout=subprocess.PIPE, check=True)
    return int(started.stdout)


def remember(pid_file: Path, pid: int, fingerprint: str) -> None:
    """Write the pid file of a process that runs."""
    try:
        record = Record(pid, psutil.Process(pid).create_time(), fingerprint)
    except psutil.NoSuchProcess:
        return pid_file.unlink(missing_ok=True)
    pid_file.parent.mkdir(parents=True, exist_ok=True)
    pid_file.write_text(json.dumps(asdict(record)) + "\n")


def recall(pid_file: Path) -> Record | None:
    """What the pid file says, whether or not that process still runs. None without a readable one."""
    try:
        return Record(**json.loads(pid_file.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def find(pid_file: Path) -> psutil.Process | None:
    """The process the pid file means, if it still runs."""
    record = recall(pid_file)
    if record is None:
        return None
    try:
        process = psutil.Process(record.pid)
        same = abs(process.create_time() - record.started) < SAME_START_SECONDS
        return process if same and lives(process) else None
    except psutil.NoSuchProcess:
        return None


def lives(process: psutil.Process) -> bool:
    """Whether it still runs. What only waits for its parent to notice its end (a zombie) does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def marked(mark: str) -> Iterator[psutil.Process]:
    """Running processes that carry `mark`: ours, whatever became of their pid file."""
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark:
                yield process
        except (psutil.Error, OSError):
            continue


def end(process: psutil.Process, *, seconds: float = 15.0) -> None:
    """Ask the process to end, wait, then kill what is left of it; its children get a second to follow."""
    family = _family(process)
    _signal([process], "terminate")
    _wait([process], seconds)
    left = _wait(family, 1.0)
    _signal(left, "kill")
    _wait(left, 5.0)


def kill(process: psutil.Process) -> None:
    """End the process and its children as a crash would."""
    family = _family(process)
    _signal(family, "kill")
    _wait(family, 5.0)


def _family(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _wait(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that still live after so many seconds. (psutil's own waiting takes a zombie for alive.)"""
    deadline = time.monotonic() + seconds
    while (left := [process for process in processes if lives(process)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def _signal(processes: Sequence[psutil.Process], name: str) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            getattr(process, name)()
