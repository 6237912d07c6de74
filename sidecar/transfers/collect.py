"""Collecting what a step left on its server: every file becomes a version, or none does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from pydantic_core import from_json

from sidecar.artifacts.fetch import Allowed, fetch
from sidecar.artifacts.incoming import Incoming
from sidecar.artifacts.submit import Submission
from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.projects.find import find_project
from sidecar.servers import Server
from sidecar.settings import Settings
from sidecar.sql import Statements
from sidecar.transfers.comfy import Output, history_address, outputs_of
from sidecar.transfers.servers import find_server

sql = Statements(__file__)
Row = dict[str, Any]

# A history holds the whole workflow beside its outputs.
HISTORY_BYTES = 16 * 1024**2
MOST_OUTPUTS = 200


@dataclass(frozen=True, slots=True)
class Source:
    """Where a step's outputs are, and what they become versions of. `prompt_id` may be None where outputs are named."""

    step: Row
    project_id: UUID
    server: Server
    prompt_id: str | None


def source_of(call: Call, step_id: UUID, *, server: str | None, prompt_id: str | None, project: str | None) -> Source:
    """What the caller leaves out, the step says.

    Raises Refusal step_not_found, project_not_found, server_not_allowed.
    """
    step = call.connection.execute(sql.step_to_collect, {"id": step_id}).fetchone()
    if step is None:
        raise Refusal("step_not_found", details={"step_id": str(step_id)})
    if project is None and step["project_id"] is None:
        raise Refusal("project_not_found", "The step works for no project: send project_id.")
    project_id = step["project_id"] if project is None else find_project(call, project)["id"]
    known = find_server(call.settings, server or step["server_address"])
    return Source(step, project_id, known, prompt_id or step["prompt_id"])


def finished_outputs(settings: Settings, source: Source) -> list[Output]:
    """Every file that the prompt left, as the server's history tells.

    Raises Refusal prompt_unfinished, server_failed, too_many_outputs.
    """
    if not source.prompt_id:
        raise Refusal("prompt_unfinished", "The step names no prompt: send prompt_id, or outputs.")
    seconds, limit = float(settings.fetch_seconds), HISTORY_BYTES
    file = _got(source.server, history_address(source.prompt_id), limit=limit, seconds=seconds)
    with file.stream as stream:
        raw = stream.read()
    try:
        found = outputs_of(from_json(raw), source.prompt_id)
    except ValueError as error:
        sentence = f"The history of {source.server.name} cannot be used: {error}."
        raise Refusal("server_failed", sentence[:500], {"server": source.server.name}) from None
    if found is None:
        details = {"server": source.server.name, "prompt_id": source.prompt_id}
        raise Refusal("prompt_unfinished", details=details)
    if len(found) > MOST_OUTPUTS:
        sentence = f"The prompt left {len(found)} files; {MOST_OUTPUTS} are collected in one request."
        raise Refusal("too_many_outputs", sentence, {"outputs": len(found)})
    return found


def collector(settings: Settings, server: Server) -> Callable[[Output], Incoming]:
    """Fetches outputs for one request, which together may be as large as an upload and take ARTIFACTS_FETCH_SECONDS.

    It raises Refusal output_missing, server_failed, file_url_too_large.
    """
    left, end = settings.upload_limit, time.monotonic() + settings.fetch_seconds

    def next_output(output: Output) -> Incoming:
        nonlocal left
        file = _got(server, output.address, limit=left, seconds=max(0.1, end - time.monotonic()))
        left -= file.stream.seek(0, 2)
        file.stream.seek(0)
        return replace(file, name=output.filename)

    return next_output


def submission_of(source: Source, output: Output, schema_key: str, file_id: UUID, said: Row) -> Submission:
    """An output as a submission for the step, its run and its task; `said` is what holds for all of them."""
    about = {
        "filename": output.filename, "subfolder": output.subfolder, "comfy_folder_type": output.type,
        "node_id": output.node_id, "server": source.server.name, "prompt_id": source.prompt_id,
    }  # fmt: skip
    return Submission(
        project=str(source.project_id), schema_key=schema_key, file_ids=(file_id,), step_id=source.step["id"],
        execution_id=source.step["execution_id"], source_task_id=source.step["task_id"],
        **{**said, "metadata": {**(said.get("metadata") or {}), **about}},
    )  # fmt: skip


def collected_before(call: Call, submission: Submission) -> Row | None:
    """The version that the step has made of the same bytes at that path; None when they are to be submitted.

    A submission compares with the newest version only, and a step may leave several at one path. The caller holds the
    project's number lock.
    """
    return call.connection.execute(
        sql.collected_before,
        {"project_id": UUID(submission.project), "schema_key": submission.schema_key, "step_id": submission.step_id,
         "file_id": submission.file_ids[0]},
    ).fetchone()  # fmt: skip


def paths_for(wanted: Iterable[tuple[Output, str | None]]) -> list[tuple[Output, str]]:
    """Each output with its path; those without one are left out. `[*]` counts the outputs of that path from 0."""
    counted: dict[str, int] = {}
    found: list[tuple[Output, str]] = []
    for output, path in wanted:
        if path is not None:
            number = counted[path] = counted.get(path, -1) + 1
            found.append((output, path.replace("[*]", f"[{number}]")))
    return found


def _got(server: Server, address: str, *, limit: int, seconds: float) -> Incoming:
    headers = {"Authorization": server.authorization} if server.authorization else {}
    try:
        return fetch(
            server.origin + address, limit=limit, seconds=seconds, allowed=Allowed(server.host), redirects=0,
            headers=headers,
        )  # fmt: skip
    except Refusal as refusal:
        if refusal.code == "file_url_too_large":
            raise
        details = {"server": server.name, "address": address[:500], **_status(refusal)}
        missing = address.startswith("/view?") and details.get("status") in (400, 404)
        sentence = None if missing else f"{server.name} did not give what was asked. {_why(refusal)}"
        raise Refusal("output_missing" if missing else "server_failed", sentence, details) from None


def _status(refusal: Refusal) -> Row:
    return {"status": refusal.details["status"]} if "status" in refusal.details else {}


def _why(refusal: Refusal) -> str:
    return (refusal.message or "").partition("could not be fetched. ")[2]
