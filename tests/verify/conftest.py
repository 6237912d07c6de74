"""A project in which everything has happened once, and a way to damage its database."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from filelock import FileLock
from psycopg.types.json import Jsonb

from sidecar.provision.ids import ARTIFACTS_FOLDER
from sidecar.stack.stack import Stack
from sidecar.verify.verify import Breach, snapshot, verify
from tests.conftest import SHARED_FOLDER
from tests.given import Given
from tests.rows import Rows


@pytest.fixture(scope="session")
def roles_alone(stack: Stack) -> FileLock:
    """Held while somebody looks: role memberships are the whole server's, and some tests lend one (tests/guards)."""
    return FileLock(Path(os.environ[SHARED_FOLDER]) / "roles.lock")


@pytest.fixture
def busy(given: Given, database: Rows, sidecar_role: Rows) -> SimpleNamespace:
    """Project `spring`: the ids of what is in it. Its context is at version 5.

    brand.logo   1 superseded, 2 approved, with a file       brand.claim  1 rejected, 2 approved, reason added later
    scenes[1]    1 pending, changes requested                song         1 in the context, 2 approved, awaits promotion
    draft        1 archived                                  voice        1 approved by somebody who is gone
    """
    producer, reviewer, leaver = given.person("producer"), given.person("reviewer"), given.person("reviewer")
    spring = given.project("spring")
    file = given.file()
    database.run(
        "update directus_files set folder = %s, filesize = 4, created_on = now() - interval '2 hours' where id = %s",
        ARTIFACTS_FOLDER, file,
    )  # fmt: skip
    sidecar_role.run("insert into sidecar.file_contents (file_id, sha256, size) values (%s, sha256('logo'), 4)", file)

    def submit(path: str, value: object, **fields: object) -> str:
        return producer.submit("spring", path, value, **fields).json["data"]["id"]

    def done(answer) -> None:
        assert answer.status_code == 200, answer.text

    ids = SimpleNamespace(project=spring, file=file)
    ids.logo_1 = submit("brand.logo", {"colour": "green"})
    done(reviewer.approve(ids.logo_1, reason="Fresh."))
    ids.logo_2 = submit("brand.logo", {"colour": "blue"}, file_ids=[str(file)])
    done(reviewer.approve(ids.logo_2))
    ids.claim_1 = submit("brand.claim", "Tea for all who like tea")
    done(reviewer.decide("reject", ids.claim_1, reason="Too long."))
    ids.claim_2 = submit("brand.claim", "Tea.")
    done(reviewer.approve(ids.claim_2))
    done(reviewer.post(f"/v1/artifacts/{ids.claim_2}/approvals", {"action": "approve", "reason": "Short."}))
    ids.scene = submit("scenes[1]", {"light": 0.1})
    done(reviewer.decide("request_changes", ids.scene, reason="Too dark."))
    ids.song_1 = submit("song", [1, 2])
    done(reviewer.approve(ids.song_1))
    ids.song_2 = submit("song", [1, 2, 3])
    done(reviewer.approve(ids.song_2, promote=False))
    done(reviewer.decide("comment", ids.song_2, reason="Louder?"))
    ids.draft = submit("draft", 1)
    done(producer.decide("archive", ids.draft))
    ids.voice = submit("voice", {"pitch": None})
    done(leaver.approve(ids.voice))
    database.run("delete from directus_users where id = %s", leaver.id)
    _adopt(given, sidecar_role)
    return ids


def _adopt(given: Given, sidecar_role: Rows) -> None:
    """A second project, whose context was there before the registry."""
    adopted = given.project("adopted")
    # An artifact_version_id that somebody else wrote is no entry of ours.
    brand = {"claim": "Since 1900.", "artifact_version_id": "elsewhere"}
    context = Jsonb({"brand": brand, "motto": {"text": "Slow."}})
    changes = Jsonb([{"schema_key": "", "entry": context.obj}])
    sidecar_role.run("update projects set context = %s where id = %s", context, adopted)
    sidecar_role.run(
        "insert into promotions (project_id, context_version, actor_label, changes) values (%s, 0, 'set-up', %s)",
        adopted, changes,
    )  # fmt: skip


@pytest.fixture
def damaging(database: Rows) -> Callable[[], object]:
    """`with damaging(): …` an administrator of the server who switches the triggers off, and on again afterwards."""
    tables = [
        "artifact_versions", "artifact_approvals", "artifact_files", "promotions", "projects", "directus_files",
        "sidecar.audit_log", "sidecar.file_contents",
    ]  # fmt: skip
    in_force = "select tgrelid::regclass::text, tgname from pg_trigger where tgenabled = 'A'"
    there = "select from pg_trigger where tgrelid = %s::regclass and tgname = %s"

    @contextmanager
    def off() -> Iterator[None]:
        triggers = database.all(in_force)
        for table in tables:
            database.run(f"alter table {table} disable trigger all")
        yield
        for table in tables:
            database.run(f"alter table {table} enable trigger all")
        for table, trigger in (row.values() for row in triggers):
            if database.all(there, table, trigger):
                database.run(f"alter table {table} enable always trigger {trigger}")

    return off


@pytest.fixture
def found(connect: Callable[[str], Rows], roles_alone: FileLock) -> Callable[..., list[Breach]]:
    """`found()`: the breaches of the test's database, as the sidecar's role sees them."""

    def look(project=None) -> list[Breach]:
        connection = connect("sidecar").connection
        with roles_alone, snapshot(connection):
            return list(verify(connection, project))

    return look
