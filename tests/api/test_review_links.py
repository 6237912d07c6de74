"""Review links as people make, list and revoke them."""

from __future__ import annotations

import uuid

import pytest

from sidecar.app import create_app
from sidecar.database import Database
from sidecar.share.forget import forget_links
from sidecar.share.token import hashed
from tests.given import code

ADA = {"guest_name": "Ada Lovelace", "may": ["view", "comment", "decide"]}
LINKS = "select * from sidecar.review_links"


@pytest.fixture
def version(given, project):
    return given.version(project)


def test_a_link_is_made_and_its_address_said_once(reviewer, version, database, settings):
    answer = reviewer.post(f"/v1/artifacts/{version}/links", {**ADA, "guest_email": "ada@example.com", "note": " Hm? "})

    assert answer.status_code == 201, answer.text
    link = answer.json["data"]
    assert link["url"].startswith(f"{settings.address}/v1/shared/")
    assert (link["guest_name"], link["may"], link["note"], link["state"]) == (
        "Ada Lovelace", ["view", "comment", "decide"], "Hm?", "live",
    )  # fmt: skip
    assert [(v["artifact_version_id"], v["status"]) for v in link["versions"]] == [(str(version), "pending")]
    token = link["url"].rpartition("/")[2]
    (row,) = database.all(LINKS)
    assert bytes(row["token_hash"]) == hashed(token)
    assert token not in str(row)
    assert [each["url"] for each in reviewer.get("/v1/links").json["data"]] == [None]


def test_the_address_is_kept_nowhere_and_said_again_under_its_key(reviewer, version, database):
    key = {"Idempotency-Key": "one"}
    first, again = (reviewer.post(f"/v1/artifacts/{version}/links", ADA, headers=key) for _ in range(2))

    assert first.data == again.data
    assert again.headers["Idempotency-Replayed"] == "true"
    token = first.json["data"]["url"].rpartition("/")[2]
    tables = database.column(
        "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname in ('public', 'sidecar') and c.relkind = 'r'"
    )
    assert "sidecar.idempotency_keys" in tables
    assert b"guest_name" in bytes(database.value("select body from sidecar.idempotency_keys"))
    for table in tables:
        text = database.value(f"select coalesce(string_agg(t::text, ' '), '') from {table} t")
        assert token not in text, table
        assert token.encode().hex() not in text, table


def test_a_link_is_recorded_with_its_guest_and_without_their_address(reviewer, version, database):
    sent = {**ADA, "guest_email": "ada@example.com", "expires_in": 3600}
    link = reviewer.post(f"/v1/artifacts/{version}/links", sent).json["data"]
    reviewer.call("DELETE", f"/v1/links/{link['id']}")

    made, revoked = database.approvals(version)
    assert (made["action"], made["actor_id"], made["actor_type"]) == ("share", reviewer.id, "human")
    assert made["reason"].startswith("Review link for Ada Lovelace until ")
    assert made["feedback"]["review_link"] == {
        "id": link["id"], "event": "made", "guest": "Ada Lovelace", "may": ["view", "comment", "decide"],
    }  # fmt: skip
    assert (revoked["action"], revoked["reason"]) == ("share", "The review link for Ada Lovelace was revoked.")
    assert "ada@example.com" not in str(database.everything())


def test_several_versions_are_shown_in_the_order_asked_for(reviewer, given, project):
    first, second, third = (given.version(project, path) for path in ("c", "a", "b"))
    sent = {**ADA, "artifact_version_ids": [str(second), str(third), str(first)]}

    link = reviewer.post(f"/v1/artifacts/{first}/links", sent).json["data"]

    assert [each["schema_key"] for each in link["versions"]] == ["c", "a", "b"]


