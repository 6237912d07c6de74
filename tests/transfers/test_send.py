"""Carrying transfers out: to a server that does what ComfyUI does, and to one that fails in every way."""

from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import structlog

from sidecar.settings import variable
from sidecar.transfers import send, upload
from sidecar.worker.jobs import create_worker
from tests.transfers.comfy import Assets
from tests.transfers.conftest import TOKEN

PNG = b"PNG of a logo"


@pytest.fixture
def transfer(given, approved):
    """One that waits, as Directus inserts it."""
    return given.transfer(approved)


def sent(gpu):
    return {name: content for (_, _, name), content in gpu.files.items()}


def test_the_bytes_arrive_and_the_answer_is_kept(given, approved, database, worker, gpu, transfers):
    file = database.value("select primary_file_id from artifact_versions")
    transfer = given.transfer(approved, target_subfolder="from-registry/today")

    assert worker() is True

    row, name = transfers.row(transfer), f"brand.logo-v1-{file.hex[:12]}.png"
    assert gpu.files == {("input", "from-registry/today", name): PNG}
    assert (row["status"], row["attempts"], row["error_message"], row["next_attempt_at"]) == (
        "completed",
        1,
        None,
        None,
    )
    assert row["result"] == [
        {"file_id": str(file), "name": name, "subfolder": "from-registry/today", "type": "input"}
    ]  # fmt: skip
    assert row["uploaded_at"]
    assert worker() is False
    (asked,) = gpu.asked
    assert asked.headers["Content-Length"]
    assert "Transfer-Encoding" not in asked.headers


def test_a_row_added_in_directus_is_carried_out_the_same_way(directus_role, approved, worker, gpu, transfers):
    added = directus_role.value(
        "insert into artifact_transfers (artifact_version_id, target_server, target_subfolder) values (%s, %s, '/in/')"
        " returning id", approved, gpu.url + "/",
    )  # fmt: skip
    assert worker() is True
    assert transfers.row(added)["status"] == "completed"
    assert [folder for _, folder, _ in gpu.files] == ["in"]


def test_a_server_has_one_spelling_whoever_changes_a_row(directus_role, given, approved, gpu, worker, transfers):
    added = given.transfer(approved, server="gone")
    directus_role.run("update artifact_transfers set target_server = %s where id = %s", f" {gpu.url}/", added)
    assert (transfers.row(added)["target_server"], transfers.row(added)["attempts"]) == (gpu.url, 0)
    assert worker() is True
    assert transfers.row(added)["status"] == "completed"


def test_all_files_of_a_version_are_sent_under_names_of_their_own(given, project, file, worker, gpu):
    files = (file(b"front"), file(b"back"), file(b"", "empty.txt", "text/plain"))
    for path in ("brand.card", "brand.box"):
        given.transfer(given.approved(project, path, files=files))

    assert worker()
    assert worker()

    assert sorted(gpu.files.values()) == [b"", b"", b"back", b"back", b"front", b"front"]
    assert all(re.fullmatch(r"brand\.(card|box)-v1-[0-9a-f]{12}\.(png|txt)", name) for name in sent(gpu))


def test_versions_of_one_path_do_not_take_each_others_names(given, project, file, worker, gpu):
    for content in (b"one", b"two"):
        given.transfer(given.approved(given.project(), "brand.logo", files=(file(content),)))
        worker()
    assert sorted(sent(gpu).values()) == [b"one", b"two"]


def test_the_name_is_the_servers_own(given, transfer, worker, gpu, transfers):
    gpu.plans = [gpu.answers(200, b'{"name": "logo (1).png", "subfolder": "", "type": "input"}')]
    worker()
    assert transfers.row(transfer)["result"][0]["name"] == "logo (1).png"


def test_a_large_file_is_never_held_in_memory(given, project, file, worker, gpu, monkeypatch):
    """More than the pieces that are under way would need: the largest that is read at once is looked at."""
    content, largest = os.urandom(1 << 20) * 8, []
    read = upload._Source.read
    monkeypatch.setattr(upload._Source, "read", lambda self, size=-1: largest.append(size) or read(self, size))
    given.transfer(given.approved(project, files=(file(content),)))

    assert worker()

    (arrived,) = sent(gpu).values()
    assert hashlib.sha256(arrived).digest() == hashlib.sha256(content).digest()
    assert 0 < max(largest) <= 256 * 1024
    assert min(largest) > 0


