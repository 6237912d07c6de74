"""Files on the real stack: large ones, media facts, bytes replaced in Directus, addresses."""

from __future__ import annotations

import hashlib
import io
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pypdfium2
import pytest

from sidecar.provision.ids import ARTIFACTS_FOLDER
from sidecar.stack import processes
from sidecar.stack.stack import Stack
from sidecar.verify.verify import snapshot, verify
from tests.directus.people import Answer, Person, eventually
from tests.directus.test_uploads import stored, submit
from tests.directus.works import Database, Producer, picture
from tests.rows import Rows

# 1 GB by hand: ARTIFACTS_TESTS_UPLOAD_MB=1000
MEGABYTES = int(os.environ.get("ARTIFACTS_TESTS_UPLOAD_MB", "200"))
# What a process may take beyond what it had, however large the file: buffers, and what Python does not give back.
GROWTH_BYTES = 40 * 1024**2


class Large(io.RawIOBase):
    """So many bytes, made while they are read, and their hash."""

    def __init__(self, size: int):
        self.left, self.digest = size, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        piece = os.urandom(4096) * 64
        piece = piece[: min(self.left, len(piece) if size < 0 else min(size, len(piece)))]
        self.left -= len(piece)
        self.digest.update(piece)
        return piece


@pytest.fixture
def agent(given_person: Callable[..., Person], environment: dict[str, str]) -> Person:
    """The producer, calling the sidecar."""
    return given_person(environment["DIRECTUS_PRODUCER_TOKEN"], url=environment["SIDECAR_URL"])


@contextmanager
def memory_of(process: psutil.Process) -> Iterator[dict[str, int]]:
    """The most that a process and its children took together while the block ran, beyond what they had before."""

    def taken() -> int:
        return sum(each.memory_info().rss for each in [process, *process.children(recursive=True)])

    before, found, over = taken(), {"growth": 0}, threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            found["growth"] = max(found["growth"], taken() - before)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def body(fields: dict[str, str], content: Large) -> Iterator[bytes]:
    """A multipart body that is made while it is sent."""
    for name, text in fields.items():
        yield f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
    yield b'--edge\r\nContent-Disposition: form-data; name="files"; filename="large.bin"\r\n\r\n'
    while piece := content.read():
        yield piece
    yield b"\r\n--edge--\r\n"


def test_a_large_file_passes_through_in_pieces(
    given: Producer, agent: Person, database: Database, running_stack: Stack
) -> None:
    work, content = given.work(), Large(MEGABYTES * 1_000_000)
    sidecar = processes.find(running_stack.pid_file("sidecar"))
    assert sidecar is not None
    submit(agent, work, [("small.png", picture(), "image/png")])  # everything is loaded

    with memory_of(sidecar) as memory:
        response = agent.session.post(
            f"{agent.url}/v1/artifacts",
            data=body({"project_id": work.project, "schema_key": "large"}, content),
            headers={
                "Authorization": f"Bearer {agent.token}",
                "Content-Type": "multipart/form-data; boundary=edge",
            },
            timeout=600,
        )

    assert response.status_code == 201, response.text
    file = response.json()["data"]["files"][0]
    row = database.row("select sha256, size from sidecar.file_contents where file_id = %s", file["id"])
    assert (row["sha256"], row["size"], file["filesize"]) == (
        content.digest.digest(), MEGABYTES * 1_000_000, MEGABYTES * 1_000_000,
    )  # fmt: skip
    print(f"\n{MEGABYTES} MB: the sidecar grew by {memory['growth'] / 1e6:.1f} MB")
    assert memory["growth"] < GROWTH_BYTES


def test_a_version_made_in_directus_gets_its_hash_type_and_facts(
    given: Producer, producer: Person, agent: Person, database: Database
) -> None:
    work = given.work()
    file = producer.upload("logo.png", picture(size=48), "image/png")
    version = given.submit(work, value=None, primary_file_id=file)

    done = eventually(lambda: (row := database.version(version))["content_hash"] and row, "the version is completed")

    assert done["artifact_type"] == "image"
    assert done["metadata"]["media"][file] == {
        "type": "image/png", "width": 48, "height": 48, "format": "PNG", "mode": "RGB",
    }  # fmt: skip
    again = agent.post("/v1/artifacts", {"project_id": work.project, "schema_key": "brand.logo", "file_ids": [file]})
    assert (again.status, again.data["id"]) == (200, version)


