"""A run that gave its resume URL is woken once, when its versions are decided."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.events.receiver import ok, says
from tests.given import code, multipart


@pytest.fixture
def n8n(receivers):
    """Takes a wake-up as n8n does: the second one of an execution is refused."""
    return receivers(says(200, b'{"message":"Workflow was started"}'), says(409, b'{"message":"has finished already"}'))


@pytest.fixture
def log(admin):
    return lambda: admin.get("/v1/deliveries?type=wait.decided&limit=100").json["data"][::-1]


@pytest.fixture
def run(producer, project):
    """`run(resume_url=…)`: a running execution's id."""

    def start(**fields):
        answer = producer.post("/v1/executions", {"project_id": str(project), "status": "running", **fields})
        assert answer.status_code == 201, answer.text
        return answer.json["data"]["id"]

    return start


@pytest.fixture
def submit(producer, project):
    def made(path="brand.logo", value=None, **fields):
        answer = producer.submit(project, path, {"of": path, "value": value}, **fields)
        assert answer.status_code in (200, 201), answer.text
        return answer.json["data"]["id"]

    return made


def test_a_version_that_is_waited_for_wakes_its_program_once(submit, reviewer, n8n, worker, project, log):
    version = submit(resume_url=f"{n8n.origin}/webhook-waiting/41?signature=abc")
    worker.work()
    assert n8n.messages == []
    reviewer.approve(version, reason="Clear.", feedback=None)
    for _ in range(3):
        worker.work()
        worker.later()

    (message,) = n8n.messages
    assert message.path == "/webhook-waiting/41?signature=abc"
    assert "webhook-signature" not in message.headers
    assert message.type == "wait.decided"
    assert message.data | {
        "decision": "approved", "approved": True, "reason": "Clear.", "artifact_version_id": version,
        "schema_key": "brand.logo", "version_number": 1, "context_version": 1, "project_key": "spring-brand",
        "execution_id": None,
    } == message.data  # fmt: skip
    assert message.data["decisions"][0]["actor_label"].startswith("Robin")
    (delivery,) = log()
    assert (delivery["status"], delivery["message_id"]) == ("delivered", message.id)
    assert message.id.startswith("wake_")


@pytest.mark.parametrize(
    ("action", "fields", "decision"),
    [
        ("reject", {"reason": "Too loud."}, "rejected"),
        ("request_changes", {"reason": "Louder.", "feedback": {"level": 11}}, "changes_requested"),
        ("archive", {"reason": "Not needed."}, "archived"),
    ],
)
def test_every_decision_wakes_with_its_words(submit, reviewer, n8n, worker, action, fields, decision):
    version = submit(resume_url=n8n.url)
    answer = reviewer.post("/v1/reviews", {"decisions": [{"artifact_version_id": version, "action": action, **fields}]})
    assert answer.status_code == 200, answer.text
    worker.work()

    (message,) = n8n.messages
    assert (message.data["decision"], message.data["approved"]) == (decision, False)
    assert message.data["reason"] == fields["reason"]
    assert message.data["feedback"] == fields.get("feedback")


def test_a_run_waits_for_all_of_its_versions(run, submit, reviewer, n8n, worker):
    execution = run(resume_url=n8n.url, resume_expects=2)
    first = submit("brand.logo", execution_id=execution)
    reviewer.approve(first)
    worker.work()
    assert n8n.messages == [], "it expects two"
    second = submit("brand.claim", execution_id=execution)
    worker.work()
    assert n8n.messages == []
    reviewer.decide("reject", second, reason="Dull.")
    worker.work()

    (message,) = n8n.messages
    assert (message.data["decision"], message.data["reason"]) == ("mixed", "Dull.")
    assert [one["decision"] for one in message.data["decisions"]] == ["rejected", "approved"]
    assert message.data["execution_id"] == execution


def test_a_run_may_wait_for_any_of_them(run, submit, reviewer, n8n, worker):
    execution = run(resume_url=n8n.url, resume_when="any")
    versions = [submit(path, execution_id=execution) for path in ("a", "b", "c")]
    reviewer.approve(versions[1])
    worker.work()
    reviewer.approve(versions[0])
    worker.work()

    (message,) = n8n.messages
    assert [one["schema_key"] for one in message.data["decisions"]] == ["b"]


def test_a_run_may_wait_for_the_versions_of_its_task(run, submit, reviewer, given, n8n, worker, project):
    task = given.task(project)
    execution = run(task_id=str(task), resume_url=n8n.url, resume_of="task")
    other = submit("brand.logo", source_task_id=str(task))
    own = submit("brand.claim", source_task_id=str(task), execution_id=execution)
    reviewer.approve(own)
    worker.work()
    assert n8n.messages == []
    reviewer.approve(other)
    worker.work()

    assert n8n.messages[0].data["task_id"] == str(task)
    assert len(n8n.messages[0].data["decisions"]) == 2


def test_of_each_path_the_newest_version_counts_and_drafts_do_not(run, submit, reviewer, n8n, worker):
    execution = run(resume_url=n8n.url)
    submit("brand.logo", 1, execution_id=execution)
    submit("brand.draft", 1, execution_id=execution, status="intermediate")
    newest = submit("brand.logo", 2, execution_id=execution)
    reviewer.approve(newest)
    worker.work()

    assert n8n.messages[0].data["artifact_version_id"] == newest


def test_the_address_wakes_again_only_when_it_is_set_again(run, submit, reviewer, producer, receivers, worker):
    first, second = receivers(), receivers()
    execution = run(resume_url=first.url)
    reviewer.decide("request_changes", submit(value=1, execution_id=execution), reason="Louder.")
    worker.work()
    version = submit(value=2, execution_id=execution)
    answer = producer.call("PATCH", f"/v1/executions/{execution}", json={"resume_url": second.url})
    assert answer.status_code == 200
    worker.work()
    assert second.messages == [], "what was told before does not count"
    reviewer.approve(version)
    worker.work()

    assert len(first.messages) == 1
    assert [message.data["artifact_version_id"] for message in second.messages] == [version]


