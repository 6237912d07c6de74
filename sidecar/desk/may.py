"""Whether somebody's approval of a waiting version would count now, and why not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, Protocol
from uuid import UUID

from sidecar.access.caller import Caller

WhyNot = Literal["own_work", "already_voted", "not_allowed"]


class Asked(Protocol):
    """What of a path's rule says who may approve: a PathRule, or what is left of one."""

    @property
    def approvals_required(self) -> int: ...
    @property
    def producer_may_approve(self) -> bool: ...


def why_not(caller: Caller, asked: Asked, producer: UUID | None, *, given: int, voted: bool) -> WhyNot | None:
    """Why `caller` cannot approve a pending version of `producer`; None when they can.

    `given` are the votes it has, `voted` says that one of them is the caller's: a second one would not be counted, and
    decides only where the template asks for fewer by now. As review/approve.py refuses.
    """
    if "review" not in caller.rights:
        return "not_allowed"
    if not asked.producer_may_approve and producer is not None and producer == caller.user_id:
        return "own_work"
    return "already_voted" if voted and given < asked.approvals_required else None


def has_voted(caller: Caller, votes: Iterable[Mapping[str, Any]]) -> bool:
    """Whether one of the approval records is the caller's. Programs are told apart by their label."""
    if caller.user_id is None:
        return any(vote["actor_id"] is None and vote["actor_label"] == caller.label for vote in votes)
    return any(vote["actor_id"] == caller.user_id for vote in votes)
