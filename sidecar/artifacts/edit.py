"""Editing: what somebody changed about a version becomes the next version of its path."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sidecar.artifacts.copy import Copied, Wish, keep_copy, lock_source, submission_like
from sidecar.artifacts.read import find_version
from sidecar.call import Call
from sidecar.errors import Refusal


@dataclass(frozen=True, slots=True)
class Edit:
    """What is different: `fields` are those of value, metadata and tags that change, `file_ids` (None: the files stay)
    all files of the new version, the first one primary."""

    fields: dict[str, Any] = field(default_factory=dict)
    file_ids: tuple[UUID, ...] | None = None
    wish: Wish = field(default_factory=Wish)


def edit(call: Call, version_id: UUID, change: Edit) -> Copied:
    """Keep an edited copy of a version as the next one of its path; what is not changed is kept.

    Any version may be edited, whatever its status. Never the same as an existing version, even with equal content.
    Raises Refusal artifact_not_found, invalid_value, forbidden, bytes_removed, version_erased, path_locked and
    whatever submit() and decide() refuse.
    """
    version = find_version(call, version_id)
    if not change.fields and change.file_ids is None:
        raise Refusal("invalid_value", "Say what changes: value, file_ids, files, metadata or tags.")
    version = lock_source(call, version_id, version["project_id"], change.wish, files=change.file_ids is None)
    others: dict[str, Any] = dict(change.fields)
    if change.file_ids is not None:
        # Other bytes: their type is told anew, and the address of the old ones is not theirs.
        others |= {"file_ids": change.file_ids, "primary_file_id": None, "artifact_type": None, "source_url": None}
    submission = submission_like(
        call, version, parent_id=version_id, deduplicate=False, asks_for_review=not change.wish.approve, **others
    )
    return keep_copy(call, version["project_id"], submission, change.wish, version_id, "edited_from")


def look_over(call: Call, version_id: UUID, wish: Wish) -> str:
    """The path of a version about to be edited. Raises Refusal artifact_not_found, forbidden."""
    if wish.approve:
        call.caller.must("review")
    return find_version(call, version_id)["schema_key"]
