"""Delivery: each event at least once, signed, under the same id at every try, to receivers that fail in every way."""

from __future__ import annotations

import socket
import threading
import time
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from sidecar.artifacts.fetch import Allowed
from sidecar.events import deliver
from sidecar.events.forget import forget_old
from sidecar.events.send import send
from sidecar.events.sign import generate, signed
from tests.events.receiver import breaks_off, drips, ok, pours, says
from tests.given import code

PUBLIC = Allowed("")
HERE = Allowed("127.0.0.1")


@pytest.fixture
def log(admin):
    """The deliveries, oldest first."""

    def listed(**query):
        words = "&".join(f"{name}={value}" for name, value in query.items())
        answer = admin.get(f"/v1/deliveries?limit=500&{words}")
        assert answer.status_code == 200, answer.text
        return answer.json["data"][::-1]

    return listed


@pytest.fixture
def shown(admin):
    return lambda endpoint: admin.get(f"/v1/webhooks/{endpoint['id']}").json["data"]


@pytest.fixture
def notices(database):
    return lambda: database.all("select * from directus_notifications order by id")


def test_an_event_arrives_signed_and_once(endpoint, receiver, producer, project, worker, log):
    made = endpoint(receiver.url)
    version = producer.submit(project).json["data"]["id"]
    worker.work()
    worker.work()

    (message,) = receiver.messages
    assert Webhook(made["secret"]).verify(message.body, message.headers) == message.json
    assert message.json["data"]["artifact_version_id"] == version
    assert message.headers["content-type"] == "application/json"
    (delivery,) = log()
    assert delivery["message_id"] == message.id
    assert message.id.startswith("evt_")
    assert (delivery["status"], delivery["attempts"], delivery["answer_status"]) == ("delivered", 1, 204)
    assert delivery["sequence"] == 1
    with pytest.raises(WebhookVerificationError):
        Webhook(generate()).verify(message.body, message.headers)


def test_only_what_an_endpoint_asks_for_is_sent_and_only_while_it_is_on(
    endpoint, receivers, producer, reviewer, project, worker, admin
):
    some, off = receivers(), receivers()
    endpoint(some.url, events=["version.rejected", "context.promoted"])
    switched = endpoint(off.url, active=False)
    for value in (1, 2):
        version = producer.submit(project, value=value).json["data"]["id"]
        reviewer.decide("approve" if value == 1 else "reject", version, reason="So.")
    worker.work()
    admin.call("PATCH", f"/v1/webhooks/{switched['id']}", json={"active": True})
    worker.work()

    assert some.types() == ["context.promoted", "version.rejected"]
    assert off.messages == []


def test_an_endpoint_that_directus_makes_is_signed_for_too(directus_role, receiver, producer, project, worker, admin):
    row = directus_role.value(
        "insert into webhook_endpoints (url, active) values (%s, true) returning id", receiver.url
    )
    producer.submit(project)
    worker.work()
    secret = admin.post(f"/v1/webhooks/{row}/secret", {"overlap_seconds": 0}).json["data"]["secret"]
    producer.submit(project, value=2)
    worker.work()

    first, second = receiver.messages
    assert first.headers["webhook-signature"].startswith("v1,")
    assert Webhook(secret).verify(second.body, second.headers)


def test_while_a_secret_is_replaced_both_sign(endpoint, receiver, producer, project, worker, admin, database):
    old = endpoint(receiver.url)
    answer = admin.post(f"/v1/webhooks/{old['id']}/secret", {"overlap_seconds": 600}).json["data"]
    assert answer["previous_until"] is not None
    producer.submit(project)
    worker.work()
    database.run("update sidecar.webhook_secrets set previous_until = now() - interval '1 second'")
    producer.submit(project, value=2)
    worker.work()

    during, after = receiver.messages
    for secret in (old["secret"], answer["secret"]):
        assert Webhook(secret).verify(during.body, during.headers)
    assert Webhook(answer["secret"]).verify(after.body, after.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old["secret"]).verify(after.body, after.headers)


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (says(500, b"<h1>broken</h1>"), 500, "It answered 500."),
        (says(404), 404, "It answered 404."),
        (says(302, Location="http://127.0.0.1:1/elsewhere"), 302, "redirects elsewhere (302)"),
        (breaks_off, None, "could not be reached, or broke off"),
    ],
)
def test_what_is_not_taken_is_sent_again_under_the_same_id(
    endpoint, receivers, producer, project, worker, log, shown, answer, status, said
):
    receiver = receivers(answer, answer, ok)
    made = endpoint(receiver.url)
    producer.submit(project)
    worker.work()
    (delivery,) = log()
    assert (delivery["status"], delivery["attempts"], delivery["answer_status"]) == ("pending", 1, status)
    assert said in delivery["error"]
    assert shown(made)["problem"] == delivery["error"]
    assert shown(made)["failing_since"] is not None

    worker.work()
    assert len(receiver.messages) == 1, "it is not tried again at once"
    for _ in range(2):
        worker.later(60)
        worker.deliver()
    (delivery,) = log()
    assert (delivery["status"], delivery["attempts"], delivery["error"]) == ("delivered", 3, None)
    assert len({message.id for message in receiver.messages}) == 1
    assert all(Webhook(made["secret"]).verify(message.body, message.headers) for message in receiver.messages)
    assert (shown(made)["problem"], shown(made)["failing_since"]) == (None, None)


