"""/artifacts/v1 of a real Directus: the registry as whoever is logged in, and nobody else."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from sidecar.stack.stack import Stack
from tests.directus.people import Answer, Person
from tests.directus.works import Database, Producer

MEGABYTE = 1024**2
LARGE = 200 * MEGABYTE
# What a Directus that holds a file in memory would grow by is LARGE; buffers and the garbage of streams are far less.
GROWTH = 80 * MEGABYTE
BIG = 9_007_199_254_740_993  # 2⁵³ + 1: JavaScript has no such number

Call = Callable[..., Person]


@pytest.fixture
def at_screen(given_person: Call, environment: dict[str, str]) -> Person:
    """The reviewer in a browser: the session's cookie, no token."""
    person = given_person(None)
    given = {"email": environment["DIRECTUS_REVIEWER_EMAIL"], "password": environment["DIRECTUS_REVIEWER_PASSWORD"]}
    person.post("/auth/login", {**given, "mode": "session"}).data  # noqa: B018  asserts
    assert "directus_session_token" in person.session.cookies
    return person


def submit(person: Person, project: str, path: str, value: object, **more: object) -> Answer:
    """With JSON as Python writes it: nothing of it passes through requests' own."""
    body = json.dumps({"project_id": project, "schema_key": path, "value": value, **more}, ensure_ascii=False)
    headers = {"Content-Type": "application/json"}
    return person.send("POST", "/artifacts/v1/artifacts", headers=headers, data=body.encode())


# Who


def test_a_session_is_enough_and_decides_as_that_person(
    given: Producer, at_screen: Person, reviewer: Person, database: Database
) -> None:
    work = given.candidates()

    assert at_screen.get(f"/artifacts/v1/artifacts/{work.version}").data["id"] == work.version
    assert at_screen.post(f"/artifacts/v1/artifacts/{work.version}/approve", {}).status == 200

    assert str(database.version(work.version)["approved_by"]) == reviewer.id
    (record,) = database.approvals(work.version, "approve")
    assert (str(record["actor_id"]), record["actor_type"]) == (reviewer.id, "human")


def test_a_token_is_that_user_with_that_users_rights(given: Producer, producer: Person, database: Database) -> None:
    work = given.candidates()

    answer = producer.post(f"/artifacts/v1/artifacts/{work.version}/approve", {})

    assert (answer.status, answer.code) == (403, "forbidden")
    assert answer.error["extensions"]["next"]
    assert database.status(work.version) == "pending"


def test_another_actor_cannot_be_claimed(
    given: Producer, at_screen: Person, reviewer: Person, database: Database
) -> None:
    work = given.candidates()
    someone = database.row("select id from directus_users where id <> %s limit 1", reviewer.id)["id"]

    at_screen.post(f"/artifacts/v1/artifacts/{work.version}/approve", {}, headers={"X-Actor-Id": str(someone)}).data  # noqa: B018

    assert str(database.version(work.version)["approved_by"]) == reviewer.id


def test_nobody_is_told_to_log_in(anonymous: Person, given: Producer, database: Database) -> None:
    work = given.candidates()
    for answer in (
        anonymous.get(f"/artifacts/v1/artifacts/{work.version}"),
        anonymous.post(f"/artifacts/v1/artifacts/{work.version}/approve", {}),
    ):
        assert (answer.status, answer.code) == (401, "not_authenticated")
    assert database.status(work.version) == "pending"


def test_a_guest_of_a_share_is_nobody(
    administrator: Person, given_person: Call, given: Producer, database: Database
) -> None:
    work = given.candidates()
    role = database.row("select id from directus_roles where name = 'Artifact reviewer'")["id"]
    share = {"name": "Look", "collection": "artifact_versions", "item": work.version, "role": str(role)}
    made = administrator.post("/shares", share).data["id"]
    guest = given_person(None)
    guest.token = guest.post("/shares/auth", {"share": made}).data["access_token"]

    answer = guest.get(f"/artifacts/v1/artifacts/{work.version}")

    assert (answer.status, answer.code) == (401, "not_authenticated")
    assert administrator.delete(f"/shares/{made}").status == 204


