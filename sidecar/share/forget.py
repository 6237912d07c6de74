"""Forgetting links that ended long ago, with the names and addresses of their guests."""

from __future__ import annotations

from sidecar.database import Database
from sidecar.sql import Statements

sql = Statements(__file__)

DAYS = 30
BATCH = 500


def forget_links(database: Database, days: int = DAYS, batch: int = BATCH) -> int:
    """Delete links that expired or were revoked `days` ago, each batch in a transaction of its own. Returns how many.

    What was shared, with whom by name, and what came of it stays in the records. Of a link that is forgotten its token
    still says that it has expired.
    """
    total = 0
    while True:
        with database.transaction() as connection:
            deleted = connection.execute(sql.forget_links, {"days": days, "batch": batch}).rowcount
        total += deleted
        if deleted < batch:
            return total
