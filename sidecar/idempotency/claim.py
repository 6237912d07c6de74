"""At most one effect per Idempotency-Key: whoever claims the key runs, everybody else gets the answer that was kept.

A claim is an insert in the operation's own transaction. A second request under the key waits on the unique index until
that transaction ends: after its commit it reads the answer, after its rollback the key is free and it runs itself.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from psycopg import errors as pg
from psycopg.types.json import Jsonb

from sidecar.database import Connection
from sidecar.errors import Refusal
from sidecar.sql import Statements

sql = Statements(__file__)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request under a key. Scope: caller, method, route and key; `fingerprint` tells its payload from others.

    `hours` is how long an answer is kept.
    """

    caller: str
    method: str
    route: str
    key: str
    request_id: str
    hours: int
    fingerprint: bytes = b""


@dataclass(frozen=True, slots=True)
class Saved:
    """An answer as it was given, byte for byte."""

    status: int
    headers: dict[str, str]
    body: bytes


def claim(connection: Connection, attempt: Attempt) -> Saved | None:
    """Take the key until the transaction ends and return None; or return the answer that is kept under it.

    Must be the transaction's first lock: a request that waits here then holds nothing others wait for.
    Raises Refusal idempotency_key_in_use when the original runs for longer than lock_timeout, idempotency_key_reused.
    """
    try:
        claimed = connection.execute(sql.claim, asdict(attempt)).fetchone()
    except pg.LockNotAvailable as error:
        raise Refusal("idempotency_key_in_use", headers={"Retry-After": "1"}) from error
    return None if claimed else find(connection, attempt)


def find(connection: Connection, attempt: Attempt) -> Saved | None:
    """The answer that is kept under the key, without claiming it. Raises Refusal idempotency_key_reused."""
    row = connection.execute(sql.find, asdict(attempt)).fetchone()
    if row is None:
        return None
    if row["fingerprint"] != attempt.fingerprint:
        raise Refusal("idempotency_key_reused")
    return Saved(row["status"], row["headers"], row["body"])


def finish(connection: Connection, attempt: Attempt, saved: Saved) -> None:
    """Keep the answer under the key that this transaction claimed."""
    connection.execute(sql.finish, {**asdict(attempt), **asdict(saved), "headers": Jsonb(saved.headers)})


def keep(connection: Connection, attempt: Attempt, refusal: Saved) -> Saved | None:
    """Keep a refusal, whose own transaction was rolled back; or return what is kept under the key already.

    Raises Refusal idempotency_key_in_use, idempotency_key_reused.
    """
    earlier = claim(connection, attempt)
    if earlier is None:
        finish(connection, attempt, refusal)
    return earlier
