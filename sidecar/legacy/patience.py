"""An import waits for people, not the other way round: what is busy just now is tried again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from sidecar.database import Connection, Database
from sidecar.errors import Refusal

T = TypeVar("T")

PATIENCE_SECONDS = 120


def patiently(database: Database, work: Callable[[Connection], T]) -> T:
    """Database.run, again while the answer is registry_busy, for two minutes. Raises what it raises."""
    busy = retry_if_exception(lambda error: isinstance(error, Refusal) and error.code == "registry_busy")
    again = Retrying(
        retry=busy, stop=stop_after_delay(PATIENCE_SECONDS), wait=wait_random_exponential(max=5), reraise=True
    )
    return again(lambda: database.run(work))
