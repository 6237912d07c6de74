"""/v1/steps: steps of runs and steps on their own, what they depend on, and trying again."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from sidecar.executions.http import ExecutionBody, ExecutionChange, ExecutionLinkBody, ExecutionsQuery, ResumeBody
from sidecar.executions.status import STEPS
from sidecar.executions.step_http import (
    LatestQuery,
    ReusableQuery,
    StepBody,
    StepChange,
    StepsBody,
    StepsOfExecutionQuery,
    StepsQuery,
)
from tests.api.test_concurrency import wait_until_blocked
from tests.given import code

NOTHING = uuid.UUID(int=7)


def data(answer, status: int = 200):
    assert answer.status_code == status, answer.text
    return answer.json["data"]


def change(producer, step, **fields):
    return producer.call("PATCH", f"/v1/steps/{step}", json=fields)


@pytest.fixture
def project(given):
    return given.project()


@pytest.fixture
def execution(producer, project):
    return data(producer.post("/v1/executions", {"project_id": str(project), "status": "running"}), 201)["id"]


@pytest.fixture
def step(producer, execution):
    """`step("a", …)`: a new step of the run."""

    def create(name, **fields):
        return data(producer.post(f"/v1/executions/{execution}/steps", {"step_name": name, **fields}), 201)

    return create


# Recording


def test_a_step_is_recorded_with_everything_said_about_it(producer, project, execution, given):
    source = given.version(project)
    said = {
        "step_name": "edit_frame1", "workflow_name": "qwen_image_edit", "step_order": 4, "level": 2, "status": "queued",
        "input": {"strength": 0.7}, "output": [1], "parameters": {"1.video": "x.mp4"}, "definition": {"nodes": {}},
        "server_address": "http://server-b:8188", "prompt_id": "p-1", "engine_workflow_id": "w", "engine_run_id": "r",
        "inputs": [str(source)], "input_hash": "abc", "error_message": "so far so good",
    }  # fmt: skip
    answer = producer.post("/v1/steps", {"execution_id": execution, **said})

    made = data(answer, 201)
    assert said.items() <= made.items()
    assert (made["project_id"], made["execution_id"], made["attempt"]) == (str(project), execution, 1)
    assert (made["started_at"], made["completed_at"], made["retry_of"]) == (None, None, None)
    assert made["queued_at"] is not None
    assert made["allowed_statuses"] == ["running", "failed", "skipped"]
    assert data(producer.get(answer.headers["Location"])) == made
    (link,) = data(producer.get(f"/v1/executions/{execution}/artifacts"))
    assert (link["step_id"], link["stage"]) == (made["id"], "input")


def test_a_step_may_stand_on_its_own(producer, project, given):
    source = given.version(project)
    body = {"workflow_name": "imageSave", "project_id": str(project), "inputs": [str(source)], "status": "executing"}
    made = data(producer.post("/v1/steps", body), 201)

    assert (made["execution_id"], made["step_name"], made["status"]) == (None, None, "running")
    assert made["inputs"] == [str(source)]
    assert made["started_at"] is not None
    assert data(producer.get("/v1/steps?standalone=true"))[0]["id"] == made["id"]
    assert data(producer.get("/v1/steps?standalone=false")) == []


@pytest.mark.parametrize(
    "names", [{"prompt_id": "p", "server_address": "s"}, {"engine_workflow_id": "w", "engine_run_id": "r"}]
)
def test_a_step_on_its_own_is_known_by_what_its_engine_or_server_calls_it(given, database, names):
    token = given.token("producer")
    body = {"workflow_name": "imageSave", "status": "running", **names}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: token.post("/v1/steps", body), range(6)))

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert database.value("select count(*) from execution_steps") == 1
    other = {name: f"{value}2" for name, value in names.items()}
    assert token.post("/v1/steps", {**body, **other}).status_code == 201


@pytest.mark.parametrize(
    ("body", "status", "refused"),
    [
        ({}, 422, "invalid_value"),
        ({"step_name": "a", "status": "sleeping"}, 422, "step_status_known"),
        ({"step_name": "a", "status": "executing_level_1"}, 422, "step_status_known"),
        ({"step_name": "a", "project_id": "nowhere"}, 404, "project_not_found"),
        ({"step_name": "a", "execution_id": str(NOTHING)}, 404, "execution_not_found"),
        ({"step_name": "a", "inputs": [str(NOTHING)]}, 404, "artifact_not_found"),
        ({"step_name": "a", "depends_on": ["b"]}, 422, "step_dependency_unknown"),
        ({"step_name": "a", "step_order": 2**31}, 422, "invalid_value"),
        ({"step_name": "a", "attempt": 2}, 422, "invalid_value"),
        ({"step_name": "a", "input_hash": "\n"}, 422, "invalid_value"),
        ({"step_name": "a\x00"}, 400, "invalid_text"),
        ({"step_name": "a", "depends_on": "b"}, 422, "invalid_value"),
    ],
)
def test_what_cannot_be_recorded_is_refused(producer, database, body, status, refused):
    answer = producer.post("/v1/steps", body)

    assert (answer.status_code, code(answer)) == (status, refused)
    assert database.value("select count(*) from execution_steps") == 0


def test_a_step_of_a_run_needs_a_name(producer, execution):
    answer = producer.post("/v1/steps", {"execution_id": execution, "workflow_name": "imageSave"})
    assert (answer.status_code, code(answer)) == (422, "invalid_value")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"steps": []},
        {"step_name": "a", "steps": [{"step_name": "b"}]},
        {"steps": [{"workflow_name": "b"}]},
        {"steps": [{"step_name": "b"}], "level": 1},
    ],
)
def test_steps_are_sent_one_way(producer, execution, body):
    answer = producer.post(f"/v1/executions/{execution}/steps", body)
    assert (answer.status_code, code(answer)) == (422, "invalid_value")


NASTY = [
    None, True, -1, 0, 2**31, 2**63, 10**400, 1.5, "", " ", "\x00", "x" * 300, "é" * 200, "Infinity", [], [[]], [None],
    {}, {"": None}, {"a": {"b": [{}] * 50}}, "9" * 50,
]  # fmt: skip


def test_no_value_of_any_field_breaks_anything(producer, project, execution, step, given):
    """Whatever a field holds, it is stored or refused: never a failure of ours."""
    made, version = step("z")["id"], given.version(project)
    routes = {
        ("POST", "/v1/executions"): (ExecutionBody, {}),
        ("PATCH", f"/v1/executions/{execution}"): (ExecutionChange, {}),
        ("POST", f"/v1/executions/{execution}/artifacts"): (ExecutionLinkBody, {"artifact_version_id": str(version)}),
        ("POST", f"/v1/executions/{execution}/steps"): (StepsBody, {"step_name": "a"}),
        ("POST", f"/v1/executions/{execution}/resume"): (ResumeBody, {}),
        ("POST", "/v1/steps"): (StepBody, {"step_name": "a"}),
        ("PATCH", f"/v1/steps/{made}"): (StepChange, {}),
    }
    for (method, path), (body, rest) in routes.items():
        for name in body.model_fields:
            for value in NASTY:
                answer = producer.call(method, path, json={**rest, name: value})
                assert answer.status_code < 500, (method, path, name, value, answer.text)


@pytest.mark.parametrize("address", [
    "/v1/executions", "/v1/steps", "/v1/executions/{run}/steps", "/v1/executions/{run}/artifacts",
    "/v1/steps/{step}/latest", "/v1/projects/{project}/reusable",
])  # fmt: skip
def test_no_value_of_any_query_breaks_anything(producer, project, execution, step, address):
    path = address.format(run=execution, step=step("a")["id"], project=project)
    queries = (ExecutionsQuery, StepsQuery, StepsOfExecutionQuery, LatestQuery, ReusableQuery)
    for name in {name for query in queries for name in query.model_fields} | {"stage"}:
        for value in ("", "x", "-1", "9" * 30, "%00", "%ff", "W10", "bnVsbA", "WzEsMV0", "true", ",", "%27", "1e400"):
            answer = producer.get(f"{path}?{name}={value}")
            assert answer.status_code < 500, (path, name, value, answer.text)


# Where it stands


@pytest.mark.parametrize("before", STEPS.statuses)
def test_a_step_moves_along_the_arrows_and_no_other_way(producer, step, before, database):
    for after in STEPS.statuses:
        made = step(f"{before}-{after}", status=before)["id"]
        answer = change(producer, made, status=after)
        if before == after or (before, after) in STEPS.moves:
            assert data(answer)["status"] == after
        else:
            assert (answer.status_code, code(answer)) == (409, "step_status_order")
            assert database.value("select status from execution_steps where id = %s", made) == before


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("pending", "queued"),
        ("executing", "running"),
        ("success", "completed"),
        ("ERROR", "failed"),
        ("canceled", "skipped"),
    ],
)
def test_other_words_for_a_status_are_understood_and_never_said(producer, step, word, status):
    assert step("a", status=word)["status"] == status
    assert [each["status"] for each in data(producer.get(f"/v1/steps?status={word}"))] == [status]


def test_the_server_says_when_a_step_started_and_ended(producer, step):
    made = step("a")["id"]
    started = data(change(producer, made, status="running", prompt_id="p-1", server_address="http://server-b:8188"))
    ended = data(change(producer, made, status="completed", output={"score": 0.9}))

    assert made == started["id"]
    assert started["queued_at"] <= started["started_at"]
    assert started["completed_at"] is None
    assert ended["completed_at"] > ended["started_at"] == started["started_at"]
    assert (ended["prompt_id"], ended["output"]) == ("p-1", {"score": 0.9})
    assert data(change(producer, made, status="completed", output={"score": 0.9})) == ended


def test_what_an_ended_step_gave_back_is_filled_in_and_not_replaced(producer, step, database):
    made = step("a", status="running", input={"a": 1})["id"]
    data(change(producer, made, status="completed"))
    assert data(change(producer, made, output={"late": True}))["output"] == {"late": True}

    for fields in ({"output": {"other": 1}}, {"input": {"a": 2}}, {"output": None}):
        answer = change(producer, made, **fields)
        assert (answer.status_code, code(answer)) == (409, "step_ended")
        assert set(fields) <= set(answer.json["errors"][0]["extensions"]["fields"])
    assert database.value("select output from execution_steps where id = %s", made) == {"late": True}
    assert data(change(producer, made, step_order=4))["step_order"] == 4


def test_of_two_ends_at_the_same_moment_one_stands(given, step, connect, database):
    made, token = step("a", status="running")["id"], given.token("producer")
    holder = connect("admin").connection
    with ThreadPoolExecutor(2) as pool:
        with holder.transaction():
            holder.execute("select from execution_steps where id = %s for no key update", [made])
            ends = [pool.submit(change, token, made, status="completed", output={"by": n}) for n in (1, 2)]
            wait_until_blocked(database, 2)
        won, lost = sorted((end.result() for end in ends), key=lambda answer: answer.status_code)

    assert (won.status_code, lost.status_code, code(lost)) == (200, 409, "step_ended")
    assert data(token.get(f"/v1/steps/{made}"))["output"] == won.json["data"]["output"]


def test_steps_that_are_not_there_are_not_there(producer):
    for answer in (
        producer.get(f"/v1/steps/{NOTHING}"), change(producer, NOTHING, status="running"),
        producer.post(f"/v1/steps/{NOTHING}/retry"), producer.get(f"/v1/steps/{NOTHING}/artifacts"),
        producer.get(f"/v1/steps/{NOTHING}/latest"),
    ):  # fmt: skip
        assert (answer.status_code, code(answer)) == (404, "step_not_found")


# Once more


def test_a_step_under_way_is_itself(producer, step, execution):
    made = step("a")
    for fields in ({}, {"status": "running"}, {"input": {"other": 1}}):
        answer = producer.post(f"/v1/executions/{execution}/steps", {"step_name": "a", **fields})
        assert (answer.status_code, answer.json) == (200, {"data": made, "meta": {"existing": True}})


@pytest.mark.parametrize("end", ["failed", "skipped"])
def test_after_a_failed_step_comes_the_next_attempt(producer, step, end):
    first = step("a", status=end)
    second = step("a", status="running")

    assert (second["attempt"], second["retry_of"]) == (2, first["id"])
    assert data(producer.get(f"/v1/steps/{first['id']}"))["status"] == end


def test_a_completed_step_is_itself_while_its_input_is_the_same(step, producer, execution):
    first = step("a", status="completed", input={"a": 1})
    again = producer.post(f"/v1/executions/{execution}/steps", {"step_name": "a", "input": {"a": 1}})
    assert (again.status_code, again.json["data"]["id"]) == (200, first["id"])
    assert producer.post(f"/v1/executions/{execution}/steps", {"step_name": "a"}).status_code == 200
    assert step("a", input={"a": 2})["attempt"] == 2


def test_a_completed_step_whose_output_was_rejected_runs_again(step, producer, reviewer, project):
    first = step("a", status="running")
    version = data(producer.submit(project, "a", {"n": 1}, step_id=first["id"]), 201)["id"]
    data(change(producer, first["id"], status="completed"))
    data(reviewer.decide("reject", version, reason="No."))
    assert step("a")["attempt"] == 2


def test_one_name_recorded_by_eight_callers_at_once_is_one_step(given, execution, database, connect):
    token, holder = given.token("producer"), connect("admin").connection
    with ThreadPoolExecutor(8) as pool:
        with holder.transaction():
            holder.execute("select from task_executions where id = %s for no key update", [execution])
            calls = [pool.submit(token.post, f"/v1/executions/{execution}/steps", {"step_name": "a"}) for _ in range(8)]
            wait_until_blocked(database, 8)
        answers = [call.result() for call in calls]

    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert database.value("select count(*) from execution_steps") == 1


def test_a_retry_is_a_step_of_its_own_with_the_same_input(producer, step, project, given):
    source = given.version(project)
    step("b", status="completed")
    first = step(
        "a", status="failed", input={"a": 1}, inputs=[str(source)], depends_on=["b"], error_message="No.", prompt_id="p"
    )
    again = producer.post(f"/v1/steps/{first['id']}/retry")

    second = data(again, 201)
    assert (second["attempt"], second["retry_of"], second["status"]) == (2, first["id"], "queued")
    for name in ("step_name", "execution_id", "input", "inputs", "input_hash", "depends_on", "level"):
        assert second[name] == first[name]
    assert (second["error_message"], second["prompt_id"], second["ready"]) == (None, None, True)
    repeated = producer.post(f"/v1/steps/{first['id']}/retry")
    assert (repeated.status_code, repeated.json["data"]["id"]) == (200, second["id"])
    refused = producer.post(f"/v1/steps/{second['id']}/retry")
    assert (refused.status_code, code(refused)) == (409, "step_unfinished")


def test_retries_at_the_same_moment_make_one_attempt(given, step, connect, database):
    made, token = step("a", status="failed"), given.token("producer")
    holder = connect("admin").connection
    with ThreadPoolExecutor(5) as pool:
        with holder.transaction():
            holder.execute("select from execution_steps where id = %s for no key update", [made["id"]])
            calls = [pool.submit(token.post, f"/v1/steps/{made['id']}/retry") for _ in range(4)]
            calls.append(pool.submit(token.post, f"/v1/executions/{made['execution_id']}/steps", {"step_name": "a"}))
            wait_until_blocked(database, 5)
        answers = [call.result() for call in calls]

    assert {answer.status_code for answer in answers} == {200, 201}
    assert len({answer.json["data"]["id"] for answer in answers}) == 1
    assert database.column("select attempt from execution_steps order by attempt") == [1, 2]


def test_a_step_on_its_own_is_tried_again_too(producer):
    body = {"workflow_name": "imageSave", "prompt_id": "p", "server_address": "s", "status": "failed"}
    first = data(producer.post("/v1/steps", body), 201)
    second = data(producer.post(f"/v1/steps/{first['id']}/retry"), 201)

    assert (second["attempt"], second["retry_of"]) == (2, first["id"])
    assert data(producer.post("/v1/steps", {**body, "status": "queued"}))["id"] == second["id"]


# What steps depend on


def test_a_chain_is_recorded_at_once_with_its_levels(producer, execution):
    chain = [
        {"step_name": "video", "depends_on": ["edit1", "edit2"]},
        {"step_name": "edit1", "depends_on": ["extract"]},
        {"step_name": "edit2", "depends_on": ["extract"]},
        {"step_name": "extract"},
    ]
    answer = producer.post(f"/v1/executions/{execution}/steps", {"steps": chain})

    made = data(answer, 201)
    assert [(s["step_name"], s["level"], s["ready"]) for s in made] == [
        ("video", 2, False), ("edit1", 1, False), ("edit2", 1, False), ("extract", 0, True),
    ]  # fmt: skip
    assert answer.json["meta"] == {"existing": [False] * 4}
    again = producer.post(f"/v1/executions/{execution}/steps", {"steps": chain})
    assert (again.status_code, again.json["data"], again.json["meta"]) == (200, made, {"existing": [True] * 4})
    listed = data(producer.get(f"/v1/executions/{execution}/steps"))
    assert [s["level"] for s in listed] == [0, 1, 1, 2]


def ready(reader, execution):
    return [s["step_name"] for s in data(reader.get(f"/v1/executions/{execution}/steps?ready=true"))]


def test_a_step_is_ready_when_everything_it_depends_on_has_completed(producer, execution, step):
    a, b = step("a")["id"], step("b")["id"]
    step("c", depends_on=["a", "b"])
    assert ready(producer, execution) == ["a", "b"]
    data(change(producer, a, status="running"))
    data(change(producer, a, status="completed"))
    data(change(producer, b, status="failed"))
    assert ready(producer, execution) == []

    retry = data(producer.post(f"/v1/steps/{b}/retry"), 201)["id"]
    data(change(producer, retry, status="running"))
    data(change(producer, retry, status="completed"))
    assert ready(producer, execution) == ["c"]


@pytest.mark.parametrize(
    ("steps", "refused"),
    [
        ([{"step_name": "a", "depends_on": ["a"]}], "step_dependency_cycle"),
        ([{"step_name": "a", "depends_on": ["b"]}, {"step_name": "b", "depends_on": ["a"]}], "step_dependency_cycle"),
        ([{"step_name": "a"}, {"step_name": "b", "depends_on": ["c"]}], "step_dependency_unknown"),
    ],
)
def test_dependencies_that_cannot_be_met_are_refused_and_nothing_is_added(
    producer, execution, database, steps, refused
):
    answer = producer.post(f"/v1/executions/{execution}/steps", {"steps": steps})
    assert (answer.status_code, code(answer)) == (422, refused)
    assert database.value("select count(*) from execution_steps") == 0


def test_a_new_attempt_closes_no_circle(producer, execution, step):
    step("a", status="failed")
    step("b", depends_on=["a"])
    answer = producer.post(f"/v1/executions/{execution}/steps", {"step_name": "a", "depends_on": ["b"]})
    assert (answer.status_code, code(answer)) == (422, "step_dependency_cycle")


@pytest.mark.parametrize("written", ['{"a": 1}', '"b"', "[1, null]", "null", '["gone"]'])
def test_dependencies_that_people_wrote_otherwise_break_nothing(producer, execution, step, directus_role, written):
    made = step("a")
    directus_role.run("update execution_steps set depends_on = %s::jsonb where id = %s", written, made["id"])

    assert data(producer.get(f"/v1/executions/{execution}/resume"))[0]["reason"] == "queued"
    assert data(producer.get(f"/v1/steps/{made['id']}"))["status"] == "queued"
    assert step("b", depends_on=["a"])["level"] == 1


# Input


def test_equal_input_has_an_equal_hash(producer, step, given, project):
    source = str(given.version(project))
    one = step("a", input={"b": 1, "a": [1.0, "é"]}, inputs=[source], parameters={"seed": 7})
    two = step("b", parameters={"seed": 7}, inputs=[source], input={"a": [1, "é"], "b": 1})
    canonical = f'{{"input":{{"a":[1,"é"],"b":1}},"inputs":["{source}"],"parameters":{{"seed":7}}}}'

    assert one["input_hash"] == two["input_hash"] == hashlib.sha256(canonical.encode()).hexdigest()
    assert step("c", input={"a": 2})["input_hash"] != one["input_hash"]
    assert step("d")["input_hash"] is None


def test_input_that_becomes_known_when_a_step_starts_is_hashed_then(producer, step, given, project):
    source = str(given.version(project))
    known = step("a", input={"a": 1}, inputs=[source])
    later = step("b", input={"a": 1})
    assert later["input_hash"] != known["input_hash"]
    started = data(change(producer, later["id"], status="running", inputs=[source]))
    assert (started["input_hash"], started["inputs"]) == (known["input_hash"], [source])


def test_a_hash_that_was_said_stays(producer, step):
    made = step("a", input={"a": 1}, input_hash="mine")
    assert data(change(producer, made["id"], input={"a": 2}))["input_hash"] == "mine"
    assert data(change(producer, made["id"], input_hash="other"))["input_hash"] == "other"


def test_steps_are_found_by_what_they_used(producer, step, given, project):
    source = given.version(project)
    made = step("a", inputs=[str(source)])
    step("b")
    assert [each["id"] for each in data(producer.get(f"/v1/steps?used={source}"))] == [made["id"]]


# Lists


def test_steps_are_listed_by_what_is_known_about_them(producer, project, execution, step):
    one = step("a", engine_workflow_id="w-1", workflow_name="imageSave", status="failed")["id"]
    two = step("b", prompt_id="p-1", server_address="s-1", input={"a": 1})
    alone = data(producer.post("/v1/steps", {"step_name": "a"}), 201)["id"]

    def listed(query):
        return [each["id"] for each in data(producer.get(f"/v1/steps?{query}"))]

    assert listed("") == [alone, two["id"], one]
    assert listed(f"project_id={project}") == listed(f"execution_id={execution}") == [two["id"], one]
    assert listed("step_name=a") == [alone, one]
    assert listed("workflow_name=imageSave") == listed("engine_workflow_id=w-1") == listed("status=error") == [one]
    assert listed("prompt_id=p-1&server_address=s-1") == listed(f"input_hash={two['input_hash']}") == [two["id"]]


def test_pages_of_a_runs_steps_follow_each_other(producer, execution, step):
    step("e", level=1)
    for name in "dcba":
        step(name, level=0, step_order="abcd".index(name))
    seen, cursor = [], ""
    while True:
        answer = producer.get(f"/v1/executions/{execution}/steps?limit=2{cursor}").json
        seen += [each["step_name"] for each in answer["data"]]
        if answer["meta"]["next_cursor"] is None:
            break
        cursor = f"&cursor={answer['meta']['next_cursor']}"
    assert seen == list("abcde")
    assert [s["step_name"] for s in data(producer.get(f"/v1/executions/{execution}/steps?level=1"))] == ["e"]


def test_a_cursor_with_a_number_too_large_for_a_column_is_refused(producer, execution):
    place = json.dumps([2**31, 0, "2026-01-01T00:00:00+00:00", str(uuid.UUID(int=7))])
    cursor = base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")
    answer = producer.get(f"/v1/executions/{execution}/steps?cursor={cursor}")
    assert (answer.status_code, code(answer)) == (422, "invalid_value")


def test_a_run_shows_every_attempt_or_the_latest(producer, execution, step):
    step("a", status="failed")
    step("a", status="failed")
    last = step("a")
    assert len(data(producer.get(f"/v1/executions/{execution}/steps"))) == 3
    assert [s["id"] for s in data(producer.get(f"/v1/executions/{execution}/steps?latest=true"))] == [last["id"]]


# Output


def test_a_steps_output_is_the_approved_one_and_the_latest_only_when_asked(producer, reviewer, project, step):
    made = step("a", status="running")["id"]
    address = f"/v1/steps/{made}/latest"
    none = producer.get(address)
    assert (none.status_code, code(none)) == (404, "step_output_missing")

    one = data(producer.submit(project, "a", {"n": 1}, step_id=made), 201)["id"]
    waiting = producer.get(address)
    assert (waiting.status_code, waiting.json["errors"][0]["extensions"]["outputs"]) == (404, {"pending": 1})
    data(reviewer.approve(one))
    two = data(producer.submit(project, "a", {"n": 2}, step_id=made), 201)["id"]

    assert data(producer.get(address))["id"] == one
    assert data(producer.get(f"{address}?want=latest"))["id"] == two
    assert [each["id"] for each in data(producer.get(f"/v1/steps/{made}/artifacts"))] == [two, one]
    assert data(producer.get(f"/v1/steps/{made}"))["outputs"] == sorted([one, two])


def test_a_rejected_output_is_not_the_latest(producer, reviewer, project, step):
    made = step("a")["id"]
    version = data(producer.submit(project, "a", {"n": 1}, step_id=made), 201)["id"]
    data(reviewer.decide("reject", version, reason="No."))
    assert code(producer.get(f"/v1/steps/{made}/latest?want=latest")) == "step_output_missing"


def test_an_edit_stands_for_the_output_it_was_made_from(producer, reviewer, project, step, given, sidecar_role):
    made = step("a")["id"]
    version = data(producer.submit(project, "a", {"n": 1}, step_id=made), 201)["id"]
    edit = given.approved(project, "a", {"n": 2}, parent_id=version)
    sidecar_role.run(
        "insert into artifact_relations (from_version_id, to_version_id, relation_type) values (%s, %s, 'edited_from')",
        edit, version,
    )  # fmt: skip
    assert data(reviewer.get(f"/v1/steps/{made}/latest"))["id"] == str(edit)


def test_of_several_outputs_one_path_is_asked_for(producer, project, step):
    made = step("a")["id"]
    one = data(producer.submit(project, "a", {"n": 1}, step_id=made), 201)["id"]
    two = data(producer.submit(project, "b", {"n": 1}, step_id=made), 201)["id"]
    address = f"/v1/steps/{made}/latest?want=latest"
    assert [data(producer.get(f"{address}{path}"))["id"] for path in ("", "&schema_key=a")] == [two, one]


def test_an_output_that_was_there_already_is_the_steps_too(producer, project, step):
    first = step("a", status="failed")["id"]
    version = data(producer.submit(project, "a", {"n": 1}, step_id=first), 201)["id"]
    second = step("a", status="running")["id"]
    again = producer.submit(project, "a", {"n": 1}, step_id=second)

    assert (again.status_code, again.json["data"]["id"]) == (200, version)
    assert data(producer.get(f"/v1/steps/{second}"))["outputs"] == [version]
    assert data(producer.get(f"/v1/steps/{second}/latest?want=latest"))["id"] == version


def test_a_submission_of_a_step_belongs_to_its_run(producer, project, execution, step):
    made = step("a")["id"]
    assert data(producer.submit(project, "a", {"n": 1}, step_id=made), 201)["execution_id"] == execution
    (link,) = data(producer.get(f"/v1/executions/{execution}/artifacts"))
    assert (link["step_id"], link["stage"]) == (made, "generated")
