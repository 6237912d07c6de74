"""/v1/executions: runs, where they stand, what went in and came out."""

from __future__ import annotations

import random
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from sidecar.executions.status import EXECUTIONS
from tests.api.test_concurrency import wait_until_blocked
from tests.given import code
from tests.rows import refused

NOTHING = uuid.UUID(int=7)


def data(answer, status: int = 200):
    assert answer.status_code == status, answer.text
    return answer.json["data"]


def change(producer, execution, **fields):
    return producer.call("PATCH", f"/v1/executions/{execution}", json=fields)


def executions(reader, query=""):
    return [each["id"] for each in data(reader.get(f"/v1/executions?{query}"))]


@pytest.fixture
def project(given):
    return given.project()


@pytest.fixture
def run(producer, project):
    """`run(status=…)`: a new execution's id."""

    def create(**fields):
        return data(producer.post("/v1/executions", {"project_id": str(project), **fields}), 201)["id"]

    return create


# Creating


def test_a_run_is_recorded_with_everything_said_about_it(producer, project, given):
    task = given.task(project)
    said = {
        "task_id": str(task), "name": "pipeline", "description": "Frames to video.", "session_id": "s-1",
        "workflow_type": "image_to_story", "engine": "temporal", "engine_workflow_id": "chain-1",
        "engine_run_id": "r-1", "request_id": "q-1", "definition": {"steps": [1, None]}, "current_level": 3,
    }  # fmt: skip
    key = producer.get(f"/v1/projects/{project}").json["data"]["key"]
    answer = producer.post("/v1/executions", {"project_id": key, **said})

    made = data(answer, 201)
    assert said.items() <= made.items()
    assert (made["project_id"], made["status"], made["user_created"]) == (str(project), "pending", str(producer.id))
    assert (made["started_at"], made["completed_at"]) == (None, None)
    assert made["allowed_statuses"] == ["running", "failed", "cancelled"]
    assert answer.headers["Location"] == f"/v1/executions/{made['id']}"
    assert data(producer.get(answer.headers["Location"])) == made


def test_a_run_of_a_task_works_for_the_tasks_project(producer, project, given):
    assert data(producer.post("/v1/executions", {"task_id": str(given.task(project))}), 201)["project_id"] == str(
        project
    )


def test_the_same_engines_workflow_is_the_same_run(producer, project, database):
    body = {"project_id": str(project), "engine": "temporal", "engine_workflow_id": "chain-1", "status": "running"}
    first = producer.post("/v1/executions", body)
    again = producer.post("/v1/executions", {**body, "name": "said later", "status": "pending"})

    assert (again.status_code, again.json) == (200, {"data": first.json["data"], "meta": {"existing": True}})
    assert database.value("select count(*) from task_executions") == 1
    other = data(producer.post("/v1/executions", {**body, "engine": "n8n"}), 201)
    nameless = data(producer.post("/v1/executions", {"engine_workflow_id": "chain-1"}), 201)
    assert len({first.json["data"]["id"], other["id"], nameless["id"]}) == 3
    assert data(producer.post("/v1/executions", {"engine_workflow_id": "chain-1"}), 200)["id"] == nameless["id"]


def test_an_engines_workflow_belongs_to_one_project(producer, project, given):
    body = {"engine": "temporal", "engine_workflow_id": "chain-1"}
    known = data(producer.post("/v1/executions", {**body, "project_id": str(project)}), 201)["id"]
    answer = producer.post("/v1/executions", {**body, "project_id": str(given.project())})

    assert (answer.status_code, code(answer)) == (409, "execution_elsewhere")
    assert answer.json["errors"][0]["extensions"]["execution_id"] == known


def test_one_workflow_recorded_by_eight_callers_at_once_is_one_run(given, project, database):
    token = given.token("producer")
    body = {"project_id": str(project), "engine": "n8n", "engine_workflow_id": "812"}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: token.post("/v1/executions", body), range(8)))

    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json["data"]["id"] for answer in answers}) == 1
    assert database.value("select count(*) from task_executions") == 1


