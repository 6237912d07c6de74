"""Transfers written through Directus: legal moves only, with their sentence; times and spellings by the database."""

from __future__ import annotations

import re

import psycopg
import pytest

from sidecar.provision.database import MIGRATIONS
from sidecar.transfers.status import TRANSFERS
from tests.rows import refused

INSERT = (
    "insert into artifact_transfers (artifact_version_id, target_server, status) values (%s, 'gpu', %s) returning id"
)
MOVE = "update artifact_transfers set status = %s where id = %s"


@pytest.fixture
def version(given):
    return given.version(given.project())


def test_the_guards_table_is_the_codes():
    text = (MIGRATIONS / "guards" / "transfer_status_order.sql").read_text()
    listed = text[text.index("not in (") : text.index("then\n        raise")]
    assert set(re.findall(r"\('(\w+)', '(\w+)'\)", listed)) == set(TRANSFERS.moves)


@pytest.mark.parametrize("role", ["directus", "sidecar"])
@pytest.mark.parametrize("before", TRANSFERS.statuses)
def test_a_status_moves_along_the_arrows_and_no_other_way(connect, version, role, before):
    rows = connect(role)
    for after in TRANSFERS.statuses:
        row = rows.value(INSERT, version, before)
        if before == after or (before, after) in TRANSFERS.moves:
            assert rows.run(MOVE, after, row) == 1
        else:
            with refused("transfer_status_order"):
                rows.run(MOVE, after, row)
        # out of the way of the next one
        rows.run("update artifact_transfers set target_subfolder = gen_random_uuid()::text where id = %s", row)


def test_a_refused_move_says_so_in_a_sentence(directus_role, version):
    row = directus_role.value(INSERT, version, "completed")
    with pytest.raises(psycopg.errors.CheckViolation, match=r"that is completed cannot become pending\."):
        directus_role.run(MOVE, "pending", row)


def test_what_is_left_out_is_filled_in(directus_role, version):
    row = directus_role.one(
        "insert into artifact_transfers (artifact_version_id, target_server, target_subfolder, status, attempts,"
        " date_created) values (%s, ' http://gpu:8188/ ', '/in/', null, null, null) returning *",
        version,
    )
    assert (row["status"], row["attempts"], row["target_server"], row["target_subfolder"]) == (
        "pending", 0, "http://gpu:8188", "in",
    )  # fmt: skip
    assert row["date_created"]


def test_arriving_has_a_time_and_no_error(directus_role, version):
    row = directus_role.value(INSERT, version, "uploading")
    directus_role.run("update artifact_transfers set error_message = 'Slow.' where id = %s", row)
    directus_role.run(MOVE, "completed", row)
    found = directus_role.one("select uploaded_at, error_message from artifact_transfers where id = %s", row)
    assert found["uploaded_at"]
    assert found["error_message"] is None


def test_a_time_that_an_import_brings_is_kept(directus_role, version):
    row = directus_role.one(
        "insert into artifact_transfers (artifact_version_id, target_server, status, uploaded_at)"
        " values (%s, 'gpu', 'completed', '2020-01-01T00:00:00Z') returning uploaded_at", version,
    )  # fmt: skip
    assert row["uploaded_at"].year == 2020


def test_what_somebody_sets_to_uploading_in_directus_is_theirs_to_carry(directus_role, version):
    row = directus_role.value(INSERT, version, "pending")
    directus_role.run("update artifact_transfers set next_attempt_at = now() where id = %s", row)
    directus_role.run(MOVE, "uploading", row)
    assert directus_role.value("select next_attempt_at from artifact_transfers where id = %s", row) is None


def test_tried_again_in_directus_its_tries_count_anew(directus_role, version):
    row = directus_role.value(INSERT, version, "failed")
    directus_role.run("update artifact_transfers set attempts = 9 where id = %s", row)
    directus_role.run(MOVE, "pending", row)
    assert directus_role.value("select attempts from artifact_transfers where id = %s", row) == 0


def test_one_transfer_of_a_version_to_a_folder_is_under_way(directus_role, version):
    directus_role.value(INSERT, version, "pending")
    for status in ("pending", "uploading"):
        with refused("transfer_open_once"):
            directus_role.run(INSERT, version, status)
    for status in ("completed", "failed", "failed"):
        directus_role.run(INSERT, version, status)
