"""What a caller may do with a version now. The extension and the flows offer what this says, and nothing else. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sidecar.access.caller import Caller

_REVIEWER = {
    "pending": ("approve", "reject", "request_changes", "archive"),
    "rejected": ("archive",),
    "superseded": ("archive",),
    "intermediate": ("archive",),
    "approved": ("withdraw",),
}


def allowed_actions(version: Mapping[str, Any], caller: Caller) -> list[str]:
    """The actions of POST /v1/reviews (and `promote`) that `caller` would be let do, in the order to offer them."""
    status, actions = version["status"], []
    if status == "intermediate" and "produce" in caller.rights:
        actions.append("submit")
    if "review" in caller.rights:
        actions += _REVIEWER.get(status, ())
    elif _own_candidate(version, caller):
        actions.append("archive")
    if status == "approved" and version["promoted_at"] is None and "produce" in caller.rights:
        actions.append("promote")
    if "produce" in caller.rights:
        actions.append("comment")
    return actions


def _own_candidate(version: Mapping[str, Any], caller: Caller) -> bool:
    own = caller.user_id is not None and version["user_created"] == caller.user_id
    return own and "produce" in caller.rights and version["status"] in ("intermediate", "pending")
