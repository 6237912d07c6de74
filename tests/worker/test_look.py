"""What the worker completes: versions that came past the API, media facts, and bytes that are others now.

`responses` stands for Directus; tests/directus has the same on the real one.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import responses
from psycopg.types.json import Jsonb

from sidecar.artifacts.content import content_hash
from sidecar.database import Database
from sidecar.worker import look
from tests.conftest import DIRECTUS_URL
from tests.directus.works import picture
from tests.worker.conftest import size_of


class Files:
    """Directus' files: bytes by id. `posters` are those that the worker uploads."""

    def __init__(self, directus: responses.RequestsMock, given, database):
        self.given, self.database = given, database
        self.contents: dict[uuid.UUID, bytes] = {}
        self.posters: dict[uuid.UUID, bytes] = {}
        self.read: list[uuid.UUID] = []
        self.status = 200
        directus.add_callback("GET", re.compile(f"{DIRECTUS_URL}/assets/.*"), self._get)
        directus.add_callback("GET", re.compile(f"{DIRECTUS_URL}/files/.*"), lambda _: (200, {}, '{"data": {}}'))
        directus.add_callback("POST", f"{DIRECTUS_URL}/files", self._post)

    def add(self, content: bytes, mime: str = "text/plain", name: str = "notes.txt") -> uuid.UUID:
        file = self.given.file(mime, name)
        self.contents[file] = content
        uploaded = "update directus_files set filesize = %s, uploaded_on = now() where id = %s"
        self.database.run(uploaded, len(content), file)
        return file

    def replace(self, file: uuid.UUID, content: bytes) -> None:
        """As PATCH /files/{id} with other bytes leaves it."""
        self.contents[file] = content
        self.database.run(
            "update directus_files set filesize = %s, uploaded_on = clock_timestamp() where id = %s", len(content), file
        )

    def _get(self, request):
        file = uuid.UUID(request.url.rsplit("/", 1)[1])
        self.read.append(file)
        if self.status != 200:
            return self.status, {}, '{"errors": [{"message": "No.", "extensions": {"code": "NO"}}]}'
        if file not in self.contents:
            return 403, {}, '{"errors": [{"message": "No.", "extensions": {"code": "FORBIDDEN"}}]}'
        return 200, {}, self.contents[file]

    def _post(self, request):
        body = b"".join(request.body)
        poster = uuid.UUID(re.search(rb'name="id"\r\n\r\n([0-9a-f-]+)', body)[1].decode())
        if poster in self.posters:
            return 400, {}, '{"errors": [{"message": "Twice.", "extensions": {"code": "RECORD_NOT_UNIQUE"}}]}'
        self.posters[poster] = body.split(b"Content-Type: image/jpeg\r\n\r\n")[1].rpartition(b"\r\n--")[0]
        return 200, {}, json.dumps({"data": {"id": str(poster)}})


@pytest.fixture
def files(given, database):
    with responses.RequestsMock(assert_all_requests_are_fired=False) as directus:
        yield Files(directus, given, database)


@pytest.fixture
def registry(settings):
    """The worker's own pool."""
    database = Database(settings.database_url.get_secret_value(), largest=4)
    database.open()
    yield database
    database.close()


@pytest.fixture
def look_around(registry, settings):
    return lambda: look.look_around(registry, settings)


@pytest.fixture
def asked(database):
    """What is still to be looked at."""
    return lambda: database.all("select kind, subject, attempts from sidecar.looks order by id")


@pytest.fixture
def project(given):
    return given.project()


def inserted(directus_role, project, *files, value=None, **columns):
    """A version as Directus inserts it: the row, then its files."""
    names = ["project_id", "schema_key", "value", *columns]
    version = directus_role.value(
        f"insert into artifact_versions ({', '.join(names)}) values ({', '.join(['%s'] * len(names))}) returning id",
        project, "brand.logo", None if value is None else Jsonb(value), *columns.values(),
    )  # fmt: skip
    for sort, file in enumerate(files, start=1):
        link = "insert into artifact_files (artifact_version_id, directus_files_id, sort) values (%s, %s, %s)"
        directus_role.run(link, version, file, sort)
    return version


