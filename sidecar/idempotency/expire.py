"""Forgetting expired keys, in batches small enough to disturb nobody."""

from __future__ import annotations

from sidecar.database import Database
from sidecar.sql import Statements

sql = Statements(__file__)

BATCH = 1000


def expire(database: Database, hours: int, batch: int = BATCH) -> int:
    """Delete keys older than `hours`, each batch in a transaction of its own. Returns how many."""
    total = 0
    while True:
        with database.transaction() as connection:
            deleted = connection.execute(sql.expire, {"hours": hours, "batch": batch}).rowcount
        total += deleted
        if deleted < batch:
            return total
