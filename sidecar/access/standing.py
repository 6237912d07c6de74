"""What somebody may do now who is not calling: the maker of a review link, whose right its guest borrows."""

from __future__ import annotations

from uuid import UUID

from sidecar.access.caller import RIGHTS_OF_ROLE, Caller, rights_of
from sidecar.database import Connection
from sidecar.errors import Refusal
from sidecar.sql import Statements

sql = Statements(__file__)


def standing(connection: Connection, key: str, address: str | None) -> Caller | None:
    """The caller that has this `key`, with the rights they have at this moment; None when they are let in no longer.

    A policy bound to IP addresses counts only for a call from one of them, as for a call of their own; `address` None
    leaves that out.
    """
    kind, _, id = key.partition(":")
    if kind == "token":
        token = connection.execute(sql.live_token, {"id": UUID(id)}).fetchone()
        if token is None:
            return None
        return Caller(None, token["name"], token["actor_type"], RIGHTS_OF_ROLE[token["role"]], key)
    row = connection.execute(sql.rights_of_user, {"user_id": UUID(id)}).fetchone()
    if row is None:
        return None
    try:
        return Caller(row["id"], row["label"], "human", rights_of(row["policies"], address), key)
    except Refusal:  # restricted_policy: the policies that are left show a part of the artifacts
        return None