def test_a_task_is_shared_by_what_of_it_waits(reviewer, given, project):
    task, other = given.task(project), given.task(project)
    waiting = given.version(project, "b", task=task)
    given.approved(project, "c", task=task)
    given.version(project, "d", task=other)

    link = reviewer.post(f"/v1/tasks/{task}/links", ADA).json["data"]
    given.version(project, "e", task=task)

    assert [each["artifact_version_id"] for each in link["versions"]] == [str(waiting)]
    assert code(reviewer.post(f"/v1/tasks/{given.task(project)}/links", ADA)) == "nothing_to_share"
    assert code(reviewer.post(f"/v1/tasks/{uuid.uuid4()}/links", ADA)) == "task_not_found"
    for number in range(50):
        given.version(project, f"many.n{number}", task=task)
    assert code(reviewer.post(f"/v1/tasks/{task}/links", ADA)) == "too_many_to_share"


def test_who_may_only_produce_lets_others_look_and_comment(producer, version):
    address = f"/v1/artifacts/{version}/links"

    assert producer.post(address, {**ADA, "may": ["comment"]}).json["data"]["may"] == ["view", "comment"]
    assert code(producer.post(address, ADA)) == "forbidden"


def test_who_may_only_read_makes_no_link(given, version, database):
    reader = given.person(None)
    policy = given.policy()
    given.permission(policy)
    given.grant(reader.id, policy)

    assert code(reader.post(f"/v1/artifacts/{version}/links", {**ADA, "may": ["view"]})) == "forbidden"
    assert database.all(LINKS) == []


def test_a_link_lives_as_long_as_an_operator_allows(reviewer, version, settings, given):
    address = f"/v1/artifacts/{version}/links"
    answer = reviewer.post(address, {**ADA, "expires_in": 30 * 86400 + 1})
    assert (answer.status_code, code(answer)) == (422, "review_link_too_long")
    assert reviewer.post(address, {**ADA, "expires_in": 30 * 86400}).status_code == 201

    app = create_app(settings.model_copy(update={"review_link_days": 0}))
    try:
        client = app.test_client()
        headers = {"Authorization": f"Bearer {reviewer.token}"}
        assert code(client.post(address, json=ADA, headers=headers)) == "review_links_off"
    finally:
        app.extensions["artifacts"].database.close()


@pytest.mark.parametrize(
    "wrong",
    [{"guest_name": ""}, {"guest_name": " Ada"}, {"guest_name": "Ada (guest of Robin)"}, {"guest_name": "A\nda"},
     {"guest_name": "Ada\u202e"}, {"guest_name": "A" * 101}, {"guest_name": None}, {"guest_email": "ada"},
     {"guest_email": "a@b@c"}, {"may": []}, {"may": ["erase"]}, {"expires_in": 59}, {"expires_in": 10**9},
     {"note": "x" * 2001}, {"token": "x"}],
    ids=str,
)  # fmt: skip
def test_an_invitation_that_is_none_is_refused(reviewer, version, database, wrong):
    answer = reviewer.post(f"/v1/artifacts/{version}/links", {**ADA, **wrong})

    assert (answer.status_code, code(answer)) == (422, "invalid_value")
    assert database.all(LINKS) == []


@pytest.mark.parametrize("name", ["Ada", "Ж", "Jean-Luc d'Été 3rd", "山田 太郎", "O"])
def test_names_of_people_are_taken(reviewer, version, name):
    link = reviewer.post(f"/v1/artifacts/{version}/links", {"guest_name": name}).json["data"]
    assert (link["guest_name"], link["may"]) == (name, ["view"])


def test_a_version_that_is_not_there_is_not_shared(reviewer, version, database):
    sent = {**ADA, "artifact_version_ids": [str(uuid.uuid4())]}
    assert code(reviewer.post(f"/v1/artifacts/{version}/links", sent)) == "artifact_not_found"
    assert code(reviewer.post(f"/v1/artifacts/{uuid.uuid4()}/links", ADA)) == "artifact_not_found"
    assert database.all(LINKS) == []


