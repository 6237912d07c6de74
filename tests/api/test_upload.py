"""Submitting with files: multipart bodies, whose files Directus stores. `responses` stands for Directus."""

from __future__ import annotations

import hashlib
import re
import uuid

import pytest
import requests
import responses

from sidecar.provision.ids import ARTIFACTS_FOLDER
from tests.conftest import DIRECTUS_URL
from tests.given import code, multipart

FIT = {"project_id": b"spring-brand", "schema_key": b"brand.logo"}


class Storage:
    """Directus' /files: keeps a row for what is uploaded, deletes it again when asked, and remembers the requests."""

    def __init__(self, directus: responses.RequestsMock, given, database):
        self.given, self.database = given, database
        self.bodies: list[bytes] = []
        self.deleted: list[uuid.UUID] = []
        directus.add_callback("POST", f"{DIRECTUS_URL}/files", self._post)
        directus.add_callback("DELETE", re.compile(f"{DIRECTUS_URL}/files/.*"), self._delete)

    def _post(self, request):
        body = b"".join(request.body)
        mime = body.split(b"Content-Type: ")[1].split(b"\r\n")[0].decode()
        self.bodies.append(body)
        return 200, {}, f'{{"data": {{"id": "{self.given.file(mime)}"}}}}'

    def _delete(self, request):
        file = uuid.UUID(request.url.rsplit("/", 1)[1])
        self.deleted.append(file)
        self.database.run("delete from directus_files where id = %s", file)
        return 204, {}, ""


@pytest.fixture
def directus():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def storage(directus, given, database):
    given.project("spring-brand")
    return Storage(directus, given, database)


def test_files_are_stored_in_directus_and_belong_to_the_version(producer, storage, database):
    files = [("files", "front.png", b"PNG front"), ("files", "back.pdf", b"PDF back")]

    answer = producer.post("/v1/artifacts", **multipart({**FIT, "value": b'{"a": 1}', "tags": b'["x"]'}, files))

    version = answer.json["data"]
    assert answer.status_code == 201, answer.text
    assert (version["value"], version["tags"], version["artifact_type"]) == ({"a": 1}, ["x"], "image")
    assert [file["type"] for file in version["files"]] == ["image/png", "application/pdf"]
    assert version["primary_file_id"] == version["files"][0]["id"]
    assert b"PNG front" in storage.bodies[0]
    assert ARTIFACTS_FOLDER.encode() in storage.bodies[0]
    assert b"brand.logo" in storage.bodies[0]
    known = database.all("select * from sidecar.file_contents")
    assert {row["sha256"] for row in known} == {hashlib.sha256(content).digest() for _, _, content in files}
    assert storage.deleted == []


def test_the_same_bytes_again_are_the_existing_version_and_no_second_file(producer, storage, database):
    body = multipart({**FIT, "value": b"1"}, [("files", "logo.png", b"PNG")])
    first = producer.post("/v1/artifacts", **body).json["data"]

    again = producer.post("/v1/artifacts", **body)

    assert (again.status_code, again.json["data"]["id"]) == (200, first["id"])
    assert again.json["data"]["files"] == first["files"]
    assert len(storage.deleted) == 1
    assert database.column("select id::text from directus_files") == [first["files"][0]["id"]]
    assert database.column("select file_id::text from sidecar.file_contents") == [first["files"][0]["id"]]


def test_other_bytes_under_the_same_name_are_a_new_version(producer, storage):
    for content in (b"one", b"two"):
        answer = producer.post("/v1/artifacts", **multipart(FIT, [("files", "logo.png", content)]))

    assert (answer.status_code, answer.json["data"]["version_number"]) == (201, 2)


def test_files_may_be_uploaded_beside_files_that_are_in_directus_already(given, producer, storage):
    there = given.file()

    form = {**FIT, "file_ids": f'["{there}"]'.encode()}
    version = producer.post("/v1/artifacts", **multipart(form, [("files", "new.png", b"PNG")])).json["data"]

    assert len(version["files"]) == 2
    assert version["files"][1]["id"] == str(there)


def test_a_multipart_body_without_files_is_a_submission_too(producer, storage):
    form = {**FIT, "value": '"é \ufffd"'.encode(), "deduplicate": b"false", "status": b"intermediate"}

    version = producer.post("/v1/artifacts", **multipart(form)).json["data"]

    assert (version["value"], version["status"], version["files"]) == ("é \ufffd", "intermediate", [])
    assert storage.bodies == []


