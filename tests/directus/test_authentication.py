"""Who the sidecar takes a caller for, with Directus' own tokens."""

from __future__ import annotations

import time
from collections.abc import Callable

import jwt
import pytest

from sidecar.provision.ids import REVIEWER_POLICY, REVIEWER_ROLE
from sidecar.stack.stack import Stack
from tests.directus.people import Person, eventually
from tests.directus.works import Database, Producer

Call = Callable[..., Person]


@pytest.fixture
def at_sidecar(given_person: Call, environment: dict[str, str]) -> Call:
    """Calls the sidecar itself with a token."""

    def make(token: str | None, user: str | None = None) -> Person:
        return given_person(token, user, url=environment["SIDECAR_URL"])

    return make


def reviewer_log_in(environment: dict[str, str]) -> dict[str, str]:
    return {"email": environment["DIRECTUS_REVIEWER_EMAIL"], "password": environment["DIRECTUS_REVIEWER_PASSWORD"]}


def assert_approves(person: Person, work_version: str, database: Database, actor: str) -> None:
    answer = person.post(f"/v1/artifacts/{work_version}/approve", {})
    assert answer.status == 200, answer.body
    assert str(database.version(work_version)["approved_by"]) == actor


def test_an_access_token(given: Producer, reviewer: Person, at_sidecar: Call, database: Database) -> None:
    assert_approves(at_sidecar(reviewer.token), given.candidates().version, database, reviewer.id)


def test_a_static_token(given: Producer, given_user: Call, at_sidecar: Call, database: Database) -> None:
    user = given_user(role=REVIEWER_ROLE, status="active")
    assert_approves(at_sidecar(user.token), given.candidates().version, database, user.id)


def test_a_session_token(
    given: Producer,
    reviewer: Person,
    anonymous: Person,
    at_sidecar: Call,
    database: Database,
    environment: dict[str, str],
) -> None:
    anonymous.post("/auth/login", {**reviewer_log_in(environment), "mode": "session"}).data  # noqa: B018  asserts
    session = anonymous.session.cookies["directus_session_token"]
    assert_approves(at_sidecar(session), given.candidates().version, database, reviewer.id)


def test_a_session_that_was_ended(
    anonymous: Person, at_sidecar: Call, given: Producer, database: Database, environment: dict[str, str]
) -> None:
    anonymous.post("/auth/login", {**reviewer_log_in(environment), "mode": "session"}).data  # noqa: B018  asserts
    session = anonymous.session.cookies["directus_session_token"]
    anonymous.post("/auth/logout", {"mode": "session"}).data  # noqa: B018  asserts
    work = given.candidates()

    answer = at_sidecar(session).post(f"/v1/artifacts/{work.version}/approve", {})

    assert (answer.status, answer.code) == (401, "token_invalid")
    assert database.status(work.version) == "pending"


def signed(secret: str, **claims: object) -> str:
    now = int(time.time())
    known = {"id": None, "role": None, "app_access": True, "admin_access": True, "iss": "directus"}
    return jwt.encode({**known, "iat": now, "exp": now + 900, **claims}, secret, algorithm="HS256")


BAD_TOKENS: dict[str, Callable[[Stack, str], str]] = {
    "expired": lambda stack, user: signed(stack.secrets["directus_secret"], id=user, exp=int(time.time()) - 60),
    "of another secret": lambda stack, user: signed("another secret, as long as it has to be", id=user),
    "of another issuer": lambda stack, user: signed(stack.secrets["directus_secret"], id=user, iss="somebody"),
    "of no algorithm": lambda stack, user: jwt.encode({"id": user, "iss": "directus"}, "", algorithm="none"),
    "of nobody": lambda stack, user: signed(stack.secrets["directus_secret"]),
    "garbage with dots": lambda stack, user: "a.b.c",
    "garbage": lambda stack, user: "garbage",
    "an unknown service token": lambda stack, user: "art_garbage",
}


@pytest.mark.parametrize("token_of", BAD_TOKENS.values(), ids=BAD_TOKENS)
def test_a_token_that_is_no_good(
    running_stack: Stack, reviewer: Person, at_sidecar: Call, given: Producer, database: Database, token_of: Callable
) -> None:
    work = given.candidates()

    answer = at_sidecar(token_of(running_stack, reviewer.id)).post(f"/v1/artifacts/{work.version}/approve", {})

    assert (answer.status, answer.code) == (401, "token_invalid")
    assert answer.sentence == "The token is unknown, expired or revoked."
    assert database.status(work.version) == "pending"


def test_no_token(at_sidecar: Call, given: Producer) -> None:
    answer = at_sidecar(None).get(f"/v1/artifacts/{given.candidates().version}")
    assert (answer.status, answer.code) == (401, "token_missing")


def test_a_user_without_policies(given_user: Call, at_sidecar: Call, given: Producer) -> None:
    answer = at_sidecar(given_user().token).get(f"/v1/artifacts/{given.candidates().version}")
    assert (answer.status, answer.code) == (403, "forbidden")


def test_a_user_who_reads_by_a_policy_of_their_own(reader: Person, at_sidecar: Call, given: Producer) -> None:
    work = given.candidates()
    person = at_sidecar(reader.token)

    assert person.get(f"/v1/artifacts/{work.version}").data["id"] == work.version
    assert person.post(f"/v1/artifacts/{work.version}/approve", {}).code == "forbidden"


