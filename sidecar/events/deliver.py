"""Delivering: each endpoint and each wake has a queue, and whoever holds a queue sends what is in it, in order.

A worker claims a queue in which something is due under a lease, in a transaction of its own; sends one message in no
transaction; writes what came of it, if the queue is still its own; and so on. A worker that is killed lets its queues
go with their leases, and what it was sending is sent again: at least once. What fails is tried again with growing
pauses. So is the whole queue: one receiver that hangs takes a sender now and then, and no more than PER_ORIGIN of them.
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import structlog
from psycopg.types.json import Jsonb
from psycopg_pool import PoolTimeout
from pydantic_core import to_json

from sidecar.artifacts.fetch import Allowed
from sidecar.database import Connection, Database
from sidecar.events.send import Sent, send
from sidecar.events.sign import generate, signed
from sidecar.settings import Settings
from sidecar.sql import Statements

sql = Statements(__file__)
log = structlog.get_logger()
Row = dict[str, Any]

# Of a process, and of all workers to one origin.
SENDERS, PER_ORIGIN = 12, 3
# Beside the time a try may take: names are looked up before that counts, and the outcome is written after it.
GRACE_SECONDS = 10.0
# One turn sends so many, then others get theirs.
TURN = 50
# After 5, 10, 20 … seconds; a little more or less by chance, so that they do not come together. A queue is left alone
# for no longer than ten minutes: so long after it comes back a receiver gets what it has missed.
FIRST_PAUSE, LONGEST_PAUSE, LONGEST_QUEUE_PAUSE = 5.0, 7200.0, 600.0
# n8n's answer where the execution was resumed before.
_DONE_ALREADY = "finished"

_free = threading.BoundedSemaphore(SENDERS)


def deliver(database: Database, settings: Settings) -> int:
    """Start as many senders as are free and find a queue with something due. Returns how many; they go on alone."""
    started = 0
    while _free.acquire(blocking=False):
        try:
            queue = _claim(database, settings)
        except BaseException:
            _free.release()
            raise
        if queue is None:
            _free.release()
            break
        threading.Thread(target=_work, args=(database, settings, queue), name="deliverer", daemon=True).start()
        started += 1
    return started


def deliver_next(database: Database, settings: Settings) -> bool:
    """Send what is due of the queue that was not looked at for longest. False when nothing is."""
    queue = _claim(database, settings)
    if queue is not None:
        _empty(database, settings, queue)
    return queue is not None


def queue_message(
    connection: Connection, *, kind: str, message_id: str, payload: Any, endpoint_id: UUID | None = None,
    wait_id: UUID | None = None,
) -> UUID:  # fmt: skip
    """Queue what is no event, for an endpoint or a wait. Returns the delivery's id."""
    place = {"queue": endpoint_id or wait_id, "endpoint_id": endpoint_id, "wait_id": wait_id}
    connection.execute(sql.make_queue, place)
    message = {**place, "type": kind, "message_id": message_id, "payload": Jsonb(payload)}
    row = connection.execute(sql.queue_message, message).fetchone()
    assert row is not None  # noqa: S101  an insert that returns answers with its row
    return row["id"]


def pause_after(failures: int, longest: float, patience: float) -> float:
    """The seconds between a try that failed, the `failures`th in a row, and the next one.

    A twelfth of the time for which all is tried at the most, so that a short patience leaves several tries, too.
    """
    growing = min(FIRST_PAUSE * 2 ** min(failures - 1, 20), longest, max(patience / 12, 0.2))
    return growing * random.uniform(0.8, 1.2)  # noqa: S311  apart, not secret


def lease_seconds(settings: Settings) -> float:
    """For how long a queue is left to whoever holds it."""
    return settings.webhook_seconds + GRACE_SECONDS


@dataclass(slots=True)
class _Held:
    """A queue that is ours as long as nobody else has moved the moment it is held until."""

    queue: UUID
    until: datetime