def test_the_first_page_of_a_document_is_a_file_that_is_referred_to(
    given: Producer, agent: Person, reviewer: Person, database: Database, environment: dict[str, str], tmp_path: Path
) -> None:
    document = pypdfium2.PdfDocument.new()
    document.new_page(595, 842)
    document.save(tmp_path / "deck.pdf")
    content = (tmp_path / "deck.pdf").read_bytes()
    file = submit(agent, given.work(), [("deck.pdf", content, "application/pdf")]).data["primary_file_id"]

    known = eventually(
        lambda: database.rows("select * from sidecar.file_contents where file_id = %s and poster_id is not null", file),
        "the document has a picture",
    )

    poster = reviewer.get(f"/files/{known[0]['poster_id']}").data
    assert (poster["type"], poster["folder"], poster["width"], poster["height"]) == (
        "image/jpeg", ARTIFACTS_FOLDER, 724, 1024,
    )  # fmt: skip
    with Rows.connect(environment["DATABASE_ADMIN_URL"]).connection as connection:
        connection.execute(
            "update directus_files set created_on = now() - interval '2 hours' where id = %s", [poster["id"]]
        )
    assert not [breach for breach in found(environment) if poster["id"] in str(breach)]


def test_bytes_replaced_in_directus_are_noticed_and_reported(
    given: Producer, agent: Person, administrator: Person, database: Database, environment: dict[str, str]
) -> None:
    version = submit(agent, given.work(), [("plan.txt", b"first", "text/plain")]).data
    file = version["primary_file_id"]

    replaced = administrator.send("PATCH", f"/files/{file}", files={"file": ("plan.txt", b"other", "text/plain")})

    assert replaced.status == 200, replaced.body
    shown = eventually(lambda: changed(agent, version["id"]), "the version says so")
    assert shown["content_changed_reason"].startswith("The bytes of plan.txt were replaced in Directus")
    breaches = [breach for breach in found(environment) if file in str(breach)]
    assert [breach.code for breach in breaches] == ["file_replaced"]

    administrator.send("PATCH", f"/files/{file}", files={"file": ("plan.txt", b"first", "text/plain")})
    eventually(lambda: not changed(agent, version["id"]), "the first bytes are back")


def test_bytes_that_are_gone_from_the_storage_are_noticed(
    given: Producer, agent: Person, database: Database, running_stack: Stack, write_as_registry: Callable[..., None]
) -> None:
    version = submit(agent, given.work(), [("plan.txt", b"first", "text/plain")]).data
    row = database.row("select id, filename_disk from directus_files where id = %s", version["primary_file_id"])
    place = running_stack.directory / "uploads" / row["filename_disk"]
    place.unlink()
    write_as_registry("insert into sidecar.looks (kind, subject) values ('file', %s)", row["id"])

    eventually(lambda: changed(agent, version["id"]), "the version says so")

    place.write_bytes(b"first")
    write_as_registry("insert into sidecar.looks (kind, subject) values ('file', %s)", row["id"])
    eventually(lambda: not changed(agent, version["id"]), "they are back")


def test_the_sidecar_does_not_fetch_from_its_own_neighbours(
    given: Producer, agent: Person, environment: dict[str, str], database: Database
) -> None:
    work = given.work()

    for url in (environment["DIRECTUS_URL"] + "/server/ping", "http://169.254.169.254/latest/meta-data/"):
        answer = agent.post("/v1/artifacts", {"project_id": work.project, "schema_key": "stolen", "file_urls": [url]})
        assert (answer.status, answer.code) == (422, "file_url_refused")

    assert stored(database, "ping") == []


def changed(agent: Person, version: str) -> dict | None:
    answer: Answer = agent.get(f"/v1/artifacts/{version}")
    return answer.data if answer.data["content_changed"] else None


def found(environment: dict[str, str]) -> list:
    connection = Rows.connect(environment["DATABASE_URL"]).connection
    with connection, snapshot(connection):
        return list(verify(connection))
