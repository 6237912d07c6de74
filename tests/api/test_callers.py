"""Who is calling, and what they may do."""

from __future__ import annotations

import uuid

import pytest
import requests
import responses

from sidecar.access.tokens import hashed
from tests.conftest import DIRECTUS_URL
from tests.given import Person, code
from tests.rows import fresh_database


@pytest.fixture(scope="module")
def database_name(stack):
    """One for all: everybody here has a project, a version and a name of their own."""
    with fresh_database(stack) as name:
        yield name


@pytest.fixture
def directus():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def may(person: Person, version: uuid.UUID) -> set[str]:
    """The rights somebody has: reading it, commenting on it, approving it."""
    tries = {
        "read": person.get(f"/v1/artifacts/{version}"),
        "produce": person.decide("comment", version, reason="x", dry_run=True),
        "review": person.approve(version, dry_run=True),
    }
    assert {answer.status_code for answer in tries.values()} <= {200, 403}
    return {right for right, answer in tries.items() if answer.status_code == 200}


@pytest.fixture
def version(given):
    return given.version(given.project())


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("producer", {"read", "produce"}),
        ("reviewer", {"read", "produce", "review"}),
        ("admin", {"read", "produce", "review"}),
        (None, set()),
    ],
)
def test_a_directus_user_has_the_rights_of_their_policies(given, version, policy, expected):
    assert may(given.person(policy), version) == expected


def test_policies_come_through_roles_and_their_parents(given, version, database):
    parent = database.value("insert into directus_roles (id, name) values (gen_random_uuid(), 'Studio') returning id")
    role = database.value(
        "insert into directus_roles (id, name, parent) values (gen_random_uuid(), 'Team', %s) returning id", parent
    )
    policy = database.value("select id from directus_policies where name ilike '%%reviewer%%'")
    database.run("insert into directus_access (id, role, policy) values (gen_random_uuid(), %s, %s)", parent, policy)

    assert may(given.person(None, role=role), version) == {"read", "produce", "review"}


@pytest.mark.parametrize(
    ("rule", "fields", "expected"),
    [
        (None, "*", {"read"}),
        ({}, "*", {"read"}),
        ({"status": {"_eq": "approved"}}, "*", "restricted_policy"),
        (None, "id,status", "restricted_policy"),
    ],
)
def test_another_policy_gives_reading_if_it_reads_everything(given, version, rule, fields, expected):
    person, policy = given.person(None), given.policy()
    given.permission(policy, rule=rule, fields=fields)
    given.grant(person.id, policy)

    if expected == "restricted_policy":
        assert code(person.get(f"/v1/artifacts/{version}")) == "restricted_policy"
    else:
        assert may(person, version) == expected


def test_a_narrow_policy_beside_a_shipped_one_takes_nothing_away(given, version):
    person, policy = given.person("producer"), given.policy()
    given.permission(policy, rule={"status": {"_eq": "approved"}})
    given.grant(person.id, policy)

    assert may(person, version) == {"read", "produce"}


@pytest.mark.parametrize(
    ("addresses", "admitted"),
    [
        ("127.0.0.1", True),
        ("10.0.0.1, 127.0.0.0/8", True),
        ("127.0.0.0-127.0.0.9", True),
        ("10.0.0.0/8", False),
        ("127.0.0.2-127.0.0.9", False),
        ("::1", False),
        ("localhost", False),
    ],
)
def test_a_policy_bound_to_addresses_counts_for_calls_from_them(given, version, addresses, admitted):
    person, policy = given.person(None), given.policy(admin=True, ip_access=addresses)
    given.grant(person.id, policy)

    assert bool(may(person, version)) is admitted


@pytest.mark.parametrize("status", ["suspended", "archived", "draft"])
def test_a_user_who_is_not_active_is_nobody(given, status):
    assert code(given.person("admin", status=status).get("/v1/projects")) == "token_invalid"


@pytest.mark.parametrize(
    "claims",
    [{"lasts": -1}, {"iss": "elsewhere"}, {"id": None}, {"id": "x"}, {"id": str(uuid.UUID(int=7))}, {"share": "s"}],
)
def test_an_access_token_that_directus_would_refuse_is_refused(given, producer, claims):
    producer.token = given.access_token(producer.id, **claims)

    answer = producer.get("/v1/projects")

    assert (answer.status_code, code(answer)) == (401, "token_invalid")


def test_an_access_token_signed_by_somebody_else_is_refused(given, producer, settings):
    from pydantic import SecretStr

    given.settings = settings.model_copy(update={"directus_secret": SecretStr("f" * 64)})
    producer.token = given.access_token(producer.id)

    assert code(producer.get("/v1/projects")) == "token_invalid"


def test_a_static_token_is_asked_of_directus(given, version, directus):
    person = given.person("reviewer")
    directus.get(f"{DIRECTUS_URL}/users/me", json={"data": {"id": str(person.id)}})
    person.token = "a-static-token"

    assert may(person, version) == {"read", "produce", "review"}
    assert directus.calls[0].request.headers["Authorization"] == "Bearer a-static-token"


