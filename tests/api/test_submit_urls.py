"""Files fetched from addresses that a caller names: kept like uploads, and nothing reached that only we can reach."""

from __future__ import annotations

import hashlib
import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
import responses

from sidecar.app import create_app
from sidecar.artifacts.fetch import Allowed, fetch
from sidecar.errors import Refusal
from tests.api.test_upload import Storage
from tests.directus.works import picture
from tests.given import code

KEY = {"Idempotency-Key": "fetch-1"}


class Site:
    """An HTTP server on one of this machine's own addresses. `pages` are by path; `asked` is who asked for what."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0):
        self.pages: dict[str, SimpleNamespace] = {}
        self.asked: list[str] = []
        self.hosts: list[str] = []
        self.over = threading.Event()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                site.asked.append(self.path)
                site.hosts.append(self.headers["Host"])
                page = site.pages.get(self.path.partition("?")[0], SimpleNamespace(status=404, headers={}, body=b""))
                self.send_response(page.status)
                for name, value in page.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if callable(page.body):
                    page.body(self.wfile)
                else:
                    self.wfile.write(page.body)

            def log_message(self, *_args):
                pass

        self.server = ThreadingHTTPServer((address, port), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://{address}:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def page(self, path: str, body=b"", status: int = 200, **headers: str) -> str:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = SimpleNamespace(status=status, headers=named, body=body)
        return self.url + path

    def drip(self, wfile) -> None:
        """A byte now and then, until somebody has had enough."""
        try:
            while not self.over.wait(0.02):
                wfile.write(b"x")
        except OSError:
            return

    def close(self) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def sites():
    made: list[Site] = []

    def make(*args) -> Site:
        made.append(Site(*args))
        return made[-1]

    yield make
    for site in made:
        site.close()


@pytest.fixture
def site(sites):
    return sites()


@pytest.fixture
def storage(given, database):
    given.project("spring-brand")
    with responses.RequestsMock(assert_all_requests_are_fired=False) as directus:
        yield Storage(directus, given, database)


@pytest.fixture
def agent(given, settings):
    """A producer, calling a sidecar that may fetch from 127.0.0.1."""
    app = create_app(settings.model_copy(update={"fetch_allow": "127.0.0.1/32", "upload_limit": 100_000}))
    person = given.person("producer")
    person.client = app.test_client()
    yield person
    app.extensions["artifacts"].database.close()


def submit(person, *urls: str, headers=None, **fields):
    body = {"project_id": "spring-brand", "schema_key": "brand.logo", "file_urls": list(urls), **fields}
    return person.post("/v1/artifacts", body, headers=headers or {})


def got(url: str, **options) -> bytes:
    settings = {"limit": 100_000, "seconds": 10, "allowed": Allowed("127.0.0.1/32"), **options}
    with fetch(url, **settings).stream as stream:
        return stream.read()


def test_a_fetched_file_is_stored_and_belongs_to_the_version(agent, storage, site, database):
    content = picture()
    url = site.page("/renders/logo.png", content, Content_Type="image/png")

    answer = submit(agent, url, value={"seed": 7})

    version = answer.json["data"]
    assert answer.status_code == 201, answer.text
    assert (version["artifact_type"], version["value"], len(version["files"])) == ("image", {"seed": 7}, 1)
    assert content in storage.bodies[0]
    assert b'filename="logo.png"' in storage.bodies[0]
    assert database.value("select sha256 from sidecar.file_contents") == hashlib.sha256(content).digest()


def test_the_same_bytes_from_another_address_are_the_existing_version_and_no_second_file(agent, storage, site):
    content = picture()
    first = submit(agent, site.page("/a.png", content))

    again = submit(agent, site.page("/b.png", content))

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json["data"]["id"] == first.json["data"]["id"]
    assert len(storage.deleted) == 1


def test_several_addresses_and_known_files_keep_their_order(given, agent, storage, site):
    there = given.file()
    urls = [site.page(f"/{color}.png", picture(color)) for color in ("red", "blue")]

    files = submit(agent, *urls, file_ids=[str(there)]).json["data"]["files"]

    assert len(files) == 3
    assert files[2]["id"] == str(there)
    assert [picture("red") in storage.bodies[0], picture("blue") in storage.bodies[1]] == [True, True]


def test_a_repeated_request_is_answered_without_fetching_again(agent, storage, site):
    url = site.page("/logo.png", picture())
    first = submit(agent, url, headers=KEY)

    again = submit(agent, url, headers=KEY)

    assert (again.status_code, again.data) == (201, first.data)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(site.asked) == 1


def test_what_could_not_be_fetched_may_be_asked_for_again_under_its_key(agent, storage, site):
    url = site.url + "/later.png"
    refused = submit(agent, url, headers=KEY)
    site.page("/later.png", picture())

    assert (refused.status_code, code(refused)) == (422, "file_url_failed")
    assert refused.json["errors"][0]["extensions"]["status"] == 404
    assert submit(agent, url, headers=KEY).status_code == 201


@pytest.mark.parametrize(
    ("fields", "expected", "fetched"),
    [
        ({"project_id": "nowhere"}, "project_not_found", 0),
        ({"status": "approved"}, "invalid_value", 0),
        ({"source_task_id": "00000000-0000-0000-0000-000000000007"}, "task_not_found", 1),
    ],
)
def test_a_refused_submission_leaves_no_file(agent, storage, site, database, fields, expected, fetched):
    url = site.page("/logo.png", picture())

    with database.unchanged():
        answer = submit(agent, url, **fields)

    assert (code(answer), len(site.asked)) == (expected, fetched)
    assert database.all("select * from directus_files") == []
    assert database.all("select * from sidecar.file_contents") == []


def test_a_page_that_calls_itself_a_picture_is_refused(agent, storage, site, database):
    url = site.page("/logo.png", b"<!doctype html><script>alert(1)</script>", Content_Type="image/png")

    answer = submit(agent, url)

    assert (answer.status_code, code(answer)) == (422, "file_type_mismatch")
    assert answer.json["errors"][0]["extensions"]["found"] == "text/html"
    assert storage.bodies == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0.0.0.0", "[::1]", "[::]",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "10.0.0.1", "172.16.0.1",
        "192.168.1.1", "169.254.169.254", "100.100.100.200", "168.63.129.16", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "[fe80::1]", "[fd00:ec2::254]", "[ff02::1]",
    ],
)  # fmt: skip
def test_an_address_that_is_not_public_is_never_asked(producer, storage, site, host, database):
    site.page("/secret", b"secret")

    with database.unchanged():
        answer = submit(producer, f"http://{host}:{site.port}/secret")

    assert (answer.status_code, code(answer)) == (422, "file_url_refused"), answer.text
    assert site.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://127.0.0.1/a", "gopher://127.0.0.1/", "data:text/plain,a", "//127.0.0.1/a", "a.png",
        "http://", "http:///a", "http://user:hunter2@127.0.0.1/a", "http://127.0.0.1:99999/", "http://[::1", "http://a..b/",
        "http://\u2603.example.invalid/", "http://127.0.0.1:0/", "http://\\@127.0.0.1/",
    ],
)  # fmt: skip
def test_what_is_no_such_address_is_refused_in_words(agent, storage, url, database):
    with database.unchanged():
        answer = submit(agent, url)

    assert (answer.status_code, code(answer)[:9]) == (422, "file_url_"), answer.text
    assert "hunter2" not in answer.text


def test_a_redirect_is_judged_like_the_first_address(site, sites):
    private = sites("127.0.0.2", site.port)
    private.page("/secret", b"secret")
    url = site.page("/logo.png", status=302, Location=f"{private.url}/secret")

    with pytest.raises(Refusal) as caught:
        got(url)

    assert caught.value.code == "file_url_refused"
    assert private.asked == []


def test_five_redirects_are_followed_and_a_sixth_is_not(site):
    site.page("/0", b"there")
    for step in range(1, 7):
        site.page(f"/{step}", status=307, Location=f"/{step - 1}")

    assert got(f"{site.url}/5") == b"there"
    with pytest.raises(Refusal, match="file_url_failed"):
        got(f"{site.url}/6")


def test_the_address_that_was_judged_is_the_one_that_is_asked(site, sites):
    good, bad = site, sites("127.0.0.2", site.port)
    for each in (good, bad):
        each.page("/a", each.url.encode())
    answers = ["127.0.0.1", "127.0.0.2", "127.0.0.2"]
    asked: list[str] = []

    def rebinding(host, port, **_kind):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers[len(asked) - 1], port))]

    assert got(f"http://rebind.example:{site.port}/a", resolve=rebinding) == good.url.encode()
    assert (asked, bad.asked) == (["rebind.example"], [])
    assert good.hosts == [f"rebind.example:{site.port}"]


def test_of_several_addresses_of_a_name_only_allowed_ones_are_asked(site, sites):
    bad = sites("127.0.0.2", site.port)
    site.page("/a", b"good")
    bad.page("/a", b"bad")

    def both(_host, port, **_kind):
        return [(socket.AF_INET, 1, 6, "", (address, port)) for address in ("127.0.0.2", "127.0.0.1")]

    assert got(f"http://both.example:{site.port}/a", resolve=both) == b"good"
    assert bad.asked == []


def test_a_host_is_allowed_by_its_name_wherever_it_is(site):
    site.page("/a", b"here")

    def local(_host, port, **_kind):
        return [(socket.AF_INET, 1, 6, "", ("127.0.0.1", port))]

    allowed = Allowed("renders.example, 10.0.0.0/8")
    assert got(f"http://renders.example:{site.port}/a", allowed=allowed, resolve=local) == b"here"
    with pytest.raises(Refusal, match="file_url_refused"):
        got(f"http://other.example:{site.port}/a", allowed=allowed, resolve=local)


def test_an_https_connection_names_the_host_and_not_the_address():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    named: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: named.append(name)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listener.accept()
        with connection, pytest.raises(OSError):  # noqa: PT011  it has no certificate, so no agreement
            context.wrap_socket(connection, server_side=True)

    thread = threading.Thread(target=serve)
    thread.start()

    def local(_host, port, **_kind):
        return [(socket.AF_INET, 1, 6, "", ("127.0.0.1", port))]

    with pytest.raises(Refusal, match="file_url_failed"):
        got(f"https://renders.example:{listener.getsockname()[1]}/a", resolve=local)
    thread.join()
    listener.close()
    assert named == ["renders.example"]


def test_a_server_that_drips_is_left_when_the_time_is_over(site):
    url = site.page("/drip", site.drip)
    began = time.monotonic()

    with pytest.raises(Refusal) as caught:
        got(url, seconds=0.3)

    assert caught.value.code == "file_url_failed"
    assert "took longer" in str(caught.value)
    assert time.monotonic() - began < 5


def test_headers_that_drip_are_left_as_well(site):
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            site.drip(connection.makefile("wb", buffering=0))

    thread = threading.Thread(target=serve)
    thread.start()
    with pytest.raises(Refusal, match="took longer"):
        got(f"http://127.0.0.1:{listener.getsockname()[1]}/", seconds=0.3)
    thread.join()
    listener.close()


@pytest.mark.parametrize("declared", [True, False])
def test_a_file_larger_than_allowed_is_not_read_to_its_end(agent, storage, site, database, declared):
    large = b"x" * 100_001
    url = site.page("/large", large, **({"Content_Length": str(len(large))} if declared else {}))

    with database.unchanged():
        answer = submit(agent, url)

    assert (answer.status_code, code(answer)) == (413, "file_url_too_large")
    assert storage.bodies == []


def test_files_of_one_request_are_counted_together(agent, storage, site):
    urls = [site.page(f"/{number}", b"%d" % number * 60_000) for number in (1, 2)]

    answer = submit(agent, *urls)

    assert code(answer) == "file_url_too_large"
    assert len(storage.deleted) == len(storage.bodies) == 1


def test_a_body_that_breaks_off_is_no_file(site):
    url = site.page("/short", b"abc", Content_Length="10")

    with pytest.raises(Refusal, match="file_url_failed"):
        got(url)


def test_what_is_secret_in_an_address_is_not_repeated(agent, storage, site):
    answer = submit(agent, site.url + "/gone.png?X-Signature=topsecret")

    assert code(answer) == "file_url_failed"
    assert "topsecret" not in answer.text
