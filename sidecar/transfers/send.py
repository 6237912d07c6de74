"""Carrying out transfers: the rows are the queue, whoever added them.

A worker claims what is due under a lease, in a transaction of its own; then it sends, in no transaction, while a thread
prolongs the lease; then it writes what came of it, if the transfer is still its own. A worker that is killed prolongs
nothing, so another one takes over. The moment a lease ends is its holder's proof: who finds another one there stops.
"""

from __future__ import annotations

import random
import threading
import time
from datetime import datetime
from typing import Any

import psycopg
import structlog
from psycopg.types.json import Jsonb
from psycopg_pool import PoolTimeout

from sidecar.artifacts.fetch import Allowed, Deadline, guarded_pool
from sidecar.database import Database
from sidecar.directus import Directus
from sidecar.servers import Server
from sidecar.settings import Settings
from sidecar.sql import Statements
from sidecar.transfers.comfy import remote_name, stays_inside
from sidecar.transfers.servers import servers_of
from sidecar.transfers.upload import NotSent, upload

sql = Statements(__file__)
log = structlog.get_logger()
Row = dict[str, Any]

# Of a process, and of all workers to one server: a server that hangs keeps no more than its share.
SENDERS, PER_SERVER = 4, 2
LEASE_SECONDS = 60.0
# Between two pieces, and for the first byte of the answer.
SILENCE_SECONDS = 60.0
# After 5, 10, 20 … seconds, at most a quarter of an hour; a little less by chance, so that they do not come together.
FIRST_WAIT_SECONDS, LONGEST_PAUSE_SECONDS = 5.0, 900.0
# When Directus does not give the bytes, which is not counted.
OURS_WAIT_SECONDS = 20.0

_free = threading.BoundedSemaphore(SENDERS)


def send_transfers(database: Database, settings: Settings) -> int:
    """Start as many senders as are free and find something due. Returns how many; they go on by themselves."""
    started = 0
    while _free.acquire(blocking=False):
        try:
            transfer = _claim(database)
        except BaseException:
            _free.release()
            raise
        if transfer is None:
            _free.release()
            break
        threading.Thread(target=_work, args=(database, settings, transfer), name="sender", daemon=True).start()
        started += 1
    return started


def send_next(database: Database, settings: Settings) -> bool:
    """Carry out one try of the transfer that has been due for longest. False when none is due."""
    transfer = _claim(database)
    if transfer is not None:
        _carry_out(database, settings, transfer)
    return transfer is not None


def _work(database: Database, settings: Settings, transfer: Row | None) -> None:
    try:
        while transfer is not None:
            _carry_out(database, settings, transfer)
            transfer = _claim(database)
    except (psycopg.Error, PoolTimeout) as error:
        # What was being sent is taken up again when its lease ends.
        log.warning("a sender has lost the database", error=str(error).strip()[:300])
    except Exception as error:
        log.error("a sender failed", exc_info=error)
    finally:
        _free.release()


def _claim(database: Database) -> Row | None:
    with database.transaction() as connection:
        return connection.execute(sql.claim_transfer, {"lease": LEASE_SECONDS, "per_server": PER_SERVER}).fetchone()


def _carry_out(database: Database, settings: Settings, transfer: Row) -> None:
    began, deadline = time.monotonic(), Deadline(settings.transfer_seconds)
    held = _Lease(database, transfer, deadline)
    try:
        with deadline, held:
            result = _send(database, settings, transfer, deadline)
    except NotSent as failure:
        late = deadline.passed and failure.passing
        sentence = f"{transfer['target_server']} took too long." if late else str(failure)
        _note_failure(database, settings, transfer, held, failure, sentence)
        return
    outcome = {"id": transfer["id"], "held": held.until, "result": Jsonb(result)}
    with database.transaction() as connection:
        kept = connection.execute(sql.complete_transfer, outcome).rowcount
    log.info(
        "transfer completed" if kept else "transfer was moved meanwhile", transfer_id=str(transfer["id"]),
        server=transfer["target_server"], files=len(result), seconds=round(time.monotonic() - began, 2),
    )  # fmt: skip


