"""Collecting what a step left on its server. `responses` stands for Directus; the server is one on this machine."""

from __future__ import annotations

import hashlib
import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import responses

from sidecar.app import create_app
from sidecar.settings import Settings
from sidecar.transfers import collect as collecting
from tests.api.test_upload import Storage
from tests.conftest import DIRECTUS_URL
from tests.directus.works import picture
from tests.given import code

KEY = {"Idempotency-Key": "collect-1"}
RED, BLUE, GREEN = (picture(color) for color in ("red", "blue", "green"))


@pytest.fixture
def storage(given, database):
    with responses.RequestsMock(assert_all_requests_are_fired=False) as directus:
        yield Storage(directus, given, database)


@pytest.fixture
def collector(given, sending: Settings, storage):
    """A producer, whose sidecar stores files in what stands for Directus."""
    app = create_app(sending.model_copy(update={"directus_url": DIRECTUS_URL, "upload_limit": 200_000,
                                                "fetch_seconds": 3}))  # fmt: skip
    person = given.person("producer")
    person.client = app.test_client()
    yield person
    app.extensions["artifacts"].database.close()


@pytest.fixture
def task(given, project):
    return given.task(project)


@pytest.fixture
def step(given, project, task):
    """A step of a run for a task of spring-brand, which ran on gpu as prompt p-1."""
    run = given.execution(task)
    return given.step(run, step_name="draw", project_id=project, server_address="gpu", prompt_id="p-1")


@pytest.fixture
def collect(collector, step):
    def call(headers=None, **body):
        return collector.post(f"/v1/steps/{step}/collect", body, headers=headers or {})

    return call


@pytest.fixture
def versions(database):
    return lambda: database.all("select * from artifact_versions order by schema_key, version_number")


def named(name, content, gpu, folder="output", subfolder=""):
    """An output that is on the server, as a caller names it."""
    gpu.files[folder, subfolder, name] = content
    return {"filename": name, "subfolder": subfolder, "type": folder}


def test_named_outputs_become_versions_of_step_run_and_task(collect, gpu, step, task, database, versions, storage):
    outputs = [
        {**named("ComfyUI_00001_.png", RED, gpu, subfolder="renders/today"), "node_id": "9"},
        {**named("mask.png", BLUE, gpu, folder="temp"), "node_id": "12", "schema_key": "scene_12.mask"},
    ]

    answer = collect(outputs=outputs, schema_key="scene_12.image", metadata={"seed": 7}, tags=["raw"])

    assert answer.status_code == 201, answer.text
    assert (answer.json["meta"]["new"], answer.json["meta"]["existing"]) == (2, 0)
    image, mask = versions()
    assert [image["schema_key"], mask["schema_key"]] == ["scene_12.image", "scene_12.mask"]
    assert image["metadata"] == {
        "seed": 7, "filename": "ComfyUI_00001_.png", "subfolder": "renders/today", "comfy_folder_type": "output",
        "node_id": "9", "server": "gpu", "prompt_id": "p-1",
    }  # fmt: skip
    assert (mask["metadata"]["comfy_folder_type"], mask["metadata"]["node_id"]) == ("temp", "12")
    run = database.value("select execution_id from execution_steps where id = %s", step)
    for version in (image, mask):
        assert (version["step_id"], version["execution_id"], version["source_task_id"]) == (step, run, task)
        assert (version["status"], version["artifact_type"], version["tags"]) == ("pending", "image", ["raw"])
    assert database.column("select stage from execution_artifacts") == ["generated", "generated"]
    assert database.value("select status from tasks") == "needs_review"
    assert {row["sha256"] for row in database.all("select sha256 from sidecar.file_contents")} == {
        hashlib.sha256(content).digest() for content in (RED, BLUE)
    }
    assert b'filename="ComfyUI_00001_.png"' in storage.bodies[0]


def test_without_outputs_every_file_of_the_history_is_taken(collect, gpu, versions):
    gpu.leaves("p-1", n9=[("a.png", RED), ("b.png", BLUE)], n12=[("c.png", GREEN)])

    answer = collect(paths={"12": "scene_12.mask"}, schema_key="frames[*]")

    assert answer.status_code == 201, answer.text
    found = {row["schema_key"]: (row["metadata"]["filename"], row["metadata"]["node_id"]) for row in versions()}
    assert found == {"frames[0]": ("a.png", "9"), "frames[1]": ("b.png", "9"), "scene_12.mask": ("c.png", "12")}


