"""Removing files: Directus deletes them, until it has said so, and never one that something refers to."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg
import pytest

from sidecar.database import Database
from sidecar.retention.remove import remove_files, remove_late_pictures
from sidecar.settings import Settings
from tests.rows import Rows


class Storage(ThreadingHTTPServer):
    """Stands for Directus: deletes the rows and notes whose bytes it deleted. `moods` are what happens to requests, in
    their order: ok, down (503), lost (the row goes, then nothing is heard), refused (403)."""

    def __init__(self, rows: Rows) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.rows, self.moods, self.asked = rows, [], []
        self.bytes_gone: list[str] = []
        self.arrived, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Storage

    def do_DELETE(self) -> None:
        here, file = self.server, self.path.rpartition("/")[2]
        here.asked.append(("DELETE", file))
        here.arrived.set()
        here.go_on.wait(20)
        mood = here.moods.pop(0) if here.moods else "ok"
        if mood == "down":
            return self._answer(503)
        try:
            if mood == "refused" or here.rows.run("delete from directus_files where id = %s", file) == 0:
                return self._answer(403)
        except psycopg.Error:
            return self._answer(500)
        if mood == "lost":
            return self.connection.close()
        here.bytes_gone.append(file)
        self._answer(204)

    def do_POST(self) -> None:
        row = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(("POST", row["id"]))
        self.server.rows.run(
            "insert into directus_files (id, storage, filename_disk, filename_download) values (%s, %s, %s, %s)",
            row["id"], row["storage"], row["filename_disk"], row["filename_download"],
        )  # fmt: skip
        self._answer(200, {"data": row})

    def _answer(self, status: int, body: object = None) -> None:
        said = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Tests need no log."""


@pytest.fixture
def storage(connect) -> Iterator[Storage]:
    server = Storage(connect("directus"))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def there(settings, storage) -> Settings:
    return settings.model_copy(update={"directus_url": storage.url})


@pytest.fixture
def pool(settings) -> Iterator[Database]:
    database = Database(settings.database_url.get_secret_value(), largest=4)
    database.open()
    yield database
    database.close()


@pytest.fixture
def asked(given, sidecar_role):
    """`asked()`: a file that is to be removed."""

    def ask(file=None, erase=False) -> uuid.UUID:
        file = file or given.file()
        sidecar_role.run(
            "insert into sidecar.file_removals (file_id, erase, storage, filename_disk)"
            " values (%s, %s, 'local', 'logo.png')",
            file, erase,
        )  # fmt: skip
        return file

    return ask


def state(database: Rows, file: uuid.UUID) -> dict:
    return database.one("select *, deleted_at is not null as done from sidecar.file_removals where file_id = %s", file)


def make_due(database: Rows) -> None:
    database.run("update sidecar.file_removals set due = now() where deleted_at is null")


def test_a_file_is_deleted_once_and_its_hash_is_no_longer_looked_after(asked, storage, pool, there, database):
    file = asked()
    database.run("insert into sidecar.file_contents (file_id, sha256, size) values (%s, sha256('x'), 1)", file)
    database.run("insert into sidecar.looks (kind, subject) values ('file', %s)", file)

    assert remove_files(pool, there) == 1
    make_due(database)
    assert remove_files(pool, there) == 0

    assert storage.bytes_gone == [str(file)]
    assert state(database, file)["done"]
    assert database.column("select file_id from sidecar.file_contents") == []
    assert database.column("select subject from sidecar.looks") == []


def test_the_picture_made_of_a_file_goes_after_it(asked, storage, pool, there, given, database):
    file, picture = asked(), given.file()
    database.run(
        "insert into sidecar.file_contents (file_id, sha256, size, poster_id) values (%s, sha256('x'), 1, %s)",
        file,
        picture,
    )

    assert remove_files(pool, there) == 2

    assert storage.bytes_gone == [str(file), str(picture)]


def test_a_picture_that_was_made_meanwhile_is_found_later(asked, storage, pool, there, given, database):
    file, picture = asked(), given.file()
    remove_files(pool, there)
    database.run(
        "insert into sidecar.file_contents (file_id, sha256, size, poster_id) values (%s, sha256('x'), 1, %s)",
        file,
        picture,
    )

    assert remove_late_pictures(pool) == 1
    assert remove_files(pool, there) == 1
    assert storage.bytes_gone == [str(file), str(picture)]
    assert remove_late_pictures(pool) == 0


