"""The number lock of a project: who adds versions, and who decides whether any may be added, one after the other."""

from __future__ import annotations

from uuid import UUID

from sidecar.call import Call
from sidecar.sql import Statements

sql = Statements(__file__)


def lock_numbers(call: Call, project_id: UUID) -> None:
    """Hold the project's number lock until the transaction ends. After the projects' locks, before everything else.

    The trigger that numbers an inserted version takes the same one (migrations/guards/version_numbered.sql).
    """
    call.connection.execute(sql.lock_numbers, {"project_id": project_id})
