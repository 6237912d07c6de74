"""Files that rows name by a path are stored in Directus before their versions are made. `responses` stands for it."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from uuid import UUID

import pytest
import responses

from tests.conftest import DIRECTUS_URL

MAP = """
name: covers
tables:
  - table: stories
    key: id
    order: [id]
    project: {key: covers, create: true}
    versions:
      - {path: "covers[{id}]", place: "{image}", value: "{title}"}
"""


class Uploads:
    """Directus' /files, as far as an import uses it."""

    def __init__(self, directus: responses.RequestsMock, database):
        self.database = database
        self.stored: list[UUID] = []
        self.deleted: list[UUID] = []
        directus.add_callback("POST", f"{DIRECTUS_URL}/files", self._post)
        directus.add_callback("DELETE", re.compile(f"{DIRECTUS_URL}/files/.*"), self._delete)

    def _post(self, request):
        named = re.search(rb'name="id"\r\n\r\n([0-9a-f-]{36})', b"".join(request.body))
        file = UUID(named[1].decode())
        if file in self.stored:
            return 400, {}, '{"errors": [{"message": "There.", "extensions": {"code": "RECORD_NOT_UNIQUE"}}]}'
        self.stored.append(file)
        self.database.run("insert into directus_files (id, storage, filename_download) values (%s, 'local', 'a')", file)
        return 200, {}, f'{{"data": {{"id": "{file}"}}}}'

    def _delete(self, request):
        self.deleted.append(UUID(request.url.rsplit("/", 1)[1]))
        return 204, {}, ""


@pytest.fixture
def uploads(database):
    with responses.RequestsMock(assert_all_requests_are_fired=False) as directus:
        yield Uploads(directus, database)


@pytest.fixture
def covers(importing, tmp_path, uploads):
    """Three stories with a file each, imported; `covers.change(…)` changes the source, `covers.again(…)` imports it."""
    source, root = tmp_path / "old.sqlite", tmp_path / "root"
    root.mkdir()
    (tmp_path / "map.yaml").write_text(MAP)
    for name in ("1", "2", "3", "other"):
        (root / f"{name}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + name.encode())

    class Covers:
        files = root

        def change(self, statement):
            with closing(sqlite3.connect(source)) as connection, connection:
                connection.execute(statement)

        def again(self, *options, code=0):
            arguments = ("--map", tmp_path / "map.yaml", "--source", source, "--files-root", root)
            return importing("rows", *arguments, *options, code=code).output

    made = Covers()
    made.change("create table stories (id, image, title)")
    made.change("insert into stories values (1, '1.png', 'a'), (2, '2.png', 'b'), (3, '3.png', 'c')")
    assert "3 versions made" in made.again()
    assert len(uploads.stored) == 3
    return made


def test_renewing_asks_for_no_file_of_a_row_that_is_as_it_was(covers, uploads):
    covers.change("update stories set image = 'other.png' where id = 1")
    (covers.files / "2.png").unlink()

    assert "1 versions made, 2 there already" in covers.again("--renew-changed")

    assert len(uploads.stored) == 4


def test_when_renewing_stops_the_files_of_versions_stay_and_those_of_none_go(covers, uploads):
    """Row 1 has changed beside its file, row 2 has another file, and that of row 3 is missing."""
    covers.change("update stories set title = 'new'")
    covers.change("update stories set image = 'other.png' where id = 2")
    (covers.files / "3.png").unlink()

    assert "import_file_missing  stories/3" in covers.again("--renew-changed", code=1)

    assert uploads.deleted == [uploads.stored[3]]
