"""What an event says, from what the database knows of it. Pure: rows in, JSON out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_json

Row = Mapping[str, Any]

# Of one payload, as JSON.
LARGEST_BYTES = 20_000
LONGEST_TEXT = 2000
LARGEST_FEEDBACK_BYTES = 6000
MOST_CHANGES = 50

_VERSION = (
    "artifact_version_id", "schema_key", "version_number", "artifact_type", "status", "review_state",
    "primary_file_id", "task_id", "execution_id", "step_id", "request_id", "actor_id", "actor_type", "actor_label",
)  # fmt: skip
_EXECUTION = ("execution_id", "name", "status", "task_id", "engine", "engine_workflow_id", "engine_run_id")


def data_of(kind: str, facts: Row, sequence: int, api: str) -> dict[str, Any]:
    """The `data` of an event of the type `kind`. `facts` are what queries.sql finds of its subject; `api` is how
    callers reach the sidecar."""
    told = _TOLD[kind.partition(".")[0]](facts, api)
    return {
        "sequence": sequence, "project_id": facts["project_id"], "project_key": facts["project_key"], **told,
    }  # fmt: skip


def envelope(kind: str, moment: datetime, data: Mapping[str, Any]) -> dict[str, Any]:
    """The whole message, as Standard Webhooks has it."""
    return {
        "type": kind,
        "timestamp": moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z",
        "data": data,
    }


def cut(text: str | None, longest: int = LONGEST_TEXT) -> str | None:
    """A text that is not longer than this."""
    return text if text is None or len(text) <= longest else text[: longest - 1] + "…"


def small(feedback: Any, largest: int = LARGEST_FEEDBACK_BYTES) -> tuple[Any, bool]:
    """The feedback, or None where it is larger than this; and whether it was left out."""
    if feedback is None or len(to_json(feedback)) <= largest:
        return feedback, False
    return None, True


def _version(facts: Row, api: str) -> dict[str, Any]:
    feedback, omitted = small(facts["feedback"])
    return {
        **{name: facts[name] for name in _VERSION},
        "reason": cut(facts["reason"]),
        "feedback": feedback,
        "feedback_omitted": omitted,
        "links": version_links(facts["artifact_version_id"], api),
    }


def version_links(version_id: Any, api: str) -> dict[str, str]:
    """Where to read more of a version."""
    return {"api": f"{api}/v1/artifacts/{version_id}", "desk": f"/admin/artifacts/versions/{version_id}"}


def _context(facts: Row, api: str) -> dict[str, Any]:
    return {
        "promotion_id": facts["promotion_id"],
        "context_version": facts["context_version"],
        "actor_id": facts["actor_id"],
        "actor_label": facts["actor_label"],
        "reason": cut(facts["reason"]),
        "changes": [
            {"schema_key": change["schema_key"], "artifact_version_id": change["to_version_id"]}
            for change in facts["changes"][:MOST_CHANGES]
        ],
        "changes_total": facts["changes_total"],
        "links": {
            "api": f"{api}/v1/projects/{facts['project_id']}/context?version={facts['context_version']}",
            "desk": f"/admin/artifacts/projects/{facts['project_id']}",
        },
    }


def _task(facts: Row, api: str) -> dict[str, Any]:
    links = {"api": f"{api}/v1/tasks/{facts['task_id']}/artifacts", "desk": f"/admin/content/tasks/{facts['task_id']}"}
    return {
        "task_id": facts["task_id"],
        "task_title": facts["task_title"],
        "error": cut(facts["error"]),
        "links": links,
    }


def _transfer(facts: Row, api: str) -> dict[str, Any]:
    names = ("transfer_id", "artifact_version_id", "schema_key", "version_number", "target_server", "attempts")
    links = {
        "api": f"{api}/v1/transfers/{facts['transfer_id']}",
        "desk": f"/admin/content/artifact_transfers/{facts['transfer_id']}",
    }
    return {**{name: facts[name] for name in names}, "error": cut(facts["error"]), "links": links}


def _execution(facts: Row, api: str) -> dict[str, Any]:
    links = {
        "api": f"{api}/v1/executions/{facts['execution_id']}",
        "desk": f"/admin/artifacts/runs/{facts['execution_id']}",
    }
    times = {name: facts[name] for name in ("started_at", "completed_at")}
    return {**{name: facts[name] for name in _EXECUTION}, "error": cut(facts["error"]), **times, "links": links}


_TOLD = {"version": _version, "context": _context, "task": _task, "transfer": _transfer, "execution": _execution}