def test_who_refuses_connections_is_tried_again(endpoint, receivers, producer, project, worker, log):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        endpoint(f"http://127.0.0.1:{closed.getsockname()[1]}/hook")
        producer.submit(project)
        worker.work()

    assert (log()[0]["status"], log()[0]["answer_status"]) == ("pending", None)


def test_who_hangs_is_given_up_after_the_set_time(endpoint, hanging, producer, project, worker, log):
    endpoint(hanging.url)
    producer.submit(project)
    began = time.monotonic()
    worker.work(webhook_seconds=1)

    assert time.monotonic() - began < 5
    assert "longer than 1 seconds" in log()[0]["error"]


def test_a_slow_or_a_large_body_changes_nothing_once_the_status_is_there(
    endpoint, receivers, producer, project, worker, log
):
    for answer in (drips, pours):
        endpoint(receivers(answer).url)
    producer.submit(project)
    began = time.monotonic()
    worker.work(webhook_seconds=10)

    assert time.monotonic() - began < 8
    assert {row["status"] for row in log()} == {"delivered"}
    assert all(0 < len(row["answer"]) <= 500 for row in log())


def test_retry_after_is_waited_for(endpoint, receivers, producer, project, worker, log):
    receiver = receivers(says(429, Retry_After="3000"), ok)
    endpoint(receiver.url)
    producer.submit(project)
    worker.work()
    wait = datetime.fromisoformat(log()[0]["next_attempt_at"]) - datetime.now(UTC)
    assert 2900 < wait.total_seconds() <= 3000

    worker.later(2000)
    worker.deliver()
    assert len(receiver.messages) == 1
    worker.later(1100)
    worker.deliver()
    assert len(receiver.messages) == 2


def test_410_switches_the_endpoint_off_and_tells_administrators(
    endpoint, receivers, producer, project, worker, log, shown, given, notices
):
    boss = given.person("admin")
    gone = endpoint(receivers(says(410)).url, description="n8n")
    for value in (1, 2, 3):
        producer.submit(project, value=value)
    worker.work()

    assert shown(gone)["active"] is False
    assert "410" in shown(gone)["problem"]
    assert {row["status"] for row in log()} == {"failed"}
    told = [row for row in notices() if row["recipient"] == boss.id]
    assert [(row["subject"], row["collection"], row["item"]) for row in told] == [
        ("Webhook switched off: n8n", "webhook_endpoints", gone["id"])
    ]
    assert not [row for row in notices() if row["recipient"] == producer.id]


def test_after_a_day_of_failures_the_endpoint_is_switched_off_and_can_be_taken_up_again(
    endpoint, receivers, producer, project, worker, log, shown, admin
):
    receiver = receivers(says(500))
    made = endpoint(receiver.url)
    producer.submit(project)
    for _ in range(3):
        worker.work()
        worker.later(40_000)
    assert shown(made)["active"] is True
    worker.work()

    assert shown(made)["active"] is False
    assert shown(made)["problem"].startswith("Switched off. Nothing was delivered for 24 hours.")
    assert log()[0]["status"] == "failed"
    assert code(admin.post(f"/v1/webhooks/{made['id']}/replay")) == "webhook_inactive"

    receiver.answers[:] = [ok]
    admin.call("PATCH", f"/v1/webhooks/{made['id']}", json={"active": True})
    assert shown(made)["problem"] is None
    assert admin.post(f"/v1/webhooks/{made['id']}/replay").json["data"] == {"queued": 1}
    worker.work()
    assert log()[0]["status"] == "delivered"
    assert len({message.id for message in receiver.messages}) == 1