def test_one_output_may_be_wanted_at_two_paths(collect, gpu, versions):
    output = named("a.png", RED, gpu)
    answer = collect(outputs=[{**output, "schema_key": path} for path in ("scene_12.image", "scene_12.cover")])
    assert answer.status_code == 201, answer.text
    assert [row["schema_key"] for row in versions()] == ["scene_12.cover", "scene_12.image"]


def test_where_only_nodes_have_paths_the_others_are_left(collect, gpu, versions):
    gpu.leaves("p-1", n9=[("a.png", RED)], n12=[("c.png", GREEN)])
    assert collect(paths={"12": "scene_12.mask"}).status_code == 201
    assert [row["schema_key"] for row in versions()] == ["scene_12.mask"]


def test_several_outputs_of_one_path_are_its_candidates(collect, gpu, versions):
    gpu.leaves("p-1", n9=[("a.png", RED), ("b.png", BLUE)])
    collect(schema_key="scene_12.image")
    assert [(row["version_number"], row["metadata"]["filename"]) for row in versions()] == [(1, "a.png"), (2, "b.png")]


@pytest.mark.parametrize("path", ["scene_12.image", "frames[*]"])
def test_collected_again_nothing_is_added(collect, reviewer, gpu, versions, storage, database, path):
    gpu.leaves("p-1", n9=[("a.png", RED), ("b.png", BLUE), ("c.png", GREEN)])
    first = collect(schema_key=path)
    ids = [row["id"] for row in first.json["data"]]
    reviewer.decide("reject", ids[0], reason="Too red.")
    reviewer.approve(ids[1])

    with database.unchanged():
        again = collect(schema_key=path)

    assert (again.status_code, [row["id"] for row in again.json["data"]]) == (200, ids), again.text
    assert again.json["meta"]["existing"] == 3
    assert again.json["meta"]["items"][0]["rejection_reason"] == "Too red."
    assert len(storage.deleted) == 3
    assert database.value("select count(*) from directus_files") == 3


def test_what_was_added_since_is_added(collect, gpu, versions):
    gpu.leaves("p-1", n9=[("a.png", RED)])
    collect(schema_key="scene_12.image")
    gpu.leaves("p-1", n9=[("a.png", RED), ("b.png", BLUE)])
    answer = collect(schema_key="scene_12.image")
    assert (answer.status_code, answer.json["meta"]["new"], answer.json["meta"]["existing"]) == (201, 1, 1)
    assert len(versions()) == 2


def test_two_who_collect_at_once_add_it_once(collect, collector, step, gpu, versions, database):
    gpu.leaves("p-1", n9=[("a.png", RED), ("b.png", BLUE)])
    barrier = threading.Barrier(2)

    def together(_):
        barrier.wait()
        return collect(schema_key="scene_12.image")

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(together, range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 201], [answer.text for answer in answers]
    assert len(versions()) == 2
    assert database.value("select count(*) from directus_files") == 2


def test_under_a_key_the_server_is_asked_once(collect, gpu):
    gpu.leaves("p-1", n9=[("a.png", RED)])
    first = collect(headers=KEY, schema_key="scene_12.image")
    asked = len(gpu.asked)
    again = collect(headers=KEY, schema_key="scene_12.image")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.status_code, again.data, len(gpu.asked)) == (201, first.data, asked)


def test_a_step_that_does_not_say_where_it_ran_is_told(collector, given, project, gpu, other, versions):
    other.leaves("p-2", n9=[("a.png", RED)])
    step = given.step(given.execution(), step_name="draw")
    body = {"schema_key": "scene_12.image"}

    def collect(**fields):
        return collector.post(f"/v1/steps/{step}/collect", {**body, **fields})

    assert code(collect(server="gpu", prompt_id="p-2")) == "project_not_found"
    assert code(collect(project_id="spring-brand")) == "server_not_allowed"
    assert code(collect(project_id="spring-brand", server=other.url)) == "prompt_unfinished"
    assert collect(project_id="spring-brand", server=other.url, prompt_id="p-2").status_code == 201
    assert versions()[0]["metadata"]["server"] == other.url


