"""Files by a stable address: which file a path gives, and links that expire."""

from __future__ import annotations

import time
import uuid

import pytest
import responses
from werkzeug.datastructures import Headers

from sidecar.errors import Refusal
from sidecar.files.link import Link, seal, unseal
from tests.conftest import DIRECTUS_URL
from tests.given import code

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4


@pytest.fixture
def project(given):
    return given.project("spring")


@pytest.fixture
def storage():
    """Directus, as far as it hands out bytes: with ranges, as it does."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as directus:

        def asset(request):
            asked = request.headers.get("Range")
            if asked == "bytes=9999-":
                return 416, {}, '{"errors":[{"message":"no","extensions":{"code":"RANGE_NOT_SATISFIABLE"}}]}'
            if asked == "bytes=2-5":
                return 206, {"Content-Range": f"bytes 2-5/{len(PICTURE)}", "Set-Cookie": "x=1"}, PICTURE[2:6]
            return 200, {"Accept-Ranges": "bytes", "Last-Modified": "Wed, 21 Oct 2026 07:28:00 GMT"}, PICTURE

        directus.add_callback("GET", _any(f"{DIRECTUS_URL}/assets/"), asset)
        yield directus


def _any(prefix):
    import re

    return re.compile(re.escape(prefix) + ".*")


def follow(client, answer, path, **kwargs):
    """What stands behind a redirect; nobody's token goes along."""
    assert answer.status_code == 302, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    where = answer.headers["Location"]
    base = path.partition("?")[0].rsplit("/", 1)[0].split("/")
    while where.startswith("../"):
        base, where = base[:-1], where[3:]
    return client.get("/".join([*base, where]), **kwargs)


def test_a_path_leads_to_the_file_of_its_approved_version(given, project, reviewer, client, storage):
    first, second = given.file(), given.file()
    given.promoted(project, files=(first,))
    path = "/v1/projects/spring/files/brand.logo"

    before = reviewer.get(path)
    answer = follow(client, before, path)
    assert (answer.status_code, answer.data) == (200, PICTURE)
    assert storage.calls[-1].request.url == f"{DIRECTUS_URL}/assets/{first}"

    reviewer.approve(given.version(project, files=(second,)))
    after = reviewer.get(path)
    follow(client, after, path)
    assert storage.calls[-1].request.url == f"{DIRECTUS_URL}/assets/{second}"
    assert before.headers["ETag"] != after.headers["ETag"]


def test_bytes_are_given_out_so_that_nothing_runs(given, project, reviewer, client, storage, database):
    file = given.file("image/png", 'Logo ü \r\nX: y".png')
    given.promoted(project, files=(file,))
    path = f"/v1/projects/{project}/files/brand.logo"

    headers = follow(client, reviewer.get(path), path).headers

    assert headers["Content-Type"] == "image/png"
    assert headers["Content-Disposition"] == (
        'inline; filename="Logo u X: y\\".png"; filename*=UTF-8\'\'Logo%20%C3%BC%20X%3A%20y%22.png'
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"].startswith("private, max-age=")
    assert storage.calls[-1].request.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    ("mime", "shown"),
    [("image/webp", True), ("video/mp4", True), ("audio/mpeg", True), ("text/plain; charset=utf-8", True),
     ("application/pdf", True), ("image/svg+xml", False), ("IMAGE/SVG+XML", False), ("text/html", False),
     ("application/xhtml+xml", False), ("text/xml", False), ("", False), (None, False), ("text/plain\r\nX: y", False)],
)  # fmt: skip
def test_only_what_runs_nothing_is_shown(given, project, reviewer, client, storage, mime, shown):
    given.promoted(project, files=(given.file(mime),))
    path = f"/v1/projects/{project}/files/brand.logo"
    answer = follow(client, reviewer.get(path), path)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("inline" if shown else "attachment")
    saved = follow(client, reviewer.get(path + "?disposition=attachment"), path)
    assert saved.headers["Content-Disposition"].startswith("attachment")


