"""Endpoints: where events are sent. Their rows are Directus' own, their secrets are not."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.events.deliver import queue_message
from sidecar.events.kinds import TEST
from sidecar.events.log import find_delivery
from sidecar.events.payload import envelope
from sidecar.events.sign import generate
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]


def list_endpoints(call: Call, active: bool | None) -> list[Row]:
    """The endpoints with what is left for each, oldest first; those that are on, off, or all (None)."""
    return call.connection.execute(sql.list_endpoints, {"id": None, "active": active}).fetchall()


def find_endpoint(call: Call, endpoint_id: UUID) -> Row:
    """Raises Refusal webhook_not_found."""
    row = call.connection.execute(sql.list_endpoints, {"id": endpoint_id, "active": None}).fetchone()
    if row is None:
        raise Refusal("webhook_not_found", details={"webhook_id": str(endpoint_id)})
    return row


def add_endpoint(call: Call, endpoint: Row) -> Row:
    """A new endpoint, with its `secret`: the only time that it is shown."""
    columns = {**endpoint, "events": Jsonb(endpoint["events"]), "user_created": call.caller.user_id}
    row = call.connection.execute(sql.add_endpoint, columns).fetchone()
    assert row is not None  # noqa: S101  an insert that returns answers with its row
    secret = generate()
    call.connection.execute(sql.renew_secret, {"endpoint_id": row["id"], "secret": secret, "overlap": 0})
    return {**find_endpoint(call, row["id"]), "secret": secret}


def change_endpoint(call: Call, endpoint_id: UUID, changes: Row) -> Row:
    """Carry out `changes` (columns by name). Raises Refusal webhook_not_found."""
    before = _lock(call, endpoint_id)
    after = {**before, **changes}
    moved = after["url"] != before["url"] or (after["active"] and not before["active"])
    call.connection.execute(sql.change_endpoint, {**after, "events": Jsonb(after["events"]), "afresh": moved})
    if moved:
        call.connection.execute(sql.queue_works, {"queue": endpoint_id})
    return find_endpoint(call, endpoint_id)


def renew_secret(call: Call, endpoint_id: UUID, overlap: float) -> Row:
    """A new secret, shown once; the one of before signs too for `overlap` seconds. Raises Refusal webhook_not_found."""
    _lock(call, endpoint_id)
    secret = generate()
    wanted = {"endpoint_id": endpoint_id, "secret": secret, "overlap": overlap}
    row = call.connection.execute(sql.renew_secret, wanted).fetchone()
    return {"secret": secret, "previous_until": row and row["previous_until"]}


def send_test(call: Call, endpoint_id: UUID) -> Row:
    """Queue an event of no meaning for an endpoint. Raises Refusal webhook_not_found, webhook_inactive."""
    endpoint = _lock(call, endpoint_id)
    if not endpoint["active"]:
        raise Refusal("webhook_inactive", details={"webhook_id": str(endpoint_id)})
    moment = call.connection.execute(sql.moment).fetchone()
    assert moment is not None  # noqa: S101  it is a clock
    api = f"{call.settings.address}/v1/webhooks/{endpoint_id}"
    data = {
        "sequence": None, "project_id": None, "project_key": None, "webhook_id": endpoint_id,
        "links": {"api": api, "desk": f"/admin/content/webhook_endpoints/{endpoint_id}"},
    }  # fmt: skip
    message_id = f"test_{uuid.uuid4().hex}"
    payload = envelope(TEST, moment["now"], data)
    queued = queue_message(call.connection, kind=TEST, message_id=message_id, payload=payload, endpoint_id=endpoint_id)
    return find_delivery(call, queued)


def replay_endpoint(call: Call, endpoint_id: UUID, statuses: list[str], since: datetime | None) -> int:
    """Queue deliveries again, under the ids that they had. Returns how many.

    Raises Refusal webhook_not_found, webhook_inactive.
    """
    endpoint = _lock(call, endpoint_id)
    if not endpoint["active"]:
        raise Refusal("webhook_inactive", details={"webhook_id": str(endpoint_id)})
    place = {"queue": endpoint_id, "endpoint_id": endpoint_id, "wait_id": None}
    call.connection.execute(sql.make_queue, place)
    wanted = {"endpoint_id": endpoint_id, "status": statuses, "since": since}
    count = call.connection.execute(sql.send_all_again, wanted).rowcount
    call.connection.execute(sql.queue_works, {"queue": endpoint_id})
    return count


def _lock(call: Call, endpoint_id: UUID) -> Row:
    row = call.connection.execute(sql.lock_endpoint, {"id": endpoint_id}).fetchone()
    if row is None:
        raise Refusal("webhook_not_found", details={"webhook_id": str(endpoint_id)})
    return row
