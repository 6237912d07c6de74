"""Asking for transfers, reading them, moving them on."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.given import code


def ask(person, version, server="gpu", **fields):
    return person.post("/v1/transfers", {"artifact_version_id": str(version), "target_server": server, **fields})


def move(person, transfer, **changes):
    return person.call("PATCH", f"/v1/transfers/{transfer}", json=changes)


def test_an_approved_version_is_queued(agent, approved, transfers):
    answer = ask(agent, approved, target_subfolder="from-registry")

    data = answer.json["data"]
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"/v1/transfers/{data['id']}"
    assert answer.json["meta"] == {"existing": False}
    assert (data["status"], data["attempts"], data["target_server"]) == ("pending", 0, "gpu")
    assert (data["schema_key"], data["version_number"], data["target_subfolder"]) == ("brand.logo", 1, "from-registry")
    assert data["allowed_statuses"] == ["uploading", "failed"]
    assert agent.get(f"/v1/transfers/{data['id']}").json["data"] == data


def test_the_approved_version_of_a_path_is_queued(agent, given, project, approved, file):
    given.version(project, "brand.logo", files=(file(b"newer"),))

    by_path = {"project_id": "spring-brand", "schema_key": "brand.logo", "target_server": "gpu"}
    answer = agent.post("/v1/transfers", by_path)

    assert (answer.status_code, answer.json["data"]["artifact_version_id"]) == (201, str(approved))


def test_a_path_where_nothing_is_approved_says_what_is_there(agent, given, project, transfers):
    given.version(project, "brand.logo")

    answer = agent.post("/v1/transfers", {"project_id": "spring-brand", "schema_key": "brand.logo",
                                          "target_server": "gpu"})  # fmt: skip

    assert (answer.status_code, code(answer)) == (404, "nothing_at_path")
    assert "version 1 is pending" in answer.json["errors"][0]["message"]
    assert transfers.count() == 0


@pytest.mark.parametrize("status", ["intermediate", "pending", "rejected", "superseded", "archived"])
def test_nothing_but_an_approved_version_is_queued(agent, given, project, file, transfers, status):
    answer = ask(agent, given.version(project, status=status, files=(file(b"x"),)))

    assert (answer.status_code, code(answer)) == (409, "not_approved")
    assert answer.json["errors"][0]["extensions"]["status"] == status
    assert transfers.count() == 0


def test_a_version_without_a_file_has_nothing_to_send(agent, given, project):
    answer = ask(agent, given.approved(project))
    assert (answer.status_code, code(answer)) == (409, "nothing_to_transfer")


@pytest.mark.parametrize(
    "server", ["http://169.254.169.254", "http://127.0.0.1:1", "none", "file:///etc/passwd", "g" * 255]
)
def test_a_server_that_nobody_named_is_refused(agent, approved, transfers, server):
    answer = ask(agent, approved, server)

    extensions = answer.json["errors"][0]["extensions"]
    assert (answer.status_code, extensions["code"]) == (422, "server_not_allowed")
    assert extensions["servers"][0] == "gpu"
    assert "ARTIFACTS_SERVERS" in extensions["next"]
    assert transfers.count() == 0


def test_where_no_server_is_named_nothing_is_sent(given, project, settings, approved):
    producer = given.person("producer")
    assert code(ask(producer, approved, "http://comfy1:8188")) == "server_not_allowed"


@pytest.mark.parametrize("folder", ["../up", "/etc", "a/../../b", "a//b", "a\\b", ".hidden", "a/"])
def test_a_folder_that_leads_elsewhere_is_refused(agent, approved, folder):
    answer = ask(agent, approved, target_subfolder=folder)
    assert (answer.status_code, code(answer)) == (422, "invalid_value")


@pytest.mark.parametrize(
    "body",
    [{}, {"project_id": "spring-brand"}, {"schema_key": "brand.logo"},
     {"artifact_version_id": str(uuid.uuid4()), "project_id": "spring-brand", "schema_key": "brand.logo"}],
)  # fmt: skip
def test_the_version_is_named_in_one_way(agent, body):
    answer = agent.post("/v1/transfers", {"target_server": "gpu", **body})
    assert (answer.status_code, code(answer)) == (422, "invalid_value")


def test_asked_again_while_it_is_under_way_it_is_the_same(agent, gpu, approved, transfers):
    first = ask(agent, approved).json["data"]

    for server in ("gpu", gpu.url, gpu.url + "/"):
        again = ask(agent, approved, server)
        assert (again.status_code, again.json["meta"], again.json["data"]["id"]) == (
            200,
            {"existing": True},
            first["id"],
        )
    assert move(agent, first["id"], status="uploading").status_code == 200
    assert ask(agent, approved).json["data"]["id"] == first["id"]
    assert transfers.count() == 1


def test_another_folder_server_or_version_is_another_transfer(agent, given, project, other, approved, file, transfers):
    second = given.approved(project, "brand.card", files=(file(b"card"),))

    for version, server, folder in [(approved, "gpu", None), (approved, "gpu", "in"), (approved, other.url, None),
                                    (second, "gpu", None)]:  # fmt: skip
        assert ask(agent, version, server, target_subfolder=folder).status_code == 201
    assert transfers.count() == 4


def test_once_it_has_ended_it_may_be_sent_again(agent, approved, transfers):
    first = ask(agent, approved, status="uploading").json["data"]
    move(agent, first["id"], status="completed")

    assert ask(agent, approved).status_code == 201
    assert transfers.count() == 2


def test_of_two_who_ask_at_once_one_makes_it(given, agent, approved, transfers):
    barrier = threading.Barrier(4)

    def ask_together(_):
        barrier.wait()
        return ask(agent, approved)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask_together, range(4)))

    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.json["data"]["id"] for answer in answers}) == 1
    assert transfers.count() == 1


def test_the_source_is_the_step_that_made_the_version_unless_another_is_named(agent, given, project, file):
    run = given.execution()
    made, named, target = (given.step(run, step_name=name) for name in ("a", "b", "c"))
    version = given.approved(project, files=(file(b"x"),), step_id=made)

    assert ask(agent, version).json["data"]["source_step_id"] == str(made)
    of = {"source_step_id": str(named), "target_step_id": str(target), "target_subfolder": "b"}
    data = ask(agent, version, **of).json["data"]
    assert (data["source_step_id"], data["target_step_id"]) == (str(named), str(target))
    assert code(ask(agent, version, target_subfolder="d", target_step_id=str(uuid.uuid4()))) == "step_not_found"


# By a program that carries the bytes itself


def test_a_program_that_carries_the_bytes_says_how_it_went(agent, approved):
    transfer = ask(agent, approved, status="uploading").json["data"]
    assert (transfer["status"], transfer["attempts"], transfer["next_attempt_at"]) == ("uploading", 1, None)

    result = [{"name": "logo.png", "subfolder": "in", "type": "input", "file_id": None}]
    for _ in range(2):
        done = move(agent, transfer["id"], status="completed", result=result)
        assert done.status_code == 200, done.text
        assert (done.json["data"]["status"], done.json["data"]["result"]) == ("completed", result)
        assert done.json["data"]["uploaded_at"]
        assert done.json["data"]["allowed_statuses"] == []


def test_the_worker_leaves_alone_what_somebody_else_carries(agent, approved, worker, gpu):
    ask(agent, approved, status="uploading")
    assert worker() is False
    assert gpu.asked == []


def test_a_failure_says_why(agent, approved):
    transfer = ask(agent, approved).json["data"]["id"]

    assert code(move(agent, transfer, status="failed")) == "invalid_value"
    assert code(move(agent, transfer, status="failed", error_message="")) == "invalid_value"
    failed = move(agent, transfer, status="failed", error_message="The disk is full.").json["data"]
    assert (failed["status"], failed["error_message"]) == ("failed", "The disk is full.")


def test_moves_that_are_none_are_refused_with_those_that_are(agent, approved):
    transfer = ask(agent, approved).json["data"]["id"]

    refused = move(agent, transfer, status="completed")

    extensions = refused.json["errors"][0]["extensions"]
    assert (refused.status_code, extensions["code"]) == (409, "transfer_status_order")
    assert extensions["allowed_statuses"] == ["uploading", "failed"]


def test_the_step_that_waits_is_named_when_it_starts(agent, given, approved):
    transfer, step = ask(agent, approved).json["data"]["id"], given.step(given.execution())
    assert move(agent, transfer, target_step_id=str(step)).json["data"]["target_step_id"] == str(step)
    assert code(move(agent, transfer, target_step_id=str(uuid.uuid4()))) == "step_not_found"


def test_a_failed_transfer_is_tried_again_with_its_tries_counted_anew(agent, given, approved, transfers):
    for retry in (lambda id: agent.post(f"/v1/transfers/{id}/retry"), lambda id: move(agent, id, status="pending")):
        failed = given.transfer(approved, "failed", attempts=10, error_message="Refused.")
        answer = retry(failed)
        assert answer.status_code == 200, answer.text
        row = transfers.row(failed)
        assert (row["status"], row["attempts"], row["next_attempt_at"]) == ("pending", 0, None)
        move(agent, failed, status="failed", error_message="Again.")


def test_retried_while_it_is_under_way_nothing_changes(agent, given, approved, transfers):
    failed = given.transfer(approved, "failed")
    open_one = given.transfer(approved)

    for transfer in (failed, open_one):
        answer = agent.post(f"/v1/transfers/{transfer}/retry")
        assert (answer.json["data"]["id"], answer.json["meta"]) == (str(open_one), {"existing": True})
    assert transfers.row(failed)["status"] == "failed"
    completed = given.transfer(approved, "completed")
    assert code(agent.post(f"/v1/transfers/{completed}/retry")) == "transfer_status_order"


def test_a_transfer_that_is_not_there(agent):
    nothing = f"/v1/transfers/{uuid.uuid4()}"
    for answer in (agent.get(nothing), agent.call("PATCH", nothing, json={}), agent.post(f"{nothing}/retry")):
        assert (answer.status_code, code(answer)) == (404, "transfer_not_found")


# Lists


def test_transfers_are_listed_by_what_they_are(agent, given, project, approved, file, gpu):
    elsewhere = given.approved(given.project("autumn"), files=(file(b"leaf"),))
    run = given.execution()
    source, target = given.step(run, step_name="a"), given.step(run, step_name="b")
    first = given.transfer(approved, "failed", source_step_id=source)
    second = given.transfer(approved, "completed", server=gpu.url, target_step_id=target)
    third = given.transfer(elsewhere, "pending", server="gone")

    def listed(query=""):
        return [row["id"] for row in agent.get(f"/v1/transfers?{query}").json["data"]]

    everything = [str(third), str(second), str(first)]
    assert listed() == everything
    assert listed("status=failed,pending") == [str(third), str(first)]
    assert listed(f"artifact_version_id={approved}") == everything[1:]
    assert listed(f"source_step_id={source}") == [str(first)]
    assert listed(f"target_step_id={target}") == [str(second)]
    assert listed("target_server=gpu") == listed(f"target_server={gpu.url}") == everything[1:]
    assert listed("target_server=gone") == [str(third)]
    assert listed("project_id=autumn") == [str(third)]
    assert listed("project_id=autumn&status=failed") == []
    assert code(agent.get("/v1/transfers?status=sent")) == "transfer_status_known"
    assert code(agent.get("/v1/transfers?project_id=none")) == "project_not_found"


def test_pages_follow_each_other(agent, given, approved):
    made = [str(given.transfer(approved, "completed")) for _ in range(5)]
    found, cursor = [], ""
    while cursor is not None:
        page = agent.get(f"/v1/transfers?limit=2{cursor and f'&cursor={cursor}'}").json
        found += [row["id"] for row in page["data"]]
        cursor = page["meta"]["next_cursor"]
    assert found == made[::-1]
    assert code(agent.get("/v1/transfers?cursor=x")) == "invalid_value"


def test_a_reader_reads_and_does_not_ask(given, agent, approved):
    reviewer = given.person("reviewer")
    reviewer.client = agent.client
    assert reviewer.get("/v1/transfers").status_code == 200
    nobody = given.person(None)
    nobody.client = agent.client
    assert code(ask(nobody, approved)) == "forbidden"
