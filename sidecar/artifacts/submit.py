"""Submitting: an output becomes a numbered version that waits for review."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from psycopg.types.json import Jsonb

from sidecar.artifacts.content import artifact_type_of, content_hash
from sidecar.artifacts.numbers import lock_numbers
from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.executions.link import link_output
from sidecar.locks.held import IfLocked, locked_version
from sidecar.projects.find import find_project, template_of
from sidecar.promotion.enter import lock_projects
from sidecar.review.automatic import approve_by_rule
from sidecar.sql import Statements
from sidecar.templates.check import check_submission
from sidecar.templates.rules import matches, rule_for
from sidecar.waiting.wait import keep_wait_of_version

sql = Statements(__file__)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Submission:
    """An output to be kept. `project` is an id or a key; `file_ids` are Directus files, the first one primary."""

    project: str
    schema_key: str
    value: Any = None
    file_ids: tuple[UUID, ...] = ()
    primary_file_id: UUID | None = None
    artifact_type: str | None = None
    status: Literal["pending", "intermediate"] = "pending"
    source_task_id: UUID | None = None
    execution_id: UUID | None = None
    step_id: UUID | None = None
    parent_id: UUID | None = None
    derived_from: tuple[UUID, ...] = ()
    source_url: str | None = None
    tags: list[str] | None = None
    metadata: dict[str, Any] | None = field(default=None)
    deduplicate: bool = True
    if_locked: IfLocked = "existing"
    resume_url: str | None = field(default=None, repr=False)
    resume_when: Literal["all", "any"] = "all"
    asks_for_review: bool = True  # False where it is approved in the same transaction: its task waits for nobody


def submit(call: Call, submission: Submission) -> tuple[Row, bool]:
    """Keep an output as the next version of its path. Returns the version's row and whether it is new.

    The same content as the path's newest version is that version (a rejected twin too, with its reason; not an archived
    one); it is linked to the submitting task all the same. A submission for a task sets the task to needs_review.
    On a locked path it is the version that is there (see locked_version), and nothing is written.
    Raises Refusal project_not_found, file_not_found, path_conflict, task_not_found, execution_not_found,
    step_not_found, artifact_not_found, reference_not_found, path_locked, template_violation,
    template_broken.
    """
    version, new = _submit(call, submission)
    if submission.resume_url is not None:
        run = (submission.execution_id, submission.step_id)
        keep_wait_of_version(call, version, *run, submission.resume_url, submission.resume_when)
    return version, new


def _submit(call: Call, submission: Submission) -> tuple[Row, bool]:
    project = find_project(call, submission.project)
    template = template_of(call, project["id"])
    rule = rule_for(template, submission.schema_key).auto_approve
    if rule:
        # What is approved at once is promoted at once: the project's lock comes before the number lock, for everybody.
        lock_projects(call, [project["id"]])
    files = _files(call, submission)
    check_submission(call, project["id"], template, submission, files)
    hashed = content_hash(submission.value, [f["sha256"] for f in files], submission.source_url)
    # What takes time comes before. From here on "the newest" stays true: two equal submissions make one version.
    lock_numbers(call, project["id"])
    held = locked_version(call, project["id"], submission.schema_key, submission.if_locked)
    if held is not None:
        return held, False
    twin = _twin(call, project["id"], submission, hashed)
    version = twin or _add(call, project["id"], submission, files, hashed)
    _link(call, submission, version)
    if rule and twin is None and version["status"] == "pending" and matches(rule, submission.value):
        approve_by_rule(call, version["id"], rule)
        version = call.connection.execute(sql.find_version, {"id": version["id"]}).fetchone() or version
    return version, twin is None


def _files(call: Call, submission: Submission) -> list[Row]:
    ids = list(dict.fromkeys([*filter(None, [submission.primary_file_id]), *submission.file_ids]))
    if not ids:
        return []
    known = {row["id"]: row for row in call.connection.execute(sql.files_known, {"ids": ids}).fetchall()}
    missing = [str(file_id) for file_id in ids if file_id not in known]
    if missing:
        raise Refusal("file_not_found", details={"file_ids": missing})
    return [known[file_id] for file_id in ids]


def _twin(call: Call, project_id: UUID, submission: Submission, hashed: str | None) -> Row | None:
    if hashed is None or not submission.deduplicate:
        return None
    place = {"project_id": project_id, "schema_key": submission.schema_key}
    newest = call.connection.execute(sql.newest_version, place).fetchone()
    if newest is None or newest["content_hash"] != hashed or newest["status"] in ("archived", "superseded"):
        return None
    # An intermediate draft submitted for review is not the same request as the draft itself.
    return None if newest["status"] == "intermediate" and submission.status == "pending" else newest


def _add(call: Call, project_id: UUID, submission: Submission, files: list[Row], hashed: str | None) -> Row:
    primary = files[0] if files else None
    row = call.connection.execute(
        sql.add_version,
        {
            "project_id": project_id,
            "schema_key": submission.schema_key,
            "status": submission.status,
            "artifact_type": submission.artifact_type
            or artifact_type_of(primary["type"] if primary else None, submission.value),
            "value": None if submission.value is None else Jsonb(submission.value),
            "metadata": None if submission.metadata is None else Jsonb(submission.metadata),
            "primary_file_id": primary and primary["id"],
            "source_url": submission.source_url,
            "content_hash": hashed,
            "parent_id": submission.parent_id,
            "source_task_id": submission.source_task_id,
            "execution_id": submission.execution_id,
            "step_id": submission.step_id,
            "request_id": call.request_id,
            "tags": None if submission.tags is None else Jsonb(submission.tags),
            "user_created": call.caller.user_id,
        },
    ).fetchone()
    assert row is not None  # noqa: S101  an insert that returns answers with its row
    for sort, file in enumerate(files, start=1):
        link = {"artifact_version_id": row["id"], "file_id": file["id"], "sort": sort}
        call.connection.execute(sql.link_file, link)
    return row


def _link(call: Call, submission: Submission, version: Row) -> None:
    ids = {"artifact_version_id": version["id"], "task_id": submission.source_task_id}
    for source in submission.derived_from:
        call.connection.execute(sql.add_source, {"from_version_id": version["id"], "to_version_id": source})
    link_output(call, version["id"], submission.execution_id, submission.step_id)
    # The task last: it is what people edit in Directus, and nobody should wait here for longer than it takes.
    if submission.source_task_id:
        call.connection.execute(sql.link_task, ids)
        if submission.asks_for_review and submission.status == "pending" and version["status"] == "pending":
            call.connection.execute(sql.ask_for_review, ids)
