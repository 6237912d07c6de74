"""Endpoints by the API: who may see and change them, and what is never shown."""

from __future__ import annotations

import pytest

from tests.given import code

BODY = {"url": "https://n8n.example.com/webhook/artifacts", "events": ["version.approved"]}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/webhooks"), ("POST", "/v1/webhooks"), ("GET", "/v1/webhooks/{id}"), ("PATCH", "/v1/webhooks/{id}"),
     ("POST", "/v1/webhooks/{id}/secret"), ("POST", "/v1/webhooks/{id}/test"), ("POST", "/v1/webhooks/{id}/replay"),
     ("GET", "/v1/deliveries"), ("GET", "/v1/deliveries/{id}"), ("POST", "/v1/deliveries/{id}/replay")],
)  # fmt: skip
def test_endpoints_are_for_administrators(reviewer, endpoint, method, path):
    made = endpoint(BODY["url"])
    answer = reviewer.call(method, path.replace("{id}", made["id"]), json=BODY if path == "/v1/webhooks" else {})

    assert (answer.status_code, code(answer)) == (403, "forbidden")


def test_a_secret_is_shown_once(admin, endpoint):
    made = endpoint(**BODY)
    shown = [admin.get("/v1/webhooks").text, admin.get(f"/v1/webhooks/{made['id']}").text]

    assert made["secret"].startswith("whsec_")
    assert all(made["secret"] not in text for text in shown)
    assert admin.get(f"/v1/webhooks/{made['id']}").json["data"]["has_secret"] is True


def test_an_endpoint_is_changed_in_what_is_said(admin, endpoint):
    made = endpoint(**BODY, description="n8n")
    answer = admin.call("PATCH", f"/v1/webhooks/{made['id']}", json={"events": []}).json["data"]

    assert (answer["events"], answer["url"], answer["description"], answer["active"]) == ([], BODY["url"], "n8n", True)
    listed = [len(admin.get(f"/v1/webhooks{which}").json["data"]) for which in ("", "?active=true", "?active=false")]
    assert listed == [1, 1, 0]


@pytest.mark.parametrize(
    "fields",
    [{"url": "ftp://n8n.example.com"}, {"url": "https://"}, {"events": ["version.eaten"]}, {"secret": "whsec_mine"},
     {"url": None}, {"active": "perhaps"}],
)  # fmt: skip
def test_what_no_endpoint_can_be_is_refused(admin, fields):
    assert code(admin.post("/v1/webhooks", {**BODY, **fields})) == "invalid_value"


@pytest.mark.parametrize("path", ["", "/secret", "/test", "/replay"])
def test_an_endpoint_that_is_not_there(admin, path):
    method = "POST" if path else "GET"
    answer = admin.call(method, f"/v1/webhooks/00000000-0000-4000-8000-000000000000{path}", json={})

    assert (answer.status_code, code(answer)) == (404, "webhook_not_found")


def test_a_delivery_that_is_not_there(admin):
    for method, path in (("GET", ""), ("POST", "/replay")):
        answer = admin.call(method, f"/v1/deliveries/00000000-0000-4000-8000-000000000000{path}", json={})
        assert (answer.status_code, code(answer)) == (404, "delivery_not_found")


def test_nothing_is_sent_to_an_endpoint_that_is_off(admin, endpoint, given):
    made = endpoint(**BODY, active=False)
    assert code(admin.post(f"/v1/webhooks/{made['id']}/test")) == "webhook_inactive"
    webhook, delivery = given.failed_delivery()
    admin.call("PATCH", f"/v1/webhooks/{webhook}", json={"active": False})
    assert code(admin.post(f"/v1/deliveries/{delivery}/replay")) == "webhook_inactive"


def test_deliveries_are_listed_by_page_and_status(admin, endpoint, receiver, producer, project, worker):
    made = endpoint(receiver.url)
    for value in range(5):
        producer.submit(project, value=value)
    worker.work()
    seen, cursor = [], ""
    while cursor is not None:
        page = admin.get(f"/v1/deliveries?webhook_id={made['id']}&limit=2{cursor and f'&cursor={cursor}'}").json
        seen += page["data"]
        cursor = page["meta"]["next_cursor"]

    assert [row["sequence"] for row in seen] == [5, 4, 3, 2, 1]
    assert admin.get("/v1/deliveries?status=failed,pending").json["data"] == []
    assert len(admin.get("/v1/deliveries?status=delivered&type=version.submitted").json["data"]) == 5
    assert code(admin.get("/v1/deliveries?status=lost")) == "invalid_value"
