"""Writing together what waits for the same key: who leads, who goes with whom, what an error means to the others."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from sidecar.together import Together

LONG = 30


class Culprit(Exception):
    """About one item of a batch."""


class Held:
    """A `write` whose first batch waits until `go` is set. An item's result is ten times the item; -1 is refused alone
    and in company, -2 breaks the writing itself."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.threads: list[int] = []
        self.started, self.go = threading.Event(), threading.Event()

    def __call__(self, batch: list[int]) -> list[int]:
        self.batches.append(batch)
        self.threads.append(threading.get_ident())
        if len(self.batches) == 1:
            self.started.set()
            assert self.go.wait(LONG)
        if -2 in batch:
            raise RuntimeError("broken")
        if -1 in batch:
            raise Culprit
        return [item * 10 for item in batch]


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(40) as pool:
        yield pool


def until_in_line(together: Together[Any], key: str, number: int) -> None:
    """Ask until so many stand in line, the one that is being written included."""
    while len(together._waiting.get(key, ())) != number:
        pass


def stand_in_line(together: Together[int], write: Held, pool: ThreadPoolExecutor, *items: int) -> list[Future[int]]:
    """Let the items come one after the other, the first of them being written."""
    futures: list[Future[int]] = []
    for place, item in enumerate(items, start=1):
        futures.append(pool.submit(together.run, "key", item, write, Culprit))
        assert write.started.wait(LONG)
        until_in_line(together, "key", place)
    return futures


def test_who_comes_alone_is_written_alone_and_leaves_nothing():
    together: Together[int] = Together()
    batches: list[list[int]] = []

    def write(batch: list[int]) -> list[int]:
        batches.append(batch)
        return [item * 10 for item in batch]

    assert [together.run("key", item, write, Culprit) for item in (1, 2)] == [10, 20]
    assert batches == [[1], [2]]
    assert together._waiting == {}


def test_those_that_come_while_one_is_written_go_as_one_in_their_order(pool):
    together, write = Together[int](), Held()
    futures = stand_in_line(together, write, pool, 1, 2, 3, 4)

    write.go.set()

    assert [future.result(LONG) for future in futures] == [10, 20, 30, 40]
    assert write.batches == [[1], [2, 3, 4]]
    assert together._waiting == {}


def test_keys_do_not_wait_for_each_other(pool):
    together, write = Together[int](), Held()
    (first,) = stand_in_line(together, write, pool, 1)

    assert together.run("another", 5, write, Culprit) == 50

    write.go.set()
    assert first.result(LONG) == 10


def test_no_batch_is_larger_than_the_largest_and_each_has_a_leader_of_its_own(pool):
    together, write = Together[int](largest=2), Held()
    futures = stand_in_line(together, write, pool, *range(1, 7))

    write.go.set()

    assert [future.result(LONG) for future in futures] == [10, 20, 30, 40, 50, 60]
    assert write.batches == [[1], [2, 3], [4, 5], [6]]
    assert len(set(write.threads)) == 4


def test_of_a_batch_with_a_culprit_each_is_written_by_itself(pool):
    together, write = Together[int](), Held()
    futures = stand_in_line(together, write, pool, 1, 2, -1, 3)

    write.go.set()

    assert [future.result(LONG) for future in (*futures[:2], futures[3])] == [10, 20, 30]
    assert isinstance(futures[2].exception(LONG), Culprit)
    assert write.batches == [[1], [2, -1, 3], [2], [-1], [3]]


def test_of_a_batch_taken_apart_another_error_is_its_items_alone(pool):
    together, write = Together[int](), Held()

    def apart_first(batch: list[int]) -> list[int]:
        results = write(batch) if -2 not in batch or len(batch) == 1 else None
        if results is None:
            raise Culprit
        return results

    futures = stand_in_line(together, write, pool, 1)
    for place, item in enumerate((2, -2, 3), start=2):
        futures.append(pool.submit(together.run, "key", item, apart_first, Culprit))
        until_in_line(together, "key", place)
    write.go.set()

    assert [future.result(LONG) for future in (futures[1], futures[3])] == [20, 30]
    assert isinstance(futures[2].exception(LONG), RuntimeError)


def test_another_error_is_everybodys_and_the_next_in_line_lead_on(pool):
    together, write = Together[int](largest=2), Held()
    futures = stand_in_line(together, write, pool, 1, 2, -2, 3)

    write.go.set()

    assert [future.result(LONG) for future in (futures[0], futures[3])] == [10, 30]
    assert [str(future.exception(LONG)) for future in futures[1:3]] == ["broken", "broken"]
    assert together.run("key", 4, write, Culprit) == 40


