"""Events of what is done in Directus, to an endpoint that is added there, by the stack's own worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sidecar.stack.stack import Stack
from tests.directus.people import Person, eventually
from tests.directus.rest_workflow import finish_task, record_approval, run_task, set_status
from tests.directus.works import Producer
from tests.events.receiver import Receiver, ok, says

pytestmark = pytest.mark.xdist_group("fragile")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver(ok)
    yield receiver
    receiver.close()


@pytest.fixture
def running_stack(fragile_stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """A stack whose worker may send to this machine."""
    monkeypatch.setenv("ARTIFACTS_WEBHOOK_ALLOW", "127.0.0.1")
    fragile_stack.stop("worker")
    fragile_stack.start("worker")
    yield fragile_stack
    fragile_stack.stop("worker")  # the next test that asks for the stack starts it again, without leave


@pytest.fixture
def environment(running_stack: Stack) -> dict[str, str]:
    return running_stack.environment()


def test_what_people_do_in_directus_is_told_and_an_endpoint_that_is_gone_is_shown_there(
    administrator: Person, reviewer: Person, producer: Person, given: Producer, receiver: Receiver
) -> None:
    endpoint = administrator.post(
        "/items/webhook_endpoints", {"url": receiver.url, "description": "n8n", "active": True}
    ).data["id"]
    work = given.work()
    run_task(producer, work)
    set_status(reviewer, work, reviewer.id)
    record_approval(reviewer, work, reviewer.id)
    finish_task(reviewer, work)

    wanted = [*["version.submitted"] * 3, "version.approved", "context.promoted"]
    messages = receiver.wait(
        lambda messages: [m.type for m in messages if m.data["project_id"] == work.project] == wanted, seconds=60
    )
    told = [m.data for m in messages if m.data["project_id"] == work.project]
    approved = told[3]
    assert [one["sequence"] for one in told] == [1, 2, 3, 4, 5]
    assert [one["artifact_version_id"] for one in told[:4]] == [*work.versions, work.version]
    assert (approved["actor_id"], approved["actor_type"]) == (reviewer.id, "human")
    assert approved["task_id"] == work.task

    receiver.answers[:] = [says(410)]
    body = {"project_id": work.project, "schema_key": "brand.claim", "value": {"text": "Tea."}}
    assert producer.post("/items/artifact_versions", body).data["status"] == "pending"
    row = eventually(
        lambda: (found := administrator.get(f"/items/webhook_endpoints/{endpoint}").data)["active"] is False and found,
        "the endpoint is switched off",
        60,
    )
    assert "410" in row["problem"]
    notices = administrator.get("/notifications", limit=5, sort="-id").data
    assert (notices[0]["subject"], notices[0]["item"]) == ("Webhook switched off: n8n", endpoint)