@pytest.mark.parametrize(
    ("body", "status", "refused"),
    [
        ({"project_id": "nowhere"}, 404, "project_not_found"),
        ({"task_id": str(NOTHING)}, 404, "task_not_found"),
        ({"status": "sleeping"}, 422, "execution_status_known"),
        ({"status": None}, 422, "invalid_value"),
        ({"status": "executing_level_99999999999"}, 422, "execution_status_known"),
        ({"status": "executing_level_2", "current_level": 3}, 422, "invalid_value"),
        ({"current_level": -1}, 422, "invalid_value"),
        ({"current_level": 2**31}, 422, "invalid_value"),
        ({"name": "a\x00b"}, 400, "invalid_text"),
        ({"name": "n" * 256}, 422, "invalid_value"),
        ({"started_at": "2026-01-01"}, 422, "invalid_value"),
        ({"definition": {"a": "\ud800"}}, 400, "invalid_json"),
    ],
)
def test_what_cannot_be_recorded_is_refused(producer, database, body, status, refused):
    answer = producer.post("/v1/executions", body)

    assert (answer.status_code, code(answer)) == (status, refused)
    assert database.value("select count(*) from task_executions") == 0


def test_a_project_and_a_task_that_both_exist_nowhere_are_refused_too(producer, project):
    answer = producer.post("/v1/executions", {"project_id": str(project), "task_id": str(NOTHING)})
    assert (answer.status_code, code(answer)) == (404, "task_not_found")


def test_who_only_reads_records_nothing(given):
    answer = given.person(None).post("/v1/executions", {})
    assert answer.status_code == 403


# Where it stands


def test_the_server_says_when_a_run_started_and_ended(producer, run):
    execution = run()
    started = data(change(producer, execution, status="running"))
    ended = data(change(producer, execution, status="completed"))

    assert started["started_at"] is not None
    assert started["completed_at"] is None
    assert ended["started_at"] == started["started_at"]
    assert ended["completed_at"] > ended["started_at"]
    assert ended["allowed_statuses"] == []


@pytest.mark.parametrize("before", EXECUTIONS.statuses)
def test_a_run_moves_along_the_arrows_and_no_other_way(producer, run, before, database):
    for after in EXECUTIONS.statuses:
        execution = run(status=before)
        answer = change(producer, execution, status=after)
        if before == after or (before, after) in EXECUTIONS.moves:
            assert data(answer)["status"] == after
        else:
            assert (answer.status_code, code(answer)) == (409, "execution_status_order")
            extensions = answer.json["errors"][0]["extensions"]
            assert (extensions["status"], extensions["allowed_statuses"]) == (before, EXECUTIONS.next(before))
            assert database.value("select status from task_executions where id = %s", execution) == before


def test_the_same_change_again_is_the_same_answer(producer, run):
    execution = run(status="running")
    once = change(producer, execution, status="failed", error_message="The server went away.")
    again = change(producer, execution, status="failed", error_message="The server went away.")

    assert data(once) == data(again)
    assert data(change(producer, execution)) == data(once)


def test_a_failed_run_is_resumed(producer, run):
    execution = run(status="running")
    failed = data(change(producer, execution, status="failed", error_message="No."))
    resumed = data(change(producer, execution, status="running"))

    assert (failed["error_message"], resumed["error_message"]) == ("No.", None)
    assert (resumed["started_at"], resumed["completed_at"]) == (failed["started_at"], None)
    assert data(change(producer, execution, status="completed"))["completed_at"] > failed["completed_at"]


def test_what_is_left_out_stays_and_null_takes_away(producer, run):
    execution = run(name="one", definition={"a": 1}, session_id="s")
    after = data(change(producer, execution, name="two", session_id=None))

    assert (after["name"], after["session_id"], after["definition"]) == ("two", None, {"a": 1})


@pytest.mark.parametrize(
    ("word", "status", "level"),
    [
        ("initializing", "pending", 0), ("executing", "running", 0), ("executing_level_0", "running", 0),
        ("executing_level_12", "running", 12), ("Success", "completed", 0), ("error", "failed", 0),
        ("canceled", "cancelled", 0), ("TIMED-OUT", "failed", 0),
    ],
)  # fmt: skip
def test_other_words_for_a_status_are_understood_and_never_said(producer, word, status, level):
    made = data(producer.post("/v1/executions", {"status": word}), 201)
    assert (made["status"], made["current_level"]) == (status, level)


def test_executing_a_level_moves_the_run_on(producer, run):
    execution = run()
    levels = [data(change(producer, execution, status=f"executing_level_{n}"))["current_level"] for n in (1, 2, 2)]
    assert levels == [1, 2, 2]
    assert data(change(producer, execution, status="completed"))["current_level"] == 2


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({"status": "sleeping"}, "execution_status_known"), ({"status": None}, "invalid_value"),
        ({"current_level": None}, "invalid_value"), ({"engine": "n8n"}, "invalid_value"),
        ({"current_level": 2**40}, "invalid_value"), ({"name": []}, "invalid_value"),
    ],
)  # fmt: skip
def test_a_change_that_makes_no_sense_is_refused(producer, run, fields, refused):
    answer = change(producer, run(), **fields)
    assert (answer.status_code, code(answer)) == (422, refused)


