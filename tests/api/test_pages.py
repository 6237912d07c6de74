"""Pages of a version's PDF over the API: who may see them, how long they are kept, what is refused."""

from __future__ import annotations

import io
import re
import uuid

import pytest
import requests
import responses
from PIL import Image

from sidecar.previews import page as previews
from tests.conftest import DIRECTUS_URL
from tests.documents import document_with, locked
from tests.given import code

DOCUMENT = document_with("The harbour wakes", "The harbour works", "The harbour sleeps")


@pytest.fixture
def storage():
    """Directus, as far as it hands out bytes: DOCUMENT, unless a test says what else."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as directus:
        directus.content = DOCUMENT
        address = re.compile(re.escape(f"{DIRECTUS_URL}/assets/") + ".*")
        directus.add_callback("GET", address, lambda _asked: (200, {}, directus.content))
        yield directus


@pytest.fixture
def file(given):
    return given.file("application/pdf", "script.pdf")


@pytest.fixture
def pages(given, file):
    """The address of a version's pages."""
    version = given.version(given.project("spring"), "film.script", files=(file,))
    return f"/v1/artifacts/{version}/files/{file}/pages"


def test_every_page_is_a_picture_that_runs_nothing_and_is_kept(producer, pages, storage):
    answers = [producer.get(f"{pages}/{number}?width=400") for number in (1, 2, 3)]

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.data for answer in answers}) == 3
    with Image.open(io.BytesIO(answers[0].data)) as picture:
        assert (picture.format, picture.width) == ("WEBP", 400)
    headers = answers[0].headers
    assert headers["Content-Type"] == "image/webp"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "private, max-age=604800, immutable"


def test_what_a_caller_has_is_not_made_again(producer, pages, storage):
    etag = producer.get(f"{pages}/2?width=400").headers["ETag"]
    read = len(storage.calls)

    again = producer.get(f"{pages}/2?width=350", headers={"If-None-Match": etag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag)
    assert len(storage.calls) == read

    for other in ("3?width=400", "2?width=800"):
        assert producer.get(f"{pages}/{other}", headers={"If-None-Match": etag}).status_code == 200


def test_bytes_replaced_in_directus_have_another_etag(producer, pages, file, storage, database):
    before = producer.get(f"{pages}/1?width=400").headers["ETag"]
    database.run("update directus_files set uploaded_on = now() where id = %s", file)

    after = producer.get(f"{pages}/1?width=400&changed=2026-11-20T09:30:00Z", headers={"If-None-Match": before})

    assert after.status_code == 200
    assert after.headers["ETag"] != before


def test_pages_are_counted_where_the_worker_has_not_and_read_where_it_has(producer, pages, file, storage, sidecar_role):
    assert producer.get(pages).json["data"] == {"file_id": str(file), "pages": 3}
    sidecar_role.run(
        "insert into sidecar.file_contents (file_id, sha256, size, media) values (%s, '', 1, '{\"pages\": 7}')", file
    )
    read = len(storage.calls)

    assert producer.get(pages).json["data"]["pages"] == 7
    beyond = producer.get(f"{pages}/8")
    assert len(storage.calls) == read

    assert (beyond.status_code, code(beyond)) == (404, "page_not_found")
    assert beyond.json["errors"][0]["message"] == "The document has 7 pages, so there is no page 8."
    sidecar_role.run("update sidecar.file_contents set changed_at = now() where file_id = %s", file)
    assert producer.get(pages).json["data"]["pages"] == 3, "of the bytes that are there now"


def test_a_page_beyond_the_end_names_the_number_of_pages(producer, pages, storage):
    answer = producer.get(f"{pages}/4")

    assert (answer.status_code, code(answer)) == (404, "page_not_found")
    assert answer.json["errors"][0]["extensions"]["pages"] == 3


@pytest.mark.parametrize(
    "query", ["1?width=0", "1?width=2401", "1?height=5", "0", "-1", "first", "1?width=400&width=800"]
)
def test_what_is_no_page_or_width_is_refused(producer, pages, storage, query):
    answer = producer.get(f"{pages}/{query}")

    assert (answer.status_code, code(answer)) == (422, "invalid_value")


def test_only_who_may_read_the_version_sees_its_pages(given, client, pages, storage):
    nobody = given.person(None)

    for address in (pages, f"{pages}/1"):
        assert client.get(address).status_code == 401
        assert (nobody.get(address).status_code, len(storage.calls)) == (403, 0)


def test_a_file_is_shown_as_part_of_its_version_only(given, producer, pages, file, storage):
    another = given.version(given.project("autumn"), "film.script", files=(given.file("application/pdf"),))

    for version in (another, uuid.uuid4()):
        answer = producer.get(f"/v1/artifacts/{version}/files/{file}/pages/1")
        assert answer.status_code == 404
        assert code(answer) == ("file_not_linked" if version == another else "artifact_not_found")
    assert len(storage.calls) == 0


@pytest.mark.parametrize("mime", ["image/png", "text/html", None])
def test_what_is_no_pdf_has_no_pages(given, producer, storage, mime):
    file = given.file(mime)
    version = given.version(given.project("spring"), files=(file,))

    answer = producer.get(f"/v1/artifacts/{version}/files/{file}/pages/1")

    assert (answer.status_code, code(answer), len(storage.calls)) == (422, "file_without_pages", 0)


@pytest.mark.parametrize(
    ("content", "refusal"), [(b"%PDF-1.7 and nothing more", "document_unreadable"), (locked(), "document_locked")]
)
def test_what_cannot_be_shown_is_refused_with_a_next_step(producer, pages, storage, content, refusal):
    storage.content = content

    for address in (pages, f"{pages}/1"):
        answer = producer.get(address)
        assert (answer.status_code, code(answer)) == (422, refusal)
        assert answer.json["errors"][0]["extensions"]["next"]


def test_a_directus_that_is_away_or_has_lost_the_bytes_is_said_so(producer, pages):
    with responses.RequestsMock() as directus:
        address = re.compile(re.escape(f"{DIRECTUS_URL}/assets/") + ".*")
        directus.add("GET", address, body=requests.ConnectionError("away"))
        away = producer.get(f"{pages}/1")
        directus.replace("GET", address, status=404)
        lost = producer.get(f"{pages}/1")

    assert (away.status_code, code(away), away.headers["Retry-After"]) == (503, "directus_unavailable", "1")
    assert (lost.status_code, code(lost)) == (404, "bytes_missing")


def test_too_many_at_once_are_asked_to_come_again(producer, pages, storage, monkeypatch):
    monkeypatch.setattr(previews, "_admitted", previews.threading.BoundedSemaphore(1))
    with previews._turn(previews.time.monotonic() + 60):
        answer = producer.get(f"{pages}/1")

    assert (answer.status_code, code(answer), answer.headers["Retry-After"]) == (503, "previews_busy", "1")
    assert producer.get(f"{pages}/1?width=400").status_code == 200
