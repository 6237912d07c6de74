"""A version's status in the words of others: a lifecycle of four, and how it was approved. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

Lifecycle = Literal["intermediate", "candidate", "published", "archived"]
ApprovalStatus = Literal["pending", "approved", "rejected", "auto_approved", "edited"]

LIFECYCLES = get_args(Lifecycle)
APPROVAL_STATUSES = get_args(ApprovalStatus)

_STATUSES_OF: dict[str, tuple[str, ...]] = {
    "intermediate": ("intermediate",),
    "candidate": ("pending",),
    "published": ("approved",),
    "archived": ("superseded", "rejected", "archived"),
}


def is_decided(version: Mapping[str, Any]) -> bool:
    """Whether somebody has said something about it: whoever waits for a decision goes on."""
    return version["status"] not in ("intermediate", "pending") or version["review_state"] is not None


def lifecycle(status: str) -> Lifecycle:
    """The lifecycle of a version with this status."""
    return next(name for name in LIFECYCLES if status in _STATUSES_OF[name])


def approval_status(version: Mapping[str, Any], origin: Mapping[str, Any] | None) -> ApprovalStatus:
    """How a version was approved, if it was. `origin` says of a decided one {by_rule, rejected, edited}: what is
    superseded or put away keeps what it was decided to be."""
    if version["status"] in ("intermediate", "pending", "rejected"):
        return "rejected" if version["status"] == "rejected" else "pending"
    known = origin or {}
    if version["status"] == "archived" and version["approved_at"] is None:
        return "rejected" if known.get("rejected") else "pending"
    if known.get("by_rule"):
        return "auto_approved"
    return "edited" if known.get("edited") else "approved"


def statuses_of_lifecycle(name: Lifecycle) -> set[str]:
    """The statuses that a lifecycle comprises."""
    return set(_STATUSES_OF[name])


def filters_of_approval(name: ApprovalStatus) -> tuple[set[str], dict[str, bool]]:
    """The statuses and the other filters (by_rule, edited) with which versions of an approval status are listed. What
    is put away is not listed by them."""
    if name == "pending":
        return {"intermediate", "pending"}, {}
    if name == "rejected":
        return {"rejected"}, {}
    if name == "auto_approved":
        return {"approved", "superseded"}, {"by_rule": True}
    return {"approved", "superseded"}, {"by_rule": False, "edited": name == "edited"}