def test_one_message_that_is_refused_for_ever_holds_up_no_other(
    endpoint, receivers, producer, project, worker, log, shown
):
    def picky(request):
        (says(500) if receiver.messages[-1].data["version_number"] == 1 else ok)(request)

    receiver = receivers(picky)
    made = endpoint(receiver.url, events=["version.submitted"])
    for value in range(3):
        producer.submit(project, value=value)
    for _ in range(40):
        worker.work()
        worker.later(4000)

    assert [row["status"] for row in log()] == ["failed", "delivered", "delivered"]
    assert shown(made)["active"] is True


def test_messages_of_one_endpoint_come_in_order(endpoint, receiver, producer, project, worker):
    endpoint(receiver.url)
    for value in range(60):  # more than one turn
        producer.submit(project, value=value)
    worker.work()

    assert [message.data["sequence"] for message in receiver.messages] == list(range(1, 61))


def test_one_that_hangs_blocks_no_other(endpoint, hanging, receivers, producer, project, worker, pool, telling):
    good = [receivers() for _ in range(3)]
    for receiver in (hanging, *good):
        endpoint(receiver.url)
    for value in range(5):
        producer.submit(project, value=value)
    worker.number()
    settings = telling.model_copy(update={"webhook_seconds": 20})
    began = time.monotonic()
    deliver.deliver(pool, settings)

    for receiver in good:
        receiver.wait(lambda messages: len(messages) == 5)
    assert time.monotonic() - began < 10
    hanging.wait(lambda messages: len(messages) == 1)


def test_a_worker_that_was_killed_while_sending_is_succeeded(
    endpoint, receiver, producer, project, worker, pool, telling, log
):
    endpoint(receiver.url)
    producer.submit(project)
    worker.number()
    held = deliver._claim(pool, telling)  # and then nothing: it is gone
    assert held is not None
    worker.deliver()
    assert receiver.messages == []

    worker.later(deliver.lease_seconds(telling) + 1)
    worker.deliver()
    assert log()[0]["status"] == "delivered"


def test_a_late_result_is_dropped_when_somebody_else_took_over(
    endpoint, receivers, producer, project, worker, pool, log
):
    def takes_over(request):
        worker.later(60)
        other.start()
        other.join()
        says(500)(request)

    other = threading.Thread(target=worker.deliver)
    receiver = receivers(takes_over, ok)
    endpoint(receiver.url)
    producer.submit(project)
    worker.work(webhook_seconds=10)

    first, second = receiver.messages
    assert first.id == second.id
    assert (log()[0]["status"], log()[0]["attempts"], log()[0]["answer_status"]) == ("delivered", 1, 204)


def test_nothing_is_sent_to_private_addresses_whoever_wrote_the_row(
    directus_role, endpoint, receiver, producer, project, worker, log
):
    endpoint("http://192.168.0.7/hook")
    endpoint("http://169.254.169.254/latest/meta-data")
    for url in ("file:///etc/passwd", "http://user:secret@127.0.0.1/hook", "nothing", "http://[::1]:9/"):
        directus_role.run("insert into webhook_endpoints (url, active) values (%s, true)", url)
    producer.submit(project)
    worker.work()

    assert len(log()) == 6
    for row in log():
        assert (row["status"], row["attempts"]) == ("pending", 1)
        assert "ARTIFACTS_WEBHOOK_ALLOW" in row["error"]
        assert "secret" not in row["error"]


def test_a_name_that_means_another_address_a_moment_later_gains_nothing(receiver):
    port = receiver.server.server_port
    answers = iter(["93.184.216.34", "127.0.0.1"])
    asked = []

    def resolve(host, port, **_):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    first = send(f"http://evil.example:{port}/", b"{}", {}, seconds=1, allowed=PUBLIC, resolve=resolve)
    second = send(f"http://evil.example:{port}/", b"{}", {}, seconds=1, allowed=PUBLIC, resolve=resolve)

    assert (first.status, second.status, receiver.messages) == (None, None, [])
    assert "ARTIFACTS_WEBHOOK_ALLOW" in (second.error or "")
    assert asked == ["evil.example"] * 2, "the address that was judged is the one connected to"
    assert send(receiver.url, b"{}", {}, seconds=1, allowed=HERE).taken