def test_a_file_name_may_hold_anything(producer, storage):
    answer = producer.post("/v1/artifacts", **multipart(FIT, [("files", "lo go é (1).svg", b"<svg/>")]))

    assert answer.status_code == 201, answer.text
    assert "lo go é (1).svg".encode() in storage.bodies[0]


@pytest.mark.parametrize(
    ("field", "text", "expected"),
    [
        ("source_task_id", str(uuid.UUID(int=7)).encode(), "task_not_found"),
        ("schema_key", b"taken.logo", "path_conflict"),
    ],
)
def test_what_is_refused_after_the_upload_leaves_no_file(given, producer, storage, database, field, text, expected):
    given.version(database.value("select id from projects"), "taken")

    with database.unchanged():
        answer = producer.post("/v1/artifacts", **multipart({**FIT, field: text}, [("files", "a.png", b"PNG")]))

    assert code(answer) == expected
    assert database.all("select * from directus_files") == []
    assert database.all("select * from sidecar.file_contents") == []


@pytest.mark.parametrize(
    ("field", "text", "expected"),
    [
        ("project_id", b"nowhere", "project_not_found"),
        ("value", b"{", "value_not_json"),
        ("status", b"approved", "invalid_value"),
    ],
)
def test_what_is_refused_from_reading_alone_is_never_uploaded(producer, storage, field, text, expected):
    answer = producer.post("/v1/artifacts", **multipart({**FIT, field: text}, [("files", "a.png", b"PNG")]))

    assert code(answer) == expected
    assert storage.bodies == []


@pytest.mark.parametrize("failure", ["refused", "down"])
def test_when_directus_does_not_take_a_file_nothing_is_kept(given, producer, directus, database, failure):
    given.project("spring-brand")
    if failure == "refused":
        denial = {"errors": [{"message": "Full.", "extensions": {"code": "FULL"}}]}
        directus.add("POST", f"{DIRECTUS_URL}/files", status=507, json=denial)
    else:
        directus.add("POST", f"{DIRECTUS_URL}/files", body=requests.ConnectionError("nobody there"))

    with database.unchanged():
        answer = producer.post("/v1/artifacts", **multipart(FIT, [("files", "a.png", b"PNG")]))

    assert (answer.status_code, code(answer)) == (502, "file_upload_failed")
    assert answer.json["errors"][0]["extensions"]["filename"] == "a.png"


def test_a_page_that_calls_itself_a_picture_is_refused_and_leaves_no_file(producer, storage, database):
    head = b'--frontier\r\nContent-Disposition: form-data; name="%s"'
    parts = [head % name.encode() + b"\r\n\r\n" + text + b"\r\n" for name, text in FIT.items()]
    for name, content in ((b"a.png", b"PNG"), (b"b.png", b"<html><script>alert(1)</script>")):
        typed = b'; filename="%s"\r\nContent-Type: image/png\r\n\r\n%s\r\n' % (name, content)
        parts.append(head % b"files" + typed)
    body = b"".join([*parts, b"--frontier--\r\n"])

    with database.unchanged():
        answer = producer.post("/v1/artifacts", data=body, content_type="multipart/form-data; boundary=frontier")

    assert (answer.status_code, code(answer)) == (422, "file_type_mismatch")
    assert answer.json["errors"][0]["extensions"]["filename"] == "b.png"
    assert database.all("select * from directus_files") == []


def test_an_upload_beyond_its_own_limit_is_refused(given, settings, storage):
    from sidecar.app import create_app

    app = create_app(settings.model_copy(update={"upload_limit": 4096, "json_limit": 1024}))
    person = given.person("producer")
    person.client = app.test_client()

    for body, expected, limit in (
        (multipart(FIT, [("files", "a.png", b"x" * 5000)]), "upload_too_large", 4096),
        (multipart({**FIT, "value": b'"%s"' % (b"x" * 2000)}), "body_too_large", 1024),
    ):
        answer = person.post("/v1/artifacts", **body)
        assert (answer.status_code, code(answer)) == (413, expected)
        assert answer.json["errors"][0]["extensions"]["limit"] == limit

    app.extensions["artifacts"].database.close()
    assert storage.bodies == []
