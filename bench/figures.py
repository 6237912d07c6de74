"""What a measurement is: sides that ran in turn, and ratios between them. Pure: values in, values out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal


@dataclass(frozen=True)
class Run:
    """One side in one round. `durations`: seconds of each thing done, in order; `elapsed`: seconds of them all.

    `busy` is the seconds of processor time the asking side spent on it, where it was ours to measure.
    """

    durations: Sequence[float]
    elapsed: float
    busy: float | None = None

    @property
    def throughput(self) -> float:
        """Things done in a second."""
        return len(self.durations) / self.elapsed

    @property
    def p50(self) -> float:
        """Median duration in ms."""
        return median(self.durations) * 1000


@dataclass
class Side:
    """One of the compared things: its runs, a round each."""

    name: str
    runs: list[Run] = field(default_factory=list)

    @property
    def p50(self) -> float:
        """Median of everything it did, in ms."""
        return median(self._all()) * 1000

    @property
    def p95(self) -> float:
        """95th percentile of everything it did (nearest rank), in ms."""
        ordered = sorted(self._all())
        return ordered[math.ceil(0.95 * len(ordered)) - 1] * 1000

    @property
    def throughput(self) -> float:
        """Median of the rounds, in things per second."""
        return median(run.throughput for run in self.runs)

    @property
    def count(self) -> int:
        return len(self._all())

    def _all(self) -> list[float]:
        return [duration for run in self.runs for duration in run.durations]

    def summary(self) -> dict[str, Any]:
        """For JSON: milliseconds and things per second."""
        busy = [run.busy / len(run.durations) * 1000 for run in self.runs if run.busy is not None]
        return {
            "name": self.name,
            "count": self.count,
            "rounds": len(self.runs),
            "p50_ms": self.p50,
            "p95_ms": self.p95,
            "per_second": self.throughput,
            "client_cpu_ms": median(busy) if busy else None,
        }


Measure = Literal["p50", "throughput"]


@dataclass(frozen=True)
class Goal:
    """What a ratio should be: at most, or at least, `bound`."""

    bound: float
    direction: Literal["≤", "≥"]

    def holds(self, value: float) -> bool:
        return value <= self.bound if self.direction == "≤" else value >= self.bound

    def __str__(self) -> str:
        return f"{self.direction} {self.bound:g}"


def at_most(bound: float) -> Goal:
    return Goal(bound, "≤")


def at_least(bound: float) -> Goal:
    return Goal(bound, "≥")


@dataclass(frozen=True)
class Ratio:
    """`measured` ÷ `compared`, round by round, so that a machine that becomes slower slows both."""

    measured: Side
    compared: Side
    measure: Measure
    goal: Goal | None = None

    @property
    def values(self) -> list[float]:
        pairs = zip(self.measured.runs, self.compared.runs, strict=True)
        return [getattr(a, self.measure) / getattr(b, self.measure) for a, b in pairs]

    @property
    def value(self) -> float:
        """Median over the rounds."""
        return median(self.values)

    @property
    def holds(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        return self.goal.holds(self.value) if self.goal else None

    def summary(self) -> dict[str, Any]:
        return {
            "measured": self.measured.summary(),
            "compared": self.compared.summary(),
            "measure": self.measure,
            "ratio": self.value,
            "lowest": min(self.values),
            "highest": max(self.values),
            "goal": str(self.goal) if self.goal else None,
            "holds": self.holds,
        }


@dataclass(frozen=True)
class Detail:
    """A table of what was seen beside the ratios, as it is shown."""

    title: str
    headings: tuple[str, ...]
    rows: list[list[str]]

    def summary(self) -> dict[str, Any]:
        return {"title": self.title, "headings": self.headings, "rows": self.rows}


@dataclass
class Result:
    """One comparison: its ratios, and sentences and tables about what was seen beside them."""

    name: str
    title: str
    ratios: list[Ratio]
    notes: list[str] = field(default_factory=list)
    details: list[Detail] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "ratios": [ratio.summary() for ratio in self.ratios],
            "notes": self.notes,
            "details": [detail.summary() for detail in self.details],
        }
