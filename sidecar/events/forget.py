"""Forgetting what is older than it is kept, and what belonged to endpoints that were deleted."""

from __future__ import annotations

from sidecar.database import Database
from sidecar.sql import Statements

sql = Statements(__file__)


def forget_old(database: Database, days: int) -> int:
    """Remove events and deliveries of more than `days` ago that are not to be sent. Returns how many events."""
    age = {"days": days}
    with database.transaction() as connection:
        connection.execute(sql.take_time)
        connection.execute(sql.drop_orphans)
        connection.execute(sql.forget_deliveries, age)
        row = connection.execute(sql.forget_events, age).fetchone()
        connection.execute(sql.forget_secrets)
        connection.execute(sql.forget_queues)
        connection.execute(sql.move_kept, age)
    return row["events"] if row else 0
