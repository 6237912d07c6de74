"""Approval by rule: what a project's template lets pass without a person, recorded as the rule's deed with its text."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from sidecar.access.caller import RIGHTS_OF_ROLE, Caller
from sidecar.call import Call
from sidecar.review.decide import Decision, decide
from sidecar.sql import Statements
from sidecar.templates.rules import matches, rule_for

sql = Statements(__file__)

RULE = Caller(None, "auto-approve rule", "rule", RIGHTS_OF_ROLE["reviewer"], "rule")


def approve_by_rule(call: Call, version_id: UUID, rule: str) -> dict[str, Any]:
    """Approve a version because its value matches the template's `rule` (a JSONPath filter). As decide() answers."""
    decision = Decision(version_id, "approve", f"The value matches the template's rule {rule}")
    return decide(replace(call, caller=RULE), [decision], promote="now")


def approve_submitted(call: Call, review: dict[str, Any]) -> dict[str, Any]:
    """Approve by rule what a review (decide()'s answer) has submitted, as a submission that waits for review would be.

    Returns the review with what came of it.
    """
    for decision in review["decisions"]:
        if decision["action"] != "submit" or decision["repeated"]:
            continue
        row = call.connection.execute(sql.submitted, {"id": decision["artifact_version_id"]}).fetchone()
        rule = rule_for(row["context_schema"], row["schema_key"]).auto_approve if row else None
        if row and rule and matches(rule, row["value"]):
            approval = approve_by_rule(call, decision["artifact_version_id"], rule)
            decision["status"] = approval["decisions"][0]["status"]
            review["promotions"] += approval["promotions"]
    return review
