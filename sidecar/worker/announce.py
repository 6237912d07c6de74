"""Telling what happened, as soon as it is committed: a thread of the worker that numbers events, wakes who waits, and
starts deliverers.

It asks ten times a second. Being told by the writers (NOTIFY) would be no sooner for people, and PostgreSQL lets only
one transaction of all databases commit at a time that tells something.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from sidecar.database import Database
from sidecar.errors import Refusal
from sidecar.events.deliver import deliver
from sidecar.events.number import number_events
from sidecar.settings import Settings
from sidecar.waiting.wake import wake_decided

log = structlog.get_logger()

ASK_SECONDS = 0.1
# What becomes due by time: another try, somebody who began to wait.
DUE_SECONDS = 0.5
# All who wait, whatever was told: a decision in another project than the run's.
EVERYBODY_SECONDS = 30.0
AFTER_FAILURE_SECONDS = 1.0


@contextmanager
def announcing(database: Database, settings: Settings) -> Iterator[None]:
    """Announce as long as the block runs. What is being sent at its end is sent again by the next worker."""
    stop = threading.Event()
    thread = threading.Thread(target=_announce, args=(database, settings, stop), name="announcer", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=10)


def _announce(database: Database, settings: Settings, stop: threading.Event) -> None:
    due = everybody = 0.0
    while not stop.is_set():
        try:
            now = time.monotonic()
            projects = number_events(database, settings)
            if projects is not None or now >= due:
                wake_decided(database, projects or set(), everything=now >= everybody)
                deliver(database, settings)
                due = now + DUE_SECONDS
                everybody = now + EVERYBODY_SECONDS if now >= everybody else everybody
            if projects is None:
                stop.wait(ASK_SECONDS)
        except (psycopg.Error, PoolTimeout, Refusal) as error:
            log.warning("the announcer has lost the database", error=str(error).strip()[:300])
            stop.wait(AFTER_FAILURE_SECONDS)
        except Exception as error:
            log.error("the announcer failed", exc_info=error)
            stop.wait(AFTER_FAILURE_SECONDS)
