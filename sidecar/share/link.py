"""A review link as its maker sees it: making, listing, revoking; and what of it may be lent.

A link lends a right of whoever made it. What it lets its guest do is what it says, as far as its maker may do that
themselves at the moment of use.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from sidecar import audit
from sidecar.access.caller import Caller, Right
from sidecar.access.standing import standing
from sidecar.answers import version_name
from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.pages import next_cursor, place
from sidecar.promotion.enter import lock_projects_of
from sidecar.share.token import hashed, seal_link
from sidecar.sql import Statements

sql = Statements(__file__)
Row = dict[str, Any]
May = Literal["view", "comment", "decide"]

MOST_VERSIONS = 50
DAY = 86_400
# What one must be able to do to lend it.
_NEEDS: dict[May, Right] = {"view": "produce", "comment": "produce", "decide": "review"}
_FIELDS = (
    "id", "guest_name", "guest_email", "note", "may", "made_by_label", "created_at", "expires_at", "revoked_at",
    "revoked_by_label", "last_used_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wish:
    """Whom somebody invites, for how long (seconds), and to do what."""

    guest_name: str
    guest_email: str | None
    note: str | None
    may: tuple[May, ...]
    expires_in: int


def lent(may: Iterable[May], maker: Caller) -> list[May]:
    """What of `may` its maker can lend; nothing when they may not even show it."""
    left: list[May] = [what for what in may if _NEEDS[what] in maker.rights]
    return left if "view" in left else []


def guest_label(guest_name: str, made_by_label: str) -> str:
    """Under what name the records tell of a guest."""
    return f"{guest_name} (guest of {made_by_label[:120]})"


def make_link(call: Call, version_ids: list[UUID], wish: Wish) -> Row:
    """A link to some versions, in this order; as present() shows it. Its address follows from it: see url_of().

    Raises Refusal artifact_not_found, forbidden, review_links_off, review_link_too_long.
    """
    longest = call.settings.review_link_days * DAY
    if not longest:
        raise Refusal("review_links_off")
    for what in wish.may:
        call.caller.must(_NEEDS[what])
    if wish.expires_in > longest:
        sentence = f"A review link lives for {call.settings.review_link_days} days at most ({longest} seconds)."
        raise Refusal("review_link_too_long", sentence, {"longest": longest})
    ids = list(dict.fromkeys(version_ids))
    lock_projects_of(call, ids)
    versions = {row["id"]: row for row in call.connection.execute(sql.versions_by_id, {"ids": ids}).fetchall()}
    if missing := set(ids) - versions.keys():
        raise Refusal("artifact_not_found", details={"artifact_version_ids": sorted(map(str, missing))})
    link = _new(call, wish)
    call.connection.execute(sql.add_link, link)
    call.connection.execute(sql.add_link_versions, {"link_id": link["id"], "ids": ids})
    rows = [versions[id] for id in ids]
    sentence = f"Review link for {wish.guest_name} until {_day(link['expires_at'])}: {', '.join(link['may'])}."
    note_share(call, rows, sentence, link, "made")
    return present(link, rows, call.caller)


def _new(call: Call, wish: Wish) -> Row:
    now, link_id = int(time.time()), uuid.uuid4()
    expires = now + wish.expires_in
    return {
        "id": link_id,
        "token_hash": hashed(seal_link(call.settings, link_id, expires)),
        "guest_name": wish.guest_name,
        "guest_email": wish.guest_email,
        "note": wish.note,
        "may": list(wish.may),
        "made_by": call.caller.key,
        "made_by_label": call.caller.label,
        "created_at": datetime.fromtimestamp(now, UTC),
        "expires_at": datetime.fromtimestamp(expires, UTC),
        "revoked_at": None,
        "revoked_by_label": None,
        "last_used_at": None,
    }


def candidates_of(call: Call, task_id: UUID) -> list[UUID]:
    """What of a task waits for a decision now. Raises Refusal task_not_found, nothing_to_share, too_many_to_share."""
    asked = {"task_id": task_id, "limit": MOST_VERSIONS + 1}
    ids = [row["id"] for row in call.connection.execute(sql.candidates_of_task, asked).fetchall()]
    if not ids:
        known = call.connection.execute(sql.task_exists, asked).fetchone()
        raise Refusal("nothing_to_share" if known else "task_not_found", details={"task_id": str(task_id)})
    if len(ids) > MOST_VERSIONS:
        raise Refusal("too_many_to_share", details={"most": MOST_VERSIONS})
    return ids


def list_links(
    call: Call, version_id: UUID | None, live: bool | None, *, cursor: str | None, limit: int
) -> tuple[list[Row], str | None]:
    """A page of links, newest first: reviewers see all of them, others their own. And the cursor of the next page.

    Raises Refusal invalid_value for a cursor this API did not make.
    """
    asked = {
        "artifact_version_id": version_id,
        "live": live,
        "made_by": None if "review" in call.caller.rights else call.caller.key,
        "limit": limit + 1,
        **place(cursor, date=datetime, id=UUID),
    }
    # Prepared, it would get one plan for all filters.
    rows = call.connection.execute(sql.list_links, asked, prepare=False).fetchall()
    rows, following = next_cursor(rows, limit, "created_at", "id")
    versions = _versions_of(call, rows)
    makers = {key: standing(call.connection, key, None) for key in {row["made_by"] for row in rows}}
    return [present(row, versions.get(row["id"], []), makers[row["made_by"]]) for row in rows], following


def revoke_link(call: Call, link_id: UUID) -> Row:
    """End a link; ended already, it is answered as it is. Raises Refusal review_link_not_found, forbidden."""
    row = call.connection.execute(sql.lock_link, {"id": link_id}).fetchone()
    own = row is not None and row["made_by"] == call.caller.key
    if row is None or not (own or "review" in call.caller.rights):
        raise Refusal("review_link_not_found", details={"link_id": str(link_id)})
    versions = _versions_of(call, [row]).get(link_id, [])
    named = {"id": link_id, "revoked_by_label": call.caller.label}
    revoked = call.connection.execute(sql.revoke_link, named).fetchone()
    if revoked is not None:
        lock_projects_of(call, [version["id"] for version in versions])
        note_share(call, versions, f"The review link for {row['guest_name']} was revoked.", row, "revoked")
    return present(revoked or row, versions, standing(call.connection, row["made_by"], None))


def _versions_of(call: Call, links: list[Row]) -> dict[UUID, list[Row]]:
    found: dict[UUID, list[Row]] = {}
    for row in call.connection.execute(sql.versions_of_links, {"ids": [link["id"] for link in links]}).fetchall():
        found.setdefault(row["link_id"], []).append(row)
    return found


def note_share(call: Call, versions: list[Row], sentence: str, link: Row, event: str) -> None:
    """A record `share` on each of the versions. The guest's e-mail address stays out: records are kept for ever."""
    told = {"review_link": {"id": str(link["id"]), "event": event, "guest": link["guest_name"], "may": link["may"]}}
    entries = [audit.Entry(version, "share", sentence, told) for version in versions]
    audit.record(call.connection, call.caller, call.request_id, entries)


def present(link: Row, versions: list[Row], maker: Caller | None) -> Row:
    """A link as the API shows it, without its address: that is said once, and never kept."""
    return {
        **{name: link[name] for name in _FIELDS},
        "state": state_of(link, maker),
        "url": None,
        "versions": [{**version_name(version), "status": version["status"]} for version in versions],
    }


def state_of(link: Row, maker: Caller | None) -> str:
    """live, expired, revoked; stopped while whoever made it may not share any more."""
    if link["revoked_at"]:
        return "revoked"
    if link["expires_at"] <= datetime.now(UTC):
        return "expired"
    return "live" if maker and lent(link["may"], maker) else "stopped"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
