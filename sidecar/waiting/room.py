"""Where requests wait for a decision: without a connection of the database, and no more of them than there is room for.

One thread of the process looks for all of them: when the worker tells that versions were decided (LISTEN, on one
connection of its own), else every quarter of a second. Behind a PgBouncer in transaction mode nothing is heard; that
is found out by telling oneself something.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from sidecar.database import Connection, Database
from sidecar.errors import Refusal
from sidecar.sql import Statements

sql = Statements(__file__)
log = structlog.get_logger()

# Between two looks: when telling is heard, and when it is not.
HEARING_SECONDS, LOOKING_SECONDS = 2.0, 0.25
# For what was told to be heard, at the beginning.
TRIAL_SECONDS = 1.0
# Before that is tried again.
DEAF_SECONDS = 600.0


class Room:
    """At most `seats` requests of a process, each waiting for one version."""

    def __init__(self, database: Database, url: str, seats: int) -> None:
        self._database, self._url, self._seats = database, url, seats
        self._lock = threading.Lock()
        self._waiting: dict[UUID, list[threading.Event]] = defaultdict(list)
        self._watching = False
        self._closed = False
        self._deaf_until = 0.0
        self.hears = False

    @contextmanager
    def seat(self, version_id: UUID) -> Iterator[threading.Event]:
        """An event that is set when the version is decided, or when the process ends. What was decided before may set
        nothing: look at the version once you have a seat. Raises Refusal too_many_waiting.
        """
        decided = threading.Event()
        with self._lock:
            if sum(map(len, self._waiting.values())) >= self._seats:
                raise Refusal("too_many_waiting", headers={"Retry-After": "5"})
            self._waiting[version_id].append(decided)
            if self._closed:
                decided.set()
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="decisions", daemon=True).start()
        try:
            yield decided
        finally:
            with self._lock:
                self._waiting[version_id].remove(decided)
                if not self._waiting[version_id]:
                    del self._waiting[version_id]

    def close(self) -> None:
        """Let everybody go: the process is asked to end."""
        # No lock: a signal's handler may have interrupted the thread that holds it.
        self._closed = True
        for version_id in list(self._waiting):
            for decided in list(self._waiting.get(version_id, ())):
                decided.set()

    def _watch(self) -> None:
        """Look for everybody who waits, until nobody does."""
        ear: psycopg.Connection[Any] | None = None
        try:
            ear = self._listening()
            while True:
                with self._lock:
                    if not self._waiting or self._closed:
                        self._watching = False
                        return
                    wanted = list(self._waiting)
                self._look(wanted)
                ear = self._pause(ear)
        except BaseException:
            with self._lock:
                self._watching = False
            raise
        finally:
            if ear is not None:
                ear.close()

    def _look(self, wanted: list[UUID]) -> None:
        try:
            rows = self._database.by_statement(lambda c: c.execute(sql.decided, {"ids": wanted}).fetchall())
        except Refusal:
            return  # the database is away for a moment; whoever waits finds out when its time is over
        with self._lock:
            for row in rows:
                for decided in self._waiting.get(row["id"], ()):
                    decided.set()

    def _pause(self, ear: psycopg.Connection[Any] | None) -> psycopg.Connection[Any] | None:
        if ear is None or not self.hears:
            time.sleep(LOOKING_SECONDS)
            return ear
        try:
            for _ in ear.notifies(timeout=HEARING_SECONDS, stop_after=1):
                pass
        except psycopg.Error:
            self.hears = False
            with suppress(psycopg.Error):
                ear.close()
            return None
        return ear

    def _listening(self) -> psycopg.Connection[Any] | None:
        """A connection that hears what is told; None where there is none to be had."""
        self.hears = False
        if time.monotonic() < self._deaf_until:
            return None
        try:
            ear = psycopg.connect(self._url, autocommit=True, application_name="artifacts-waiting", connect_timeout=5)
        except psycopg.Error:
            return None
        try:
            ear.execute("listen artifacts_decided")
            self._database.by_statement(_tell)
            self.hears = any(True for _ in ear.notifies(timeout=TRIAL_SECONDS, stop_after=1))
        except (psycopg.Error, PoolTimeout, Refusal):
            self.hears = False
        if not self.hears:
            log.info("nothing is heard of decisions; they are looked for")
            self._deaf_until = time.monotonic() + DEAF_SECONDS
            ear.close()
            return None
        return ear


def _tell(connection: Connection) -> None:
    connection.execute(sql.tell)