# Where it may go, and what


def test_a_server_that_nobody_named_gets_nothing_and_the_row_says_so(given, approved, worker, gpu, transfers):
    transfer = given.transfer(approved, server="http://127.0.0.1:1")
    worker()
    row = transfers.row(transfer)
    assert row["status"] == "failed"
    assert "http://127.0.0.1:1 is no server that the registry exchanges files with" in row["error_message"]


def test_a_folder_that_leads_out_is_refused_in_a_row_of_directus(given, approved, worker, gpu, transfers):
    transfer = given.transfer(approved, target_subfolder="../../models")
    worker()
    assert (transfers.row(transfer)["status"], gpu.asked) == ("failed", [])
    assert "leads out" in transfers.row(transfer)["error_message"]


@pytest.mark.parametrize("status", ["intermediate", "pending", "rejected", "superseded", "archived"])
def test_what_is_not_approved_when_its_turn_comes_is_not_sent(given, project, file, worker, gpu, transfers, status):
    transfer = given.transfer(given.version(project, status=status, files=(file(b"x"),)))
    worker()
    row = transfers.row(transfer)
    assert (row["status"], gpu.asked) == ("failed", [])
    assert f"Version 1 of brand.logo is {status}" in row["error_message"]


def test_a_version_withdrawn_meanwhile_is_not_sent(given, transfer, approved, sidecar_role, worker, gpu, transfers):
    sidecar_role.run("update artifact_versions set status = 'archived' where id = %s", approved)
    worker()
    assert (transfers.row(transfer)["status"], gpu.files) == ("failed", {})


def test_bytes_that_are_not_those_approved_never_arrive(given, project, file, worker, gpu, transfers):
    for content in (b"replaced", b""):
        changed = file(content, known=b"as submitted")
        transfer = given.transfer(given.approved(project, f"a{len(content)}", files=(changed,)))
        worker()
        row = transfers.row(transfer)
        assert (row["status"], gpu.files) == ("failed", {})
        assert "not those that were submitted" in row["error_message"]


def test_bytes_that_directus_has_lost_are_said_so(given, project, worker, gpu, transfers):
    transfer = given.transfer(given.approved(project, files=(given.file(),)))
    worker()
    assert transfers.row(transfer)["status"] == "failed"
    assert "lost the bytes of logo.png" in transfers.row(transfer)["error_message"]


def test_a_directus_that_is_away_costs_no_try(given, transfer, worker, assets, gpu, transfers):
    assets.plans = [Assets.answers(503), assets.breaks_off]
    for _ in range(2):
        worker()
        row = transfers.row(transfer)
        assert (row["status"], row["attempts"]) == ("pending", 0)
        assert "Directus" in row["error_message"]
        transfers.due()
    worker()
    assert transfers.row(transfer)["status"] == "completed"


def test_the_token_of_a_server_goes_to_it_and_is_nowhere_else(
    given, transfer, approved, worker, gpu, other, database, monkeypatch
):
    given.transfer(approved, server=other.url)
    tokens = {"server_tokens": type(given.settings.server_tokens)(f"gpu={TOKEN}")}
    gpu.plans = [gpu.answers(500)]
    logged = io.StringIO()
    monkeypatch.setattr(send, "log", structlog.wrap_logger(structlog.PrintLogger(logged)))

    while worker(**tokens):
        database.run("update artifact_transfers set next_attempt_at = now() where status = 'pending'")

    assert [asked.headers["Authorization"] for asked in gpu.asked] == [TOKEN] * 2
    assert [asked.headers["Authorization"] for asked in other.asked] == [None]
    assert "a transfer failed" in logged.getvalue()
    assert TOKEN not in logged.getvalue()
    assert TOKEN not in repr(database.all("select * from artifact_transfers"))


def test_a_redirect_is_not_followed(given, transfer, worker, gpu, other, transfers):
    gpu.plans = [gpu.answers(307, Location=f"{other.url}/upload/image")]
    worker()
    assert (transfers.row(transfer)["status"], other.asked) == ("failed", [])
    assert "redirects elsewhere (307)" in transfers.row(transfer)["error_message"]


