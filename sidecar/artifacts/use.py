"""Using a version elsewhere: its content becomes a version of another path or project."""

from __future__ import annotations

from uuid import UUID

from sidecar.artifacts.copy import Copied, Wish, keep_copy, lock_source, submission_like
from sidecar.artifacts.read import find_version
from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.projects.find import find_project


def use(
    call: Call, version_id: UUID, project: str, schema_key: str | None, wish: Wish, task_id: UUID | None = None
) -> Copied:
    """Take a version into `project` (id or key), at its own path or another; it shares the files.

    The same content as the newest version there is that version, as in submit().
    Raises Refusal artifact_not_found, project_not_found, used_in_place, forbidden, bytes_removed,
    version_erased, path_locked, path_conflict and whatever submit() and decide() refuse.
    """
    version = find_version(call, version_id)
    project_id = find_project(call, project)["id"]
    path = schema_key or version["schema_key"]
    if (project_id, path) == (version["project_id"], version["schema_key"]):
        raise Refusal("used_in_place", details={"schema_key": path})
    version = lock_source(call, version_id, project_id, wish)
    submission = submission_like(
        call,
        version,
        project=str(project_id),
        schema_key=path,
        source_task_id=task_id,
        derived_from=(version_id,),
        asks_for_review=not wish.approve,
    )
    return keep_copy(call, project_id, submission, wish)
