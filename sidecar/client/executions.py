"""Executions and steps as the registry records them. Pipelines are easier with `Registry.execution` (run.py)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sidecar.client.ids import Id, id_of
from sidecar.client.models import Execution, Reusable, Step, StepToResume, Version
from sidecar.client.transport import Transport, part


class Executions:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def start(
        self,
        project: Id | None = None,
        *,
        name: str | None = None,
        task: Id | None = None,
        engine: str | None = None,
        engine_workflow_id: str | None = None,
        status: str = "running",
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> Execution:
        """A new run; or the one its engine calls by the same `engine_workflow_id`, as it stands.

        `fields` are others of POST /v1/executions.
        """
        body = {
            "project_id": id_of(project), "name": name, "task_id": id_of(task), "engine": engine,
            "engine_workflow_id": engine_workflow_id, "status": status, **fields,
        }  # fmt: skip
        return Execution.model_validate(self._transport.post("/v1/executions", body, key=idempotency_key).data)

    def get(self, execution: Id) -> Execution:
        """Raises NotFound."""
        return Execution.model_validate(self._transport.get(f"/v1/executions/{part(id_of(execution))}").data)

    def list(self, project: Id | None = None, **filters: Any) -> Iterator[Execution]:
        """Newest first; `filters` are those of GET /v1/executions."""
        for row in self._transport.pages("/v1/executions", project_id=id_of(project), **filters):
            yield Execution.model_validate(row)

    def change(self, execution: Id, **fields: Any) -> Execution:
        """Raises Conflict (execution_status_order)."""
        address = f"/v1/executions/{part(id_of(execution))}"
        return Execution.model_validate(self._transport.patch(address, fields).data)

    def finish(self, execution: Id) -> Execution:
        return self.change(execution, status="completed")

    def fail(self, execution: Id, error: str) -> Execution:
        return self.change(execution, status="failed", error_message=error[:100_000])

    def resume(self, execution: Id, wanted: Mapping[str, str | None] | None = None) -> Sequence[StepToResume]:
        """Which steps have a usable output: all, or those of `wanted` (name → input_hash of what each would be
        given now; None: any)."""
        address = f"/v1/executions/{part(id_of(execution))}/resume"
        if wanted is None:
            rows = self._transport.get(address).data
        else:
            steps = [{"step_name": name, "input_hash": known} for name, known in wanted.items()]
            rows = self._transport.post(address, {"steps": steps}).data
        return [StepToResume.model_validate(row) for row in rows]

    def link(self, execution: Id, version: Id, stage: str = "generated", *, step: Id | None = None) -> None:
        """Record that a version went into the run (stage input) or came out of it. Linked before, nothing changes."""
        body = {"artifact_version_id": id_of(version), "stage": stage, "step_id": id_of(step)}
        self._transport.post(f"/v1/executions/{part(id_of(execution))}/artifacts", body)


class Steps:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def start(
        self,
        execution: Id,
        name: str,
        *,
        status: str = "running",
        inputs: Iterable[Id] = (),
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> tuple[Step, bool]:
        """The step of a run, and whether it is new: the caller's to run.

        The same name is the same step while it is queued or running, or has a usable output from the same input.
        `inputs` are versions, `fields` others of POST /v1/steps.
        """
        body = {"step_name": name, "status": status, "inputs": [id_of(version) for version in inputs], **fields}
        address = f"/v1/executions/{part(id_of(execution))}/steps"
        answer = self._transport.post(address, body, key=idempotency_key)
        return Step.model_validate(answer.data), not answer.meta["existing"]

    def get(self, step: Id) -> Step:
        """Raises NotFound."""
        return Step.model_validate(self._transport.get(f"/v1/steps/{part(id_of(step))}").data)

    def list(self, execution: Id, **filters: Any) -> Iterator[Step]:
        """A run's steps by level and order, every attempt; `filters` are those of GET /v1/executions/{id}/steps."""
        for row in self._transport.pages(f"/v1/executions/{part(id_of(execution))}/steps", **filters):
            yield Step.model_validate(row)

    def change(self, step: Id, *, idempotency_key: str | None = None, **fields: Any) -> Step:
        """Raises Conflict (step_status_order, step_ended)."""
        address = f"/v1/steps/{part(id_of(step))}"
        return Step.model_validate(self._transport.patch(address, fields, key=idempotency_key).data)

    def finish(self, step: Id, output: Any = None) -> Step:
        said = {} if output is None else {"output": output}
        return self.change(step, status="completed", **said)

    def fail(self, step: Id, error: str) -> Step:
        return self.change(step, status="failed", error_message=error[:100_000])

    def retry(self, step: Id, *, status: str = "running") -> tuple[Step, bool]:
        """The attempt after a step that has ended, and whether it is new. Raises Conflict (step_unfinished)."""
        answer = self._transport.post(f"/v1/steps/{part(id_of(step))}/retry", {"status": status})
        return Step.model_validate(answer.data), not answer.meta["existing"]

    def output(self, step: Id, *, want: str = "approved", path: str | None = None) -> Version:
        """The version that stands for what a step made. Raises NotFound (step_output_missing)."""
        address = f"/v1/steps/{part(id_of(step))}/latest"
        return Version.model_validate(self._transport.get(address, want=want, schema_key=path).data)

    def reusable(self, project: Id, name: str, input_hash: str) -> Reusable | None:
        """The newest step of the project, in any run, that has made a usable output from the same input."""
        address = f"/v1/projects/{part(id_of(project))}/reusable"
        found = self._transport.get(address, step_name=name, input_hash=input_hash).data
        return None if found is None else Reusable.model_validate(found)