def test_a_file_that_something_refers_to_is_held_and_goes_when_nothing_does(
    asked, storage, pool, there, given, database
):
    file = asked()
    database.run("insert into documents (title, file_id, status) values ('Logo', %s, 'active')", file)

    remove_files(pool, there)
    assert (storage.asked, state(database, file)["held_by"]) == ([], "documents")

    database.run("update documents set file_id = null")
    make_due(database)
    remove_files(pool, there)
    assert (storage.bytes_gone, state(database, file)["held_by"]) == ([str(file)], None)


@pytest.mark.parametrize("mood", ["down", "refused"])
def test_what_fails_is_tried_again(asked, storage, pool, there, database, mood):
    file = asked()
    storage.moods = [mood, mood]

    for _ in range(2):
        assert remove_files(pool, there) == 1
        row = state(database, file)
        assert (row["done"], row["asked_until"], row["error"].startswith("Directus: ")) == (False, None, True)
        make_due(database)
    remove_files(pool, there)

    assert (state(database, file)["done"], state(database, file)["error"]) == (True, None)
    assert storage.bytes_gone == [str(file)]


def test_a_failed_file_does_not_hold_up_the_others(asked, storage, pool, there, database):
    first, second = asked(), asked()
    storage.moods = ["down"]

    assert remove_files(pool, there) == 2

    assert sorted(state(database, file)["done"] for file in (first, second)) == [False, True]


def test_bytes_that_directus_died_over_are_deleted_with_the_row_put_back(asked, storage, pool, there, database):
    file = asked()
    storage.moods = ["lost"]
    remove_files(pool, there)
    assert (storage.bytes_gone, state(database, file)["done"]) == ([], False)

    make_due(database)
    remove_files(pool, there)

    assert storage.asked[1:] == [("POST", str(file)), ("DELETE", str(file))]
    assert (storage.bytes_gone, state(database, file)["done"]) == ([str(file)], True)
    assert database.value("select count(*) from directus_files where id = %s", file) == 0


def test_a_worker_that_dies_before_it_notes_it_does_no_harm(asked, storage, pool, there, database):
    file = asked()
    remove_files(pool, there)
    # As the row was before: claimed, and nothing noted.
    database.run("update sidecar.file_removals set deleted_at = null, asked_until = now(), due = now()")

    remove_files(pool, there)

    assert state(database, file)["done"]
    assert database.value("select count(*) from directus_files where id = %s", file) == 0


def test_a_reference_made_while_directus_is_asked_keeps_the_file(asked, storage, pool, there, given, database):
    file = asked()
    storage.go_on.clear()
    working = threading.Thread(target=remove_files, args=(pool, there))
    working.start()
    assert storage.arrived.wait(10)
    # Nothing referred to it when the worker looked.
    database.run("insert into documents (title, file_id, status) values ('Logo', %s, 'active')", file)
    storage.go_on.set()
    working.join()

    assert database.value("select file_id from documents") == file
    assert not state(database, file)["done"]
    assert storage.bytes_gone == []


def test_two_workers_take_different_files(asked, storage, pool, there, database):
    files = [asked() for _ in range(6)]
    together = threading.Barrier(2)

    def work() -> None:
        together.wait(10)
        remove_files(pool, there)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sorted(storage.bytes_gone) == sorted(map(str, files))


def test_what_directus_wrote_down_of_an_erased_file_goes_with_it(asked, storage, pool, there, database):
    file, other = asked(erase=True), asked()
    for item in (file, other):
        activity = database.value(
            "insert into directus_activity (action, collection, item)"
            " values ('create', 'directus_files', %s) returning id",
            str(item),
        )
        database.run(
            "insert into directus_revisions (activity, collection, item, data)"
            " values (%s, 'directus_files', %s, '{\"title\": \"Ida\"}')",
            activity, str(item),
        )  # fmt: skip

    remove_files(pool, there)

    texts = {
        row["item"]: row["data"]
        for row in database.all("select item, data from directus_revisions where collection = 'directus_files'")
    }
    assert texts == {str(file): {"erased": True}, str(other): {"title": "Ida"}}
