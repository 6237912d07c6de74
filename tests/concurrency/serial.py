"""Is there one order of operations that explains every answer?

Searched as Wing and Gong do: of the operations not yet placed, one may come next if it began before every other of them
had ended; it fits if the model, in its present state, answers what was answered. Where none fits the search goes back.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

FITS_TRIED = 3_000_000


class State(Protocol):
    def key(self) -> Hashable: ...


class Unexplained(AssertionError):
    """The model would have answered something else."""


@dataclass(eq=False)
class Step:
    """An operation as one project saw it. `explain(state)` gives the states that its answer leads to: the very same
    state if it changes nothing. It raises Unexplained if the answer does not fit."""

    start: float
    end: float
    explain: Callable[[Any], list[Any]]
    about: Any


def serial_order(steps: list[Step], initial: State) -> list[Step]:
    """The steps in an order that explains them all. Raises Unexplained with the place where no order goes on."""
    return _Search(sorted(steps, key=lambda step: step.start), initial).run()


class _Search:
    def __init__(self, steps: list[Step], initial: State) -> None:
        self.steps, self.initial = steps, initial
        self.seen: set[Hashable] = set()
        self.tried = 0
        self.furthest: tuple[int, int, Any, list[int]] = (-1, 0, initial, [])

    def run(self) -> list[Step]:
        whole = (1 << len(self.steps)) - 1
        order: list[int] = []
        state, done = self._take_readers(self.initial, 0, order)
        frames = [(self._next(state, done), len(order))]
        while True:
            self._note(done, state, order)
            if done == whole:
                return [self.steps[index] for index in order]
            ways, length = frames[-1]
            found = next(ways, None)
            if found is None:
                frames.pop()
                if not frames:
                    raise Unexplained(self._stuck())
                del order[frames[-1][1] :]
                continue
            index, after, done_before = found
            del order[length:]
            order.append(index)
            state, done = self._take_readers(after, done_before | 1 << index, order)
            key = (done, state.key())
            if key in self.seen:
                continue
            self.seen.add(key)
            frames.append((self._next(state, done), len(order)))

    def _next(self, state: Any, done: int) -> Iterator[tuple[int, Any, int]]:
        for index in self._may_come_next(done):
            for after in self._explained(index, state):
                yield index, after, done

    def _take_readers(self, state: Any, done: int, order: list[int]) -> tuple[Any, int]:
        """What fits now and changes nothing is placed now: whatever order explains the rest explains it here, too."""
        placed = True
        while placed:
            placed = False
            for index in self._may_come_next(done):
                after = self._explained(index, state)
                if after and all(one is state for one in after):
                    done |= 1 << index
                    order.append(index)
                    placed = True
        return state, done

    def _explained(self, index: int, state: Any) -> list[Any]:
        self.tried += 1
        if self.tried > FITS_TRIED:
            raise Unexplained(f"no order found among {FITS_TRIED} tried\n" + self._stuck())
        try:
            return self.steps[index].explain(state)
        except Unexplained:
            return []

    def _may_come_next(self, done: int) -> list[int]:
        index = (~done & (done + 1)).bit_length() - 1
        first_end, candidates = float("inf"), []
        while index < len(self.steps) and self.steps[index].start <= first_end:
            if not done >> index & 1:
                first_end = min(first_end, self.steps[index].end)
                candidates.append(index)
            index += 1
        ready = [i for i in candidates if self.steps[i].start <= first_end]
        return sorted(ready, key=lambda i: self.steps[i].end)

    def _note(self, done: int, state: Any, order: list[int]) -> None:
        if len(order) > self.furthest[0]:
            self.furthest = (len(order), done, state, order[-8:])

    def _stuck(self) -> str:
        length, done, state, order = self.furthest
        lines = [f"No order explains more than {length} of {len(self.steps)} operations. Before:"]
        lines += [f"  {self.steps[index].about}" for index in order]
        lines.append(f"then, with {state}, none of these fits:")
        for index in self._may_come_next(done):
            try:
                self.steps[index].explain(state)
                reason = "fits, and leads nowhere"
            except Unexplained as error:
                reason = str(error)
            lines.append(f"  {self.steps[index].about}\n    {reason}")
        return "\n".join(lines)
