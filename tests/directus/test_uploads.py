"""Files that come with a submission, in Directus' own storage."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable

import pytest

from sidecar.provision.ids import ARTIFACTS_FOLDER
from tests.directus.people import Answer, Person
from tests.directus.works import LOGO, Database, Producer, Work, picture

REFUSED = {
    "no path": {"schema_key": "no..path"},
    "a path below another": {"schema_key": f"{LOGO}.below"},
    "no value": {"value": "no json"},
    "no such task": {"source_task_id": "6f1d2f0e-0000-4000-8000-000000000000"},
    "no such project": {"project_id": "no-such-project"},
}


@pytest.fixture
def agent(given_person: Callable[..., Person], environment: dict[str, str]) -> Person:
    """The producer, calling the sidecar."""
    return given_person(environment["DIRECTUS_PRODUCER_TOKEN"], url=environment["SIDECAR_URL"])


def submit(agent: Person, work: Work, files: list[tuple[str, bytes, str]], **fields: str) -> Answer:
    given = {"project_id": work.project, "schema_key": LOGO, "source_task_id": work.task, **fields}
    return agent.post("/v1/artifacts", data=given, files=[("files", file) for file in files])


def stored(database: Database, name: str) -> list[dict]:
    return database.rows("select * from directus_files where filename_download = %s", name)


def test_the_bytes_are_readable_in_directus(
    given: Producer, agent: Person, reviewer: Person, database: Database
) -> None:
    work, pictures = given.work(), [picture("navy"), picture("teal")]
    files = [("front.png", pictures[0], "image/png"), ("back.png", pictures[1], "image/png")]

    answer = submit(agent, work, files, value=json.dumps({"dimensions": "64x64"}))

    assert answer.status == 201, answer.body
    version = database.version(answer.data["id"])
    assert (version["value"], version["artifact_type"]) == ({"dimensions": "64x64"}, "image")
    linked = database.rows(
        "select f.* from directus_files f join artifact_files l on l.directus_files_id = f.id"
        " where l.artifact_version_id = %s order by l.sort",
        answer.data["id"],
    )
    assert [file["filename_download"] for file in linked] == ["front.png", "back.png"]
    assert linked[0]["id"] == version["primary_file_id"]
    assert {str(file["folder"]) for file in linked} == {ARTIFACTS_FOLDER}
    for file, content in zip(linked, pictures, strict=True):
        asset = reviewer.get(f"/assets/{file['id']}")
        assert (asset.status, asset.body) == (200, content)
        assert asset.headers["Content-Type"] == "image/png"
    thumbnail = reviewer.get(f"/assets/{linked[0]['id']}", width=20, height=20, format="webp")
    assert (thumbnail.status, thumbnail.headers["Content-Type"]) == (200, "image/webp")


def test_a_twin_leaves_no_orphan_file(given: Producer, agent: Person, database: Database) -> None:
    work, name = given.work(), f"{uuid.uuid4()}.png"
    first = submit(agent, work, [(name, picture(), "image/png")])

    twin = submit(agent, work, [(name, picture(), "image/png")])

    assert (first.status, twin.status) == (201, 200)
    assert (twin.data["id"], twin.body["meta"]["existing"]) == (first.data["id"], True)
    (file,) = stored(database, name)
    assert str(file["id"]) == first.data["primary_file_id"]


@pytest.mark.parametrize("fields", REFUSED.values(), ids=REFUSED)
def test_a_refused_submission_leaves_no_orphan_file(
    given: Producer, agent: Person, database: Database, fields: dict[str, str]
) -> None:
    work, name = given.candidates(), f"{uuid.uuid4()}.png"

    answer = submit(agent, work, [(name, picture(), "image/png")], **fields)

    assert 400 <= answer.status < 500, answer.body
    assert stored(database, name) == []
    assert len(database.everything_of(work)["artifact_versions"]) == 1


def test_the_producer_of_an_upload_is_its_uploader_to_people(
    given: Producer, agent: Person, producer: Person, database: Database
) -> None:
    answer = submit(agent, given.work(), [("front.png", picture(), "image/png")])

    assert str(database.version(answer.data["id"])["user_created"]) == producer.get("/users/me").data["id"]


def test_other_content_is_another_version(given: Producer, agent: Person) -> None:
    work = given.work()

    numbers = [
        submit(agent, work, [("front.png", picture(color), "image/png")]).data["version_number"]
        for color in ("navy", "teal", "navy")
    ]

    assert numbers == [1, 2, 3]
