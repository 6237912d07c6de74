"""A link as its guest comes with it: whether it works, and who they are."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sidecar.access.caller import Caller, Right
from sidecar.access.standing import standing
from sidecar.database import Connection
from sidecar.errors import Refusal
from sidecar.settings import Settings
from sidecar.share.link import May, guest_label, lent
from sidecar.share.token import hashed, unseal_link
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]

_GIVES: dict[May, frozenset[Right]] = {
    "view": frozenset({"read"}),
    "comment": frozenset({"read", "produce"}),
    "decide": frozenset({"read", "review"}),
}


@dataclass(frozen=True, slots=True)
class Opened:
    """A link that works. `may` is what is left of what it says; `guest` acts by the right of its maker."""

    id: UUID
    row: Row
    may: list[May]
    guest: Caller


def open_link(
    connection: Connection, settings: Settings, token: str, now: float, address: str | None, *, lock: bool = False
) -> Opened:
    """The link of this token, asked for from this address; locked until the transaction ends where it is to be used.

    Raises Refusal review_links_off, review_link_not_found, review_link_expired, review_link_revoked,
    review_link_stopped.
    """
    if not settings.review_link_days:
        raise Refusal("review_links_off")
    link_id = unseal_link(settings, token, now)
    row = connection.execute(sql.lock_link if lock else sql.find_link, {"id": link_id}).fetchone()
    if row is None or not hmac.compare_digest(row["token_hash"], hashed(token)):
        raise Refusal("review_link_not_found")
    if row["revoked_at"]:
        raise Refusal("review_link_revoked")
    if row["expires_at"].timestamp() <= now:
        raise Refusal("review_link_expired")
    maker = standing(connection, row["made_by"], address)
    may = lent(row["may"], maker) if maker else []
    if maker is None or not may:
        raise Refusal("review_link_stopped")
    return Opened(link_id, row, may, _guest(row, may, maker))


def _guest(row: Row, may: list[May], maker: Caller) -> Caller:
    """The maker's own id: their approval and their guests' are one person's, and a rule about own work holds."""
    rights = frozenset[Right]().union(*(_GIVES[what] for what in may))
    label = guest_label(row["guest_name"], row["made_by_label"])
    return Caller(maker.user_id, label, "human", rights, f"link:{row['id']}")