def test_it_can_be_a_draft_and_say_what_it_was_made_from(collect, given, project, gpu, database, versions):
    source = given.approved(project, "scene_12.sketch")
    collect(outputs=[named("a.png", RED, gpu)], schema_key="scene_12.image", status="intermediate",
            derived_from=[str(source)])  # fmt: skip
    assert versions()[0]["status"] == "intermediate"
    assert database.value("select to_version_id from artifact_relations") == source


def test_nothing_left_is_nothing_to_keep(collect, gpu):
    gpu.history["p-1"] = {"outputs": {"9": {"text": ["only words"]}}}
    answer = collect(schema_key="scene_12.image")
    assert (answer.status_code, answer.json["data"], answer.json["meta"]["new"]) == (200, [], 0)


# All of them, or none


@pytest.mark.parametrize(
    ("plans", "refusal", "status"),
    [
        ([None, "answers 404"], "output_missing", 409),
        ([None, "answers 500"], "server_failed", 502),
        ([None, "answers 401"], "server_failed", 502),
        ([None, "breaks_off"], "server_failed", 502),
        ([None, "cut short"], "server_failed", 502),
        ([None, "hangs"], "server_failed", 502),
        ([None, "drips"], "server_failed", 502),
        ([None, "huge"], "file_url_too_large", 413),
        ([None, "redirect"], "server_failed", 502),
        ([None, "a page"], "file_type_mismatch", 422),
    ],
)
def test_one_output_that_fails_keeps_all_others_out(
    collect, gpu, other, storage, database, versions, plans, refusal, status
):
    def cut_short(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(BLUE)))
        handler.end_headers()
        handler.wfile.write(BLUE[:20])

    known = {
        "hangs": gpu.hangs, "drips": gpu.drips, "breaks_off": gpu.breaks_off, "cut short": cut_short,
        "huge": gpu.answers(200, b"x" * 300_000), "redirect": gpu.answers(302, Location=other.url + "/view"),
        "a page": gpu.answers(200, b"<html><script>", Content_Type="image/png"),
        **{f"answers {number}": gpu.answers(number) for number in (401, 404, 500)},
    }  # fmt: skip
    outputs = [named(f"{n}.png", content, gpu) for n, content in enumerate((RED, BLUE))]
    gpu.plans = [plan and known[plan] for plan in plans]

    answer = collect(outputs=outputs, schema_key="scene_12.image")

    assert (answer.status_code, code(answer)) == (status, refusal), answer.text
    assert versions() == []
    assert database.value("select count(*) from directus_files") == 0
    assert other.asked == []


def test_a_template_that_refuses_one_keeps_all_out(given, collector, gpu, storage, versions, database):
    template = given.template({"scene_12.mask": {"artifact_type": "audio"}})
    project = given.project("ruled", template_id=template)
    step = given.step(given.execution(), project_id=project, server_address="gpu")
    outputs = [{**named("a.png", RED, gpu), "schema_key": "scene_12.image"},
               {**named("b.png", BLUE, gpu), "schema_key": "scene_12.mask"}]  # fmt: skip

    answer = collector.post(f"/v1/steps/{step}/collect", {"outputs": outputs})

    assert code(answer) == "template_violation"
    assert answer.json["errors"][0]["extensions"]["index"] == 1
    assert (versions(), len(storage.deleted)) == ([], 2)


def test_together_they_are_no_larger_than_an_upload(collect, gpu, versions):
    large = [named(f"{n}.bin", bytes([n]) * 90_000, gpu) for n in range(3)]
    assert code(collect(outputs=large, schema_key="scene_12.image")) == "file_url_too_large"
    assert versions() == []


@pytest.mark.parametrize(
    "entry",
    [None, {"outputs": {}, "status": {"status_str": "error", "completed": False}},
     {"outputs": {}, "status": {"status_str": "running", "completed": False}}],
)  # fmt: skip
def test_a_prompt_that_has_not_completed_is_asked_for_later(collect, gpu, entry):
    if entry:
        gpu.history["p-1"] = entry
    answer = collect(schema_key="scene_12.image")
    assert (answer.status_code, code(answer)) == (409, "prompt_unfinished")


@pytest.mark.parametrize(
    "content", [b"<html>", b"[]", b'{"p-1": 7}', b'{"p-1": {}}', b'{"p-1": {"outputs": []}}', b"x" * 17_000_000]
)
def test_what_is_no_history_is_said_so(collect, gpu, content):
    gpu.plans = [gpu.answers(200, content)]
    answer = collect(schema_key="scene_12.image")
    assert code(answer) in ("server_failed", "file_url_too_large")


