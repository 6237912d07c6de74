"""Forgetting waits that are over."""

from __future__ import annotations

from sidecar.database import Database
from sidecar.sql import Statements

sql = Statements(__file__)


def forget_waits(database: Database, days: int) -> int:
    """Remove waits that ended, with nothing in the log of deliveries about them. Returns how many."""
    with database.transaction() as connection:
        return connection.execute(sql.forget_waits, {"days": days}).rowcount