# Servers that fail


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 425, 429])
def test_what_may_pass_is_tried_again(given, transfer, worker, gpu, transfers, status):
    gpu.plans = [gpu.answers(status)]

    worker()
    row = transfers.row(transfer)
    assert (row["status"], row["attempts"], sent(gpu)) == ("pending", 1, {})
    assert f"gpu answered {status}" in row["error_message"]
    assert worker() is False, "not before its time"

    transfers.due()
    assert worker()
    row = transfers.row(transfer)
    assert (row["status"], row["attempts"], row["error_message"]) == ("completed", 2, None)
    assert list(sent(gpu).values()) == [PNG]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_what_would_be_refused_again_fails_at_once(given, transfer, worker, gpu, transfers, status):
    gpu.plans = [gpu.answers(status)]
    worker()
    row = transfers.row(transfer)
    assert (row["status"], row["attempts"], row["next_attempt_at"]) == ("failed", 1, None)
    assert f"gpu answered {status}" in row["error_message"]


def test_a_file_that_is_refused_before_it_is_read_fails_at_once(given, project, file, worker, gpu, transfers):
    transfer = given.transfer(given.approved(project, files=(file(b"x" * 300_000),)))
    gpu.plans = [gpu.refuses_early(413)]
    worker()
    assert transfers.row(transfer)["status"] == "failed"
    assert "larger than it takes" in transfers.row(transfer)["error_message"]


def test_a_server_is_waited_for_as_long_as_it_asks(given, transfer, worker, gpu, transfers):
    gpu.plans = [gpu.answers(429, Retry_After="120")]
    worker()
    assert 115 < transfers.wait(transfer) <= 120
    transfers.due()
    gpu.plans = [gpu.answers(503, Retry_After="999999999")]
    worker()
    assert 3500 < transfers.wait(transfer) <= 3600
    transfers.due()
    gpu.plans = [gpu.answers(503, Retry_After="when the moon is full")]
    worker(transfer_attempts=9)
    assert 0 < transfers.wait(transfer) <= 20


def test_the_pauses_grow_up_to_a_limit():
    assert all(3.7 < send._pause(1) <= 5 for _ in range(50))
    assert all(30 <= send._pause(4) <= 40 for _ in range(50))
    assert all(675 <= send._pause(100) <= 900 for _ in range(50))
    assert len({send._pause(3) for _ in range(20)}) > 1


def test_after_the_last_try_it_fails_with_its_reason_and_can_be_retried(given, agent, transfer, worker, gpu, transfers):
    gpu.plans = [gpu.answers(500)] * 3
    for tried in (1, 2, 3):
        assert worker()
        assert transfers.row(transfer)["attempts"] == tried
        transfers.due()
    row = transfers.row(transfer)
    assert row["status"] == "failed"
    assert re.fullmatch(r"gpu answered 500 to brand\.logo-v1-\w+\.png\. It was tried 3 times\.", row["error_message"])
    assert worker() is False

    assert agent.post(f"/v1/transfers/{transfer}/retry").json["data"]["status"] == "pending"
    worker()
    assert (transfers.row(transfer)["status"], transfers.row(transfer)["attempts"]) == ("completed", 1)


def test_a_server_that_is_not_there_is_tried_again(given, transfer, worker, gpu, transfers):
    gpu.server.shutdown()
    gpu.server.server_close()
    worker()
    assert transfers.row(transfer)["status"] == "pending"
    assert "gpu could not be reached" in transfers.row(transfer)["error_message"]


@pytest.mark.parametrize("plan", ["hangs", "breaks_off", "drips"])
def test_a_server_that_hangs_breaks_off_or_drips_is_tried_again(
    given, transfer, worker, gpu, transfers, monkeypatch, plan
):
    monkeypatch.setattr(send, "SILENCE_SECONDS", 0.4)
    monkeypatch.setattr(upload, "ANSWER_SECONDS", 0.8)
    gpu.plans = [getattr(gpu, plan)]

    began = time.monotonic()
    worker()

    # A server that hangs would do so for 20 s.
    assert time.monotonic() - began < 15
    assert transfers.row(transfer)["status"] == "pending"
    transfers.due()
    worker()
    assert transfers.row(transfer)["status"] == "completed"


