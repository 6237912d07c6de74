"""What there is to read and to send again: events, and the log of their deliveries."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.pages import next_cursor, place
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]

_ALL = {"id": None, "webhook_id": None, "execution_id": None, "status": None, "type": None}


def list_events(call: Call, filters: Row, *, cursor: str | None, limit: int) -> tuple[list[Row], str | None]:
    """A page of events as they are sent, oldest first, each with its id; and the cursor of the next page.

    Raises Refusal invalid_value for a cursor this API did not make.
    """
    parameters = {**filters, **place(cursor, position=int), "limit": limit + 1}
    rows = call.connection.execute(sql.list_events, parameters, prepare=False).fetchall()
    rows, following = next_cursor(rows, limit, "position")
    return [{"id": f"evt_{row['id'].hex}", **row["payload"]} for row in rows], following


def list_deliveries(call: Call, filters: Row, *, cursor: str | None, limit: int) -> tuple[list[Row], str | None]:
    """A page of deliveries, newest first, and the cursor of the next page.

    Raises Refusal invalid_value for a cursor this API did not make.
    """
    parameters = {**_ALL, **filters, **place(cursor, position=int), "limit": limit + 1}
    rows = call.connection.execute(sql.list_deliveries, parameters, prepare=False).fetchall()
    rows, following = next_cursor(rows, limit, "position")
    return [_shown(row) for row in rows], following


def find_delivery(call: Call, delivery_id: UUID) -> Row:
    """Raises Refusal delivery_not_found."""
    parameters = {**_ALL, "id": delivery_id, "position": None, "limit": 1}
    row = call.connection.execute(sql.list_deliveries, parameters, prepare=False).fetchone()
    if row is None:
        raise Refusal("delivery_not_found", details={"delivery_id": str(delivery_id)})
    return _shown(row)


def replay(call: Call, delivery_id: UUID) -> Row:
    """Send one again, under the id that it had. What is pending is sent now.

    Raises Refusal delivery_not_found, webhook_not_found, webhook_inactive, event_gone, wake_over.
    """
    row = call.connection.execute(sql.lock_delivery, {"id": delivery_id}).fetchone()
    if row is None:
        raise Refusal("delivery_not_found", details={"delivery_id": str(delivery_id)})
    if row["gone"]:
        raise Refusal("event_gone", details={"delivery_id": str(delivery_id)})
    if row["wait_id"]:
        if row["wait_status"] not in ("woken", "failed") or not row["has_url"]:
            raise Refusal("wake_over", details={"delivery_id": str(delivery_id)})
        call.connection.execute(sql.wait_came_to, {"id": row["wait_id"], "status": "woken"})
    elif not row["has_endpoint"]:
        raise Refusal("webhook_not_found", details={"webhook_id": str(row["endpoint_id"])})
    elif not row["active"]:
        raise Refusal("webhook_inactive", details={"webhook_id": str(row["endpoint_id"])})
    call.connection.execute(sql.make_queue, row)
    call.connection.execute(sql.send_again, {"id": delivery_id})
    call.connection.execute(sql.queue_works, {"queue": row["queue"]})
    return find_delivery(call, delivery_id)


def _shown(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "position"}
