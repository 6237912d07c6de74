"""What a guest sends: a decision or a comment, by the right of whoever made their link."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sidecar.answers import version_name
from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.review.decide import Decision, decide
from sidecar.share.limits import too_many
from sidecar.share.link import May, note_share
from sidecar.share.opened import Opened
from sidecar.share.token import Form
from sidecar.sql import Statements
from sidecar.templates.rules import rule_for

sql = Statements(__file__)
Row = dict[str, Any]
GuestAction = Literal["approve", "reject", "request_changes", "comment"]

MOST_USES_AN_HOUR = 60
_TOLD = {
    "approve": "approved",
    "reject": "rejected",
    "request_changes": "asked for changes",
    "comment": "commented",
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a guest says of one of the versions."""

    artifact_version_id: UUID
    action: GuestAction
    reason: str | None


def act(call: Call, link: Opened, form: Form, said: Said) -> Row:
    """Carry out what a guest said, once for each page they said it on; `link` is locked. Answers as decide() does.

    Raises Refusal review_link_narrow, too_many_requests, artifact_not_found, and what decide() refuses.
    """
    _refuse_beyond(call, link, said)
    use = {
        "link_id": link.id,
        "form": form.id,
        "artifact_version_id": said.artifact_version_id,
        "action": said.action,
        "said": hashlib.sha256((said.reason or "").encode()).digest(),
    }
    first = call.connection.execute(sql.note_use, use).fetchone() is not None
    decision = Decision(said.artifact_version_id, said.action, said.reason)
    (version,) = call.connection.execute(sql.versions_by_id, {"ids": [said.artifact_version_id]}).fetchall()
    if said.action == "comment" and not first:
        known = {"status": version["status"], "review_state": version["review_state"]}
        return {**version_name(version), "action": "comment", **known, "repeated": True, "votes": None}
    (outcome,) = decide(call, [decision], promote="now")["decisions"]
    if first and not outcome["repeated"]:
        sentence = f"{link.row['guest_name']} {_TOLD[said.action]} by review link."
        note_share(call, [version], sentence, link.row, "used")
    call.connection.execute(sql.touch_link, {"id": link.id})
    return outcome


def _refuse_beyond(call: Call, link: Opened, said: Said) -> None:
    needed: May = "comment" if said.action == "comment" else "decide"
    if needed not in link.may:
        raise Refusal("review_link_narrow", details={"may": link.may})
    asked = {"id": said.artifact_version_id, "link_id": link.id}
    version = call.connection.execute(sql.rule_of_version, asked).fetchone()
    if version is None:
        raise Refusal("artifact_not_found", details={"artifact_version_id": str(said.artifact_version_id)})
    several = rule_for(version["context_schema"], version["schema_key"]).approvals_required > 1
    if said.action == "approve" and several and link.guest.user_id is None:
        # Guests vote with their maker, who is one person; a program could invite as many as it takes.
        sentence = "Several people must approve this version, and a guest of a program is none of them."
        raise Refusal("review_link_narrow", sentence, {"may": link.may})
    lately = call.connection.execute(sql.uses_lately, {"link_id": link.id}).fetchone()
    if lately and lately["uses"] >= MOST_USES_AN_HOUR:
        raise too_many(lately["wait"])
