"""A chain over two servers on the real stack: what one left is reviewed, sent on and used. Rows added in Directus."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator

import pytest

from sidecar.client import Registry, TransferFailed
from sidecar.stack.stack import Stack
from tests.directus.people import Person, eventually
from tests.directus.works import Database, picture
from tests.transfers.comfy import Comfy

pytestmark = pytest.mark.xdist_group("fragile")

SECONDS = 60.0


@pytest.fixture
def comfy1() -> Iterator[Comfy]:
    server = Comfy()
    yield server
    server.close()


@pytest.fixture
def comfy2() -> Iterator[Comfy]:
    server = Comfy()
    yield server
    server.close()


@pytest.fixture
def running_stack(
    fragile_stack: Stack, comfy1: Comfy, comfy2: Comfy, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stack]:
    """A stack whose sidecar and worker know both servers."""
    parts = ("worker", "sidecar")
    monkeypatch.setenv("ARTIFACTS_SERVERS", f"comfy1={comfy1.url},comfy2={comfy2.url}")
    for part in parts:
        fragile_stack.stop(part)
        fragile_stack.start(part)
    yield fragile_stack
    for part in parts:  # the next test that asks for the stack starts them again, without the servers
        fragile_stack.stop(part)


@pytest.fixture
def environment(running_stack: Stack) -> dict[str, str]:
    return running_stack.environment()


@pytest.fixture
def registry(environment: dict[str, str]) -> Iterator[Registry]:
    with Registry(environment["SIDECAR_URL"], environment["SIDECAR_TOKEN"]) as registry:
        yield registry


@pytest.fixture
def project(registry: Registry):
    return registry.projects.create_or_find(f"film-{uuid.uuid4().hex[:8]}", "A film")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_what_step_one_left_is_approved_sent_and_used_by_step_two(
    registry: Registry, project, comfy1: Comfy, comfy2: Comfy, database: Database
) -> None:
    frame, film = picture("navy", 400), os.urandom(20_000_000)
    comfy1.leaves("p-1", n9=[("frame.png", frame)], n12=[("ComfyUI_00001_.bin", film)])
    run = registry.executions.start(project, name="film")
    first, _ = registry.steps.start(run, "extract", server_address="comfy1", prompt_id="p-1")
    second, _ = registry.steps.start(run, "edit", status="queued", server_address="comfy2", prompt_id="p-2")

    collected = registry.collect(first, paths={"9": "scene_12.frame", "12": "scene_12.film"})
    versions = [submitted.version for submitted in collected]
    registry.reviews.approve(*versions)
    asked = [registry.transfer(version, "comfy2", subfolder="registry", target_step=second) for version in versions]
    sent = [registry.transfers.wait(transfer, SECONDS).result[0] for transfer in asked]

    arrived = [comfy2.files["input", file.subfolder, file.name] for file in sent]
    assert [sha256(content) for content in arrived] == [sha256(frame), sha256(film)]
    assert sent[0].name.startswith("scene_12.frame-v1-")
    assert [file.subfolder for file in sent] == ["registry", "registry"]
    known = database.rows(
        "select encode(c.sha256, 'hex') as sha256 from sidecar.file_contents c join artifact_versions v"
        " on v.primary_file_id = c.file_id where v.project_id = %s", str(project.id),
    )  # fmt: skip
    assert {row["sha256"] for row in known} == {sha256(frame), sha256(film)}

    comfy2.leaves("p-2", n9=[("edited.png", picture("teal"))])
    (edited,) = registry.collect(second, "scene_12.edited", derived_from=[versions[0]])
    again = registry.collect(second, "scene_12.edited", derived_from=[versions[0]])
    assert (again[0].existing, again[0].version.id) == (True, edited.version.id)
    assert edited.version.files[0].type == "image/png"
    assert edited.version.metadata["comfy_folder_type"] == "output"
    assert [relation.to_version_id for relation in registry.lineage.relations(edited.version)] == [versions[0].id]
    assert edited.version.execution_id == run.id


def test_a_row_added_in_directus_is_carried_out_or_says_why_not(
    registry: Registry, project, producer: Person, administrator: Person, comfy2: Comfy, database: Database
) -> None:
    content = picture("olive")
    file = producer.upload("logo.png", content, "image/png")
    version = registry.submit(project, "brand.logo", file_ids=[file]).version
    early = producer.post(
        "/items/artifact_transfers", {"artifact_version_id": str(version.id), "target_server": "comfy2"}
    ).data["id"]
    with pytest.raises(TransferFailed, match="is pending; only an approved version is sent"):
        registry.transfers.wait(early, SECONDS)

    registry.reviews.approve(version)
    again = producer.patch(f"/items/artifact_transfers/{early}", {"status": "pending"})
    assert again.status == 200, again.body
    arrived = registry.transfers.wait(early, SECONDS)
    assert comfy2.files["input", "", arrived.result[0].name] == content
    shown = producer.get(f"/items/artifact_transfers/{early}").data
    assert (shown["status"], shown["result"][0]["name"]) == ("completed", arrived.result[0].name)

    row = {"artifact_version_id": str(version.id), "target_server": "http://169.254.169.254"}
    elsewhere = producer.post("/items/artifact_transfers", row).data["id"]
    failed = eventually(
        lambda: (found := producer.get(f"/items/artifact_transfers/{elsewhere}").data)["status"] == "failed" and found,
        "the row says why", SECONDS,
    )  # fmt: skip
    assert "is no server that the registry exchanges files with" in failed["error_message"]


def test_moves_and_doubles_that_are_none_are_refused_in_directus(
    registry: Registry, project, administrator: Person
) -> None:
    version = registry.submit(project, "brand.logo", {"n": 1}).version
    row = {"artifact_version_id": str(version.id), "target_server": "comfy2", "status": "uploading"}
    made = administrator.post("/items/artifact_transfers", row).data["id"]

    double = administrator.post("/items/artifact_transfers", row)
    assert (double.status, double.code) == (400, "RECORD_NOT_UNIQUE")
    administrator.patch(f"/items/artifact_transfers/{made}", {"status": "completed"}).data  # noqa: B018  asserts
    refused = administrator.patch(f"/items/artifact_transfers/{made}", {"status": "pending"})
    assert (refused.status, refused.code) == (409, "transfer_status_order")
    assert "A transfer that is completed cannot become pending." in refused.sentence
