"""Transfers and collecting through a sidecar that runs, and a server that does what ComfyUI does."""

from __future__ import annotations

import pytest

from sidecar.client import Conflict, Invalid, Registry, StillOnItsWay, TransferFailed, Unavailable
from tests.client.conftest import SERVER


@pytest.fixture
def stored_file(administrator_rows):
    """A file as Directus knows it; nobody asks for its bytes here."""
    return administrator_rows.value(
        "insert into directus_files (id, storage, filename_disk, filename_download, type)"
        " values (gen_random_uuid(), 'local', 'logo.png', 'logo.png', 'image/png') returning id"
    )


def approved(registry, reviewer, project, file):
    made = registry.submit(project, "brand.logo", file_ids=[file]).version
    reviewer.reviews.approve(made)
    return made


def test_a_version_is_sent_once_and_waited_for(registry, reviewer, project, stored_file):
    made = approved(registry, reviewer, project, stored_file)

    transfer = registry.transfer(made, SERVER, subfolder="in")
    again = registry.transfer(None, SERVER, project=project, path="brand.logo", subfolder="in")

    assert (transfer.status, transfer.schema_key, again.id) == ("pending", "brand.logo", transfer.id)
    with pytest.raises(StillOnItsWay) as caught:
        registry.transfers.wait(transfer, timeout=0)
    assert caught.value.details["status"] == "pending"
    assert [each.id for each in registry.transfers.list(project, status=["pending", "failed"])] == [transfer.id]

    name = {"name": "logo.png", "subfolder": "in"}
    registry.transfers.change(transfer, status="uploading")
    registry.transfers.change(transfer, status="completed", result=[name])
    arrived = registry.transfers.wait(transfer, timeout=0)
    assert (arrived.result[0].name, arrived.result[0].type, arrived.status) == ("logo.png", "input", "completed")


def test_a_failure_is_raised_with_its_reason_and_tried_again(registry, reviewer, project, stored_file):
    carried = registry.transfer(approved(registry, reviewer, project, stored_file), SERVER, carried=True)
    registry.transfers.change(carried, status="failed", error="The disk is full.")
    with pytest.raises(TransferFailed, match="The disk is full"):
        registry.transfers.wait(carried, timeout=5)
    assert registry.transfers.retry(carried).status == "pending"
    assert registry.transfers.get(carried).attempts == 0


def test_what_may_not_be_sent_is_refused(registry, project, stored_file):
    waiting = registry.submit(project, "brand.logo", file_ids=[stored_file]).version
    with pytest.raises(Conflict) as caught:
        registry.transfer(waiting, SERVER)
    assert caught.value.code == "not_approved"
    with pytest.raises(Invalid) as caught:
        registry.transfer(waiting, "http://169.254.169.254")
    assert caught.value.code == "server_not_allowed"


def test_collecting_says_when_the_server_is_away(address, token, registry, project):
    step, _ = registry.steps.start(registry.executions.start(project, name="film"), "draw", prompt_id="p-1")
    with Registry(address, token("producer"), attempts=1) as hasty, pytest.raises(Unavailable) as caught:
        hasty.collect(step, "scene_12.image", server=SERVER)
    assert caught.value.code == "server_failed"


def test_collecting_names_outputs_paths_and_sources(registry, project):
    step, _ = registry.steps.start(registry.executions.start(project, name="film"), "draw")
    assert registry.collect(step, server=SERVER, outputs=[], tags=["raw"], metadata={"seed": 1}) == []
    with pytest.raises(Invalid):
        registry.collect(step, server=SERVER, outputs=[{"filename": "../a.png"}], paths={"9": "a"})
