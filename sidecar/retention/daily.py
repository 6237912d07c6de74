"""What the worker does once a day: everything that is due, batch by batch."""

from __future__ import annotations

from dataclasses import replace

from sidecar.access.caller import RIGHTS_OF_ROLE, SYSTEM
from sidecar.call import Call
from sidecar.database import Database
from sidecar.retention.retain import Place, retain
from sidecar.settings import Settings

BY_RULE = replace(SYSTEM, rights=RIGHTS_OF_ROLE["admin"])


def retain_all(database: Database, settings: Settings, request_id: str) -> dict[str, int]:
    """Archive everything that is due, each batch in a transaction of its own. Returns how many versions and files."""
    done = {"archived": 0, "bytes_removed": 0, "files": 0, "bytes": 0}
    place: Place | None = None
    while True:
        after = place
        answer, place = database.run(
            lambda connection, after=after: retain(
                Call(connection, BY_RULE, request_id, settings), project_id=None, after=after
            )
        )
        done = {name: done[name] + answer[name] for name in done}
        if place is None:
            return done