def test_what_is_not_there_is_not_there(producer):
    for answer in (
        producer.get(f"/v1/executions/{NOTHING}"), change(producer, NOTHING, status="running"),
        producer.get(f"/v1/executions/{NOTHING}/artifacts"), producer.get(f"/v1/executions/{NOTHING}/steps"),
        producer.get(f"/v1/executions/{NOTHING}/resume"),
        producer.post(f"/v1/executions/{NOTHING}/steps", {"step_name": "a"}),
        producer.post(f"/v1/executions/{NOTHING}/artifacts", {"artifact_version_id": str(NOTHING)}),
    ):  # fmt: skip
        assert (answer.status_code, code(answer)) == (404, "execution_not_found")


def test_of_two_ends_at_the_same_moment_one_stands(given, run, connect, database):
    execution, token = run(status="running"), given.token("producer")
    holder = connect("admin").connection
    with ThreadPoolExecutor(2) as pool:
        with holder.transaction():
            holder.execute("select from task_executions where id = %s for no key update", [execution])
            ends = [pool.submit(change, token, execution, status=status) for status in ("completed", "failed")]
            wait_until_blocked(database, 2)
        answers = [end.result() for end in ends]

    won, lost = sorted(answers, key=lambda answer: answer.status_code)
    assert (won.status_code, lost.status_code, code(lost)) == (200, 409, "execution_status_order")
    assert data(token.get(f"/v1/executions/{execution}")) == data(won)


def test_the_same_start_at_the_same_moment_takes_effect_once(given, run, connect, database):
    execution, token = run(), given.token("producer")
    holder = connect("admin").connection
    with ThreadPoolExecutor(4) as pool:
        with holder.transaction():
            holder.execute("select from task_executions where id = %s for no key update", [execution])
            starts = [pool.submit(change, token, execution, status="running") for _ in range(4)]
            wait_until_blocked(database, 4)
        answers = [data(start.result()) for start in starts]

    assert all(answer == answers[0] for answer in answers)


# Lists


def test_runs_are_listed_by_what_is_known_about_them(producer, project, given, run):
    task = given.task(project)
    one = run(session_id="s-1", engine="n8n", engine_workflow_id="1", workflow_type="story")
    two = run(task_id=str(task), status="running", engine="n8n", engine_workflow_id="2")
    three = data(producer.post("/v1/executions", {"status": "failed"}), 201)["id"]

    assert executions(producer) == [three, two, one]
    assert executions(producer, f"project_id={project}") == [two, one]
    assert executions(producer, f"task_id={task}") == [two]
    assert executions(producer, "status=executing") == [two]
    assert executions(producer, "status=error,pending") == [three, one]
    assert executions(producer, "session_id=s-1") == [one]
    assert executions(producer, "workflow_type=story") == [one]
    assert executions(producer, "engine=n8n&engine_workflow_id=2") == [two]


def test_pages_follow_each_other(producer, run):
    made = [run() for _ in range(5)]
    seen, cursor = [], ""
    while True:
        answer = producer.get(f"/v1/executions?limit=2{cursor}").json
        seen += [each["id"] for each in answer["data"]]
        if answer["meta"]["next_cursor"] is None:
            break
        cursor = f"&cursor={answer['meta']['next_cursor']}"
    assert seen == made[::-1]


@pytest.mark.parametrize(
    "query", ["cursor=%21%21", "cursor=W10", "cursor=bnVsbA", "status=asleep", "limit=0", "what=1"]
)
def test_a_list_that_makes_no_sense_is_refused(producer, query):
    answer = producer.get(f"/v1/executions?{query}")
    assert answer.status_code == 422


def test_runs_with_failed_steps_are_found_until_the_step_is_tried_again(producer, run):
    healthy, broken = run(), run()
    producer.post(f"/v1/executions/{healthy}/steps", {"step_name": "a", "status": "completed"})
    step = data(producer.post(f"/v1/executions/{broken}/steps", {"step_name": "a", "status": "error"}), 201)["id"]

    assert executions(producer, "failed_steps=true") == [broken]
    assert executions(producer, "failed_steps=false") == [healthy]
    data(producer.post(f"/v1/steps/{step}/retry"), 201)
    assert executions(producer, "failed_steps=true") == []


