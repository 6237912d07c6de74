"""The repaired client, against made-up answers."""

from __future__ import annotations

import io
from typing import Any

import pytest
import requests
import responses

from sidecar.directus import CHUNK_BYTES, Directus, DirectusError

URL = "https://cms.example.com/studio"


@pytest.fixture
def directus() -> Directus:
    return Directus(URL + "/", "a-token")


@responses.activate
def test_a_base_path_is_kept_and_the_token_sent(directus: Directus) -> None:
    responses.get(f"{URL}/items/tasks", json={"data": [{"title": "errors everywhere"}]})
    assert directus.get("/items/tasks") == [{"title": "errors everywhere"}]
    assert responses.calls[0].request.headers["Authorization"] == "Bearer a-token"


@responses.activate
def test_certificates_are_checked_and_no_call_waits_for_ever(directus: Directus) -> None:
    responses.get(f"{URL}/server/ping", json={"data": "pong"})
    directus.get("/server/ping")
    sent: Any = responses.calls[0].request
    assert sent.req_kwargs["verify"]
    assert sent.req_kwargs["timeout"] == (3.05, 30.0)


@responses.activate
def test_a_refusal_has_status_code_and_message(directus: Directus) -> None:
    answer = {"errors": [{"message": "A version never changes.", "extensions": {"code": "version_immutable"}}]}
    responses.patch(f"{URL}/items/artifact_versions/1", status=409, json=answer)
    with pytest.raises(DirectusError) as refused:
        directus.patch("/items/artifact_versions/1", json={"value": 1})
    assert (refused.value.status, refused.value.code, refused.value.message) == (
        409,
        "version_immutable",
        "A version never changes.",
    )


@responses.activate
def test_an_answer_of_something_else_is_an_error_too(directus: Directus) -> None:
    responses.get(f"{URL}/items/tasks", status=502, body="<html>Bad Gateway</html>")
    with pytest.raises(DirectusError, match="Bad Gateway") as refused:
        directus.get("/items/tasks")
    assert refused.value.status == 502


@responses.activate
def test_no_answer_is_status_nought(directus: Directus) -> None:
    responses.get(f"{URL}/items/tasks", body=requests.ConnectionError("refused"))
    with pytest.raises(DirectusError) as refused:
        directus.get("/items/tasks")
    assert (refused.value.status, refused.value.code) == (0, "unreachable")


@responses.activate
def test_no_content_is_none(directus: Directus) -> None:
    responses.post(f"{URL}/schema/diff", status=204)
    responses.delete(f"{URL}/items/tasks/1", status=204)
    assert directus.post("/schema/diff", json={}) is None
    directus.delete("/items/tasks/1")


@responses.activate
def test_logging_in_keeps_the_access_token() -> None:
    responses.post(f"{URL}/auth/login", json={"data": {"access_token": "access", "refresh_token": "refresh"}})
    responses.get(f"{URL}/users/me", json={"data": {"id": "1"}})
    directus = Directus(URL, email="robin@example.com", password="secret")
    directus.get("/users/me")
    assert "Authorization" not in responses.calls[0].request.headers
    assert responses.calls[1].request.headers["Authorization"] == "Bearer access"


class Tape(io.RawIOBase):
    """A stream that remembers the largest piece anybody asked of it."""

    def __init__(self, size: int) -> None:
        self.left, self.largest = size, 0

    def read(self, size: int = -1) -> bytes:
        self.largest = max(self.largest, size)
        taken = min(self.left, size)
        self.left -= taken
        return b"x" * taken


@responses.activate
def test_an_upload_is_one_request_read_in_pieces_with_the_fields_first(directus: Directus) -> None:
    bodies: list[bytes] = []

    def take(request: Any) -> tuple[int, dict[str, str], str]:
        bodies.append(b"".join(request.body))
        return 200, {}, '{"data": {"id": "f"}}'

    responses.add_callback(responses.POST, f"{URL}/files", take)
    tape = Tape(3 * CHUNK_BYTES + 1)
    row = directus.upload(tape, 'the "logo".png', "image/png", "Logo", "folder", id="f")  # pyright: ignore[reportArgumentType]
    assert (row, len(responses.calls), tape.largest) == ({"id": "f"}, 1, CHUNK_BYTES)
    head, _, rest = bodies[0].partition(
        b'name="file"; filename="the %22logo%22.png"\r\nContent-Type: image/png\r\n\r\n'
    )
    assert all(f'name="{name}"'.encode() in head for name in ("id", "title", "folder", "type", "filename_download"))
    assert rest.startswith(b"x" * (3 * CHUNK_BYTES + 1) + b"\r\n--")
