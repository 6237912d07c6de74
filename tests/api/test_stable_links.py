"""Stable links: an address without a token that leads to the approved file, and to nothing else."""

from __future__ import annotations

import re
import uuid

import pytest
import responses

from sidecar.app import create_app
from sidecar.errors import Refusal
from sidecar.files.stable import seal_stable, stable_url, unseal_stable
from tests.conftest import DIRECTUS_URL
from tests.given import code

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


@pytest.fixture
def project(given):
    return given.project("spring")


@pytest.fixture
def link(reviewer, project):
    """The address below the API that a reviewer was given for brand.logo."""
    answer = reviewer.get("/v1/projects/spring/files/brand.logo/stable")
    assert answer.status_code == 200, answer.text
    assert answer.json["data"]["project_id"] == str(project)
    return "/v1/stable/" + answer.json["data"]["url"].rpartition("/v1/stable/")[2]


@pytest.fixture
def storage():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as directus:
        directus.add("GET", re.compile(f"{re.escape(DIRECTUS_URL)}/assets/.*"), body=PICTURE)
        yield directus


def test_it_leads_to_the_approved_bytes_without_a_token(given, project, link, client, storage):
    file = given.file()
    given.promoted(project, files=(file,))

    answer = client.get(link)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (302, "no-store")
    assert answer.headers["Location"].startswith("../downloads/")
    bytes_ = client.get("/v1/" + answer.headers["Location"].removeprefix("../"))

    assert (bytes_.status_code, bytes_.data) == (200, PICTURE)
    assert "sandbox" in bytes_.headers["Content-Security-Policy"]
    assert storage.calls[-1].request.url.endswith(str(file))


def test_after_a_newer_approval_it_leads_to_that(given, project, link, client, reviewer, storage):
    given.promoted(project, files=(given.file(),))
    newer = given.file()
    reviewer.approve(given.version(project, files=(newer,)))

    client.get("/v1/" + client.get(link).headers["Location"].removeprefix("../"))

    assert storage.calls[-1].request.url.endswith(str(newer))


def test_it_gives_nothing_that_is_not_approved_and_says_nothing_of_it(given, project, link, client, reviewer):
    version = given.version(project, files=(given.file(),))
    answer = client.get(link)
    assert (answer.status_code, code(answer)) == (404, "nothing_at_path")
    assert str(version) not in answer.text

    reviewer.approve(version)
    assert client.get(link).status_code == 302
    reviewer.post(f"/v1/artifacts/{version}/withdraw", {"reason": "Wrong one."})
    assert client.get(link).status_code == 404


def test_only_reviewers_are_given_one(given, project, producer, reviewer):
    path = "/v1/projects/spring/files/brand.logo/stable"
    assert code(producer.get(path)) == "forbidden"
    assert given.person("admin").get(path).status_code == 200
    assert code(reviewer.get("/v1/projects/none/files/brand.logo/stable")) == "project_not_found"
    assert code(reviewer.get("/v1/projects/spring/files/brand..logo/stable")) == "schema_key_grammar"


def test_another_number_ends_them_all_and_zero_gives_out_none(given, project, link, settings, reviewer):
    given.promoted(project, files=(given.file(),))
    for number, refusal in ((2, "link_invalid"), (0, "stable_links_off")):
        app = create_app(settings.model_copy(update={"stable_links": number}))
        try:
            answer = app.test_client().get(link)
        finally:
            app.extensions["artifacts"].database.close()
        assert (answer.status_code, code(answer)) == (403, refusal)
    with pytest.raises(Refusal, match="stable_links_off"):
        stable_url(settings.model_copy(update={"stable_links": 0}), project, "brand.logo")


def test_another_secret_of_directus_ends_them_all(settings):
    sealed = seal_stable(settings, uuid.UUID(int=7), "cover")
    assert unseal_stable(settings, sealed) == (uuid.UUID(int=7), "cover")
    other = settings.model_copy(update={"directus_secret": type(settings.directus_secret)("x7" * 20)})
    with pytest.raises(Refusal, match="link_invalid"):
        unseal_stable(other, sealed)


def test_a_link_that_was_changed_gives_nothing(given, project, link, client):
    given.promoted(project, files=(given.file(),))
    sealed = link.removeprefix("/v1/stable/")
    for at in range(len(sealed) - 1):  # the last letter of unpadded base64 holds bits that say nothing
        letter = "A" if sealed[at] != "A" else "B"
        assert client.get(f"/v1/stable/{sealed[:at]}{letter}{sealed[at + 1 :]}").status_code in (403, 404)
    for forged in ("x", ".", "%00", "a" * 2000, sealed.rpartition(".")[0]):
        assert client.get(f"/v1/stable/{forged}").status_code in (403, 404)


def test_a_download_link_is_no_stable_link_and_the_other_way_round(given, project, link, client, reviewer):
    given.promoted(project, files=(given.file(),))
    download = reviewer.get("/v1/projects/spring/files/brand.logo?redirect=false").json["data"]["url"]
    assert code(client.get("/v1/stable/" + download.rpartition("/")[2])) == "link_invalid"
    assert code(client.get("/v1/downloads/" + link.rpartition("/")[2])) == "link_invalid"