def test_a_version_inserted_through_directus_gets_its_hash_type_and_facts(
    directus_role, project, files, look_around, database, asked
):
    content = picture(size=40)
    first, second = files.add(content, "image/png", "logo.png"), files.add(b"notes")
    version = inserted(directus_role, project, first, second, value={"seed": 7})

    assert look_around() == 1

    row = database.version(version)
    hashes = [hashlib.sha256(each).digest() for each in (content, b"notes")]
    assert row["content_hash"] == content_hash({"seed": 7}, hashes)
    assert row["artifact_type"] == "image"
    facts = {"type": "image/png", "width": 40, "height": 40, "format": "PNG", "mode": "RGB"}
    assert row["metadata"] == {"media": {str(first): facts}}
    assert database.value("select sha256 from sidecar.file_contents where file_id = %s", second) == hashes[1]
    assert asked() == []


def test_a_version_without_files_gets_its_hash_and_type(directus_role, project, files, look_around, database):
    version = inserted(directus_role, project, value={"a": [1, 2]})

    look_around()

    row = database.version(version)
    assert (row["content_hash"], row["artifact_type"], row["metadata"]) == (
        content_hash({"a": [1, 2]}, []), "json", None,
    )  # fmt: skip


def test_the_same_content_submitted_afterwards_is_that_version(
    directus_role, project, files, look_around, producer, database
):
    file = files.add(b"text")
    version = inserted(directus_role, project, file, value=1)
    look_around()

    answer = producer.submit(project, "brand.logo", 1, file_ids=[str(file)])

    assert (answer.status_code, answer.json["data"]["id"]) == (200, str(version))


def test_what_the_insert_said_stays(directus_role, project, files, look_around, database):
    file = files.add(picture(), "image/png", "logo.png")
    said = {"media": "oil on canvas", "seed": 7}
    version = inserted(directus_role, project, file, artifact_type="document", metadata=Jsonb(said))

    look_around()

    row = database.version(version)
    assert (row["artifact_type"], row["metadata"]) == ("document", said)


@pytest.mark.parametrize("metadata", [[1], "text", 7])
def test_metadata_that_is_no_object_stays(directus_role, project, files, look_around, database, metadata):
    file = files.add(picture(), "image/png", "logo.png")
    version = inserted(directus_role, project, file, metadata=Jsonb(metadata))

    look_around()

    assert database.version(version)["metadata"] == metadata


def test_a_decided_version_gets_facts_and_no_hash(
    directus_role, project, files, look_around, database, reviewer, producer
):
    file = files.add(picture(), "image/png", "logo.png")
    version = inserted(directus_role, project, file)
    assert reviewer.approve(version).status_code == 200

    look_around()

    row = database.version(version)
    assert (row["status"], row["content_hash"]) == ("approved", None)
    assert row["metadata"]["media"][str(file)]["width"] == 64


def test_a_file_linked_later_is_looked_at_as_well(directus_role, project, files, look_around, database):
    first, second = files.add(b"one"), files.add(b"two")
    version = inserted(directus_role, project, first)
    look_around()

    directus_role.run("insert into artifact_files (artifact_version_id, directus_files_id, sort) values (%s, %s, 2)",
                      version, second)  # fmt: skip
    assert database.version(version)["content_hash"] is None
    look_around()

    hashes = [hashlib.sha256(each).digest() for each in (b"one", b"two")]
    assert database.version(version)["content_hash"] == content_hash(None, hashes)


def test_what_is_linked_while_a_look_runs_is_looked_at_again(
    directus_role, connect, project, files, registry, settings, look_around, database, asked, monkeypatch
):
    first, second = files.add(b"one"), files.add(b"two")
    version = inserted(directus_role, project, first)
    other = connect("directus").connection
    complete = look._complete

    def link_meanwhile(connection, version_id):
        monkeypatch.setattr(look, "_complete", complete)
        complete(connection, version_id)
        link = "insert into artifact_files (artifact_version_id, directus_files_id, sort) values (%s, %s, 2)"
        waiting.append(pool.submit(other.execute, link, [version, second]))
        until_waiting(database)

    waiting: list = []
    with ThreadPoolExecutor(1) as pool:
        monkeypatch.setattr(look, "_complete", link_meanwhile)
        look.look_around(registry, settings, seconds=0.001)
        waiting[0].result()
    assert [row["kind"] for row in asked()] == ["version"]
    assert database.version(version)["content_hash"] is None

    look_around()
    hashes = [hashlib.sha256(each).digest() for each in (b"one", b"two")]
    assert database.version(version)["content_hash"] == content_hash(None, hashes)


