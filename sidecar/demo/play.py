"""Plays the demo on a running stack, as programs and people would: through the sidecar's API and Directus' REST."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sidecar.demo.registry import Registry
from sidecar.demo.script import (
    AFTER_THE_REVIEW,
    DESIGN,
    FIRST_REVIEW,
    IDENTITY,
    LAST_STEP,
    LAUNCH,
    POSTS,
    PROJECT,
    SECOND_REVIEW,
    TASKS,
    Output,
    Run,
    Step,
    Task,
    Verdict,
)
from sidecar.directus import Directus

# The Flow needs a moment, and where it is lost the worker a few seconds.
FLOW_SECONDS = 60.0

Say = Callable[[str], None]
Row = dict[str, Any]


def play(environment: Mapping[str, str], say: Say) -> None:
    """Play the demo once; the next time only show the context. What an interrupted play left out, the next one adds.

    `environment` is what `artifacts env` prints. `say` receives one line at a time.
    Raises RegistryRefused, DirectusError, TimeoutError.
    """
    registry = Registry(environment["SIDECAR_URL"], environment["DIRECTUS_PRODUCER_TOKEN"])
    agents = _directus(environment, environment["DIRECTUS_PRODUCER_TOKEN"])
    project = registry.find(f"/v1/projects/{PROJECT['key']}")
    if project and _is_over(agents, project["id"]):
        say(f"The demo was played before: project {PROJECT['key']} is left as it is.")
    else:
        _Play(registry, agents, _reviewer(environment), say).all()
    _show_context(registry, say)


def _directus(environment: Mapping[str, str], token: str | None = None) -> Directus:
    client = Directus(environment["DIRECTUS_URL"], token=token)
    client.session.trust_env = False
    return client


def _reviewer(environment: Mapping[str, str]) -> Directus:
    person = _directus(environment)
    person.login(environment["DIRECTUS_REVIEWER_EMAIL"], environment["DIRECTUS_REVIEWER_PASSWORD"])
    return person


def _is_over(agents: Directus, project_id: str) -> bool:
    return _find(agents, "execution_steps", project_id=project_id, step_name=LAST_STEP.name) is not None


def _show_context(registry: Registry, say: Say) -> None:
    answer = registry.get(f"/v1/projects/{PROJECT['key']}/context")
    say(f"The context of {PROJECT['key']}, version {answer['meta']['context_version']}, as later tasks read it:")
    for line in json.dumps(answer["data"], indent=2, ensure_ascii=False).splitlines():
        say(line)


class _Play:
    """One performance: the agents' side of the API, the agents and the reviewer in Directus."""

    def __init__(self, registry: Registry, agents: Directus, reviewer: Directus, say: Say) -> None:
        self.registry = registry
        self.agents = agents
        self.reviewer = reviewer
        self.say = say
        self.project_id = ""
        self.tasks: dict[str, Row] = {}

    def all(self) -> None:
        self._make_project()
        self._perform(DESIGN)
        self._review(FIRST_REVIEW)
        self._finish(IDENTITY)
        launch = self._perform(LAUNCH)
        self._review(SECOND_REVIEW)
        self._take_step(launch, AFTER_THE_REVIEW, len(LAUNCH.steps) + 1)
        self._back_to_work(POSTS)
        self._add_step(launch, LAST_STEP, len(LAUNCH.steps) + 2)
        self._say_what_waits()

    # The project and its tasks

    def _make_project(self) -> None:
        project = self.registry.post("/v1/projects", json=PROJECT)["data"]
        self.project_id = project["id"]
        self.say(f"Project {project['title']} (key {project['key']}, id {project['id']}).")
        assignee = self.reviewer.get("/users/me", params={"fields": "id"})["id"]
        for task in TASKS:
            self.tasks[task.title] = self._make_task(task, assignee)
        self.say(f"{len(TASKS)} tasks in Directus, from “{TASKS[0].title}” to “{TASKS[-1].title}”.")

    def _make_task(self, task: Task, assignee: str) -> Row:
        due = (datetime.now(UTC) + timedelta(days=task.due)).replace(hour=12, minute=0, second=0, microsecond=0)
        row = {
            "description": task.description,
            "status": task.status,
            "schema_key": task.schema_key,
            "assignee": assignee,
            "due_date": due.isoformat(),
        }
        return _create_or_find(self.agents, "tasks", {"project_id": self.project_id, "title": task.title}, row)

    # Runs and what they submit

    def _perform(self, run: Run) -> Row:
        """Play a run and its steps; it stays running when it is the one that waits for the reviewer."""
        answer = self.registry.get(f"/v1/projects/{PROJECT['key']}/context")
        version, paths = answer["meta"]["context_version"], _paths(answer["data"])
        self.say(f"{run.engine} starts “{run.name}” and reads the context: version {version}, {_listed(paths)}.")
        row = {
            "task_id": self.tasks[run.task]["id"],
            "description": run.description,
            "engine": run.engine,
            "engine_workflow_id": f"demo-{PROJECT['key']}-{run.name.lower().replace(' ', '-')}",
            "status": "running",
            "started_at": _now(),
        }
        execution = _create_or_find(
            self.agents, "task_executions", {"project_id": self.project_id, "name": run.name}, row
        )
        for number, step in enumerate(run.steps, start=1):
            self._take_step(execution, step, number)
        if run is DESIGN and execution["status"] == "running":
            self.agents.patch(
                f"/items/task_executions/{execution['id']}", json={"status": "completed", "completed_at": _now()}
            )
        return execution

    def _take_step(self, execution: Row, step: Step, number: int) -> None:
        row = self._add_step(execution, step, number)
        versions = [self._submit(output, title, execution, row) for title, output in step.outputs]
        if row["status"] == "running" and step.status != "running":
            output = {"artifact_version_ids": [version["id"] for version in versions]} if versions else None
            ending = {"status": step.status, "completed_at": _now(), "output": output, "error_message": step.error}
            self.agents.patch(f"/items/execution_steps/{row['id']}", json=ending)
        if step.status == "failed":
            self.say(f"  step {number} “{step.name}” failed: {step.error} It is tried again.")

    def _add_step(self, execution: Row, step: Step, number: int) -> Row:
        key = {"execution_id": execution["id"], "step_name": step.name, "attempt": step.attempt}
        row = {
            "project_id": self.project_id,
            "step_order": number,
            "input": step.input,
            "status": "running",
            "queued_at": _now(),
            "started_at": _now(),
        }
        return _create_or_find(self.agents, "execution_steps", key, row)

    def _submit(self, output: Output, task: str, execution: Row, step: Row) -> Row:
        version = self._version(output)
        if version is None:
            fields = {
                "project_id": PROJECT["key"],
                "schema_key": output.schema_key,
                "value": json.dumps(output.value),
                "source_task_id": self.tasks[task]["id"],
                "execution_id": execution["id"],
                "step_id": step["id"],
                "derived_from": json.dumps([self._approved(path) for path in output.made_from]),
            }
            # Without a file the body is multipart all the same: requests makes it so for parts without a name.
            parts = [("files", (name, draw(), kind)) for name, kind, draw in output.files]
            body = [*((name, (None, text)) for name, text in fields.items()), *parts]
            version = self.registry.post("/v1/artifacts", files=body)["data"]
        files = f" with {len(output.files)} file{'s' if len(output.files) > 1 else ''}" if output.files else ""
        number = version["version_number"]
        self.say(f"  submitted {output.schema_key} version {number}, {output.title}{files} ({version['id']})")
        return version

    def _version(self, output: Output) -> Row | None:
        """The version an earlier play submitted, found by its value: on a path they all differ."""
        query = {"project_id": self.project_id, "schema_key": output.schema_key, "limit": 100}
        versions = self.registry.get("/v1/artifacts", **query)["data"]
        return next((version for version in versions if version["value"] == output.value), None)

    def _approved(self, path: str) -> str:
        entry = self.registry.get(f"/v1/projects/{PROJECT['key']}/context", path=path)["data"]
        return entry["artifact_version_id"]

    # The reviewer, in Directus

    def _review(self, verdicts: tuple[Verdict, ...]) -> None:
        person = self.reviewer.get("/users/me", params={"fields": "first_name,last_name"})
        self.say(f"{person['first_name']} {person['last_name']} logs in to Directus and reviews.")
        for verdict in verdicts:
            version = self._version(verdict.output)
            if version is None:
                continue
            undecided = version["status"] == "pending" and version["review_state"] is None
            # An approval may have been cut off before its reason; saying the same again adds nothing.
            if undecided or (verdict.action, version["status"]) == ("approve", "approved"):
                self._decide(version["id"], verdict)
            done = {"approve": "approved", "reject": "rejected", "request_changes": "sent back"}[verdict.action]
            place = f"{version['schema_key']} version {version['version_number']}"
            self.say(f"  {done} {place}, {verdict.output.title}: {verdict.reason}")

    def _decide(self, version_id: str, verdict: Verdict) -> None:
        """As people and workflows do it in Directus: by the status, or by an approval record that gives a reason."""
        if verdict.action == "approve":
            self.reviewer.patch(f"/items/artifact_versions/{version_id}", json={"status": "approved"})
        record = {"artifact_version_id": version_id, "action": verdict.action, "reason": verdict.reason}
        self.reviewer.post("/items/artifact_approvals", json={**record, "feedback": verdict.feedback})

    def _finish(self, task: Task) -> None:
        """The reviewer sets the task done; the Flow then has the sidecar promote what was approved."""
        row = self.reviewer.get(f"/items/tasks/{self.tasks[task.title]['id']}", params={"fields": "id,status"})
        began = time.monotonic()
        if row["status"] != "done":
            self.reviewer.patch(f"/items/tasks/{row['id']}", json={"status": "done"})
        self.say(f"Task “{task.title}” is done in Directus ({row['id']}); its Flow calls the sidecar.")
        version = self._wait_for(verdict.output.schema_key for verdict in FIRST_REVIEW if verdict.action == "approve")
        self.say(f"The context is at version {version} after {time.monotonic() - began:.2f} s: all approved at once.")

    def _wait_for(self, paths: Any) -> int:
        """The context's version once it holds all paths. Raises TimeoutError."""
        wanted, deadline = set(paths), time.monotonic() + FLOW_SECONDS
        while True:
            answer = self.registry.get(f"/v1/projects/{PROJECT['key']}/context")
            missing = wanted - set(_paths(answer["data"]))
            if not missing:
                return answer["meta"]["context_version"]
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"The context has no {', '.join(sorted(missing))} {FLOW_SECONDS:.0f} s after the task was done."
                    " Look at the logs of sidecar and worker, and at the task's promotion error in Directus."
                )
            time.sleep(0.1)

    def _back_to_work(self, task: Task) -> None:
        row = self.agents.get(f"/items/tasks/{self.tasks[task.title]['id']}", params={"fields": "id,status"})
        if row["status"] == "needs_review":
            self.agents.patch(f"/items/tasks/{row['id']}", json={"status": "in_progress"})
        self.say(f"Task “{task.title}” is in progress again: the agent reads the feedback.")

    def _say_what_waits(self) -> None:
        query = {"project_id": self.project_id, "status": "pending", "limit": 100}
        waiting = [v for v in self.registry.get("/v1/artifacts", **query)["data"] if v["review_state"] is None]
        self.say(f"{len(waiting)} versions wait for you: {', '.join(sorted(v['schema_key'] for v in waiting))}.")


def _create_or_find(client: Directus, collection: str, key: Row, row: Row) -> Row:
    found = _find(client, collection, **key)
    return found or client.post(f"/items/{collection}", json={**key, **row})["data"]


def _find(client: Directus, collection: str, **key: Any) -> Row | None:
    filters = {"_and": [{name: {"_eq": value}} for name, value in key.items()]}
    found = client.get(f"/items/{collection}", params={"filter": json.dumps(filters), "limit": 1})
    return found[0] if found else None


def _paths(node: Any, path: str = "") -> list[str]:
    """The paths at which a context holds an entry."""
    if isinstance(node, list):
        return [found for index, each in enumerate(node) for found in _paths(each, f"{path}[{index}]")]
    if not isinstance(node, dict):
        return []
    if "artifact_version_id" in node:
        return [path]
    inner = ((f"{path}.{name}".lstrip("."), each) for name, each in node.items() if name != "_meta")
    return [found for name, each in inner for found in _paths(each, name)]


def _listed(paths: list[str]) -> str:
    return f"with {', '.join(paths)}" if paths else "still empty"


def _now() -> str:
    return datetime.now(UTC).isoformat()