def test_the_page_of_another_site_decides_nothing(given: Producer, at_screen: Person, database: Database) -> None:
    work = given.candidates()
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"}

    answer = at_screen.post(f"/artifacts/v1/artifacts/{work.version}/approve", {}, headers=elsewhere)
    # What a form of another site can send without asking.
    form = at_screen.send(
        "POST", f"/artifacts/v1/artifacts/{work.version}/approve", headers={**elsewhere, "Content-Type": "text/plain"},
        data=b"{}",
    )  # fmt: skip

    assert [(each.status, each.code) for each in (answer, form)] == [(403, "cross_site")] * 2
    assert database.status(work.version) == "pending"


# What passes


def test_text_and_numbers_arrive_as_they_were_sent(given: Producer, producer: Person, database: Database) -> None:
    work = given.work()
    value = {"title": "Grüße 🎨 \u202eعربي", "seed": BIG, "huge": 10**30, "exact": 0.1, "null": None, "": [[]]}

    made = submit(producer, work.project, "brand.claim", value).data

    found = database.row("select value #>> '{seed}' as seed, value ->> 'title' as title from artifact_versions"
                         " where id = %s", made["id"])  # fmt: skip
    assert found == {"seed": str(BIG), "title": value["title"]}
    assert producer.get(f"/artifacts/v1/artifacts/{made['id']}").data["value"] == value


def test_json_as_large_as_the_registry_takes_passes_and_more_is_refused_by_it(
    given: Producer, producer: Person
) -> None:
    work = given.work()

    fits = submit(producer, work.project, "brand.long", "x" * (2 * MEGABYTE - 1000))
    over = submit(producer, work.project, "brand.longer", "x" * (2 * MEGABYTE + 1000))

    assert fits.status == 201, fits.body
    assert (over.status, over.code) == (413, "body_too_large")


def test_json_that_is_none_is_refused(producer: Person) -> None:
    answer = producer.send(
        "POST", "/artifacts/v1/artifacts", headers={"Content-Type": "application/json"}, data=b'{"project_id": '
    )
    assert answer.status == 400


def test_an_answer_that_is_known_is_not_sent_again(given: Producer, at_screen: Person) -> None:
    work = given.candidates()
    first = at_screen.send("GET", f"/artifacts/v1/artifacts/{work.version}/sheet")
    known = {"If-None-Match": first.headers["ETag"], "Cache-Control": "no-cache"}

    again = at_screen.send("GET", f"/artifacts/v1/artifacts/{work.version}/sheet", headers=known)
    at_screen.post(f"/artifacts/v1/artifacts/{work.version}/comment", {"reason": "Nice."}).data  # noqa: B018
    changed = at_screen.send("GET", f"/artifacts/v1/artifacts/{work.version}/sheet", headers=known)

    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert changed.status == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


def test_the_same_key_is_the_same_decision(given: Producer, at_screen: Person, database: Database) -> None:
    work = given.candidates()
    body = {"decisions": [{"artifact_version_id": work.version, "action": "reject", "reason": "Too thin."}]}
    key = {"Idempotency-Key": uuid.uuid4().hex}

    first, again = [at_screen.post("/artifacts/v1/reviews", body, headers=key) for _ in range(2)]

    assert first.body == again.body
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(database.approvals(work.version, "reject")) == 1


# Bytes