def test_a_part_is_asked_for_and_given(given, project, reviewer, client, storage):
    version = given.promoted(project, files=(given.file(),))
    path = f"/v1/artifacts/{version}/download"

    part = follow(client, reviewer.get(path), path, headers={"Range": "bytes=2-5", "If-Range": '"x"', "Cookie": "s=1"})

    assert (part.status_code, part.data) == (206, PICTURE[2:6])
    assert part.headers["Content-Range"] == f"bytes 2-5/{len(PICTURE)}"
    assert part.headers["Content-Disposition"].startswith("attachment")
    assert "Set-Cookie" not in part.headers
    sent = storage.calls[-1].request.headers
    assert sent["If-Range"] == '"x"'
    assert "Cookie" not in sent

    beyond = follow(client, reviewer.get(path), path, headers={"Range": "bytes=9999-"})
    assert (beyond.status_code, code(beyond)) == (416, "range_not_satisfiable")


def test_the_link_itself_is_answered_on_request(given, project, reviewer, client, storage, settings):
    version = given.promoted(project, files=(given.file(),))

    answer = reviewer.get(f"/v1/projects/{project}/files/brand.logo?redirect=false")

    link = answer.json["data"]
    assert (link["artifact_version_id"], link["version_number"], link["status"]) == (str(version), 1, "approved")
    assert link["file"]["type"] == "image/png"
    assert link["url"].startswith(f"{settings.address}/v1/downloads/")
    assert client.get(link["url"].removeprefix(settings.address)).data == PICTURE


def test_the_n_th_file_and_the_primary_one(given, project, reviewer, sidecar_role):
    one, two, three = (given.file(name=f"{n}.png") for n in range(3))
    version = given.promoted(project, files=(one, two, three))

    def file(query):
        answer = reviewer.get(f"/v1/artifacts/{version}/download?redirect=false{query}")
        return answer.json["data"]["file"]["id"] if answer.status_code == 200 else (answer.status_code, code(answer))

    assert [file(q) for q in ("", "&n=1", "&n=2", "&n=3")] == [str(one), str(one), str(two), str(three)]
    assert file("&n=4") == (404, "file_not_linked")
    assert file("&n=0") == (422, "invalid_value")
    assert file("&n=x") == (422, "invalid_value")
    assert file("&n=99999999999999999999") == (422, "invalid_value")


def test_what_is_there_is_said_where_nothing_is_approved(given, project, producer):
    path = f"/v1/projects/{project}/files/brand.logo"

    empty = producer.get(path)
    assert (empty.status_code, code(empty)) == (404, "nothing_at_path")
    given.version(project, status="rejected")
    version = given.version(project, files=(given.file(),))

    waiting = producer.get(path).json["errors"][0]
    assert waiting["message"] == "Nothing is approved at brand.logo yet; version 2 is pending."
    assert waiting["extensions"]["newest"] == {"id": str(version), "status": "pending", "version_number": 2}
    latest = producer.get(f"{path}?want=latest&redirect=false").json["data"]
    assert (latest["artifact_version_id"], latest["status"]) == (str(version), "pending")


def test_a_version_without_files(given, project, reviewer):
    given.promoted(project, "plan", {"n": 1})
    answer = reviewer.get(f"/v1/projects/{project}/files/plan")
    assert (answer.status_code, code(answer)) == (404, "file_not_linked")
    assert answer.json["errors"][0]["message"] == "Version 1 of plan has no file."


def test_bytes_that_live_elsewhere_are_led_to(given, project, reviewer):
    given.promoted(project, "a", source_url="https://cdn.test/a.png")
    given.promoted(project, "b", source_url="javascript:alert(1)")

    assert reviewer.get(f"/v1/projects/{project}/files/a").headers["Location"] == "https://cdn.test/a.png"
    link = reviewer.get(f"/v1/projects/{project}/files/a?redirect=false").json["data"]
    assert (link["url"], link["expires_at"], link["file"]) == ("https://cdn.test/a.png", None, None)
    refused = reviewer.get(f"/v1/projects/{project}/files/b")
    assert (refused.status_code, code(refused)) == (404, "file_not_linked")