def _send(database: Database, settings: Settings, transfer: Row, deadline: Deadline) -> list[Row]:
    """The names that all files of the version have got on the server. Raises NotSent."""
    server = servers_of(settings).find(transfer["target_server"])
    if server is None:
        sentence = f"{transfer['target_server'][:200]} is no server that the registry exchanges files with."
        raise NotSent(f"{sentence} An operator names it in ARTIFACTS_SERVERS.", passing=False)
    if transfer["attempts"] > settings.transfer_attempts:  # of a worker that was killed each time
        raise NotSent("It was begun again and again, and never came to an end.", passing=False)
    folder = transfer["target_subfolder"]
    if folder and not stays_inside("file", folder):
        raise NotSent(f"The folder {folder[:200]} leads out of the server's own.", passing=False)
    version, files = _version(database, transfer)
    directus = Directus(settings.directus_url, token=settings.directus_token.get_secret_value())
    with directus.session, guarded_pool(Allowed(server.host), deadline, silence=SILENCE_SECONDS) as pool:
        return [_sent(pool, deadline, directus, server, version, file, folder) for file in files]


def _sent(pool: Any, deadline: Deadline, directus: Directus, server: Server, version: Row, file: Row,
          folder: str | None) -> Row:  # fmt: skip
    name = remote_name(version["schema_key"], version["version_number"], file["id"], file["filename_download"])
    return {"file_id": str(file["id"]), **upload(pool, deadline, directus, server, file, name, folder)}


def _version(database: Database, transfer: Row) -> tuple[Row, list[Row]]:
    """The version as it stands now, and its files. Raises NotSent unless it is approved and has some."""
    with database.transaction() as connection:
        version = connection.execute(sql.version_to_send, {"id": transfer["artifact_version_id"]}).fetchone()
        files = connection.execute(sql.files_to_send, {"id": transfer["artifact_version_id"]}).fetchall()
    assert version is not None  # noqa: S101  a foreign key holds it
    shown = f"Version {version['version_number']} of {version['schema_key']}"
    if version["status"] != "approved":
        raise NotSent(f"{shown} is {version['status']}; only an approved version is sent.", passing=False)
    if not files:
        raise NotSent(f"{shown} has no file.", passing=False)
    return version, files


def _note_failure(
    database: Database, settings: Settings, transfer: Row, held: _Lease, failure: NotSent, sentence: str
) -> None:
    if held.lost:
        log.info("transfer was moved meanwhile", transfer_id=str(transfer["id"]))
        return
    tried = transfer["attempts"]
    last = not failure.passing or (tried >= settings.transfer_attempts and not failure.ours)
    if last and failure.passing:
        sentence += f" It was tried {tried} times."
    log.warning("a transfer failed", transfer_id=str(transfer["id"]), server=transfer["target_server"],
                attempt=tried, again=not last, error=sentence)  # fmt: skip
    outcome = {"id": transfer["id"], "held": held.until, "error": sentence, "uncounted": int(failure.ours),
               "seconds": max(failure.after, OURS_WAIT_SECONDS if failure.ours else _pause(tried))}  # fmt: skip
    with database.transaction() as connection:
        connection.execute(sql.fail_transfer if last else sql.try_later, outcome)


def _pause(tried: int) -> float:
    longest = min(FIRST_WAIT_SECONDS * 2 ** min(tried - 1, 20), LONGEST_PAUSE_SECONDS)
    return longest * random.uniform(0.75, 1)  # noqa: S311  apart, not secret


class _Lease:
    """Prolongs a transfer's lease while it is sent. Ends the connections when somebody has moved the transfer, or when
    the database was away for so long that somebody may have."""

    def __init__(self, database: Database, transfer: Row, deadline: Deadline) -> None:
        self.until: datetime = transfer["next_attempt_at"]
        self.lost = False
        self._id, self._database, self._deadline = transfer["id"], database, deadline
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def __enter__(self) -> _Lease:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        # Joined: what is written next names the moment that this thread has written last.
        self._over.set()
        self._thread.join()

    def _keep(self) -> None:
        prolonged = time.monotonic()
        while not self._over.wait(LEASE_SECONDS / 3):
            try:
                if not self._prolong():
                    break
                prolonged = time.monotonic()
            except (psycopg.Error, PoolTimeout):
                if time.monotonic() - prolonged > LEASE_SECONDS:
                    break
        else:
            return
        self.lost = True
        self._deadline.end()

    def _prolong(self) -> bool:
        mine = {"id": self._id, "held": self.until, "lease": LEASE_SECONDS}
        with self._database.transaction() as connection:
            row = connection.execute(sql.keep_lease, mine).fetchone()
        if row is not None:
            self.until = row["next_attempt_at"]
        return row is not None
