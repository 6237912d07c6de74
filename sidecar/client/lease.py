"""Who is running a step, and whether they still are.

Whoever runs a step keeps a mark in its engine_run_id and changes it every third of the lease. Others watch the mark by
their own clock: when it has stood still for the whole lease, the process is taken for dead. No clocks are compared.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import socket
import threading
from types import TracebackType

from sidecar.client.errors import RegistryError
from sidecar.client.executions import Steps
from sidecar.client.models import Step

log = logging.getLogger("sidecar.client")

_MARK = re.compile(r"(?P<owner>.+) lease=(?P<lease>\d+(\.\d+)?)s beat=\d+")


class TakenOver(Exception):
    """The step is not ours any more: somebody took us for dead."""


class Lease:
    """A process's name for itself, and how long its silence is waited out, in seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.owner = f"{socket.gethostname()[:100]}/{os.getpid()}/{secrets.token_hex(4)}"

    def mark(self, beat: int = 0) -> str:
        return f"{self.owner} lease={self.seconds:g}s beat={beat}"

    def marks(self, step: Step) -> bool:
        """Whether the step bears this lease's mark."""
        return (step.engine_run_id or "").startswith(f"{self.owner} ")


def lease_of(step: Step) -> float | None:
    """The lease of whoever runs a step, in seconds; None when they keep none (another program)."""
    match = _MARK.fullmatch(step.engine_run_id or "")
    return float(match["lease"]) if match else None


class Heartbeat:
    """Keeps a step's mark moving for as long as the block runs."""

    def __init__(self, steps: Steps, step: Step, lease: Lease) -> None:
        self._steps, self._step, self._lease = steps, step, lease
        self._beat, self._lost = 0, False
        self._ended, self._one_at_a_time = threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=self._keep_on, name=f"heartbeat {step.step_name}", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._ended.set()

    def must_be_ours(self) -> None:
        """Raise TakenOver when the step has been given to somebody else."""
        self._say()
        if self._lost:
            raise TakenOver

    def _keep_on(self) -> None:
        while not self._lost and not self._ended.wait(self._lease.seconds / 3):
            try:
                self._say()
            except RegistryError as error:
                log.warning("the heartbeat of %s did not arrive: %s", self._step.step_name, error)

    def _say(self) -> None:
        with self._one_at_a_time:
            self._beat += 1
            step = self._steps.change(self._step.id, engine_run_id=self._lease.mark(self._beat))
            self._lost = step.status != "running"
