"""Requests that are tried again: when, how long after, and as what. Nothing else here; the server is not ours."""

from __future__ import annotations

import gzip
import io
import json
import time

import pytest
import requests
import responses
from responses import matchers

from sidecar.client import Conflict, Forbidden, Locked, NotFound, Registry, RegistryError, Unavailable

URL = "http://registry.test"
PROJECT = {"id": "0d3f6a52-5a1e-4a0b-9d5c-7d0c1f1f6a01", "key": "harbour", "context_version": 0}
VERSION = {
    "id": "7be1c0a4-3a55-4c1b-8f54-51f7b8f1b902", "project_id": PROJECT["id"], "schema_key": "a", "version_number": 1,
    "status": "pending",
}  # fmt: skip


def refused(code: str, **more):
    return {"errors": [{"message": "No.", "extensions": {"code": code, "next": "Wait.", "request_id": "r1", **more}}]}


@pytest.fixture
def pauses(monkeypatch):
    """How long it would have slept, each time."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


@pytest.fixture
def registry():
    with Registry(URL, "art_token") as registry:
        yield registry


@pytest.fixture
def server():
    with responses.RequestsMock(registry=responses.registries.OrderedRegistry) as server:
        yield server


def keys(server):
    return [call.request.headers.get("Idempotency-Key") for call in server.calls]


@pytest.mark.parametrize(
    "failure",
    [
        {"body": requests.ConnectionError("refused")},
        {"body": requests.ReadTimeout("slow")},
        {"body": requests.exceptions.ChunkedEncodingError("broke off")},
        {"status": 429, "json": refused("too_many")},
        {"status": 502, "body": "<html>Bad gateway</html>"},
        {"status": 503, "json": refused("registry_busy")},
        {"status": 504, "body": ""},
        {"status": 409, "json": refused("idempotency_key_in_use")},
    ],
)
def test_what_passes_is_tried_again_under_the_same_key(server, registry, pauses, failure):
    server.post(f"{URL}/v1/projects", **failure)
    server.post(f"{URL}/v1/projects", **failure)
    server.post(f"{URL}/v1/projects", json={"data": PROJECT}, status=201)

    assert registry.projects.create_or_find("harbour").key == "harbour"
    assert len(pauses) == 2
    first, *others = keys(server)
    assert first
    assert others == [first, first]


def test_each_post_has_a_key_of_its_own_and_a_given_one_is_kept(server, registry, pauses):
    for _ in range(3):
        server.post(f"{URL}/v1/projects", json={"data": PROJECT}, status=201)
    registry.projects.create_or_find("harbour")
    registry.projects.create_or_find("harbour")
    registry.projects.create_or_find("harbour", idempotency_key="mine")

    one, two, three = keys(server)
    assert one != two
    assert three == "mine"
    assert pauses == []


def test_it_waits_for_as_long_as_it_is_asked_to(server, registry, pauses):
    server.get(f"{URL}/v1/projects/harbour", status=503, json=refused("registry_busy"), headers={"Retry-After": "7"})
    server.get(f"{URL}/v1/projects/harbour", json={"data": PROJECT})

    registry.projects.get("harbour")
    (pause,) = pauses
    assert 7 <= pause < 8
    assert keys(server) == [None, None]


def test_a_wait_beyond_its_patience_is_refused_at_once(server, registry, pauses):
    server.get(f"{URL}/v1/projects/harbour", status=503, json=refused("registry_busy"), headers={"Retry-After": "900"})

    with pytest.raises(Unavailable) as caught:
        registry.projects.get("harbour")
    assert caught.value.retry_after == 900
    assert pauses == []


def test_it_gives_up_in_the_end(server, pauses):
    for _ in range(4):
        server.get(f"{URL}/v1/projects/harbour", body=requests.ConnectionError("refused"))

    with Registry(URL, "t", attempts=4) as registry, pytest.raises(Unavailable) as caught:
        registry.projects.get("harbour")
    assert caught.value.code == "registry_unreachable"
    assert len(pauses) == 3


@pytest.mark.parametrize(
    ("status", "kind"), [(401, Forbidden), (403, Forbidden), (404, NotFound), (409, Conflict), (423, Locked),
                         (500, RegistryError)],
)  # fmt: skip
def test_what_stays_is_said_once(server, registry, pauses, status, kind):
    server.get(f"{URL}/v1/projects/harbour", status=status, json=refused("some_code", current=5))

    with pytest.raises(kind) as caught:
        registry.projects.get("harbour")
    error = caught.value
    assert (error.code, error.sentence, error.next_step) == ("some_code", "No.", "Wait.")
    assert (error.status, error.request_id, error.details) == (status, "r1", {"current": 5})
    assert pauses == []


def test_a_certificate_that_is_not_trusted_is_not_tried_again(server, registry, pauses):
    server.get(f"{URL}/v1/projects/harbour", body=requests.exceptions.SSLError("self-signed"))
    with pytest.raises(Unavailable) as caught:
        registry.projects.get("harbour")
    assert caught.value.code == "certificate_invalid"
    assert pauses == []


@pytest.mark.parametrize("answer", [{"body": "hello"}, {"json": []}, {"status": 302, "headers": {"Location": "/x"}}])
def test_an_answer_of_somebody_else_is_no_success(server, registry, answer):
    server.get(f"{URL}/v1/projects/harbour", **answer)
    with pytest.raises(RegistryError) as caught:
        registry.projects.get("harbour")
    assert caught.value.code == "unexpected_answer"


def test_files_are_sent_from_their_beginning_again(server, registry, pauses, tmp_path):
    class Pipe(io.RawIOBase):
        """Can be read once."""

        left = b"pipe bytes"

        def readable(self):
            return True

        def readinto(self, buffer):
            piece, self.left = self.left[: len(buffer)], self.left[len(buffer) :]
            buffer[: len(piece)] = piece
            return len(piece)

    (tmp_path / "film.bin").write_bytes(b"film bytes")
    opened = io.BytesIO(b"-- opened bytes")
    opened.seek(3)
    bodies, kept = [], {"data": VERSION, "meta": {"existing": False}}

    def answer(request):
        bodies.append(request.body)  # which responses has read
        first = len(bodies) == 1
        return (503, {}, "") if first else (201, {}, json.dumps(kept))

    for _ in range(2):
        server.add_callback(responses.POST, f"{URL}/v1/artifacts", answer)
    with gzip.open(tmp_path / "packed", "wb") as packed:
        packed.write(b"packed bytes" * 100)
    with gzip.open(tmp_path / "packed") as packed, (tmp_path / "film.bin").open("rb") as film:
        film.seek(5)
        files = [tmp_path / "film.bin", opened, ("b", b"named bytes", "text/plain"), ("p", Pipe()), film, packed]
        registry.submit("harbour", "a", {"n": 1}, files=files)

    for body in bodies:
        assert body.count(b'name="files"') == 6
        for wanted in (b"film bytes", b"\r\nopened bytes", b"named bytes", b"pipe bytes", b'{"n": 1}', b'"film.bin"',
                       b"\r\nbytes\r\n", b"\r\n" + b"packed bytes" * 100 + b"\r\n"):  # fmt: skip
            assert wanted in body
    assert not opened.closed
    first, again = keys(server)
    assert first == again


def test_a_download_that_breaks_off_leaves_no_half_file(server, registry, pauses, tmp_path):
    download = f"{URL}/v1/artifacts/{VERSION['id']}/download"
    link = {"status": 302, "headers": {"Location": "../../downloads/sealed"}}
    server.get(download, **link)
    server.get(f"{URL}/v1/downloads/sealed", body=b"half", headers={"Content-Length": "1000"})
    server.get(download, **link)
    server.get(f"{URL}/v1/downloads/sealed", body=b"whole")

    assert registry.download(VERSION["id"], tmp_path / "film.bin").read_bytes() == b"whole"
    assert [path.name for path in tmp_path.iterdir()] == ["film.bin"]
    assert len(pauses) == 1


def test_a_link_that_leads_elsewhere_gets_no_token(server, tmp_path):
    server.get(
        f"{URL}/v1/artifacts/{VERSION['id']}/download",
        status=302,
        headers={"Location": "https://cdn.test/film.bin"},
        match=[matchers.header_matcher({"Authorization": "Bearer art_token", "X-Actor-Id": "robin"})],
    )
    server.get("https://cdn.test/film.bin", body=b"bytes")

    with Registry(URL, "art_token", actor="robin") as registry:
        registry.download(VERSION["id"], tmp_path / "film.bin")
    assert {"Authorization", "X-Actor-Id"}.isdisjoint(server.calls[1].request.headers)


def test_the_token_is_not_replaced_by_netrc(server, registry, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine registry.test login robin password p\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server.get(f"{URL}/v1/projects/harbour", json={"data": PROJECT})
    registry.projects.get("harbour")
    assert server.calls[0].request.headers["Authorization"] == "Bearer art_token"
