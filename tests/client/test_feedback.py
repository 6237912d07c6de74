"""Lessons, rejections and the export, through a sidecar that runs; and the export of one that breaks off."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from psycopg.types.json import Jsonb

from sidecar.client import Registry, RegistryError, Unavailable
from tests.rows import Rows


@pytest.fixture
def submit(registry, project):
    """`submit("a", 1)`: the version it makes at a path of the project."""

    def make(path, value=1, **fields):
        return registry.submit(project, path, value, deduplicate=False, **fields).version

    return make


def test_lessons_are_values_and_a_section_for_a_prompt(registry, reviewer, project, submit):
    assert not registry.lessons(project, "a")
    reviewer.reviews.reject(submit("a"), reason="Too dark.")
    reviewer.reviews.reject(submit("a"), reason="too dark")
    reviewer.reviews.approve(submit("a", "The sea"))

    found = registry.lessons(project, "a")
    assert found
    assert [(reason.reason, reason.count) for reason in found.turned_down] == [("too dark", 2)]
    assert "  > too dark\n" in str(found) == found.text
    assert len(registry.lessons(project, max_characters=500).text) <= 500
    assert not registry.lessons(project, "b")


def test_rejections_are_read_over_all_pages(registry, reviewer, project, submit):
    for n in range(5):
        reviewer.reviews.reject(submit("a", n), reason=f"No {n}.")
    chosen = submit("a", 9)
    reviewer.reviews.approve(chosen)
    found = list(registry.rejections(project, "a", page=2))
    assert [rejection.reason for rejection in found] == [f"No {n}." for n in range(5)][::-1]
    assert {rejection.approved_instead["artifact_version_id"] for rejection in found} == {str(chosen.id)}


def test_feedback_comes_line_by_line_and_from_a_cursor_on(registry, reviewer, project, submit):
    for n in range(3):
        reviewer.reviews.reject(submit("a", f"bad {n}"), reason=f"No {n}.")
    reviewer.reviews.approve(submit("a", "good"))
    lines = list(registry.feedback(project))
    assert [(line["chosen"], line["rejected"], line["reason"]) for line in lines] == [
        ("good", f"bad {n}", f"No {n}.") for n in range(3)
    ]
    assert list(registry.feedback(project, cursor=lines[0]["cursor"])) == lines[1:]
    assert [line["label"] for line in registry.feedback(project, "a", kind="decisions")] == [False] * 3 + [True]


# What breaks off


@pytest.fixture
def large(registry, reviewer, project, client_rows: Rows) -> int:
    """Pairs with 64 times 1 MB: more than what fits between a server and a reader who waits."""
    value = Jsonb({"text": "sea " * 250_000})
    for n in range(64):
        bad = client_rows.value(
            "insert into artifact_versions (project_id, schema_key, status, value) values (%s, 'a', 'pending', %s)"
            " returning id", project.id, value,
        )  # fmt: skip
        reviewer.reviews.reject(bad, reason=f"No {n}.")
    reviewer.reviews.approve(registry.submit(project, "a", "good").version)
    return 64


def test_a_sidecar_that_fails_in_the_middle_says_so_and_does_not_end_the_answer(
    address, large, project, registry, token, client_rows: Rows
):
    """Read as curl does it, not by our client: the last line, and the end that never comes."""
    headers = {"Authorization": f"Bearer {token('producer')}"}
    query = {"project_id": str(project.id)}
    arrived = []
    with requests.get(f"{address}/v1/feedback.jsonl", query, headers=headers, stream=True, timeout=60) as answer:
        assert answer.status_code == 200
        pieces = answer.iter_content(1 << 16)
        arrived.append(next(pieces))
        # The next statement waits for this lock until its lock_timeout.
        with client_rows.connection.transaction():
            client_rows.run("lock table execution_steps in access exclusive mode")
            with pytest.raises(requests.exceptions.ChunkedEncodingError):
                arrived.extend(pieces)
    *lines, last = [json.loads(line) for line in b"".join(arrived).splitlines()]
    assert 0 < len(lines) < large
    assert last["errors"][0]["extensions"]["code"] == "registry_busy"
    assert last["errors"][0]["extensions"]["cursor"] == lines[-1]["cursor"]
    rest = list(registry.feedback(project, cursor=lines[-1]["cursor"]))
    assert len(lines) + len(rest) == large


class Breaking(BaseHTTPRequestHandler):
    """Gives line 0 and half of line 1, then lines 1 and 2 with a failure, then the rest; each behind the cursor asked
    for."""

    protocol_version = "HTTP/1.1"
    asked: list[str | None]
    failures: int

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        cursor = query.get("cursor", [None])[0]
        self.asked.append(cursor)
        first = 0 if cursor is None else int(cursor) + 1
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if len(self.asked) == 1:
            self._chunk(self._line(0) + self._line(1)[:9])
        elif len(self.asked) <= self.failures:
            error = {"message": "Busy.", "extensions": {"code": self.server.code, "next": "Wait.", "cursor": "1"}}  # type: ignore[attr-defined]
            self._chunk((self._line(first) if first < 2 else b"") + json.dumps({"errors": [error]}).encode() + b"\n")
        else:
            self._chunk(b"".join(self._line(n) for n in range(first, 4)))
            self._chunk(b"")
            return
        self.close_connection = True

    def _line(self, n: int) -> bytes:
        return json.dumps({"n": n, "cursor": str(n)}).encode() + b"\n"

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def breaking() -> Iterator[ThreadingHTTPServer]:
    Breaking.asked, Breaking.failures = [], 2
    with ThreadingHTTPServer(("127.0.0.1", 0), Breaking) as server:
        server.code = "registry_busy"  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def broken(breaking, monkeypatch) -> Iterator[Registry]:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    with Registry(f"http://127.0.0.1:{breaking.server_address[1]}", "art_token", attempts=3) as registry:
        yield registry


def test_an_export_that_breaks_off_is_gone_on_with_and_gives_each_line_once(broken):
    assert [line["n"] for line in broken.feedback()] == [0, 1, 2, 3]
    assert Breaking.asked == [None, "0", "1"]


def test_an_export_that_breaks_off_again_and_again_is_given_up(broken):
    Breaking.failures = 99
    read = broken.feedback()
    assert [next(read)["n"], next(read)["n"]] == [0, 1]
    with pytest.raises(Unavailable):
        next(read)
    assert len(Breaking.asked) == 2 + 3 - 1


def test_a_failure_that_does_not_pass_is_raised_at_once(broken, breaking):
    breaking.code = "internal_error"
    with pytest.raises(RegistryError) as caught:
        list(broken.feedback())
    assert caught.value.code == "internal_error"
    assert Breaking.asked == [None, "0"]