# What went in and came out


def link(caller, execution, version, **fields):
    return caller.post(f"/v1/executions/{execution}/artifacts", {"artifact_version_id": str(version), **fields})


def stages(reader, execution):
    return [
        (each["artifact_version_id"], each["stage"])
        for each in data(reader.get(f"/v1/executions/{execution}/artifacts"))
    ]


def stored(database, version):
    return database.column("select stage from execution_artifacts where artifact_version_id = %s order by id", version)


def test_versions_are_linked_as_inputs_and_outputs(producer, project, given, run):
    execution = run()
    source, output = given.version(project, "a"), given.version(project, "b")
    first = link(producer, execution, source, stage="input")
    again = link(producer, execution, source, stage="input")
    made = link(producer, execution, output)

    assert (first.status_code, again.status_code, made.status_code) == (201, 200, 201)
    assert again.json == {"data": first.json["data"], "meta": {"existing": True}}
    assert made.json["data"]["stage"] == "generated"
    assert stages(producer, execution) == [(str(source), "input"), (str(output), "generated")]
    only = data(producer.get(f"/v1/executions/{execution}/artifacts?stage=input"))
    assert [each["schema_key"] for each in only] == ["a"]


def test_links_say_what_shows_their_versions_and_name_the_step(producer, project, given, run):
    """With the run and its steps, all that a page about a run needs: three requests, however many steps."""
    execution, file = run(), given.file()
    step = data(producer.post(f"/v1/executions/{execution}/steps", {"step_name": "edit_frame1"}), 201)["id"]
    output = data(producer.submit(project, "b", 1, file_ids=[str(file)], step_id=step), 201)["id"]
    source = given.version(project, "a")
    link(producer, execution, source, stage="input", step_id=step)

    links = data(producer.get(f"/v1/executions/{execution}/artifacts"))

    shown = {each["artifact_version_id"]: (each["primary_file_id"], each["primary_file_type"]) for each in links}
    assert shown == {output: (str(file), "image/png"), str(source): (None, None)}
    (found,) = data(producer.get(f"/v1/executions/{execution}/steps"))
    assert {each["artifact_version_id"] for each in links if each["step_id"] == step} == {
        *found["inputs"], *found["outputs"],
    }  # fmt: skip


def test_an_output_stands_at_one_stage_and_moves_on(producer, project, given, run, database):
    execution, version = run(), given.version(project)
    for said, stands in (
        ("generated", "generated"),
        ("reviewed", "reviewed"),
        ("generated", "reviewed"),
        ("failed", "failed"),
    ):
        assert (
            data(link(producer, execution, version, stage=said), 201 if said == "generated" == stands else 200)["stage"]
            == stands
        )
    assert stored(database, version) == ["failed"]


@pytest.mark.parametrize(
    ("status", "stage"), [("approved", "approved"), ("superseded", "approved"), ("rejected", "failed")]
)
def test_what_was_decided_says_more_than_the_caller(producer, project, given, run, status, stage):
    version = given.version(project, status=status)
    assert data(link(producer, run(), version, stage="reviewed"), 201)["stage"] == stage


def test_nobody_links_a_candidate_as_approved(producer, project, given, run, database):
    version = given.version(project)
    answer = link(producer, run(), version, stage="approved")
    assert (answer.status_code, code(answer)) == (409, "stage_by_decision")
    assert stored(database, version) == []


def test_links_to_what_is_not_there_are_refused(producer, project, given, run):
    execution, version = run(), given.version(project)
    assert code(link(producer, execution, NOTHING)) == "artifact_not_found"
    assert code(link(producer, execution, version, step_id=str(NOTHING))) == "step_not_found"
    assert code(link(producer, execution, version, stage="finished")) == "invalid_value"


def test_decisions_move_the_stage(producer, reviewer, project, run, database):
    execution = run()
    ids = {
        path: data(producer.submit(project, path, {"n": path}, execution_id=execution), 201)["id"] for path in "abcd"
    }
    assert set(stages(producer, execution)) == {(version, "generated") for version in ids.values()}
    data(reviewer.approve(ids["a"]))
    data(reviewer.decide("reject", ids["b"], reason="No."))
    data(reviewer.decide("request_changes", ids["c"], reason="Brighter."))

    wanted = {"a": "approved", "b": "failed", "c": "reviewed", "d": "generated"}
    assert dict(stages(producer, execution)) == {ids[path]: stage for path, stage in wanted.items()}
    assert {path: stored(database, ids[path]) for path in ids} == {path: [stage] for path, stage in wanted.items()}


