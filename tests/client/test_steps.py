"""Steps: made once, used again, made anew when they must be; whatever happens in between."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from sidecar.client import Locked, Output, OutputRejected, StillRunning, current_run
from sidecar.client.given import given
from sidecar.client.lease import Lease
from sidecar.client.run import ENGINE, Run
from sidecar.executions.inputs import input_hash


@pytest.fixture
def made():
    """The names of the bodies that ran, in order."""
    return []


@pytest.fixture
def pipeline(registry, made):
    """Two steps, the second of which is given what the first has made."""

    @registry.step("plan")
    def plan(text, panels=2):
        made.append("plan")
        return {"panels": [text] * panels}

    @registry.step("panels[{n}].sketch", parameters={"style": "ink"})
    def sketch(n, plan):
        made.append(f"sketch {n}")
        return {"lines": plan.value["panels"][n]}

    def play(text="Fog.", **options):
        planned = plan(text, **options)
        return [sketch(n, planned) for n in range(len(planned.value["panels"]))]

    return play


@pytest.fixture
def execution(registry, project):
    """`execution()`: the run "storyboard", to be entered again and again."""

    def enter(**options):
        return registry.execution(project, "storyboard", **options)

    return enter


def runs(registry, project):
    return [(run.engine_workflow_id.rpartition("#")[2], run.status) for run in registry.executions.list(project)]


def links(registry, run):
    rows = registry._transport.get(f"/v1/executions/{run.execution.id}/artifacts").data
    return [(row["stage"], UUID(row["artifact_version_id"])) for row in rows]


def attempts(registry, run, name):
    return [(s.attempt, s.status) for s in registry.steps.list(run.execution) if s.step_name == name]


def test_a_second_run_uses_what_the_first_has_made(registry, project, execution, pipeline, made):
    with execution() as first:
        made_first = pipeline()
    with execution() as second:
        made_second = pipeline()

    assert made == ["plan", "sketch 0", "sketch 1"]
    assert [version.id for version in made_first] == [version.id for version in made_second]
    assert [done.how for done in first.done] == ["made"] * 3
    assert [done.how for done in second.done] == ["reused"] * 3
    assert runs(registry, project) == [("2", "completed"), ("1", "completed")]
    assert links(registry, second) == [("input", version.id) for version in (done.version for done in second.done)]
    assert {stage for stage, _ in links(registry, first)} == {"input", "generated"}


def test_a_step_is_recorded_with_what_it_was_given_and_made(registry, project, execution, pipeline):
    with execution() as run:
        pipeline()

    steps = {step.step_name: step for step in registry.steps.list(run.execution)}
    plan, sketch = steps["plan"], steps["panels[1].sketch"]
    (output,) = registry.versions.list(project, "panels[1].sketch")
    assert (plan.status, plan.input, plan.workflow_name) == ("completed", {"text": "Fog.", "panels": 2}, "plan")
    assert (sketch.inputs, sketch.outputs) == (plan.outputs, [output.id])
    assert sketch.parameters == {"style": "ink"}
    assert (output.step_id, output.execution_id, output.status) == (sketch.id, run.execution.id, "pending")
    assert [r.to_version_id for r in registry.lineage.relations(output)] == plan.outputs
    assert sketch.output["artifact_version_id"] == str(output.id)


def test_the_input_hash_is_the_one_the_registry_works_out(registry, project, execution, pipeline):
    with execution() as run:
        pipeline()
    for step in registry.steps.list(run.execution):
        bare, _ = registry.steps.start(
            registry.executions.start(project), step.step_name, inputs=step.inputs, input=step.input,
            parameters=step.parameters,
        )  # fmt: skip
        assert bare.input_hash == step.input_hash


def test_only_what_was_given_something_else_runs_again(execution, pipeline, made):
    with execution():
        pipeline()
    made.clear()
    with execution():
        pipeline(panels=3)
    assert made == ["plan", "sketch 0", "sketch 1", "sketch 2"]
    made.clear()
    with execution():
        pipeline(panels=2)
    assert made == []


def test_a_step_given_a_value_ignores_where_the_value_came_from(registry, reviewer, project, execution, made):
    def play(words):
        text = registry.reuse_or_run("text", {"words": words}, lambda words: {"words": words, "n": len(words)})
        return registry.reuse_or_run("count", {"n": text.value["n"]}, lambda n: made.append(n) or n)

    with execution():
        play("Fog.")
    with execution():
        play("Sun.")
    assert made == [4]


def test_a_rejected_output_is_made_again_and_what_follows_from_it(registry, reviewer, execution, project, made):
    @registry.step("plan")
    def plan(text):
        made.append("plan")
        reasons = [version.rejection_reason for version in registry.versions.rejected(project, "plan")]
        return {"text": text, "heeded": reasons}

    @registry.step("title")
    def title(text):
        made.append("title")
        return text

    @registry.step("sketch")
    def sketch(plan):
        made.append("sketch")
        return plan.value

    def play():
        title("Fog.")
        return sketch(plan("Fog."))

    with execution() as run:
        play()
    reviewer.reviews.reject(run.done[1].version, reason="Too short.")
    made.clear()
    with execution() as again:
        assert play().value == {"text": "Fog.", "heeded": ["Too short."]}
    assert made == ["plan", "sketch"]
    assert [done.how for done in again.done] == ["reused", "made", "made"]
    assert [done.version.version_number for done in again.done] == [1, 2, 2]


def test_the_same_as_was_rejected_is_no_output(registry, reviewer, execution, made, pipeline):
    with execution() as run:
        pipeline()
    reviewer.reviews.reject(run.done[0].version, reason="Too short.")
    with pytest.raises(OutputRejected, match="Too short"), execution() as again:
        pipeline()
    assert attempts(registry, again, "plan") == [(1, "failed")]
    assert registry.executions.get(again.execution).status == "failed"


def test_an_edit_stands_for_what_was_edited(registry, reviewer, execution, pipeline, made):
    with execution() as run:
        pipeline()
    edited = reviewer.versions.edit(run.done[0].version, {"panels": ["Sun."]}, approve=True).version
    made.clear()
    with execution() as again:
        (version,) = pipeline()
    assert made == ["sketch 0"]
    assert version.value == {"lines": "Sun."}
    assert again.done[0].version.id == edited.id


def test_a_body_that_fails_is_recorded_and_runs_again(registry, project, execution, pipeline, made):
    def broken(**_):
        raise ZeroDivisionError("no panels")

    first = execution()

    def play():
        with first:
            pipeline()
            registry.reuse_or_run("page", {}, broken)

    with pytest.raises(ZeroDivisionError):
        play()
    assert attempts(registry, first, "page") == [(1, "failed")]
    failed = registry.executions.get(first.execution)
    assert (failed.status, failed.error_message) == ("failed", "ZeroDivisionError: no panels")

    made.clear()
    with execution() as second:
        pipeline()
        registry.reuse_or_run("page", {}, lambda: "made")
    assert made == []
    assert second.execution.id == first.execution.id
    assert attempts(registry, second, "page") == [(1, "failed"), (2, "completed")]
    assert runs(registry, project) == [("1", "completed")]


@pytest.mark.parametrize("path", ["plan", None])
def test_what_is_locked_is_used_as_it_is(registry, reviewer, project, execution, pipeline, made, path):
    by_hand = reviewer.submit(project, "plan", {"panels": ["By hand."]}).version
    reviewer.locks.lock(project, path, reason="By hand.")
    with execution() as run:
        (sketch,) = pipeline()
    assert made == ["sketch 0"]
    assert sketch.value == {"lines": "By hand."}
    assert [(done.how, done.version.id) for done in run.done[:1]] == [("locked", by_hand.id)]


def test_a_locked_path_with_nothing_in_it_is_refused_before_it_costs(reviewer, project, execution, pipeline, made):
    reviewer.locks.lock(project, "plan", reason="Mine.")
    with pytest.raises(Locked), execution():
        pipeline()
    assert made == []


def test_a_lock_of_ones_own_keeps_nobody_here_out(registry, project, execution, pipeline, made):
    with registry.locks.held(project.key, "plan"), execution():
        pipeline()
    assert made[0] == "plan"


def test_what_completes_between_looking_and_claiming_is_used(registry, project, execution, made, monkeypatch):
    """Another process makes the output at the worst moment: after we looked for it, before we claim the step."""
    look, other = Run._reused, []

    def looked(run, wanted):
        found = look(run, wanted)
        if not other:
            other.append(None)  # once
            with ThreadPoolExecutor(1) as thread:
                other.append(thread.submit(play).result())
        return found

    def play():
        with execution():
            return registry.reuse_or_run("plan", {"text": "Fog."}, lambda text: made.append(text) or {"text": text}).id

    monkeypatch.setattr(Run, "_reused", looked)

    assert play() == other[1]
    assert made == ["Fog."]


def test_several_at_once_make_one_output(registry, project, execution, made):
    everybody = threading.Barrier(4)

    def body(text):
        made.append(text)
        return {"text": text, "by": threading.get_ident()}

    def play(_):
        everybody.wait()
        with execution():
            return registry.reuse_or_run("plan", {"text": "Fog."}, body).id

    with ThreadPoolExecutor(4) as threads:
        (version,) = set(threads.map(play, range(4)))
    assert made == ["Fog."]
    assert [found.id for found in registry.versions.list(project)] == [version]


def given_an_abandoned_step(registry, project, mark=None, **fields):
    """The step "plan" as a process leaves it that was killed in the middle."""
    execution = registry.executions.start(
        project, engine=ENGINE, workflow_type="storyboard", engine_workflow_id=f"{project.id}/storyboard#1"
    )
    step, _ = registry.steps.start(execution, "plan", engine_run_id=mark, **fields)
    return step


def test_a_step_of_a_silent_process_is_taken_over(registry, project, execution, pipeline, made):
    given_an_abandoned_step(registry, project, mark=Lease(0.3).mark())
    with execution() as run:
        pipeline()
    assert made[0] == "plan"
    assert attempts(registry, run, "plan") == [(1, "failed"), (2, "completed")]
    assert len(list(registry.versions.list(project, "plan"))) == 1


def test_what_it_had_submitted_is_kept(registry, project, execution, made):
    wanted = given({"text": "Fog."})
    step = given_an_abandoned_step(registry, project, Lease(0.3).mark(), input_hash=wanted.input_hash)
    submitted = registry.submit(project, "plan", {"done": True}, step=step).version
    with execution():
        assert registry.reuse_or_run("plan", {"text": "Fog."}, made.append).id == submitted.id
    assert made == []
    assert registry.steps.get(step).status == "completed"


def test_a_step_of_another_program_is_left_alone_unless_told(registry, project, execution, pipeline, made):
    given_an_abandoned_step(registry, project)
    with pytest.raises(StillRunning), execution(wait=0.2):
        pipeline()
    assert made == []
    with execution(takeover=True):
        pipeline()
    assert made[0] == "plan"


def test_a_step_that_is_alive_is_waited_for_however_long_its_lease(registry, project, execution, made):
    started = threading.Event()

    def slow(text):
        started.set()
        waiting.wait()
        return {"by": "the first"}

    waiting = threading.Event()

    def first():
        with execution(lease=2):
            return registry.reuse_or_run("plan", {"text": "Fog."}, slow).id

    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(first)
        started.wait()
        # longer than the lease: only its heartbeat keeps it
        try:
            with pytest.raises(StillRunning), execution(wait=4):
                registry.reuse_or_run("plan", {"text": "Fog."}, lambda text: made.append(text))
        finally:
            waiting.set()
        version = running.result()
    assert made == []
    with execution():
        assert registry.reuse_or_run("plan", {"text": "Fog."}, made.append).id == version


def test_who_was_taken_for_dead_keeps_nothing(registry, project, execution, made):
    def overtaken(text):
        (step,) = registry.steps.list(current_run().execution)
        registry.steps.fail(step, "Abandoned")
        other = registry.steps.start(current_run().execution, "plan", input_hash=wanted.input_hash)[0]
        registry.submit(project, "plan", {"by": "the other"}, step=other)
        registry.steps.finish(other)
        return {"by": "me"}

    wanted = given({"text": "Fog."})
    with execution():
        assert registry.reuse_or_run("plan", {"text": "Fog."}, overtaken).value == {"by": "the other"}
    assert len(list(registry.versions.list(project))) == 1


def test_a_step_that_was_planned_ahead_is_started_once(registry, project, execution, made):
    with execution() as run:
        planned, _ = registry.steps.start(run.execution, "plan", status="queued")
        everybody = threading.Barrier(3)

        def body(text):
            made.append(text)
            return text

        def play(_):
            everybody.wait()
            with execution() as mine:
                return mine.reuse_or_run("plan", {"text": "Fog."}, body).id

        with ThreadPoolExecutor(3) as threads:
            assert len(set(threads.map(play, range(3)))) == 1
    assert made == ["Fog."]
    step = registry.steps.get(planned)
    assert (step.status, step.input) == ("completed", {"text": "Fog."})


def test_a_step_that_completed_elsewhere_without_this_output_runs_as_the_next_attempt(
    registry, project, execution, made
):
    wanted = given({"text": "Fog."})
    with execution() as run:
        registry.steps.start(run.execution, "plan", status="completed", input_hash=wanted.input_hash)
        registry.reuse_or_run("plan", {"text": "Fog."}, lambda text: made.append(text) or text)
    assert made == ["Fog."]
    assert attempts(registry, run, "plan") == [(1, "completed"), (2, "completed")]


def test_runs_of_other_names_do_not_count(registry, project, execution):
    registry.executions.start(
        project, engine=ENGINE, workflow_type="storyboard", engine_workflow_id=f"{project.id}/by hand",
        status="completed",
    )  # fmt: skip
    with execution() as run:
        pass
    assert run.execution.engine_workflow_id == f"{project.id}/storyboard#1"


def test_an_error_that_cannot_be_stored_is_recorded_as_far_as_it_can(registry, execution):
    def broken():
        raise ValueError("half a pair \ud800 and \x00")

    run = execution()
    with pytest.raises(ValueError, match="half a pair"), run:
        registry.reuse_or_run("plan", {}, broken)
    (step,) = registry.steps.list(run.execution)
    assert (step.status, step.error_message) == ("failed", "ValueError: half a pair ? and ")


def test_an_output_sent_twice_is_one_version(registry, project, execution, monkeypatch):
    submit = registry.versions.submit

    def twice(*args, **kwargs):
        submit(*args, **kwargs, deduplicate=False)
        return submit(*args, **kwargs, deduplicate=False)

    monkeypatch.setattr(registry.versions, "submit", twice)
    with execution():
        registry.reuse_or_run("plan", {}, lambda: {"n": 1})
    assert len(list(registry.versions.list(project))) == 1


def test_an_output_says_more_than_a_value(registry, project, execution):
    with execution():
        version = registry.reuse_or_run(
            "plan", {}, lambda: Output({"n": 1}, tags=["draft"], status="intermediate", source_url="https://cdn.test/a")
        )
    assert (version.tags, version.status, version.source_url) == (["draft"], "intermediate", "https://cdn.test/a")


def test_a_step_runs_inside_an_execution(pipeline):
    with pytest.raises(RuntimeError, match="execution"):
        pipeline()


def test_inputs_are_told_apart_by_what_they_hold(registry, project, tmp_path):
    version = registry.submit(project, "a", 1)
    (tmp_path / "a").write_bytes(b"one")
    first = given({"text": "Fog.", "near": [version], "file": tmp_path / "a", "bytes": b"one"}, {"seed": 1})
    assert first.versions == (version.version.id,)
    assert first.input["file"] == first.input["bytes"]
    assert first.input_hash == input_hash(first.input, [str(version.version.id)], {"seed": 1})
    (tmp_path / "a").write_bytes(b"two")
    assert given({"file": tmp_path / "a"}).input_hash != given({"file": b"one"}).input_hash
    assert given({"n": 1}).input_hash == given({"n": 1.0}).input_hash != given({"n": 1}, {"seed": 1}).input_hash

    long = given({"text": "x" * 3_000_000})
    assert long.recorded == {"input_hash": long.input_hash, "bytes": 3_000_012}
    for wrong, kind in ((object(), TypeError), ({1: 2}, TypeError), (float("inf"), ValueError)):
        with pytest.raises(kind, match=r"inputs\.a"):
            given({"a": wrong})
