"""An import that is killed goes on where it stopped; nobody is held up by one; two at once make nothing twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid

import psycopg
import pytest

LOT = 500
ROWS, PROJECTS = 6 * LOT, 20
END_SECONDS = 60


@pytest.fixture
def source(tmp_path, given):
    """An exported file with ROWS approved rows in PROJECTS projects, each on a path of its own, and their ids."""
    projects = [given.project(f"old-{number}") for number in range(PROJECTS)]
    ids = []
    with (tmp_path / "artifact_versions.jsonl").open("w") as stream:
        for number in range(ROWS):
            ids.append(str(uuid.uuid4()))
            row = {"id": ids[-1], "project_id": str(projects[number % PROJECTS]), "schema_key": f"scene_{number}.plan",
                   "status": "approved", "value": {"n": number}, "version_number": 1}  # fmt: skip
            stream.write(json.dumps(row) + "\n")
    return tmp_path, ids, projects


def start(environment, folder):
    """`artifacts import json-arrays` as a process of its own."""
    command = [sys.executable, "-m", "sidecar.cli", "import", "json-arrays", "--source", str(folder)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, env=os.environ | environment, **pipes)


def kill_after(process, enough):
    """Kill it as soon as `enough()`; it must not have come to its end before."""
    end = time.monotonic() + END_SECONDS
    while not enough():
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < end
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def test_killed_three_times_nothing_is_twice_and_nothing_lost(environment, importing, source, database, sound):
    folder, ids, _projects = source
    imported = "select count(*) from sidecar.imported where kind = 'version'"
    for batches in (1, 3, 5):
        kill_after(start(environment, folder), lambda: database.value(imported) >= batches * LOT)  # noqa: B023
        assert database.value(imported) < ROWS
        assert database.value("select count(*) from artifact_versions") == database.value(imported)

    done = importing("json-arrays", "--source", folder)

    assert f"{ROWS:,} rows" in done.output
    assert sorted(str(row) for row in database.column("select id from artifact_versions")) == sorted(ids)
    assert database.value("select count(*) from artifact_approvals where action = 'import'") == ROWS
    assert database.column("select distinct context_version from projects") == [1]
    sound("json-arrays", "--source", folder)


def test_killed_while_it_promotes_each_project_is_promoted_once(environment, importing, source, database, sound):
    folder, _ids, _projects = source
    importing("json-arrays", "--source", folder, "--no-promote")
    assert database.column("select distinct context_version from projects") == [0]

    waiting = """select count(*) from pg_stat_activity where application_name = 'artifacts-import'
        and datname = current_database() and wait_event_type = 'Lock'"""
    with psycopg.connect(environment["ARTIFACTS_DATABASE_URL"]) as holder:
        holder.execute("select from projects order by id desc limit 1 for update")
        kill_after(start(environment, folder), lambda: database.value(waiting))
    importing("json-arrays", "--source", folder)

    assert database.column("select distinct context_version from projects") == [1]
    sound("json-arrays", "--source", folder)


def test_two_at_once_make_every_version_once(environment, source, database, sound):
    folder, ids, _projects = source

    both = [start(environment, folder), start(environment, folder)]
    said = [process.communicate(timeout=END_SECONDS)[0] for process in both]

    assert [process.returncode for process in both] == [0, 0], said
    assert database.value("select count(*) from artifact_versions") == len(ids)
    assert database.value("select count(*) from artifact_approvals") == len(ids)
    sound("json-arrays", "--source", folder)


def test_people_go_on_submitting_and_deciding_meanwhile(environment, source, database, producer, reviewer, sound):
    folder, _ids, projects = source
    refused, made = [], []
    process = start(environment, folder)

    def persistently(ask, expected):
        """What waited too long for a lock is sent again, as every client does; on a busy machine that happens."""
        for _ in range(10):
            answer = ask()
            if answer.status_code == expected:
                return answer
            if answer.status_code != 503:
                break
        refused.append(answer.text)
        return None

    def work(project):
        number = 0
        while process.poll() is None and not refused:
            number += 1
            path, value = f"live.item_{number}", {"n": number}
            answer = persistently(lambda: producer.submit(project, path, value), 201)  # noqa: B023
            if answer is not None:
                made.append(answer.json["data"]["id"])
                persistently(lambda: reviewer.approve(answer.json["data"]["id"]), 200)  # noqa: B023

    people = [threading.Thread(target=work, args=(project,)) for project in projects[:3]]
    for person in people:
        person.start()
    said = process.communicate(timeout=END_SECONDS)[0]
    for person in people:
        person.join()

    assert process.returncode == 0, said
    assert refused == []
    assert made
    assert database.value("select count(*) from artifact_versions") == ROWS + len(made)
    sound("json-arrays", "--source", folder)


def test_a_rolled_back_import_takes_no_more_batches(environment, importing, source, database):
    folder, _ids, _projects = source
    imported = "select count(*) from sidecar.imported"
    kill_after(start(environment, folder), lambda: database.value(imported) >= LOT)
    there = database.value(imported)

    taken = importing("rollback", "json-arrays")

    assert f"{there} versions withdrawn" in taken.output
    assert database.column("select distinct status from artifact_versions") == ["archived"]
    importing("json-arrays", "--source", folder)
    assert database.value("select count(*) from artifact_versions where status = 'approved'") == ROWS