@pytest.mark.parametrize(("item", "error"), [(-1, Culprit), (-2, RuntimeError)])
def test_a_leader_that_fails_lets_the_next_one_lead(pool, item, error):
    together, write = Together[int](), Held()
    futures = stand_in_line(together, write, pool, item, 2)

    write.go.set()

    assert isinstance(futures[0].exception(LONG), error)
    assert futures[1].result(LONG) == 20


def test_a_write_that_forgets_a_result_fails_for_all():
    together: Together[int] = Together()

    with pytest.raises(ValueError, match="zip"):
        together.run("key", 1, lambda _batch: [], Culprit)
    assert together._waiting == {}


def test_who_loses_patience_leaves_the_line_and_is_not_written(pool):
    together, write = Together[int](patience=0.001), Held()
    (first,) = stand_in_line(together, write, pool, 1)

    with pytest.raises(TimeoutError):
        together.run("key", 2, write, Culprit)
    write.go.set()

    assert first.result(LONG) == 10
    assert together.run("key", 3, write, Culprit) == 30
    assert write.batches == [[1], [3]]


def test_who_is_being_written_has_patience_until_it_is(pool):
    together, write = Together[int](), Held()
    second_started, second_go = threading.Event(), threading.Event()
    short, patience_over = Together._wait, threading.Event()

    def slow(batch: list[int]) -> list[int]:
        if 3 in batch:
            second_started.set()
            assert second_go.wait(LONG)
        return write(batch)

    def wait(self: Together[int], key: Any, mine: Any) -> None:
        if mine.item == 3:
            assert second_started.wait(LONG)  # it is part of a batch now, and its patience begins
            self.patience = 0.001
            patience_over.set()
        short(self, key, mine)

    together._wait = wait.__get__(together)
    futures = stand_in_line(together, write, pool, 1)
    for place, item in enumerate((2, 3), start=2):
        futures.append(pool.submit(together.run, "key", item, slow, Culprit))
        until_in_line(together, "key", place)
    write.go.set()
    assert patience_over.wait(LONG)
    with pytest.raises(TimeoutError):
        futures[2].result(0.1)  # neither given up nor answered
    second_go.set()

    assert [future.result(LONG) for future in futures] == [10, 20, 30]


@pytest.mark.parametrize("patience", [LONG, 0.0005])
def test_sixteen_threads_write_every_item_exactly_once(patience):
    """One in six items is refused, one write in eleven breaks; with little patience some leave unwritten."""
    together: Together[tuple[int, int]] = Together(largest=5, patience=patience)
    threads, items = 16, 200
    start = threading.Barrier(threads)
    written: dict[str, list[tuple[int, int]]] = {"a": [], "b": []}
    alone = {"a": threading.Lock(), "b": threading.Lock()}
    outcomes: dict[tuple[int, int], str] = {}
    chance = random.Random(7)

    def work(thread: int) -> None:
        start.wait()
        for number in range(items):
            item, key = (thread, number), "ab"[(thread + number) % 2]

            def write(batch: list[tuple[int, int]], key: str = key) -> list[str]:
                assert alone[key].acquire(blocking=False), "two batches of one key at a time"
                try:
                    assert 1 <= len(batch) <= 5
                    if chance.random() < 1 / 11:
                        raise OSError
                    if any(sum(one) % 6 == 0 for one in batch):
                        raise Culprit
                    written[key].extend(batch)
                    return [str(one) for one in batch]
                finally:
                    alone[key].release()

            try:
                assert together.run(key, item, write, Culprit) == str(item)
                outcomes[item] = "written"
            except (Culprit, OSError, TimeoutError) as error:
                outcomes[item] = type(error).__name__

    with ThreadPoolExecutor(threads) as pool:
        for future in [pool.submit(work, thread) for thread in range(threads)]:
            future.result(LONG)

    everything = [*written["a"], *written["b"]]
    assert max(Counter(everything).values()) == 1
    assert set(everything) == {item for item, outcome in outcomes.items() if outcome == "written"}
    assert len(outcomes) == threads * items
    assert {outcomes[item] for item in outcomes if sum(item) % 6 == 0} <= {"Culprit", "OSError", "TimeoutError"}
    assert together._waiting == {}
    for key in written:
        last: dict[int, int] = {}
        for thread, number in written[key]:
            assert last.get(thread, -1) < number
            last[thread] = number
