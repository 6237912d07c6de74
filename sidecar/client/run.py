"""Running a pipeline so that it can stop anywhere: each step's output is used again, or made, once."""

from __future__ import annotations

import contextvars
import functools
import inspect
import logging
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, ParamSpec
from uuid import UUID, uuid5

from sidecar.client.errors import Conflict, Invalid, Locked, OutputRejected, RegistryError, StillRunning
from sidecar.client.files import Source
from sidecar.client.given import Given, given
from sidecar.client.ids import Id, id_of
from sidecar.client.lease import Heartbeat, Lease, TakenOver, lease_of
from sidecar.client.models import Execution, Project, Step, Version

if TYPE_CHECKING:
    from sidecar.client.registry import Registry

log = logging.getLogger("sidecar.client")
P = ParamSpec("P")

ENGINE = "sidecar.client"
# Seconds between two looks at a step that somebody else runs.
_LOOK = 0.2, 2.0

_current: contextvars.ContextVar[Run | None] = contextvars.ContextVar("sidecar.client.run", default=None)


@dataclass(frozen=True, slots=True)
class Output:
    """What a step returns when it is more than a value. `files` are as for Versions.submit, the first one primary."""

    value: Any = None
    files: Sequence[Source] = ()
    artifact_type: str | None = None
    tags: Sequence[str] | None = None
    metadata: Mapping[str, Any] | None = None
    source_url: str | None = None
    status: Literal["pending", "intermediate"] = "pending"


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a step: its output was made, was there already (reused), or is locked."""

    step_name: str
    how: Literal["made", "reused", "locked"]
    version: Version


class Run:
    """One execution, while it is running here: `with registry.execution("harbour", "storyboard") as run`.

    The block's end completes the execution, an exception fails it. Entered again under the same name, a run that was
    interrupted or failed goes on; after one that is over, the next begins, and still uses what its project has.
    """

    def __init__(
        self,
        registry: Registry,
        project: Id,
        name: str,
        *,
        task: Id | None = None,
        lease: float = 30,
        takeover: bool = False,
        wait: float = 3600,
    ) -> None:
        if len(name) > 200:
            raise ValueError("the name of an execution has at most 200 characters")
        self.registry, self.name, self.takeover, self.wait = registry, name, takeover, wait
        self.done: list[Done] = []
        self._ended: set[UUID] = set()
        self._project_name, self._task = project, task
        self._lease = Lease(lease)
        self.project: Project
        self.execution: Execution

    def __enter__(self) -> Run:
        self.project = self.registry.projects.get(self._project_name)
        self.execution = self._start_or_resume()
        self._before = _current.set(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        _current.reset(self._before)
        if error is None:
            self._complete()
            return
        try:
            self.registry.executions.fail(self.execution, _said(error))
        except RegistryError as failure:
            # The one under way says more; a later run resumes this one all the same.
            log.warning("execution %s could not be set to failed: %s", self.execution.id, failure)

    def reuse_or_run(
        self,
        name: str,
        inputs: Mapping[str, Any],
        body: Callable[..., Any],
        *,
        path: str | None = None,
        parameters: Any = None,
        depends_on: Sequence[str] | None = None,
        workflow_name: str | None = None,
    ) -> Version:
        """The version that `body(**inputs)` makes at `path` (else the step's name), or the one it has made before.

        It runs when its inputs or parameters (a prompt, a seed, the code's own version: any JSON) have changed, or its
        output was rejected or archived. What is locked is used as it is. Somebody else who runs the same step is waited
        for, and taken over from when they fall silent. `body` returns JSON or an Output; what it raises is raised here,
        and the step has failed. Raises OutputRejected, Locked, StillRunning.
        """
        wanted = _Wanted(name, path or name, given(inputs, parameters), depends_on, workflow_name)
        while True:
            done = self._locked(wanted) or self._reused(wanted)
            if done is None and (step := self._claim(wanted)):
                done = self._made(wanted, step, functools.partial(body, **inputs))
            if done is not None:
                log.info("%s: %s, %s", name, done.how, done.version.id)
                self.done.append(done)
                return done.version

    def _start_or_resume(self) -> Execution:
        executions = self.registry.executions
        runs = executions.list(self.project, engine=ENGINE, workflow_type=self.name, limit=1)
        last = next(runs, None)
        counted = re.search(r"#(\d{1,9})$", (last.engine_workflow_id if last else None) or "")
        number = int(counted[1]) if counted else 1
        while True:
            started = executions.start(
                self.project, name=self.name, task=self._task, engine=ENGINE, workflow_type=self.name,
                engine_workflow_id=f"{self.project.id}/{self.name}#{number}",
            )  # fmt: skip
            if started.status == "running":
                return started
            if started.status == "failed":
                return executions.change(started, status="running")
            number += 1  # that one is over

    def _complete(self) -> None:
        try:
            self.registry.executions.finish(self.execution)
        except Conflict as refused:
            # Another process that ran the same execution has failed it meanwhile; here everything is done.
            if refused.code != "execution_status_order":
                raise
            self.registry.executions.change(self.execution, status="running")
            self.registry.executions.finish(self.execution)

    def _locked(self, wanted: _Wanted) -> Done | None:
        lock = self.registry.locks.over(self.project, wanted.path)
        if lock is None:
            return None
        version = self.registry.versions.latest(self.project, wanted.path, want="latest")
        if version is not None:
            return self._used(wanted, "locked", version)
        if lock.schema_key is not None:
            details = {"schema_key": wanted.path, "locked": lock.model_dump(mode="json")}
            raise Locked("path_locked", f"The path {lock.schema_key} is locked and has no version.", details=details)
        return None  # a locked project takes a path's first version

    def _reused(self, wanted: _Wanted) -> Done | None:
        found = self.registry.steps.reusable(self.project, wanted.name, wanted.hash)
        names = found.outputs if found else []
        output = next((name for name in names if name.schema_key == wanted.path), None)
        if output is None:
            return None
        return self._used(wanted, "reused", self.registry.versions.get(output.artifact_version_id))

    def _used(self, wanted: _Wanted, how: Literal["reused", "locked"], version: Version) -> Done:
        if version.execution_id != self.execution.id:
            self.registry.executions.link(self.execution, version, "input")
        return Done(wanted.name, how, version)

    def _claim(self, wanted: _Wanted) -> Step | None:
        """The step, running and ours; None after waiting for whoever had it: look again."""
        step, new = self.registry.steps.start(
            self.execution, wanted.name, inputs=wanted.given.versions, engine_run_id=self._lease.mark(), **wanted.row()
        )
        if new:
            return step
        if step.status == "queued":
            return self._start_queued(wanted, step)
        if step.status == "running":
            self._wait_for(wanted, step)
            return None
        if step.id not in self._ended:
            self._ended.add(step.id)
            return None  # it may have completed since we looked for its output
        # It completed without an output at this path: another program's, or one that has moved.
        step, new = self.registry.steps.retry(step)
        return self.registry.steps.change(step, engine_run_id=self._lease.mark()) if new else None

    def _start_queued(self, wanted: _Wanted, step: Step) -> Step | None:
        """A step that was planned ahead begins. Of several who try, the key lets one through: the marks differ."""
        inputs = [id_of(version) for version in wanted.given.versions]
        begun = {**wanted.row(), "status": "running", "inputs": inputs, "engine_run_id": self._lease.mark()}
        begun.pop("depends_on", None)
        try:
            return self.registry.steps.change(step, idempotency_key=f"start-{step.id}", **begun)
        except Invalid as refused:
            if refused.code != "idempotency_key_reused":
                raise
            return None

    def _wait_for(self, wanted: _Wanted, step: Step) -> None:
        """Return when whoever runs the step has ended it, or was found dead."""
        if self.takeover and not self._lease.marks(step):
            self._take_over(wanted, step)
            return
        log.info("%s is run by %s: waiting", wanted.name, step.engine_run_id or "somebody else")
        began = silent_since = time.monotonic()
        pause, mark, lease = _LOOK[0], step.engine_run_id, lease_of(step)
        while (now := time.monotonic()) - began < self.wait:
            if lease is not None and now - silent_since > lease:
                self._take_over(wanted, step)
                return
            time.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311  spreads callers, keeps no secret
            pause = min(pause * 1.5, _LOOK[1])
            step = self.registry.steps.get(step)
            if step.status != "running":
                return
            if step.engine_run_id != mark:
                silent_since, mark, lease = time.monotonic(), step.engine_run_id, lease_of(step)
        sentence = f"The step {wanted.name} is still run by {step.engine_run_id or 'another program'}."
        raise StillRunning("step_running", sentence, details={"step_id": str(step.id)})

    def _take_over(self, wanted: _Wanted, step: Step) -> None:
        """End the attempt of a process that is gone: with its output, if it got that far."""
        log.warning("%s: attempt %s of %s was abandoned", wanted.name, step.attempt, step.engine_run_id)
        made = [self.registry.versions.get(version) for version in self.registry.steps.get(step).outputs]
        with suppress(Conflict):  # it has ended meanwhile, by itself or by another who waited
            if any(version.schema_key == wanted.path for version in made):
                self.registry.steps.change(step, status="completed")
            else:
                self.registry.steps.fail(step, f"Abandoned: {step.engine_run_id or 'its process'} fell silent.")

    def _made(self, wanted: _Wanted, step: Step, body: Callable[[], Any]) -> Done | None:
        """Run the body and keep its output; None when the step was taken over meanwhile: look again."""
        try:
            with Heartbeat(self.registry.steps, step, self._lease) as heartbeat:
                result = body()
                heartbeat.must_be_ours()
                version = self._submit(wanted, step, result if isinstance(result, Output) else Output(result))
        except TakenOver:
            return None
        except BaseException as error:
            self._fail(step, error)
            raise
        return Done(wanted.name, "made", version) if self._finish(step, version) else None

    def _finish(self, step: Step, version: Version) -> bool:
        try:
            self.registry.steps.finish(step, _name(version))
        except Conflict as refused:
            if refused.code != "step_status_order":
                raise
            return False  # taken over at the last moment
        return True

    def _submit(self, wanted: _Wanted, step: Step, output: Output) -> Version:
        # A step's row is one attempt of one execution: sent twice, its output is one version.
        key = str(uuid5(step.id, wanted.path))
        submitted = self.registry.versions.submit(
            self.project, wanted.path, output.value, files=output.files, artifact_type=output.artifact_type,
            tags=output.tags, metadata=output.metadata, source_url=output.source_url, status=output.status,
            task=self._task, execution=self.execution, step=step, derived_from=wanted.given.versions,
            idempotency_key=key,
        )  # fmt: skip
        version = submitted.version
        if version.status == "rejected":
            reason = submitted.rejection_reason or version.rejection_reason
            raise OutputRejected(
                "output_rejected",
                f"The step {wanted.name} made again what was rejected" + (f": {reason}" if reason else "."),
                details=_name(version),
            )
        return version

    def _fail(self, step: Step, error: BaseException) -> None:
        try:
            self.registry.steps.fail(step, _said(error))
        except RegistryError as failure:
            # The one under way says more; the step's lease runs out by itself.
            log.warning("step %s could not be set to failed: %s", step.id, failure)


@dataclass(frozen=True, slots=True)
class _Wanted:
    name: str
    path: str
    given: Given
    depends_on: Sequence[str] | None
    workflow_name: str | None

    @property
    def hash(self) -> str:
        return self.given.input_hash or ""

    def row(self) -> dict[str, Any]:
        """What is recorded of the step, beside its inputs."""
        said = {
            "input": self.given.recorded, "parameters": self.given.parameters, "input_hash": self.given.input_hash,
            "workflow_name": self.workflow_name, "depends_on": self.depends_on and list(self.depends_on),
        }  # fmt: skip
        return {name: value for name, value in said.items() if value is not None}


def current_run() -> Run:
    """The run whose block this is. Raises RuntimeError outside of one."""
    run = _current.get()
    if run is None:
        raise RuntimeError("a step runs inside `with registry.execution(project, name):`")
    return run


def step(
    name: str,
    *,
    path: str | None = None,
    parameters: Any = None,
    depends_on: Sequence[str] | None = None,
    workflow_name: str | None = None,
) -> Callable[[Callable[P, Any]], Callable[P, Version]]:
    """Make a function a step of the current run: see Run.reuse_or_run. Its arguments are the inputs.

    `{argument}` in name and path stands for an argument: "scenes[{n}].panel_plan".
    """

    def decorate(body: Callable[P, Any]) -> Callable[P, Version]:
        signature = inspect.signature(body)

        @functools.wraps(body)
        def reuse_or_run(*args: P.args, **kwargs: P.kwargs) -> Version:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            inputs = dict(bound.arguments)
            return current_run().reuse_or_run(
                _filled(name, inputs),
                inputs,
                lambda **_: body(*bound.args, **bound.kwargs),  # also for *args and positional-only ones
                path=None if path is None else _filled(path, inputs),
                parameters=parameters,
                depends_on=depends_on,
                workflow_name=workflow_name or body.__name__,
            )

        return reuse_or_run

    return decorate


def _filled(text: str, inputs: Mapping[str, Any]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: str(inputs[match[1]]), text)


def _name(version: Version) -> dict[str, Any]:
    return {
        "artifact_version_id": str(version.id),
        "schema_key": version.schema_key,
        "version_number": version.version_number,
    }


def _said(error: BaseException) -> str:
    """The error as a text that can be stored."""
    text = f"{type(error).__name__}: {error}"[:10_000]
    return text.replace("\x00", "").encode(errors="replace").decode()