def test_a_suspended_user(given_user: Call, at_sidecar: Call, given: Producer, administrator: Person) -> None:
    user = given_user(role=REVIEWER_ROLE)
    administrator.patch(f"/users/{user.id}", {"status": "suspended"}).data  # noqa: B018  asserts

    answer = at_sidecar(user.token).get(f"/v1/artifacts/{given.candidates().version}")

    assert (answer.status, answer.code) == (401, "token_invalid")


def test_a_user_suspended_while_their_access_token_is_still_good(
    running_stack: Stack, given_user: Call, at_sidecar: Call, given: Producer, administrator: Person
) -> None:
    user = given_user(role=REVIEWER_ROLE)
    administrator.patch(f"/users/{user.id}", {"status": "suspended"}).data  # noqa: B018  asserts
    token = signed(running_stack.secrets["directus_secret"], id=user.id, role=REVIEWER_ROLE)

    answer = at_sidecar(token).get(f"/v1/artifacts/{given.candidates().version}")

    assert (answer.status, answer.code) == (401, "token_invalid")


def test_an_access_token_that_claims_to_be_an_administrators_gives_its_users_rights_only(
    running_stack: Stack, reader: Person, at_sidecar: Call, given: Producer
) -> None:
    token = signed(running_stack.secrets["directus_secret"], id=reader.id, admin_access=True)

    answer = at_sidecar(token).post(f"/v1/artifacts/{given.candidates().version}/approve", {})

    assert (answer.status, answer.code) == (403, "forbidden")


def test_a_right_lasts_no_longer_than_a_few_seconds_after_it_is_taken_away(
    given_user: Call, at_sidecar: Call, given: Producer, administrator: Person
) -> None:
    user = given_user(role=REVIEWER_ROLE)
    person, version = at_sidecar(user.token), given.candidates().version
    assert person.get(f"/v1/artifacts/{version}").status == 200
    administrator.patch(f"/users/{user.id}", {"status": "suspended"}).data  # noqa: B018  asserts

    eventually(lambda: person.get(f"/v1/artifacts/{version}").status != 200, "a suspended user reads no more")


def test_an_administrator_decides(given: Producer, administrator: Person, at_sidecar: Call, database: Database) -> None:
    user = administrator.get("/users/me").data["id"]
    assert_approves(at_sidecar(administrator.token), given.candidates().version, database, user)


def test_a_user_with_the_reviewers_policy_of_their_own(
    given_user: Call, given: Producer, administrator: Person, at_sidecar: Call, database: Database
) -> None:
    user = given_user(status="active")
    access = {"user": user.id, "policy": REVIEWER_POLICY}
    administrator.post("/access", access).data  # noqa: B018  asserts
    assert_approves(at_sidecar(user.token), given.candidates().version, database, user.id)


def test_a_service_token_acts_for_the_user_it_names(
    given: Producer, reviewer: Person, at_sidecar: Call, database: Database, environment: dict[str, str]
) -> None:
    work = given.candidates()
    person = at_sidecar(environment["SIDECAR_TOKEN"])

    answer = person.post(f"/v1/artifacts/{work.version}/approve", {}, headers={"X-Actor-Id": reviewer.id})

    assert answer.status == 200, answer.body
    assert str(database.version(work.version)["approved_by"]) == reviewer.id
    assert [a["actor_type"] for a in database.approvals(work.version)] == ["human"]


def test_a_service_token_by_itself_is_a_program(
    given: Producer, at_sidecar: Call, database: Database, environment: dict[str, str]
) -> None:
    work = given.candidates()

    assert at_sidecar(environment["SIDECAR_TOKEN"]).post(f"/v1/artifacts/{work.version}/approve", {}).status == 200

    (record,) = database.approvals(work.version)
    assert (record["actor_id"], record["actor_type"] != "human") == (None, True)


def test_a_service_token_does_no_more_than_the_user_it_acts_for(
    given: Producer, reader: Person, at_sidecar: Call, environment: dict[str, str]
) -> None:
    person, version = at_sidecar(environment["SIDECAR_TOKEN"]), given.candidates().version

    answer = person.post(f"/v1/artifacts/{version}/approve", {}, headers={"X-Actor-Id": reader.id})

    assert (answer.status, answer.code) == (403, "forbidden")


@pytest.mark.parametrize("actor", ["00000000-0000-0000-0000-000000000000", "nobody"])
def test_a_service_token_for_nobody(given: Producer, at_sidecar: Call, environment: dict[str, str], actor: str) -> None:
    person, version = at_sidecar(environment["SIDECAR_TOKEN"]), given.candidates().version

    answer = person.post(f"/v1/artifacts/{version}/approve", {}, headers={"X-Actor-Id": actor})

    assert (answer.status, answer.code) == (403, "actor_unknown")


def test_a_person_acts_for_nobody_else(given: Producer, reviewer: Person, at_sidecar: Call) -> None:
    person, version = at_sidecar(reviewer.token), given.candidates().version

    answer = person.post(f"/v1/artifacts/{version}/approve", {}, headers={"X-Actor-Id": reviewer.id})

    assert (answer.status, answer.code) == (403, "actor_not_allowed")