def test_what_has_not_changed_is_not_given_again(given, project, reviewer):
    given.promoted(project, files=(given.file(),))
    path = f"/v1/projects/{project}/files/brand.logo"
    seen = {"If-None-Match": reviewer.get(path).headers["ETag"]}

    assert reviewer.get(path, headers=seen).status_code == 304
    reviewer.approve(given.version(project, files=(given.file(),)))
    assert reviewer.get(path, headers=seen).status_code == 302


def test_who_may_not_read_gets_no_link(given, project, client):
    version = given.promoted(project, files=(given.file(),))
    nobody = given.person(None)
    for path in (f"/v1/projects/{project}/files/brand.logo", f"/v1/artifacts/{version}/download"):
        assert client.get(path).status_code == 401
        assert nobody.get(path).status_code == 403


# Links


@pytest.fixture
def link():
    return Link(uuid.UUID(int=7), 2_000_000_000, "inline")


def test_a_link_is_what_it_was_sealed_as(settings, link):
    assert unseal(settings, seal(settings, link), 1_999_999_999) == link


def test_a_link_expires(settings, link):
    with pytest.raises(Refusal, match="link_expired"):
        unseal(settings, seal(settings, link), 2_000_000_000)


def test_an_expired_link_gives_nothing(settings, client, storage):
    sealed = seal(settings, Link(uuid.UUID(int=7), int(time.time()) - 1, "inline"))
    answer = client.get(f"/v1/downloads/{sealed}")
    assert (answer.status_code, code(answer)) == (403, "link_expired")
    assert len(storage.calls) == 0


def test_a_link_that_was_changed_gives_nothing(settings, client, link):
    sealed = seal(settings, link)
    payload, _, seal_part = sealed.rpartition(".")
    for at in range(len(sealed) - 1):  # the last letter of unpadded base64 holds bits that say nothing
        letter = "A" if sealed[at] != "A" else "B"
        changed = sealed[:at] + letter + sealed[at + 1 :]
        assert client.get(f"/v1/downloads/{changed}").status_code == 403
    for forged in (payload, payload + ".", "." + seal_part, "x", "%00", "%ff", "é", "." * 50, "a" * 2000):
        answer = client.get(f"/v1/downloads/{forged}")
        assert answer.status_code in (403, 404), forged
        assert code(answer) in ("link_invalid", "route_not_found")


def test_no_token_is_a_link_and_no_link_a_token(given, settings, client, link):
    person = given.person("reviewer")
    assert code(client.get(f"/v1/downloads/{person.token}")) == "link_invalid"
    headers = Headers({"Authorization": f"Bearer {seal(settings, link)}"})
    assert client.get("/v1/artifacts", headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("status", "refusal"), [(404, "bytes_missing"), (403, "bytes_missing"), (500, "directus_unavailable")]
)
def test_bytes_that_directus_does_not_give(given, project, reviewer, client, status, refusal):
    file = given.file()
    given.promoted(project, files=(file,))
    path = f"/v1/projects/{project}/files/brand.logo"
    with responses.RequestsMock() as directus:
        directus.add("GET", f"{DIRECTUS_URL}/assets/{file}", status=status, json={"errors": []})
        answer = follow(client, reviewer.get(path), path)
    assert code(answer) == refusal


def test_a_directus_that_is_away_is_said_so(given, project, reviewer, client):
    given.promoted(project, files=(given.file(),))
    path = f"/v1/projects/{project}/files/brand.logo"
    with responses.RequestsMock():
        answer = follow(client, reviewer.get(path), path)
    assert (answer.status_code, code(answer)) == (503, "directus_unavailable")
