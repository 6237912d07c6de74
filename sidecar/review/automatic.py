"""Approval by rule: what a project's template lets pass without a person, recorded as the rule's deed with its text."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from sidecar.access.caller import RIGHTS_OF_ROLE, Caller
from sidecar.call import Call
from sidecar.review.decide import Decision, decide

RULE = Caller(None, "auto-approve rule", "rule", RIGHTS_OF_ROLE["reviewer"], "rule")


def approve_by_rule(call: Call, version_id: UUID, rule: str) -> dict[str, Any]:
    """Approve a version because its value matches the template's `rule` (a JSONPath filter). As decide() answers."""
    decision = Decision(version_id, "approve", f"The value matches the template's rule {rule}")
    return decide(replace(call, caller=RULE), [decision], promote="now")
