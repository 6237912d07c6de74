"""The statuses of executions and steps: which moves there are, and the other words callers use for them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Move = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Machine:
    """A status machine: `moves` names each allowed move (from, to) by its verb; `aliases` are other words for a status.

    Postgres holds the same moves in the guard `guard`.
    """

    statuses: tuple[str, ...]
    moves: Mapping[Move, str]
    aliases: Mapping[str, str]
    guard: str

    def next(self, status: str | None) -> list[str]:
        """The statuses that may follow."""
        return [after for before, after in self.moves if before == (status or self.statuses[0])]

    def named(self, word: str) -> str | None:
        """The status that a word means, in any case; None for a word nobody knows."""
        word = word.strip().lower().replace("-", "_").replace(" ", "_")
        return word if word in self.statuses else self.aliases.get(word)


# Words of other systems that mean the same of both.
_WORDS = {
    "executing": "running",
    "started": "running",
    "in_progress": "running",
    "waiting": "running",
    "success": "completed",
    "succeeded": "completed",
    "done": "completed",
    "error": "failed",
    "crashed": "failed",
    "timed_out": "failed",
}

EXECUTIONS = Machine(
    statuses=("pending", "running", "completed", "failed", "cancelled"),
    moves={
        ("pending", "running"): "start",
        ("pending", "failed"): "fail",
        ("pending", "cancelled"): "cancel",
        ("running", "completed"): "complete",
        ("running", "failed"): "fail",
        ("running", "cancelled"): "cancel",
        ("failed", "running"): "resume",
    },
    # executing_level_N is read by level_of().
    aliases={
        "initializing": "pending",
        "queued": "pending",
        "new": "pending",
        **_WORDS,
        "canceled": "cancelled",
        "terminated": "cancelled",
    },
    guard="execution_status_order",
)

STEPS = Machine(
    statuses=("queued", "running", "completed", "failed", "skipped"),
    moves={
        ("queued", "running"): "start",
        ("queued", "failed"): "fail",
        ("queued", "skipped"): "skip",
        ("running", "completed"): "complete",
        ("running", "failed"): "fail",
        ("running", "skipped"): "skip",
    },
    aliases={
        "pending": "queued",
        "initializing": "queued",
        "new": "queued",
        **_WORDS,
        "canceled": "skipped",
        "cancelled": "skipped",
    },
    guard="step_status_order",
)

Stage = Literal["input", "generated", "reviewed", "approved", "failed"]

_LEVEL = re.compile(r"executing_level_(\d{1,9})")


def level_of(word: str) -> int | None:
    """The level in `executing_level_3`: the execution runs, at level 3. None for other words."""
    match = _LEVEL.fullmatch(word.strip().lower())
    return int(match[1]) if match else None