def until_waiting(database) -> None:
    """Somebody waits for a row that another transaction has locked."""
    deadline = threading.Event()
    for _ in range(500):
        if database.value("select count(*) from pg_stat_activity where wait_event_type = 'Lock'"):
            return
        deadline.wait(0.01)
    raise AssertionError("nobody waits")


def test_films_and_documents_get_a_picture_that_is_theirs_alone(
    given, project, files, look_around, database, media, producer
):
    film = files.add((media / "film.mp4").read_bytes(), "video/mp4", "scene.mp4")
    paper = files.add((media / "two-pages.pdf").read_bytes(), "application/pdf", "deck.pdf")
    answer = producer.submit(project, "scene", file_ids=[str(film), str(paper)])

    look_around()

    facts = database.version(answer.json["data"]["id"])["metadata"]["media"]
    posters = [uuid.UUID(facts[str(file)]["poster_file_id"]) for file in (film, paper)]
    assert (facts[str(film)]["video"]["codec"], facts[str(paper)]["pages"]) == ("mpeg4", 2)
    assert [size_of(files.posters[poster]) for poster in posters] == [(160, 120), (724, 1024)]
    assert database.column("select poster_id from sidecar.file_contents order by file_id = %s", film) == posters[::-1]

    # The same file in another version: nothing is read or made again.
    producer.submit(project, "other", file_ids=[str(film)])
    files.read.clear()
    look_around()
    assert (files.read, len(files.posters)) == ([], 2)


def test_a_look_that_was_cut_off_makes_no_second_picture(project, files, look_around, database, media, producer):
    film = files.add((media / "film.mp4").read_bytes(), "video/mp4", "scene.mp4")
    producer.submit(project, "scene", file_ids=[str(film)])
    look_around()
    (poster,) = files.posters

    database.run("delete from sidecar.file_contents")
    producer.submit(project, "again", file_ids=[str(film)])
    look_around()

    assert list(files.posters) == [poster]
    assert database.value("select poster_id from sidecar.file_contents") == poster


def test_a_hostile_file_is_a_fact_and_not_a_crash(project, files, look_around, database, producer, asked):
    broken = files.add(picture()[:60], "image/png", "broken.png")
    version = producer.submit(project, "a", file_ids=[str(broken)]).json["data"]["id"]

    look_around()

    assert "broken" in database.version(version)["metadata"]["media"][str(broken)]["error"]
    assert asked() == []


@pytest.mark.parametrize("same_size", [True, False])
def test_replaced_bytes_are_noticed_shown_and_taken_back(project, files, look_around, database, producer, same_size):
    file = files.add(b"first", name="plan.txt")
    version = producer.submit(project, "a", file_ids=[str(file)]).json["data"]["id"]
    look_around()
    before = producer.get(f"/v1/artifacts/{version}").json["data"]
    assert (before["content_changed"], before["content_changed_reason"]) == (False, None)

    files.replace(file, b"other" if same_size else b"other bytes")
    look_around()

    after = producer.get(f"/v1/artifacts/{version}").json["data"]
    assert after["content_changed"] is True
    assert after["content_changed_reason"] == (
        "The bytes of plan.txt were replaced in Directus after they were submitted."
    )
    assert after["content_hash"] == before["content_hash"]
    assert after["files"][0]["changed_at"]
    sha256 = database.value("select sha256 from sidecar.file_contents")
    assert sha256 == hashlib.sha256(b"first").digest()

    files.replace(file, b"first")
    look_around()
    assert producer.get(f"/v1/artifacts/{version}").json["data"]["content_changed"] is False


