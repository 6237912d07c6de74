"""Files that versions have lost, in Directus' storage: gone with their thumbnails, unless something refers to them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sidecar.database import Database as Pool
from sidecar.retention.remove import remove_files
from sidecar.settings import Settings
from sidecar.stack.stack import Stack
from tests.directus.people import Person, eventually
from tests.directus.test_uploads import submit
from tests.directus.works import LOGO, Database, Producer, Work, picture

RULE = {LOGO: {"retention": {"superseded": {"after_days": 0, "bytes": "remove"}}}}


@pytest.fixture
def agent(given_person: Callable[..., Person], environment: dict[str, str]) -> Person:
    return given_person(environment["DIRECTUS_PRODUCER_TOKEN"], url=environment["SIDECAR_URL"])


@pytest.fixture
def operator(given_person: Callable[..., Person], environment: dict[str, str]) -> Person:
    """A program with every right, calling the sidecar."""
    return given_person(environment["SIDECAR_TOKEN"], url=environment["SIDECAR_URL"])


@pytest.fixture
def remove(running_stack: Stack, environment: dict[str, str]) -> Iterator[Callable[[], int]]:
    """What the worker does once a minute."""
    settings = Settings.model_validate(
        {
            "database_url": environment["DATABASE_URL"],
            "directus_url": environment["DIRECTUS_URL"],
            "directus_token": running_stack.secrets["files_token"],
            "directus_secret": running_stack.secrets["directus_secret"],
        }
    )
    pool = Pool(environment["DATABASE_URL"], largest=2)
    pool.open()
    yield lambda: remove_files(pool, settings)
    pool.close()


@pytest.fixture
def replaced(
    given: Producer, agent: Person, operator: Person, administrator: Person
) -> Callable[..., tuple[Work, str, dict]]:
    """`replaced()`: a work whose first logo, with a file, is superseded; the first's id, and the file's row."""

    def make(rule: dict | None = RULE) -> tuple[Work, str, dict]:
        work = given.work()
        if rule:
            template = {"name": f"Brand {uuid.uuid4()}", "context_schema": rule}
            made = administrator.post("/items/project_templates", template).data["id"]
            administrator.patch(f"/items/projects/{work.project}", {"template_id": made}).data  # noqa: B018  asserts
        first = submit(agent, work, [("logo.png", picture("navy"), "image/png")]).data
        second = submit(agent, work, [("logo.png", picture("teal"), "image/png")]).data
        for version in (first, second):
            operator.post(f"/v1/artifacts/{version['id']}/approve").data  # noqa: B018  asserts
        file = administrator.get(f"/files/{first['files'][0]['id']}").data
        return work, first["id"], file

    return make


def on_disk(stack: Stack, file: dict) -> list[Path]:
    """The file's bytes and everything that Directus made of them."""
    return sorted((stack.directory / "uploads").glob(f"{Path(file['filename_disk']).stem}*"))


def removed(database: Database, remove: Callable[[], int], file: dict) -> None:
    def done() -> bool:
        remove()
        row = database.row("select deleted_at from sidecar.file_removals where file_id = %s", file["id"])
        return row["deleted_at"] is not None

    eventually(done, "the file is removed")


def test_the_bytes_and_the_thumbnails_go_and_the_version_says_so(
    replaced,
    operator: Person,
    administrator: Person,
    reviewer: Person,
    database: Database,
    remove,
    running_stack: Stack,
) -> None:
    work, version, file = replaced()
    assert administrator.get(f"/assets/{file['id']}?width=16&height=16&fit=cover").status == 200
    assert len(on_disk(running_stack, file)) == 2

    foretold = operator.post("/v1/retention", {"project_id": work.project, "dry_run": True}).data
    assert len(on_disk(running_stack, file)) == 2
    data = operator.post("/v1/retention", {"project_id": work.project}).data
    removed(database, remove, file)

    assert (foretold["files"], data["files"], data["bytes"]) == (1, 1, len(picture("navy")))
    assert on_disk(running_stack, file) == []
    assert database.rows("select * from directus_files where id = %s", file["id"]) == []
    answer = operator.get(f"/v1/artifacts/{version}/download")
    assert (answer.status, answer.code) == (410, "bytes_removed")
    shown = reviewer.get(f"/items/artifact_versions/{version}", fields="status,bytes_removed_at,content_hash").data
    assert shown["status"] == "archived"
    assert shown["bytes_removed_at"]
    assert shown["content_hash"]


