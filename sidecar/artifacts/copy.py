"""Versions made from a version: what an edit, a restored version and one used elsewhere have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sidecar import audit
from sidecar.artifacts.submit import Submission, submit
from sidecar.call import Call
from sidecar.promotion.enter import lock_projects
from sidecar.retention.removed import refuse_gone
from sidecar.review.decide import Decision, Promote, decide
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to become of the new version: why it was made, and whether it is approved and promoted at once."""

    reason: str | None = None
    approve: bool = False
    promote: Promote = "now"


@dataclass(frozen=True, slots=True)
class Copied:
    """The version there is now, whether it is new, and what decide() answered where it was approved."""

    version: Row
    new: bool
    review: Row | None


def lock_source(call: Call, version_id: UUID, project_id: UUID, wish: Wish, *, files: bool = True) -> Row:
    """The row of a version that is to be copied into a project; `files` says whether its files are, too.

    Until the transaction ends nothing is taken from it: retention and erasing wait, or have been there before. The
    project's lock comes before the version's, for everybody. Raises Refusal forbidden, bytes_removed, version_erased.
    """
    if wish.approve:
        call.caller.must("review")
    lock_projects(call, [project_id])
    row = call.connection.execute(sql.source_to_copy, {"id": version_id}).fetchone()
    assert row is not None  # noqa: S101  versions are never deleted
    refuse_gone(row, files=files)
    return row


def submission_like(call: Call, version: Row, **others: Any) -> Submission:
    """What submits a version's content again at its own path; `others` are the fields that differ."""
    files = call.connection.execute(sql.files_of_versions, {"ids": [version["id"]]}).fetchall()
    fields: dict[str, Any] = {
        "project": str(version["project_id"]),
        "schema_key": version["schema_key"],
        "value": version["value"],
        "file_ids": tuple(file["id"] for file in files),
        "primary_file_id": version["primary_file_id"],
        "artifact_type": version["artifact_type"],
        "source_task_id": version["source_task_id"],
        "source_url": version["source_url"],
        "tags": version["tags"],
        "metadata": version["metadata"],
        "if_locked": "edit",
    }
    return Submission(**{**fields, **others})


def keep_copy(
    call: Call,
    project_id: UUID,
    submission: Submission,
    wish: Wish,
    source: UUID | None = None,
    relation: Literal["edited_from", "restored_from"] = "edited_from",
) -> Copied:
    """Submit a copy of version `source` to a project and, where asked, approve it in the same transaction.

    Whoever asks for the approval must be let review, which is refused before anything is written. Its task waits for a
    person only if the version does. The reason goes with the approval, else it is a comment.
    """
    if wish.approve:
        call.caller.must("review")
    # Approving takes the project's lock, which comes before the number lock for everybody.
    lock_projects(call, [project_id])
    version, new = submit(call, submission)
    if source and new:
        place = {"from_version_id": version["id"], "to_version_id": source, "relation_type": relation}
        call.connection.execute(sql.relate_copy, place)
    if not wish.approve:
        comment = [audit.Entry(version, "comment", wish.reason)] if wish.reason and new else []
        audit.record(call.connection, call.caller, call.request_id, comment)
        return Copied(version, new, None)
    decision = Decision(version["id"], "approve", wish.reason)
    review = decide(call, [decision], promote=wish.promote)
    version = call.connection.execute(sql.find_version, {"id": version["id"]}).fetchone() or version
    if version["status"] == "pending" and submission.source_task_id:
        call.connection.execute(sql.ask_for_review, {"task_id": submission.source_task_id})
    return Copied(version, new, review)