def test_what_is_decided_already_wakes_at_once(submit, reviewer, n8n, worker):
    version = submit(value=1)
    reviewer.approve(version)
    worker.work()
    assert submit(value=1, resume_url=n8n.url) == version
    worker.work()

    assert n8n.messages[0].data["decision"] == "approved"


def test_an_address_that_is_replaced_or_taken_away_is_not_used(run, submit, reviewer, producer, receivers, worker):
    old, new = receivers(), receivers()
    execution, other = run(resume_url=old.url), run(resume_url=old.url)
    producer.call("PATCH", f"/v1/executions/{execution}", json={"resume_url": new.url})
    producer.call("PATCH", f"/v1/executions/{other}", json={"resume_url": None})
    reviewer.approve(submit("a", execution_id=execution), submit("b", execution_id=other))
    worker.work()

    assert (len(old.messages), len(new.messages)) == (0, 1)


def test_a_run_that_has_ended_is_not_woken(run, submit, reviewer, producer, n8n, worker, log):
    execution = run(resume_url=n8n.url)
    version = submit(execution_id=execution)
    producer.call("PATCH", f"/v1/executions/{execution}", json={"status": "cancelled"})
    reviewer.approve(version)
    worker.work()

    assert n8n.messages == []
    assert (log()[0]["status"], log()[0]["error"]) == ("dropped", "The run is cancelled.")


def test_n8n_that_was_resumed_already_counts_as_done(submit, reviewer, receivers, worker, log):
    n8n = receivers(says(409, b'{"code":409,"message":"The execution \\"41\\" has finished already."}'))
    reviewer.approve(submit(resume_url=n8n.url))
    worker.work()

    assert (log()[0]["status"], log()[0]["answer_status"]) == ("delivered", 409)


def test_n8n_that_is_not_waiting_yet_is_asked_again(submit, reviewer, receivers, worker, log):
    n8n = receivers(says(409, b'{"message":"The execution \\"41\\" is running already."}'), ok)
    reviewer.approve(submit(resume_url=n8n.url))
    worker.work()
    assert log()[0]["status"] == "pending"
    worker.later(60)
    worker.work()

    assert log()[0]["status"] == "delivered"
    assert len({message.id for message in n8n.messages}) == 1


def test_a_wake_that_came_through_is_not_sent_again_by_hand(submit, reviewer, receivers, worker, log, admin):
    n8n = receivers(says(500), ok)
    reviewer.approve(submit(resume_url=n8n.url))
    worker.work()
    assert admin.post(f"/v1/deliveries/{log()[0]['id']}/replay").status_code == 202
    worker.work()
    assert log()[0]["status"] == "delivered"

    assert code(admin.post(f"/v1/deliveries/{log()[0]['id']}/replay")) == "wake_over"
    assert len(n8n.messages) == 2


def test_the_address_is_shown_nowhere_and_forgotten_when_it_was_used(
    submit, reviewer, receivers, worker, database, admin, producer, run, capsys, caplog
):
    caplog.set_level("DEBUG")
    secret = "signature=3f9a77"
    n8n = receivers(says(500, f"no /hook?{secret} here".encode()), ok)
    url = f"{n8n.url}?{secret}"
    execution = run(resume_url=url)
    version = submit(execution_id=execution, resume_url=url)
    shown = [producer.get(f"/v1/executions/{execution}").text, producer.get(f"/v1/artifacts/{version}").text]
    reviewer.approve(version)
    worker.work()
    shown += [admin.get("/v1/deliveries").text.replace(f"/hook?{secret}", "the receiver's own words")]
    worker.later(60)
    worker.work()

    printed = capsys.readouterr()
    assert all(secret not in text for text in (*shown, printed.out, printed.err, caplog.text))
    assert database.column("select url from sidecar.waits") == [None, None]


def test_a_multipart_submission_may_wait_too(producer, reviewer, project, n8n, worker):
    fields = {
        "project_id": str(project),
        "schema_key": "brand.logo",
        "value": json.dumps({"a": 1}),
        "resume_url": n8n.url,
    }
    answer = producer.post("/v1/artifacts", **multipart({name: text.encode() for name, text in fields.items()}))
    assert answer.status_code == 201, answer.text
    reviewer.approve(answer.json["data"]["id"])
    worker.work()

    assert len(n8n.messages) == 1


@pytest.mark.parametrize("url", ["ftp://n8n/", "n8n.example.com", "http://", "http://a b/", "x" * 3000])
def test_what_is_no_address_is_refused(producer, project, url):
    answer = producer.submit(project, value=1, resume_url=url)
    assert code(answer) == "invalid_value"


def test_private_addresses_need_leave(submit, reviewer, n8n, worker, log):
    reviewer.approve(submit(resume_url=n8n.url))
    worker.work(webhook_allow="")

    assert n8n.messages == []
    assert "ARTIFACTS_WEBHOOK_ALLOW" in log()[0]["error"]


def test_the_page_names_every_field(submit, reviewer, n8n, worker):
    reviewer.approve(submit(resume_url=n8n.url))
    worker.work()
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "wait-for-a-decision.md").read_text()
    told = json.loads(page.partition("```json\n")[2].partition("```")[0])

    assert told.keys() == n8n.messages[0].json.keys()
    assert told["data"].keys() == n8n.messages[0].data.keys()
    assert told["data"]["decisions"][0].keys() == n8n.messages[0].data["decisions"][0].keys()
