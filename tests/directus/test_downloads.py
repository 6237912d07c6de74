"""Bytes through the sidecar, from Directus' real storage; and projects made in Directus."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterator

import pytest
import requests

from tests.directus.people import Person
from tests.directus.works import Database

# Several pieces long, so that a download that is read whole would show.
BYTES = bytes(range(256)) * 8192


@pytest.fixture
def api(environment: dict[str, str]) -> Iterator[Callable[..., requests.Response]]:
    """The sidecar as a program with every right."""
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {environment['SIDECAR_TOKEN']}"

        def call(method: str, path: str, **kwargs: object) -> requests.Response:
            return session.request(method, environment["SIDECAR_URL"] + path, timeout=30, **kwargs)  # type: ignore[arg-type]

        yield call


@pytest.fixture
def approved(api: Callable[..., requests.Response]) -> tuple[str, str]:
    """A project's key, and the id of a version at brand.film approved there, whose file has BYTES."""
    key = f"spring-{uuid.uuid4().hex[:8]}"
    assert api("POST", "/v1/projects", json={"key": key}).status_code == 201
    submitted = api(
        "POST",
        "/v1/artifacts",
        data={"project_id": key, "schema_key": "brand.film", "artifact_type": "document"},
        files={"files": ("Film ü.bin", io.BytesIO(BYTES), "application/octet-stream")},
    )
    assert submitted.status_code == 201, submitted.text
    version = submitted.json()["data"]["id"]
    decided = api("POST", "/v1/reviews", json={"artifact_version_ids": [version], "action": "approve"})
    assert decided.status_code == 200, decided.text
    return key, version


def test_the_stable_address_gives_the_approved_bytes(
    api: Callable[..., requests.Response], approved: tuple[str, str]
) -> None:
    answer = api("GET", f"/v1/projects/{approved[0]}/files/brand.film")

    assert answer.status_code == 200
    assert [step.status_code for step in answer.history] == [302]
    assert answer.content == BYTES
    assert answer.headers["Content-Length"] == str(len(BYTES))
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Disposition"].endswith("filename*=UTF-8''Film%20%C3%BC.bin")
    assert "Set-Cookie" not in answer.headers


def test_a_link_needs_no_token_and_gives_parts(
    api: Callable[..., requests.Response], approved: tuple[str, str]
) -> None:
    url = api("GET", f"/v1/artifacts/{approved[1]}/download?redirect=false").json()["data"]["url"]

    part = requests.get(url, headers={"Range": "bytes=100-355"}, timeout=30)
    assert (part.status_code, part.content) == (206, BYTES[100:356])
    assert part.headers["Content-Range"] == f"bytes 100-355/{len(BYTES)}"

    beyond = requests.get(url, headers={"Range": f"bytes={len(BYTES) + 5}-"}, timeout=30)
    assert beyond.status_code == 416
    assert beyond.json()["errors"][0]["extensions"]["code"] == "range_not_satisfiable"

    head = requests.head(url, timeout=30)
    assert (head.status_code, head.content, head.headers["Content-Length"]) == (200, b"", str(len(BYTES)))


def test_a_project_made_in_directus_gets_the_tasks_of_its_template(administrator: Person, database: Database) -> None:
    name = f"Brand {uuid.uuid4().hex[:8]}"
    sound = {"name": name, "tasks": ["Write the brief", {"title": "Draw the logo", "schema_key": "brand.logo"}]}
    template = administrator.post("/items/project_templates", sound).data["id"]

    project = administrator.post("/items/projects", {"title": name, "template_id": template}).data["id"]

    made = administrator.get("/items/tasks", **{"filter[project_id][_eq]": project, "sort": "date_created"}).data
    assert [task["title"] for task in made] == ["Write the brief", "Draw the logo"]


def test_a_template_with_broken_tasks_makes_no_project_in_directus(administrator: Person) -> None:
    name = f"Broken {uuid.uuid4().hex[:8]}"
    template = administrator.post("/items/project_templates", {"name": name, "tasks": [{}]}).data["id"]

    answer = administrator.post("/items/projects", {"title": name, "template_id": template})

    assert (answer.status, answer.code) == (409, "template_broken")
    assert answer.sentence == f"The template {name} cannot be used: task 1 needs a title of at most 255 characters."
    assert administrator.get("/items/projects", **{"filter[title][_eq]": name}).data == []