def test_a_token_with_a_session_is_asked_of_directus(given, version, directus):
    person = given.person("producer")
    directus.get(f"{DIRECTUS_URL}/users/me", status=401, json={"errors": []})
    person.token = given.access_token(person.id, session="ended")

    assert code(person.get(f"/v1/artifacts/{version}")) == "token_invalid"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"status": 401, "json": {"errors": []}}, "token_invalid"),
        ({"status": 403, "json": {"errors": []}}, "token_invalid"),
        ({"status": 200, "json": {"data": {}}}, "token_invalid"),
        ({"status": 503, "body": "busy"}, "directus_unavailable"),
        ({"body": requests.ConnectionError("nobody")}, "directus_unavailable"),
        ({"body": requests.Timeout("slow")}, "directus_unavailable"),
    ],
)
def test_what_directus_says_of_a_static_token_counts(client, directus, answer, expected):
    directus.get(f"{DIRECTUS_URL}/users/me", **answer)

    assert code(Person(client, "a-static-token").get("/v1/projects")) == expected


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("producer", {"read", "produce"}),
        ("reviewer", {"read", "produce", "review"}),
        ("admin", {"read", "produce", "review"}),
    ],
)
def test_a_service_token_has_the_rights_of_its_role(given, version, role, expected):
    assert may(given.token(role), version) == expected


def test_what_a_program_decides_bears_its_name(given, version, database):
    given.token("reviewer", actor_type="ai").approve(version)

    (record,) = database.approvals(version)
    assert (record["actor_id"], record["actor_type"], record["actor_label"][:8]) == (None, "ai", "reviewer")
    assert database.version(version)["approved_by"] is None


def test_a_program_that_names_an_actor_acts_as_that_person(given, version, reviewer, database):
    given.token("admin", actor=reviewer.id).approve(version)

    (record,) = database.approvals(version)
    assert (record["actor_id"], record["actor_type"]) == (reviewer.id, "human")
    assert database.version(version)["approved_by"] == reviewer.id


@pytest.mark.parametrize(
    ("role", "policy", "expected"),
    [
        ("admin", "producer", {"read", "produce"}),
        ("producer", "admin", {"read", "produce"}),
        ("reviewer", "admin", {"read", "produce", "review"}),
        ("reviewer", None, set()),
    ],
)
def test_an_actor_is_authorised_as_themselves_and_never_beyond_the_tokens_role(given, version, role, policy, expected):
    assert may(given.token(role, actor=given.person(policy).id), version) == expected


@pytest.mark.parametrize("actor", [str(uuid.UUID(int=7)), "somebody", "é", "'; drop table x"])
def test_an_unknown_actor_is_refused(given, actor):
    person = given.token("admin")

    answer = person.get("/v1/projects", headers={"X-Actor-Id": actor.encode().decode("latin-1")})

    assert (answer.status_code, code(answer)) == (403, "actor_unknown")


def test_a_suspended_actor_is_refused(given):
    person = given.token("admin", actor=given.person("admin", status="suspended").id)

    assert code(person.get("/v1/projects")) == "actor_unknown"


def test_a_person_may_not_name_another_actor(given, reviewer):
    answer = given.person("admin").get("/v1/projects", headers={"X-Actor-Id": str(reviewer.id)})

    assert (answer.status_code, code(answer)) == (403, "actor_not_allowed")


@pytest.mark.parametrize("ended", ["revoked_at = now()", "expires_at = now() - interval '1 second'"])
def test_a_revoked_or_expired_service_token_is_refused(given, database, ended):
    person = given.token("admin")
    database.run(f"update sidecar.service_tokens set {ended} where token_hash = %s", hashed(person.token))

    assert code(person.get("/v1/projects")) == "token_invalid"


def test_a_tokens_use_is_noted_once_an_hour(given, database):
    person = given.token("admin")

    def noted():
        person.get("/v1/projects")
        return database.value(
            "select last_used_at from sidecar.service_tokens where token_hash = %s", hashed(person.token)
        )

    first = noted()
    assert first is not None
    assert noted() == first


def test_rights_taken_away_end_when_what_was_remembered_is_too_old(given, settings, version, database):
    from sidecar.app import create_app

    app = create_app(settings.model_copy(update={"auth_cache_seconds": 10}))
    person = given.person("reviewer")
    person.client = app.test_client()
    assert may(person, version) == {"read", "produce", "review"}

    database.run('delete from directus_access where "user" = %s', person.id)
    assert may(person, version) == {"read", "produce", "review"}
    app.extensions["artifacts"].authenticator.remembered.seconds = 0
    app.extensions["artifacts"].authenticator.remembered._values.clear()

    assert may(person, version) == set()
    app.extensions["artifacts"].database.close()