def test_a_file_in_a_collection_of_the_users_own_is_kept(
    replaced, operator: Person, administrator: Person, database: Database, remove, running_stack: Stack
) -> None:
    collection = f"posts_{uuid.uuid4().hex[:8]}"
    fields = [{"field": "id", "type": "integer", "schema": {"is_primary_key": True, "has_auto_increment": True}}]
    administrator.post("/collections", {"collection": collection, "schema": {}, "meta": {}, "fields": fields}).data  # noqa: B018
    try:
        field = {
            "field": "picture",
            "type": "uuid",
            "schema": {},
            "meta": {"special": ["file"], "interface": "file-image"},
        }
        administrator.post(f"/fields/{collection}", field).data  # noqa: B018
        relation = {
            "collection": collection, "field": "picture", "related_collection": "directus_files",
            "schema": {"on_delete": "SET NULL"}, "meta": {},
        }  # fmt: skip
        administrator.post("/relations", relation).data  # noqa: B018
        work, _version, file = replaced()
        post = administrator.post(f"/items/{collection}", {"picture": file["id"]}).data["id"]

        data = operator.post("/v1/retention", {"project_id": work.project}).data
        remove()

        assert data["held"] == [{"file_id": file["id"], "used_by": f"{collection}.picture"}]
        assert len(on_disk(running_stack, file)) == 1
        assert administrator.get(f"/items/{collection}/{post}").data["picture"] == file["id"]
        held = database.row("select held_by from sidecar.file_removals where file_id = %s", file["id"])
        assert held["held_by"] == f"{collection}.picture"
    finally:
        assert administrator.delete(f"/collections/{collection}").status == 204
    database.rows("update sidecar.file_removals set due = now() where file_id = %s returning 1", file["id"])
    removed(database, remove, file)
    assert on_disk(running_stack, file) == []


def test_a_file_that_a_kept_version_has_too_stays(
    replaced, operator: Person, reviewer: Person, database: Database, remove, given: Producer, running_stack: Stack
) -> None:
    work, version, file = replaced()
    elsewhere = given.work()
    operator.post(f"/v1/artifacts/{version}/use", {"project_id": elsewhere.project}).data  # noqa: B018  asserts

    data = operator.post("/v1/retention", {"project_id": work.project}).data
    remove()

    assert (data["bytes_removed"], data["files"]) == (1, 0)
    assert len(on_disk(running_stack, file)) == 1
    assert reviewer.get(f"/assets/{file['id']}").status == 200


def test_bytes_that_directus_left_behind_are_deleted(
    replaced, operator: Person, database: Database, remove, running_stack: Stack
) -> None:
    work, _version, file = replaced()
    operator.post("/v1/retention", {"project_id": work.project}).data  # noqa: B018  asserts
    # As if Directus had died between the row and the bytes; whoever was first, the bytes must go.
    database.rows("delete from directus_files where id = %s returning id", file["id"])

    removed(database, remove, file)

    assert on_disk(running_stack, file) == []
    assert database.rows("select * from directus_files where id = %s", file["id"]) == []


def test_an_erased_version_leaves_nothing_in_directus(
    replaced,
    operator: Person,
    administrator: Person,
    reviewer: Person,
    database: Database,
    remove,
    running_stack: Stack,
) -> None:
    secret = f"Okafor-{uuid.uuid4().hex}"
    _work, version, file = replaced(None)
    # Directus keeps a revision of what people edit.
    administrator.patch(f"/items/artifact_versions/{version}", {"tags": [secret]}).data  # noqa: B018  asserts
    administrator.patch(f"/files/{file['id']}", {"title": secret}).data  # noqa: B018
    assert database.rows("select id from directus_revisions where data::text like %s", f"%{secret}%")

    data = operator.post(f"/v1/artifacts/{version}/erase", {"reason": "Request 17.", "confirm": True}).data
    removed(database, remove, file)

    assert data["files"] == [{"file_id": file["id"], "filesize": int(file["filesize"]), "used_by": None}]
    assert on_disk(running_stack, file) == []
    assert database.rows("select id from directus_revisions where concat(data, delta) like %s", f"%{secret}%") == []
    shown = reviewer.get(f"/items/artifact_versions/{version}").data
    assert (shown["status"], shown["value"], shown["tags"], shown["files"]) == ("archived", None, None, [])
    assert shown["erased_at"]
    refused = administrator.patch(f"/items/artifact_versions/{version}", {"tags": ["calm"]})
    assert (refused.status, refused.code) == (409, "version_erased")