def test_a_slow_server_is_given_its_time(given, project, file, worker, gpu, transfers):
    content = os.urandom(1 << 20) * 6
    transfer = given.transfer(given.approved(project, files=(file(content),)))

    def slowly(handler):
        handler.connection.settimeout(10)
        gpu.over.wait(0.5)  # the sender's buffers are full meanwhile
        gpu.upload(handler)

    gpu.plans = [slowly]
    worker()
    assert transfers.row(transfer)["status"] == "completed"
    assert list(sent(gpu).values()) == [content]


def test_each_file_has_its_time_and_not_the_rest_of_the_one_before(
    given, project, file, worker, gpu, transfers, monkeypatch
):
    monkeypatch.setattr(upload, "ANSWER_SECONDS", 0.6)
    files = (file(b"first"), file(os.urandom(1 << 20) * 6))
    transfer = given.transfer(given.approved(project, files=files))

    def slowly(handler):
        gpu.over.wait(1.2)
        gpu.upload(handler)

    gpu.plans = [None, slowly]
    worker()
    assert (transfers.row(transfer)["status"], len(gpu.files)) == ("completed", 2)


@pytest.mark.parametrize(
    "answer", [b"x" * 10_000_000, b"<html>", b"[]", b"{}", b'{"name": 7}', b'{"name": "a\\u0000"}']
)
def test_an_answer_that_is_none_of_comfyuis_is_no_success(given, transfer, worker, gpu, transfers, answer):
    gpu.plans = [gpu.answers(200, answer)]
    worker()
    row = transfers.row(transfer)
    assert (row["status"], row["result"]) == ("pending", None)
    assert "ComfyUI" in row["error_message"]


# Several workers


def test_of_two_workers_at_once_one_sends(given, transfer, approved, worker, gpu, transfers):
    """Also when a lease has run out: both see it, one gets it."""
    for _ in range(6):
        barrier = threading.Barrier(2)
        before = len(gpu.asked)

        def work_together(_):
            barrier.wait()  # noqa: B023  of this round
            return worker()

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(work_together, range(2))) == [False, True]
        assert len(gpu.asked) == before + 1
        assert transfers.row(transfer)["status"] == "completed"
        transfer = given.transfer(approved, "uploading", by=given.sidecar, next_attempt_at="2020-01-01T00:00:00Z")


def test_a_worker_that_is_killed_in_the_middle_is_succeeded(given, transfer, sending, worker, gpu, transfers):
    begun = threading.Event()

    def waits(handler):
        begun.set()
        gpu.hangs(handler)

    gpu.plans = [waits]
    program = (
        "from sidecar.database import Database; from sidecar.settings import process_settings;"
        "from sidecar.transfers.send import send_next; s = process_settings();"
        "d = Database(s.database_url.get_secret_value(), largest=4); d.open(); send_next(d, s)"
    )
    environment = {
        variable(name): str(value.get_secret_value() if hasattr(value, "get_secret_value") else value)
        for name, value in sending.model_dump().items()
    }
    process = subprocess.Popen([sys.executable, "-c", program], env=os.environ | environment)
    assert begun.wait(30)
    process.kill()
    process.wait()

    row = transfers.row(transfer)
    assert (row["status"], row["attempts"]) == ("uploading", 1)
    assert worker() is False, "its lease has not run out"
    transfers.due()
    assert worker() is True
    row = transfers.row(transfer)
    assert (row["status"], row["attempts"], list(sent(gpu).values())) == ("completed", 2, [PNG])


def test_what_kills_every_worker_ends_as_failed(given, approved, worker, gpu, transfers):
    left = {"attempts": 3, "next_attempt_at": "2020-01-01T00:00:00Z"}
    transfer = given.transfer(approved, "uploading", by=given.sidecar, **left)
    worker()
    assert (transfers.row(transfer)["status"], gpu.asked) == ("failed", [])
    assert "again and again" in transfers.row(transfer)["error_message"]