def _claim(database: Database, settings: Settings) -> _Held | None:
    with database.transaction() as connection:
        parameters = {"lease": lease_seconds(settings), "per_origin": PER_ORIGIN}
        row = connection.execute(sql.claim_queue, parameters).fetchone()
    return None if row is None else _Held(row["queue"], row["held_until"])


def _work(database: Database, settings: Settings, held: _Held | None) -> None:
    try:
        while held is not None:
            _empty(database, settings, held)
            held = _claim(database, settings)
    except (psycopg.Error, PoolTimeout) as error:
        # What was being sent is sent again when the lease ends.
        log.warning("a deliverer has lost the database", error=str(error).strip()[:300])
    except Exception as error:
        log.error("a deliverer failed", exc_info=error)
    finally:
        _free.release()


def _empty(database: Database, settings: Settings, held: _Held) -> None:
    """Send what is due of a queue, until one fails or its turn is over."""
    for _ in range(TURN):
        with database.transaction() as connection:
            if not _hold_on(connection, settings, held):
                return
            delivery = connection.execute(sql.next_delivery, {"queue": held.queue}).fetchone()
            if delivery is None or (delivery["endpoint_id"] and not delivery["active"]):
                break
            if stale := _stale(delivery):
                _drop(connection, delivery, stale)
                continue
            known = _secrets(connection, delivery)
        sent = _send(settings, delivery, known)
        with database.transaction() as connection:
            if not _hold_on(connection, settings, held):
                return
            taken = _note(connection, settings, delivery, sent)
        log.info(
            "delivered" if taken else "a delivery failed", delivery_id=str(delivery["id"]), type=delivery["type"],
            message_id=delivery["message_id"], attempt=delivery["attempts"] + 1, status=sent.status,
            ms=sent.milliseconds,
        )  # fmt: skip
        if not taken:
            break
    with database.transaction() as connection:
        connection.execute(sql.let_go, {"queue": held.queue, "held": held.until})


def _hold_on(connection: Connection, settings: Settings, held: _Held) -> bool:
    mine = {"queue": held.queue, "held": held.until, "lease": lease_seconds(settings)}
    row = connection.execute(sql.hold_on, mine).fetchone()
    if row is not None:
        held.until = row["held_until"]
    return row is not None


def _stale(delivery: Row) -> str | None:
    """Why a delivery is of no use any more."""
    if delivery["body"] is None:
        return "The event is older than events are kept."
    if delivery["wait_id"] is None:
        return None
    if delivery["wait_status"] != "woken" or delivery["url"] is None:
        return "Somebody waits at another address by now, or nobody does."
    if delivery["execution_status"] in ("completed", "failed", "cancelled"):
        return f"The run is {delivery['execution_status']}."
    return None


def _drop(connection: Connection, delivery: Row, why: str) -> None:
    connection.execute(sql.drop_delivery, {"id": delivery["id"], "error": why})
    if delivery["wait_id"]:
        connection.execute(sql.wait_came_to, {"id": delivery["wait_id"], "status": "dropped"})
        connection.execute(sql.end_queue, {"queue": delivery["queue"]})


def _secrets(connection: Connection, delivery: Row) -> list[str]:
    """What an endpoint's message is signed with; a wake's address is a secret itself."""
    endpoint = {"endpoint_id": delivery["endpoint_id"]}
    if delivery["endpoint_id"] is None:
        return []
    row = connection.execute(sql.secrets_of, endpoint).fetchone()
    if row is None:
        connection.execute(sql.make_secret, {**endpoint, "secret": generate()})
        row = connection.execute(sql.secrets_of, endpoint).fetchone()
    return [secret for secret in (row["secret"], row["previous"]) if secret] if row else []


def _send(settings: Settings, delivery: Row, known: list[str]) -> Sent:
    body = to_json(delivery["body"])
    headers = signed(delivery["message_id"], datetime.now(UTC), body, known)
    allowed = Allowed(settings.webhook_allow)
    return send(delivery["url"], body, headers, seconds=settings.webhook_seconds, allowed=allowed)


