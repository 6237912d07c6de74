"""Restoring: what a version was becomes the next version of its path."""

from __future__ import annotations

from uuid import UUID

from sidecar.artifacts.copy import Copied, Wish, keep_copy, lock_source, submission_like
from sidecar.artifacts.read import find_version
from sidecar.call import Call


def restore(call: Call, version_id: UUID, wish: Wish) -> Copied:
    """Keep the content of a version as the next one of its path, whatever became of it: rejected, superseded, archived.

    Never the same as an existing version. Raises Refusal artifact_not_found, forbidden, bytes_removed, version_erased,
    path_locked, path_conflict and whatever decide() refuses.
    """
    version = lock_source(call, version_id, find_version(call, version_id)["project_id"], wish)
    submission = submission_like(
        call, version, parent_id=version_id, deduplicate=False, asks_for_review=not wish.approve
    )
    return keep_copy(call, version["project_id"], submission, wish, version_id, "restored_from")