def test_a_long_upload_keeps_its_lease(given, transfer, worker, gpu, transfers, monkeypatch):
    monkeypatch.setattr(send, "LEASE_SECONDS", 0.6)
    begun, go_on = threading.Event(), threading.Event()

    def waits(handler):
        begun.set()
        go_on.wait(20)
        gpu.upload(handler)

    gpu.plans = [waits]
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(worker)
        assert begun.wait(20)
        first = held = transfers.row(transfer)["next_attempt_at"]
        while held <= first:  # until it was prolonged
            held = transfers.row(transfer)["next_attempt_at"]
        assert worker() is False
        go_on.set()
        assert sending.result(20)
    assert (transfers.row(transfer)["status"], transfers.row(transfer)["attempts"]) == ("completed", 1)


def test_called_failed_while_it_is_sent_it_is_ended_and_stays_failed(
    given, agent, transfer, worker, gpu, transfers, monkeypatch
):
    monkeypatch.setattr(send, "LEASE_SECONDS", 0.6)
    begun = threading.Event()

    def waits(handler):
        begun.set()
        gpu.hangs(handler)

    gpu.plans = [waits]
    address = f"/v1/transfers/{transfer}"
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(worker)
        assert begun.wait(20)
        for status in ("uploading", "completed", "pending"):
            refused = agent.call("PATCH", address, json={"status": status})
            assert refused.json["errors"][0]["extensions"]["code"] == "transfer_carried"
        stopped = agent.call("PATCH", address, json={"status": "failed", "error_message": "Not this one."})
        assert stopped.status_code == 200, stopped.text
        assert sending.result(20), "its connection is ended"
    row = transfers.row(transfer)
    assert (row["status"], row["error_message"], row["result"]) == ("failed", "Not this one.", None)


def test_a_result_that_comes_too_late_is_not_written(given, transfer, worker, gpu, database, transfers):
    begun, go_on = threading.Event(), threading.Event()

    def waits(handler):
        begun.set()
        go_on.wait(20)
        gpu.answers(200, b'{"name": "late.png"}')(handler)

    gpu.plans = [waits]
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(worker)
        assert begun.wait(20)
        transfers.due()
        assert worker() is True
        go_on.set()
        assert slow.result(20)
    (kept,) = transfers.row(transfer)["result"]
    assert kept["name"] != "late.png"


def test_a_server_that_hangs_does_not_keep_the_others_waiting(given, project, file, worker, sending, gpu, other):
    """Two of a worker's senders wait for it at most; what goes elsewhere passes by."""
    begun = threading.Semaphore(0)

    def waits(handler):
        begun.release()
        gpu.hangs(handler)

    gpu.plans = [waits] * 3
    for number in range(3):
        given.transfer(given.approved(project, f"scenes[{number}]", files=(file(b"x"),)))
    with ThreadPoolExecutor(2) as pool:
        for _ in range(2):
            pool.submit(worker)
            assert begun.acquire(timeout=20)
        assert worker() is False, "two are being sent to it"
        given.transfer(given.approved(project, "brand.card", files=(file(b"card"),)), server=other.url)
        assert worker() is True
        assert list(sent(other).values()) == [b"card"]
        gpu.over.set()


def test_the_workers_job_sends_what_waits(given, project, file, sending, gpu, database, approved):
    for number in range(6):
        given.transfer(given.approved(project, f"scenes[{number}]", files=(file(b"%d" % number),)))
    pool = send.Database(sending.database_url.get_secret_value(), largest=4)
    pool.open()
    app = create_worker(sending, pool)

    app.tasks["send_transfers"](timestamp=0)

    end = time.monotonic() + 20
    while database.value("select count(*) from artifact_transfers where status <> 'completed'"):
        assert time.monotonic() < end
    assert sorted(sent(gpu).values()) == [b"%d" % number for number in range(6)]
    for _ in range(send.SENDERS):  # all of them have come back
        assert send._free.acquire(timeout=10)
    for _ in range(send.SENDERS):
        send._free.release()
    pool.close()


def test_a_version_without_a_file_in_a_row_of_directus_says_so(given, project, worker, transfers):
    transfer = given.transfer(given.approved(project))
    worker()
    assert "has no file" in transfers.row(transfer)["error_message"]
