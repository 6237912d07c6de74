"""Approving: pending versions become approved, and the ones they replace give way. No context is touched here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sidecar import audit
from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.sql import Statements
from sidecar.templates.check import check_versions
from sidecar.templates.rules import PathRule, rule_for

sql = Statements(__file__)
Row = dict[str, Any]
Said = tuple[str | None, Any]


@dataclass(frozen=True, slots=True)
class Approval:
    """What came of it: the versions that are approved now, those that need more votes, the records to be written."""

    approved: list[Row]
    voted: list[Row]
    records: list[audit.Entry]


def approve_pending(
    call: Call,
    project: Row,
    versions: list[Row],
    reason: str | None = None,
    said: Mapping[UUID, Said] | None = None,
) -> Approval:
    """Approve the pending ones among locked `versions` of one locked project; approved ones pass as they are.

    `said` gives reason and feedback by version, else `reason` is everybody's. Where the project's template asks for
    several approvals, this is one vote, and the version stays pending until enough different people have voted.
    Raises Refusal forbidden, not_submitted, already_decided, own_work, two_approvals_for_one_path,
    template_violation, template_broken.
    """
    pending = [v for v in versions if v["status"] == "pending"]
    for version in versions:
        refuse_unapprovable(version)
    refuse_two_of_one_path(versions)
    if not pending:
        return Approval(versions, [], [])
    call.caller.must("review")
    check_versions(call, project, pending)
    words = said or {}
    records = [audit.Entry(v, "approve", *words.get(v["id"], (reason, None))) for v in pending]
    enough, voted = [], []
    for version in pending:
        (enough if _enough(call, project, version) else voted).append(version)
    # A second vote of the same person is none.
    records = [entry for entry in records if not entry.version.get("own_vote")]
    if not enough:
        return Approval([v for v in versions if v["status"] == "approved"], voted, records)
    superseded = _supersede(call, project, enough)
    approved = _approve(call, enough)
    numbers = {v["schema_key"]: v["version_number"] for v in approved}
    records += [
        audit.Entry(old, "supersede", f"Superseded by version {numbers[old['schema_key']]}.") for old in superseded
    ]
    return Approval([v for v in versions if v["status"] == "approved"] + approved, voted, records)


def refuse_unapprovable(version: Row) -> None:
    """Raise Refusal unless the version is pending or approved."""
    if version["status"] == "intermediate":
        raise Refusal("not_submitted", details=place_of(version))
    if version["status"] not in ("pending", "approved"):
        sentence = f"Version {version['version_number']} of {version['schema_key']} is {version['status']} already."
        raise Refusal("already_decided", sentence, {**place_of(version), "status": version["status"]})


def refuse_two_of_one_path(versions: list[Row]) -> None:
    """Raise Refusal two_approvals_for_one_path when two of the versions share a path."""
    paths: set[tuple[Any, str]] = set()
    for version in versions:
        place = (version["project_id"], version["schema_key"])
        if place in paths:
            raise Refusal("two_approvals_for_one_path", details={"schema_key": version["schema_key"]})
        paths.add(place)


def place_of(version: Row) -> dict[str, Any]:
    """What a refusal says about a version."""
    return {
        "artifact_version_id": str(version["id"]),
        "schema_key": version["schema_key"],
        "version_number": version["version_number"],
    }


def _enough(call: Call, project: Row, version: Row) -> bool:
    """Whether the caller's approval is the last one that the version's path asks for. Notes the votes on the row."""
    rule = rule_for(project["context_schema"], version["schema_key"])
    _refuse_own_work(call, rule, version)
    version["votes_required"] = rule.approvals_required
    if rule.approvals_required == 1 or call.caller.actor_type == "rule":
        version["votes"] = 1
        return True
    who = {"id": version["id"], "actor_id": call.caller.user_id, "actor_label": call.caller.label}
    row = call.connection.execute(sql.votes, who).fetchone() or {"others": 0, "own": False}
    version["votes"], version["own_vote"] = row["others"] + 1, row["own"]
    return version["votes"] >= rule.approvals_required


def _refuse_own_work(call: Call, rule: PathRule, version: Row) -> None:
    own = version["user_created"] is not None and version["user_created"] == call.caller.user_id
    if own and not rule.producer_may_approve:
        raise Refusal("own_work", details=place_of(version))


def _supersede(call: Call, project: Row, pending: list[Row]) -> list[Row]:
    return call.connection.execute(
        sql.supersede,
        {
            "project_id": project["id"],
            "schema_keys": [v["schema_key"] for v in pending],
            "ids": [v["id"] for v in pending],
        },
    ).fetchall()


def _approve(call: Call, pending: list[Row]) -> list[Row]:
    parameters = {"ids": [v["id"] for v in pending], "actor_id": call.caller.user_id}
    rows = {row["id"]: row for row in call.connection.execute(sql.approve, parameters).fetchall()}
    # What is known beside the columns (replaces, votes) stays.
    return [{**version, **rows[version["id"]]} for version in pending]