class Piece:
    """A body of LARGE bytes that is made while it is sent."""

    def __init__(self, project: str, boundary: str) -> None:
        fields = {"project_id": project, "schema_key": "brand.film", "artifact_type": "document"}
        head = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        disposition = 'Content-Disposition: form-data; name="files"; filename="film.bin"'
        self.head = f"{head}--{boundary}\r\n{disposition}\r\nContent-Type: application/octet-stream\r\n\r\n".encode()
        self.tail = f"\r\n--{boundary}--\r\n".encode()

    def __iter__(self) -> Iterator[bytes]:
        yield self.head
        for number in range(LARGE // MEGABYTE):
            yield number.to_bytes(4, "big") * (MEGABYTE // 4)
        yield self.tail


def memory(stack: Stack) -> int:
    """The most bytes that Directus has held since it started."""
    pid = json.loads(stack.pid_file("directus").read_text())["pid"]
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) * 1024


@pytest.fixture
def watched(running_stack: Stack) -> Iterator[None]:
    """Directus' memory stays what it was, whatever passes through."""
    before = memory(running_stack)
    yield
    assert memory(running_stack) - before < GROWTH


def test_200_megabytes_go_up_and_come_down_in_pieces(
    given: Producer, producer: Person, environment: dict[str, str], watched: None
) -> None:
    work, boundary = given.work(), uuid.uuid4().hex
    headers = {"Authorization": f"Bearer {producer.token}"}
    url = f"{environment['DIRECTUS_URL']}/artifacts/v1"

    sent = requests.post(
        f"{url}/artifacts", data=iter(Piece(work.project, boundary)), timeout=300,
        headers={**headers, "Content-Type": f"multipart/form-data; boundary={boundary}"},
    )  # fmt: skip
    assert sent.status_code == 201, sent.text
    version = sent.json()["data"]["id"]

    address = requests.get(f"{url}/artifacts/{version}/download", headers=headers, timeout=60, allow_redirects=False)
    assert address.status_code in (200, 302), address.text
    length = 0
    with requests.get(f"{url}/artifacts/{version}/download", headers=headers, timeout=300, stream=True) as answer:
        assert answer.status_code == 200, answer.text
        for number, piece in enumerate(answer.iter_content(MEGABYTE)):
            if number in (0, 100):
                assert piece == number.to_bytes(4, "big") * (MEGABYTE // 4)
            length += len(piece)
    assert length == LARGE


def test_a_part_of_a_file(given: Producer, at_screen: Person, environment: dict[str, str]) -> None:
    content = bytes(range(256)) * 64
    work = given.work()
    form = {"project_id": work.project, "schema_key": "brand.film", "artifact_type": "document"}
    files = {"files": ("Film ü.bin", content, "application/octet-stream")}
    version = given.person.send("POST", "/artifacts/v1/artifacts", data=form, files=files).data["id"]
    address = f"/artifacts/v1/artifacts/{version}/download"

    part = at_screen.send("GET", address, headers={"Range": "bytes=100-355"})
    beyond = at_screen.send("GET", address, headers={"Range": f"bytes={len(content) + 5}-"})
    head = at_screen.send("HEAD", address, allow_redirects=True)

    assert (part.status, part.body) == (206, content[100:356])
    assert part.headers["Content-Range"] == f"bytes 100-355/{len(content)}"
    assert (beyond.status, beyond.code) == (416, "range_not_satisfiable")
    assert (head.status, head.headers["Content-Length"]) == (200, str(len(content)))
    # What agents made runs nothing in the place where people are logged in.
    assert part.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in part.headers["Content-Security-Policy"]


@pytest.mark.xdist_group("fragile")
def test_a_registry_that_is_away_is_said(fragile_stack: Stack, given_person: Call) -> None:
    environment = fragile_stack.environment()
    person = given_person(environment["DIRECTUS_ADMIN_TOKEN"], url=environment["DIRECTUS_URL"])
    assert person.get("/artifacts/v1/inbox").status == 200

    fragile_stack.stop("sidecar")
    try:
        read = person.get("/artifacts/v1/inbox")
        decide = person.post("/artifacts/v1/reviews", {"decisions": []})
    finally:
        fragile_stack.start("sidecar")

    for answer in (read, decide):
        assert (answer.status, answer.code) == (503, "registry_unavailable")
        assert environment["SIDECAR_TOKEN"] not in str(answer.body)
    assert person.get("/artifacts/v1/inbox").status == 200
