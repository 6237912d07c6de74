"""What a path has now: the approved version, or the newest one that somebody may go on with."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from sidecar.artifacts.read import present
from sidecar.call import Call
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]
Want = Literal["approved", "latest"]


def version_of_path(call: Call, project_id: UUID, schema_key: str, want: Want) -> Row | None:
    """The row of the path's version, None where there is none.

    `latest` is the newest that is neither rejected nor archived, whether or not somebody has approved of it.
    """
    rows = _of_paths(call, project_id, want, schema_key=schema_key, after=None, limit=1)
    return rows[0] if rows else None


def latest_of_path(call: Call, project_id: UUID, schema_key: str, want: Want) -> tuple[Row | None, int]:
    """version_of_path() as the API shows it, and the number that the next version will have."""
    place = {"project_id": project_id, "schema_key": schema_key}
    number = call.connection.execute(sql.next_number, place).fetchone()
    version = version_of_path(call, project_id, schema_key, want)
    return version and present(call, [version])[0], number["next_version"] if number else 1


def latest_of_project(call: Call, project_id: UUID, want: Want, *, after: str | None, limit: int) -> list[Row]:
    """The same of every path that has one, in the order of the paths, from `after` on."""
    return present(call, _of_paths(call, project_id, want, schema_key=None, after=after, limit=limit))


def _of_paths(
    call: Call, project_id: UUID, want: Want, *, schema_key: str | None, after: str | None, limit: int
) -> list[Row]:
    statement = sql.approved_of_paths if want == "approved" else sql.latest_of_paths
    parameters = {"project_id": project_id, "schema_key": schema_key, "after": after, "limit": limit}
    return call.connection.execute(statement, parameters).fetchall()