def test_an_input_stays_an_input(producer, reviewer, project, run, database):
    execution = run()
    version = data(producer.submit(project, "a", {"n": 1}, execution_id=execution), 201)["id"]
    data(link(producer, execution, version, stage="input"), 201)
    data(reviewer.approve(version))
    assert sorted(stored(database, version)) == ["approved", "input"]


def test_a_version_made_elsewhere_shows_its_stage_in_every_run(producer, reviewer, project, run, given):
    one, two = run(), run()
    version = given.version(project, value={"n": 1})
    link(producer, one, version)
    link(producer, two, version, stage="reviewed")
    data(reviewer.approve(version))
    assert stages(producer, one) == stages(producer, two) == [(str(version), "approved")]


def test_an_output_is_linked_once_whoever_links_it(producer, reviewer, project, run, database, directus_role):
    execution = run()
    version = data(producer.submit(project, "a", {"n": 1}, execution_id=execution), 201)["id"]
    with refused("stage_linked_once"):
        directus_role.run(
            "insert into execution_artifacts (execution_id, artifact_version_id, stage) values (%s, %s, 'approved')",
            execution, version,
        )  # fmt: skip
    assert data(reviewer.approve(version))["decisions"][0]["status"] == "approved"
    assert stored(database, version) == ["approved"]


def test_the_same_output_of_another_run_is_linked_to_both(producer, project, run):
    one, two = run(), run()
    first = producer.submit(project, "a", {"n": 1}, execution_id=one)
    again = producer.submit(project, "a", {"n": 1}, execution_id=two)

    assert again.json["data"]["id"] == first.json["data"]["id"]
    assert stages(producer, one) == stages(producer, two) == [(first.json["data"]["id"], "generated")]


def test_a_version_inserted_through_directus_is_linked_to_its_run(project, run, directus_role, producer):
    execution = run()
    step = data(producer.post(f"/v1/executions/{execution}/steps", {"step_name": "a"}), 201)["id"]
    version = directus_role.value(
        "insert into artifact_versions (project_id, schema_key, value, step_id) values (%s, 'a', '{}', %s)"
        " returning id",
        project, step,
    )  # fmt: skip
    assert stages(producer, execution) == [(str(version), "generated")]
    assert data(producer.get(f"/v1/artifacts/{version}"))["execution_id"] == execution
    assert data(producer.get(f"/v1/steps/{step}"))["outputs"] == [str(version)]


def test_everything_at_once_on_one_run_neither_fails_nor_deadlocks(given, project, run, database):
    execution, token, judge = run(status="running"), given.token("producer"), given.token("reviewer")
    sources = [str(given.version(project, f"source[{n}]")) for n in range(4)]
    steps = f"/v1/executions/{execution}/steps"

    def work(number: int):
        name, dice = "abc"[number % 3], random.Random(number)
        answers = [token.post(steps, {"steps": [{"step_name": n, "inputs": sources} for n in dice.sample("abc", 3)]})]
        answers.append(token.post(steps, {"step_name": name}))
        step = answers[-1].json["data"]["id"]
        for status in ("running", dice.choice(["completed", "failed"])):
            answers.append(token.call("PATCH", f"/v1/steps/{step}", json={"status": status, "inputs": sources[::-1]}))
        answers.append(token.submit(project, f"out.{name}", {"n": dice.randrange(3)}, step_id=step))
        version = answers[-1].json["data"]["id"]
        answers.append(link(token, execution, version, stage=dice.choice(["generated", "reviewed"]), step_id=step))
        answers.append(judge.approve(version))
        answers.append(token.post(f"/v1/steps/{step}/retry"))
        answers.append(change(token, execution, current_level=number))
        return [(answer.status_code, answer.text) for answer in answers]

    with ThreadPoolExecutor(6) as pool:
        answers = [answer for done in pool.map(work, range(24)) for answer in done]

    assert not [answer for answer in answers if answer[0] not in (200, 201, 409)]
    assert database.value("select deadlocks from pg_stat_database where datname = current_database()") == 0
    attempts = database.all(
        "select step_name, array_agg(attempt order by attempt) as numbers from execution_steps group by 1"
    )
    assert all(row["numbers"] == list(range(1, len(row["numbers"]) + 1)) for row in attempts)