def test_a_redirect_to_a_private_address_is_not_followed(receivers, endpoint, receiver, producer, project, worker):
    endpoint(receivers(says(307, Location=receiver.url)).url)
    producer.submit(project)
    worker.work()

    assert receiver.messages == []


def test_a_test_event_says_whether_an_endpoint_is_reached(endpoint, receiver, worker, admin, log):
    made = endpoint(receiver.url, events=["transfer.failed"])
    queued = admin.post(f"/v1/webhooks/{made['id']}/test")
    assert queued.status_code == 202
    worker.work()

    (message,) = receiver.messages
    assert (message.type, message.data["webhook_id"], message.data["sequence"]) == ("webhook.test", made["id"], None)
    assert Webhook(made["secret"]).verify(message.body, message.headers)
    answer = admin.get(f"/v1/deliveries/{queued.json['data']['id']}").json["data"]
    assert (answer["status"], answer["type"]) == ("delivered", "webhook.test")


def test_one_delivery_and_those_since_a_time_are_sent_again_under_their_ids(
    endpoint, receiver, producer, project, worker, admin, log, database
):
    made = endpoint(receiver.url)
    for value in range(3):
        producer.submit(project, value=value)
    worker.work()
    first, second, third = log()
    assert admin.post(f"/v1/deliveries/{first['id']}/replay").status_code == 202
    worker.work()
    assert receiver.messages[3].id == first["message_id"]
    assert receiver.messages[3].body == receiver.messages[0].body

    database.run(
        "update sidecar.deliveries set date_created = date_created - interval '1 day' where id = %s", first["id"]
    )
    body = {"status": "all", "since": second["date_created"]}
    assert admin.post(f"/v1/webhooks/{made['id']}/replay", body).json["data"] == {"queued": 2}
    worker.work()
    assert [message.id for message in receiver.messages[4:]] == [second["message_id"], third["message_id"]]
    assert admin.post(f"/v1/webhooks/{made['id']}/replay").json["data"] == {"queued": 0}


def test_what_is_too_old_is_forgotten_and_not_sent_again(
    endpoint, receiver, producer, project, worker, pool, admin, log, database
):
    endpoint(receiver.url)
    producer.submit(project)
    worker.work()
    (delivery,) = log()
    database.run("update sidecar.events set numbered_at = numbered_at - interval '31 days'")
    forget_old(pool, 30)
    assert code(admin.post(f"/v1/deliveries/{delivery['id']}/replay")) == "event_gone"
    database.run("update sidecar.deliveries set date_created = date_created - interval '31 days'")
    forget_old(pool, 30)
    assert log() == []


def test_a_deleted_endpoint_leaves_nothing_behind(
    endpoint, receivers, producer, project, worker, pool, directus_role, log, database
):
    made = endpoint(receivers(says(500)).url)
    producer.submit(project)
    worker.work()
    directus_role.run("delete from webhook_endpoints where id = %s", made["id"])
    worker.later()
    worker.work()
    forget_old(pool, 30)

    assert [row["status"] for row in log()] == ["dropped"]
    for table in ("webhook_secrets", "delivery_queues"):
        assert database.value(f"select count(*) from sidecar.{table}") == 0


def test_pauses_grow_to_two_hours_and_differ():
    pauses = [deliver.pause_after(failures, deliver.LONGEST_PAUSE, 86400) for failures in range(1, 25)]

    assert 4 <= pauses[0] <= 6
    assert 8 <= pauses[1] <= 12
    assert all(5760 <= pause <= 8640 for pause in pauses[12:])
    assert len(set(pauses)) == len(pauses)
    assert sum(pauses[:21]) > 60_000, "tried for most of a day with some twenty tries"
    assert deliver.pause_after(20, deliver.LONGEST_PAUSE, 12) <= 1.2


def test_a_signature_is_what_the_standard_says():
    secret = generate()
    headers = signed("evt_1", datetime.now(UTC), b'{"type": "x"}', [secret])

    assert Webhook(secret).verify(b'{"type": "x"}', headers) == {"type": "x"}
    assert "webhook-signature" not in signed("wake_1", datetime.now(UTC), b"{}", [])