def _note(connection: Connection, settings: Settings, delivery: Row, sent: Sent) -> bool:
    """Write what came of a try. Whether the queue may go on."""
    taken = sent.taken or _resumed_already(delivery, sent)
    tried, patience = delivery["attempts"] + 1, settings.webhook_retry_seconds
    begun = delivery["first_tried_at"]
    late = begun is not None and (datetime.now(UTC) - begun).total_seconds() > patience
    last = taken or late or sent.status == 410
    answer = sent.answer and sent.answer.replace(delivery["url"], "…")
    connection.execute(
        sql.note_try,
        {
            "id": delivery["id"],
            "status": "delivered" if taken else "failed" if last else "pending",
            "seconds": max(sent.after, pause_after(tried, LONGEST_PAUSE, patience)),
            "answer_status": sent.status,
            "answer": answer,
            "duration_ms": sent.milliseconds,
            "error": None if taken else sent.error,
        },
    )
    if delivery["wait_id"]:
        if last:
            came_to = {"id": delivery["wait_id"], "status": "delivered" if taken else "failed"}
            connection.execute(sql.wait_came_to, came_to)
            connection.execute(sql.end_queue, {"queue": delivery["queue"]})
        return taken
    if taken:
        _works(connection, delivery)
    else:
        _fails(connection, settings, delivery, sent)
    return taken


def _resumed_already(delivery: Row, sent: Sent) -> bool:
    return bool(delivery["wait_id"]) and sent.status == 409 and _DONE_ALREADY in (sent.answer or "").lower()


def _works(connection: Connection, delivery: Row) -> None:
    queue = {"queue": delivery["queue"]}
    if connection.execute(sql.endpoint_works, {"endpoint_id": delivery["endpoint_id"]}).rowcount:
        connection.execute(sql.hasten, queue)
    connection.execute(sql.queue_works, queue)


def _fails(connection: Connection, settings: Settings, delivery: Row, sent: Sent) -> None:
    endpoint, queue = {"endpoint_id": delivery["endpoint_id"]}, {"queue": delivery["queue"]}
    failures = connection.execute(sql.queue_failures, queue).fetchone()
    patience = settings.webhook_retry_seconds
    pause = pause_after((failures["failures"] if failures else 0) + 1, LONGEST_QUEUE_PAUSE, patience)
    row = connection.execute(
        sql.queue_fails, {**queue, "seconds": max(sent.after, pause), "patience": patience}
    ).fetchone()
    if sent.status == 410:
        _switch_off(connection, delivery, "It answered 410: it wants no more events.")
    elif row and row["given_up"]:
        _switch_off(connection, delivery, f"Nothing was delivered for {_shown(patience)}. The last try: {sent.error}")
    elif row:
        connection.execute(sql.endpoint_fails, {**endpoint, "since": row["failing_since"], "problem": sent.error})


def _switch_off(connection: Connection, delivery: Row, why: str) -> None:
    endpoint, queue = {"endpoint_id": delivery["endpoint_id"]}, {"queue": delivery["queue"]}
    problem = f"Switched off. {why}"
    row = connection.execute(sql.switch_off, {**endpoint, "problem": problem}).fetchone()
    connection.execute(sql.fail_pending, {**queue, "problem": problem})
    connection.execute(sql.queue_works, queue)  # whoever switches it on begins anew
    if row is None:
        return
    log.warning("an endpoint was switched off", endpoint_id=str(delivery["endpoint_id"]), why=why)
    message = (
        f"{why} Switch it on again under Webhook Endpoints; what it missed is sent with `artifacts events replay`."
    )
    connection.execute(
        sql.tell_administrators,
        {**endpoint, "subject": f"Webhook switched off: {row['name']}"[:255], "message": message},
    )


def _shown(seconds: int) -> str:
    return f"{seconds // 3600} hours" if seconds >= 7200 else f"{seconds} seconds"