def test_a_server_that_nobody_named_is_not_asked(collect, settings):
    for server in ("http://169.254.169.254", "http://127.0.0.1:9", "nobody"):
        answer = collect(server=server, schema_key="scene_12.image")
        assert (answer.status_code, code(answer)) == (422, "server_not_allowed")


# Names that lead elsewhere


OUTSIDE = [
    {"filename": "../../etc/passwd"}, {"filename": "/etc/passwd"}, {"filename": ".."}, {"filename": "a\\b.png"},
    {"filename": "C:evil.png"}, {"filename": "a.png", "subfolder": "../.."}, {"filename": "a.png", "subfolder": "/etc"},
    {"filename": "a.png", "subfolder": "a\\..\\..\\b"}, {"filename": "a.png", "subfolder": "C:\\"},
    {"filename": "a\n.png"}, {"filename": ""}, {"filename": "a.png", "type": "models"},
]  # fmt: skip


@pytest.mark.parametrize("output", OUTSIDE, ids=str)
def test_a_name_that_leads_out_of_its_folder_is_refused_and_never_asked_for(collect, gpu, output):
    asked = collect(outputs=[output], schema_key="scene_12.image")
    assert (asked.status_code, code(asked)) == (422, "invalid_value")
    assert gpu.asked == []

    gpu.history["p-1"] = {"outputs": {"9": {"images": [{"subfolder": "", "type": "output", **output}]}}}
    found = collect(schema_key="scene_12.image")
    assert (found.status_code, code(found)) == (502, "server_failed")
    assert [asked.path for asked in gpu.asked] == ["/history/p-1"]


def test_a_name_with_every_sign_is_one_name(collect, gpu, versions):
    name = "Ö &?=#%2e%2e a+b.png"
    assert collect(outputs=[named(name, RED, gpu, subfolder="Bär/x y")], schema_key="scene_12.image").status_code == 201
    assert versions()[0]["metadata"]["filename"] == name


def test_a_prompt_id_stays_one_part_of_the_address(collect, gpu):
    collect(prompt_id="../view?filename=x", schema_key="scene_12.image")
    assert [asked.path for asked in gpu.asked] == ["/history/..%2Fview%3Ffilename%3Dx"]


@pytest.mark.parametrize(
    "body",
    [{}, {"outputs": [{"filename": "a.png"}]}, {"schema_key": "a..b"}, {"schema_key": "a[*].b[*]"},
     {"schema_key": "a" * 252 + "[*]"},
     {"paths": {"9": "_meta"}}, {"outputs": [{"filename": "a.png", "node_id": "9"}], "paths": {"8": "a"}}],
)  # fmt: skip
def test_every_output_has_a_path(collect, gpu, body):
    answer = collect(**body)
    assert (answer.status_code, code(answer) in ("invalid_value", "schema_key_grammar")) == (422, True)
    assert gpu.asked == []


def test_a_step_that_is_not_there(collector):
    answer = collector.post(f"/v1/steps/{uuid.uuid4()}/collect", {"schema_key": "a"})
    assert (answer.status_code, code(answer)) == (404, "step_not_found")


def test_more_than_fit_in_a_request_are_taken_part_by_part(collect, gpu, monkeypatch):
    monkeypatch.setattr(collecting, "MOST_OUTPUTS", 1)
    gpu.leaves("p-1", n9=[("a.png", RED), ("b.png", BLUE)])
    assert code(collect(schema_key="frames[*]")) == "too_many_outputs"


def test_the_token_of_a_server_goes_to_it(given, sending, step, storage, gpu):
    tokens = type(sending.server_tokens)("gpu=s3cret")
    app = create_app(sending.model_copy(update={"directus_url": DIRECTUS_URL, "server_tokens": tokens}))
    person = given.person("producer")
    person.client = app.test_client()
    gpu.leaves("p-1", n9=[("a.png", RED)])
    answer = person.post(f"/v1/steps/{step}/collect", {"schema_key": "scene_12.image"})
    app.extensions["artifacts"].database.close()
    assert answer.status_code == 201
    assert {asked.headers["Authorization"] for asked in gpu.asked} == {"Bearer s3cret"}
    assert "s3cret" not in json.dumps(answer.json)
