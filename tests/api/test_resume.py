"""Resuming: which steps have an output that can be used again, and which must run."""

from __future__ import annotations

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from sidecar.executions.resume import Wanted, reasons_of
from tests.given import code


def data(answer, status: int = 200):
    assert answer.status_code == status, answer.text
    return answer.json["data"]


@pytest.fixture
def project(given):
    return given.project()


@pytest.fixture
def execution(producer, project):
    return data(producer.post("/v1/executions", {"project_id": str(project), "status": "running"}), 201)["id"]


@pytest.fixture
def step(producer, execution):
    def create(name, status="completed", **fields):
        body = {"step_name": name, "status": status, **fields}
        return data(producer.post(f"/v1/executions/{execution}/steps", body), 201)

    return create


@pytest.fixture
def output(producer, project):
    """`output(step)`: a version the step has made."""

    def submit(step, path="a", value=1):
        return data(producer.submit(project, path, {"n": value}, step_id=step["id"]), 201)["id"]

    return submit


def resumed(reader, execution, *wanted):
    address = f"/v1/executions/{execution}/resume"
    answer = reader.post(address, {"steps": list(wanted)}) if wanted else reader.get(address)
    steps = data(answer)
    usable = sum(step["usable"] for step in steps)
    assert answer.json["meta"] == {"usable": usable, "must_run": len(steps) - usable}
    assert all(step["usable"] == (step["reason"] == "completed") for step in steps)
    return {step["step_name"]: step["reason"] for step in steps}


def test_completed_steps_are_used_again_and_the_others_run(producer, execution, step):
    step("done", output={"score": 1})
    step("waits", "queued")
    step("runs", "running")
    step("broke", "failed")
    step("left_out", "skipped")

    assert resumed(producer, execution) == {
        "done": "completed", "waits": "queued", "runs": "running", "broke": "failed", "left_out": "skipped",
    }  # fmt: skip


def test_the_latest_attempt_counts(producer, execution, step):
    step("a", "failed")
    last = step("a")
    (answer,) = data(producer.get(f"/v1/executions/{execution}/resume"))
    assert (answer["reason"], answer["attempt"], answer["step_id"]) == ("completed", 2, last["id"])


def test_the_outputs_that_can_be_used_are_named(producer, reviewer, execution, step, output):
    made = step("a")
    one, two = output(made, "a"), output(made, "b")
    data(reviewer.approve(one))

    (answer,) = data(producer.get(f"/v1/executions/{execution}/resume"))
    assert [(v["artifact_version_id"], v["schema_key"], v["status"]) for v in answer["outputs"]] == [
        (one, "a", "approved"), (two, "b", "pending"),
    ]  # fmt: skip


def test_an_output_that_was_rejected_or_put_away_is_made_again(producer, reviewer, execution, step, output):
    rejected, archived = output(step("rejected"), "r"), output(step("archived"), "a")
    data(reviewer.decide("reject", rejected, reason="No."))
    data(reviewer.decide("archive", archived))

    assert resumed(producer, execution) == {"rejected": "output_rejected", "archived": "output_archived"}


def test_a_rejected_output_that_the_step_made_anew_can_be_used(producer, reviewer, execution, step, output):
    made = step("a")
    first = output(made)
    data(reviewer.decide("reject", first, reason="No."))
    output(made, value=2)
    assert resumed(producer, execution) == {"a": "completed"}


def test_what_depends_on_a_step_that_must_run_must_run_too(producer, execution, step):
    step("extract")
    step("cut", "failed")
    step("edit", depends_on=["cut"])
    step("video", depends_on=["edit", "extract"])
    step("sound", depends_on=["extract"])

    assert resumed(producer, execution) == {
        "extract": "completed", "cut": "failed", "edit": "dependency", "video": "dependency", "sound": "completed",
    }  # fmt: skip


def test_steps_are_asked_for_with_what_they_would_be_given(producer, execution, step):
    made = step("same", input={"a": 1})
    step("other", input={"a": 1})
    step("cut", "failed")
    follower = step("follower", input={"a": 1}, depends_on=["cut"])
    wanted = [
        {"step_name": "same", "input_hash": made["input_hash"]},
        {"step_name": "other", "input_hash": "0" * 64},
        {"step_name": "new", "input_hash": "0" * 64},
        {"step_name": "follower", "input_hash": follower["input_hash"]},
    ]

    assert resumed(producer, execution, *wanted) == {
        "same": "completed", "other": "input_changed", "new": "never_run", "follower": "completed",
    }  # fmt: skip
    assert resumed(producer, execution, {"step_name": "follower"}) == {"follower": "dependency"}


@pytest.mark.parametrize(
    "body", [{}, {"steps": []}, {"steps": [{}]}, {"steps": [{"step_name": "a", "input_hash": "\n"}]}]
)
def test_a_question_that_makes_no_sense_is_refused(producer, execution, body):
    answer = producer.post(f"/v1/executions/{execution}/resume", body)
    assert (answer.status_code, code(answer)) == (422, "invalid_value")


def reusable(reader, project, step_name, input_hash):
    return data(reader.get(f"/v1/projects/{project}/reusable?step_name={step_name}&input_hash={input_hash}"))


def test_an_output_of_another_run_is_found_by_its_input(producer, reviewer, project, step, output, given):
    made = step("a", input={"a": 1})
    version = output(made)
    found = reusable(producer, project, "a", made["input_hash"])

    assert found["step"]["id"] == made["id"]
    assert [each["artifact_version_id"] for each in found["outputs"]] == [version]
    assert reusable(producer, project, "b", made["input_hash"]) is None
    assert reusable(producer, project, "a", "0" * 64) is None
    assert reusable(producer, given.project(), "a", made["input_hash"]) is None
    data(reviewer.decide("reject", version, reason="No."))
    assert reusable(producer, project, "a", made["input_hash"]) is None


def test_the_newest_usable_output_is_found(producer, reviewer, project, output):
    made = []
    for value in (1, 2, 3):
        run = data(producer.post("/v1/executions", {"project_id": str(project), "status": "running"}), 201)["id"]
        body = {"step_name": "a", "status": "completed", "input_hash": "same"}
        step = data(producer.post(f"/v1/executions/{run}/steps", body), 201)
        made.append((step["id"], output(step, value=value)))
    data(reviewer.decide("reject", made[2][1], reason="No."))
    assert reusable(producer, project, "a", "same")["step"]["id"] == made[1][0]


NAMES = st.sampled_from("abcdef")
STEPS = st.dictionaries(
    NAMES, st.tuples(st.sampled_from(["completed", "failed", "queued"]), st.lists(NAMES, max_size=3)), max_size=6
)


@for_all(STEPS, st.dictionaries(NAMES, st.sampled_from(["h", "other", None])))
def test_a_step_without_a_known_input_is_used_only_if_everything_below_it_is(steps, said):
    rows = {n: {"id": n, "status": s, "input_hash": "h", "depends_on": d} for n, (s, d) in steps.items()}
    wanted = {name: Wanted(name, known) for name, known in said.items()}
    reasons = reasons_of(rows, wanted, {})

    assert set(reasons) == set(steps)
    for name, (status, needed) in steps.items():
        known = said.get(name)
        own = status == "completed" and known in (None, "h")
        below = all(reasons[other] == "completed" for other in needed if other in steps)
        if known is not None:
            assert (reasons[name] == "completed") == own
        elif reasons[name] == "completed":
            assert own
            assert below
        elif own:
            assert not below
