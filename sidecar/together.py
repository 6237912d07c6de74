"""Doing together what waits for the same thing: what comes while other work is written is written next, at once.

What group commit is to a database's log: the first to come goes ahead alone, so nobody waits for company; those that
come meanwhile go as one.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")


@dataclass(eq=False, slots=True)
class _Waiting(Generic[Item]):
    item: Item
    turn: threading.Event = field(default_factory=threading.Event)
    taken: bool = False
    done: bool = False
    result: Any = None
    error: BaseException | None = None


class Together(Generic[Item]):
    """Batches of items by key. One batch of a key is written at a time, by the thread of its first item.

    `patience`: for how many seconds an item stands in line; like a lock's time-out, or one that hangs would hold all.
    """

    def __init__(self, largest: int = 32, patience: float = 2) -> None:
        self.largest = largest
        self.patience = patience
        self._lock = threading.Lock()
        self._waiting: dict[Hashable, list[_Waiting[Item]]] = defaultdict(list)

    def run(
        self, key: Hashable, item: Item, write: Callable[[list[Item]], list[Any]], apart: type[BaseException]
    ) -> Any:
        """The result that `write` gives for `item`, written with others of the key or alone.

        `write` takes items and returns a result for each, or raises having done nothing. What it raises is raised for
        every item of the batch; after an `apart`, which is about one of them, each is written by itself.
        Raises TimeoutError when its turn does not come: nothing was done for it then.
        """
        mine = _Waiting(item)
        with self._lock:
            line = self._waiting[key]
            line.append(mine)
            first = line[0] is mine
        if not first:
            self._wait(key, mine)
        if not mine.done:
            self._lead(key, write, apart)
        if mine.error is not None:
            raise mine.error
        return mine.result

    def _wait(self, key: Hashable, mine: _Waiting[Item]) -> None:
        """Until it is written, or leads. What is being written cannot leave the line any more."""
        if mine.turn.wait(self.patience):
            return
        with self._lock:
            if not (mine.taken or mine.turn.is_set()):
                self._waiting[key].remove(mine)
                raise TimeoutError
        mine.turn.wait()

    def _lead(self, key: Hashable, write: Callable[[list[Item]], list[Any]], apart: type[BaseException]) -> None:
        """Write the first of the line with those behind it, then let the next one lead."""
        with self._lock:
            batch = self._waiting[key][: self.largest]
            for waiting in batch:
                waiting.taken = True
        try:
            _write(batch, write, apart)
        finally:
            with self._lock:
                line = self._waiting[key]
                del line[: len(batch)]
                if line:
                    line[0].turn.set()  # under the lock: it may be about to lose its patience
                else:
                    del self._waiting[key]
            for waiting in batch:
                waiting.done = True
                waiting.turn.set()


def _write(batch: list[_Waiting[Item]], write: Callable[[list[Item]], list[Any]], apart: type[BaseException]) -> None:
    try:
        for waiting, result in zip(batch, write([waiting.item for waiting in batch]), strict=True):
            waiting.result = result
    except apart as error:
        if len(batch) == 1:
            batch[0].error = error
            return
        for waiting in batch:
            _write([waiting], write, apart)
    except BaseException as error:
        for waiting in batch:
            waiting.error = error