def test_bytes_that_are_gone_are_noticed(project, files, look_around, producer):
    file = files.add(b"first")
    version = producer.submit(project, "a", file_ids=[str(file)]).json["data"]["id"]
    look_around()

    files.replace(file, b"")
    del files.contents[file]
    look_around()

    assert producer.get(f"/v1/artifacts/{version}").json["data"]["content_changed"] is True


def test_another_title_is_no_reason_to_read_a_file(project, files, look_around, producer, database, asked):
    file = files.add(b"first")
    producer.submit(project, "a", file_ids=[str(file)])
    look_around()

    database.run("update directus_files set title = 'Plan', modified_on = now() where id = %s", file)

    assert asked() == []


def test_a_file_that_belongs_to_no_version_is_not_read(files, look_around, asked):
    files.replace(files.add(b"first"), b"second")

    look_around()

    assert (files.read, asked()) == ([], [])


def test_files_nobody_read_for_long_are_read_again(project, files, look_around, producer, registry, database):
    old, new = files.add(b"old"), files.add(b"new")
    version = producer.submit(project, "a", file_ids=[str(old), str(new)]).json["data"]["id"]
    look_around()
    files.contents[old] = b"OLD"  # in the storage itself: Directus' row says nothing
    assert look.ask_for_old_files(registry) == 0
    database.run("update sidecar.file_contents set checked_at = now() - interval '40 days' where file_id = %s", old)

    assert look.ask_for_old_files(registry) == 1
    assert look.ask_for_old_files(registry) == 0
    look_around()

    assert producer.get(f"/v1/artifacts/{version}").json["data"]["content_changed"] is True
    assert look.ask_for_old_files(registry) == 0


def test_while_directus_is_away_it_is_tried_again_ever_more_slowly(
    directus_role, project, files, look_around, database, asked
):
    version = inserted(directus_role, project, files.add(b"text"))
    files.status = 503
    waits = []
    for _ in range(4):
        look_around()
        waits.append(round(float(database.value("select extract(epoch from min(due) - now()) from sidecar.looks"))))
        database.run("update sidecar.looks set due = now()")
    assert waits == pytest.approx([10, 20, 40, 80], abs=2)

    files.status = 200
    look_around()

    assert database.version(version)["content_hash"]
    assert asked() == []


def test_when_the_right_to_read_files_is_missing_nothing_is_called_changed(
    project, files, look_around, producer, database, asked
):
    file = files.add(b"text")
    producer.submit(project, "a", file_ids=[str(file)])
    look_around()
    files.replace(file, b"other")
    with responses.RequestsMock() as refusing:
        no = {"errors": [{"message": "No.", "extensions": {"code": "FORBIDDEN"}}]}
        for place in ("assets", "files"):
            refusing.add("GET", f"{DIRECTUS_URL}/{place}/{file}", status=403, json=no)
        look_around()

    assert database.value("select changed_at from sidecar.file_contents") is None
    assert len(asked()) == 1


def test_a_claim_is_not_taken_by_another_worker(directus_role, project, files, registry, settings, look_around):
    inserted(directus_role, project, files.add(b"text"))
    with registry.transaction() as connection:
        claimed = connection.execute(look.sql.claim_look, {"minutes": 20}).fetchall()

    assert len(claimed) == 2  # the version, and its file's link
    assert look_around() == 0


def test_directus_may_ask_and_not_look(directus_role):
    import psycopg

    directus_role.run("insert into sidecar.looks (kind, subject) values ('version', gen_random_uuid())")
    for statement in (
        "select * from sidecar.looks",
        "delete from sidecar.looks",
        "insert into sidecar.looks (kind, subject, due) values ('version', gen_random_uuid(), now())",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            directus_role.run(statement)


def test_the_worker_does_it_by_itself(directus_role, sidecar_role, project, files, settings, registry, database):
    from procrastinate.exceptions import AlreadyEnqueued

    from sidecar.worker.jobs import create_worker
    from tests.worker.test_reconcile import Worker

    version = inserted(directus_role, project, files.add(b"text"))
    worker = Worker(create_worker(settings, registry), sidecar_role)
    with worker.app.open(), suppress(AlreadyEnqueued):
        worker.app.tasks["look_around"].defer(timestamp=0)

    worker.run()

    assert database.version(version)["content_hash"]