def test_reviewers_see_everybodys_links_and_producers_their_own(reviewer, producer, given, version, project):
    other = given.version(project, "other")
    theirs = producer.post(f"/v1/artifacts/{version}/links", {"guest_name": "Bo"}).json["data"]["id"]
    ours = reviewer.post(f"/v1/artifacts/{other}/links", ADA).json["data"]["id"]

    assert [each["id"] for each in producer.get("/v1/links").json["data"]] == [theirs]
    assert {each["id"] for each in reviewer.get("/v1/links").json["data"]} == {theirs, ours}
    of_version = reviewer.get(f"/v1/links?artifact_version_id={version}").json["data"]
    assert [each["id"] for each in of_version] == [theirs]
    assert code(producer.call("DELETE", f"/v1/links/{ours}")) == "review_link_not_found"
    assert reviewer.call("DELETE", f"/v1/links/{theirs}").json["data"]["state"] == "revoked"


def test_links_are_listed_newest_first_in_pages(reviewer, version, database):
    made = [reviewer.post(f"/v1/artifacts/{version}/links", ADA).json["data"]["id"] for _ in range(5)]
    for age, link in enumerate(reversed(made)):
        database.run(
            "update sidecar.review_links set created_at = now() - make_interval(mins => %s) where id = %s", age, link
        )

    found, cursor = [], ""
    while cursor is not None:
        page = reviewer.get(f"/v1/links?limit=2{cursor and '&cursor=' + cursor}").json
        found, cursor = found + page["data"], page["meta"]["next_cursor"]

    assert [each["id"] for each in found] == made[::-1]
    assert code(reviewer.get("/v1/links?cursor=x")) == "invalid_value"


def test_what_has_ended_is_told_from_what_lives(reviewer, given, version, database):
    maker = given.person("reviewer")
    live, revoked, expired = (reviewer.post(f"/v1/artifacts/{version}/links", ADA).json["data"]["id"] for _ in range(3))
    stopped = maker.post(f"/v1/artifacts/{version}/links", ADA).json["data"]["id"]
    reviewer.call("DELETE", f"/v1/links/{revoked}")
    database.run("update sidecar.review_links set expires_at = now() where id = %s", expired)
    database.run("update directus_users set status = 'suspended' where id = %s", maker.id)

    states = {each["id"]: each["state"] for each in reviewer.get("/v1/links").json["data"]}

    assert states == {live: "live", revoked: "revoked", expired: "expired", stopped: "stopped"}
    assert {each["id"] for each in reviewer.get("/v1/links?live=true").json["data"]} == {live, stopped}
    assert {each["id"] for each in reviewer.get("/v1/links?live=false").json["data"]} == {revoked, expired}


def test_revoking_again_changes_nothing(reviewer, version, database):
    link = reviewer.post(f"/v1/artifacts/{version}/links", ADA).json["data"]["id"]
    first = reviewer.call("DELETE", f"/v1/links/{link}")

    with database.unchanged():
        again = reviewer.call("DELETE", f"/v1/links/{link}")

    assert first.json == again.json
    assert first.json["data"]["revoked_by_label"] == first.json["data"]["made_by_label"]
    assert code(reviewer.call("DELETE", f"/v1/links/{uuid.uuid4()}")) == "review_link_not_found"


def test_guests_are_forgotten_a_month_after_their_link_has_ended(reviewer, version, database, settings):
    kept, revoked, expired = (reviewer.post(f"/v1/artifacts/{version}/links", ADA).json["data"]["id"] for _ in range(3))
    old = "now() - interval '31 days'"
    database.run(f"update sidecar.review_links set revoked_at = {old} where id = %s", revoked)
    database.run(f"update sidecar.review_links set expires_at = {old} where id = %s", expired)
    pool = Database(settings.database_url.get_secret_value(), largest=1)
    pool.open()
    try:
        assert forget_links(pool, batch=1) == 2
    finally:
        pool.close()

    assert database.column("select id::text from sidecar.review_links") == [kept]
    assert database.column("select link_id::text from sidecar.review_link_versions") == [kept]
    assert database.actions(version) == ["share", "share", "share"]


def test_directus_own_role_sees_no_link(reviewer, version, directus_role, database):
    reviewer.post(f"/v1/artifacts/{version}/links", ADA)
    for table in ("review_links", "review_link_versions", "review_link_uses"):
        assert not directus_role.value("select has_table_privilege(%s, 'select')", f"sidecar.{table}")
