"""Approving a version and promoting it in two exchanges with the database: the usual case of a decision.

`standing` reads, without a lock, what the decision depends on. The statement `approve_at_once` takes the project's lock
and carries everything out if what was read still stands; else it undoes itself. Python still decides, the lock is held
for one statement instead of six, and no BEGIN or COMMIT is sent where nothing else belongs to the transaction. Whatever
is not the usual case is left to decide(), which locks first and reads then.

Approvals that come to a project while another is being written are written together after it, as one statement and one
commit, each under a number of its own: a project takes as many a second as many projects do.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg import errors as pg
from psycopg.pq import TransactionStatus
from psycopg.types.json import Jsonb

from sidecar import audit
from sidecar.call import Call
from sidecar.database import Connection
from sidecar.documents.keep import keeps_documents
from sidecar.errors import Refusal
from sidecar.promotion.enter import entering, promoted_answer
from sidecar.review.decide import Decision, Outcome, answer_of
from sidecar.sql import Statements
from sidecar.templates.check import check_versions, needs_files
from sidecar.templates.rules import rule_for
from sidecar.together import Together

sql = Statements(__file__)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Approving:
    """One decided approval, ready to be written: the statement's row of it, its changes and its records."""

    project_id: UUID
    wanted: Row
    changes: list[Row]
    records: list[Row]


_together: Together[Approving] = Together()


def approve_at_once(call: Call, decision: Decision) -> dict[str, Any] | None:
    """Approve a pending version and promote it now. Returns what decide() does; None when this is not the usual case.

    It is the usual case when the version is pending, its template asks for one approval of anybody who may review, and
    its path holds nothing yet or a version that is in the context. Raises psycopg's SerializationFailure when something
    else was decided in between: nothing was written then. Raises Refusal template_violation, template_broken,
    registry_busy, database_unavailable.
    """
    found = call.connection.execute(sql.standing, {"id": decision.artifact_version_id}).fetchone()
    if found is None or not _usual(call, found):
        return None
    check_versions(call, {"id": found["project_id"], "context_schema": found["context_schema"]}, [found])
    version = {**found, "status": "approved", "review_state": None, "approved_at": found["now"]}
    change = entering(version)
    records = [audit.Entry(version, "approve", decision.reason, decision.feedback)]
    old = _replaced(found)
    if old is not None:
        records.append(audit.Entry(old, "supersede", f"Superseded by version {found['version_number']}."))
    number = _write(call, _approving(call, decision, version, old, [change.kept()], records))
    outcome = Outcome(decision, found, version, records[0], change)
    promotion = promoted_answer(found["project_id"], number, [version], "promoted", superseded=[old] if old else [])
    return {"decisions": [answer_of(outcome)], "promotions": [promotion]}


def _usual(call: Call, found: Row) -> bool:
    rule = rule_for(found["context_schema"], found["schema_key"])
    # Files may be linked until the decision: what they are is asked under the version's lock only.
    if found["status"] != "pending" or not rule.plain or needs_files(rule, found):
        return False
    if keeps_documents(found["context_schema"]):
        return False
    own = found["user_created"] is not None and found["user_created"] == call.caller.user_id
    # An approved version that awaits its promotion is not what the context holds; nor is anything adopted.
    in_place = found["old_promoted_at"] is not None if found["old_id"] else not found["occupied"]
    return in_place and (rule.producer_may_approve or not own)


def _replaced(found: Row) -> Row | None:
    """The version that gives way, as far as its record and the answer tell of it."""
    if found["old_id"] is None:
        return None
    return {
        "id": found["old_id"],
        "project_id": found["project_id"],
        "schema_key": found["schema_key"],
        "version_number": found["old_number"],
        "source_task_id": found["old_task_id"],
    }


def _approving(
    call: Call, decision: Decision, version: Row, old: Row | None, changes: list[Row], records: list[audit.Entry]
) -> Approving:
    said = {
        "actor_id": call.caller.user_id,
        "actor_label": call.caller.label,
        "request_id": call.request_id,
        "promotion_id": uuid.uuid4(),
    }
    wanted = {
        **said,
        "id": version["id"],
        "old_id": old and old["id"],
        "primary_file_id": version["primary_file_id"],
        "approved_at": version["approved_at"],
        "reason": decision.reason,
        "changes": changes,
    }
    written = [{**audit.as_record(entry), **said, "actor_type": call.caller.actor_type} for entry in records]
    return Approving(version["project_id"], wanted, changes, written)


def _write(call: Call, approving: Approving) -> int:
    """The number of its promotion. In a transaction that holds more than this, it is written by itself."""
    if call.connection.info.transaction_status != TransactionStatus.IDLE:
        return _write_all(call.connection, [approving])[0]
    try:
        return _together.run(
            approving.project_id,
            approving,
            lambda batch: _write_all(call.connection, batch),
            apart=pg.SerializationFailure,
        )
    except TimeoutError as error:
        raise Refusal("registry_busy", headers={"Retry-After": "1"}) from error
    except psycopg.OperationalError as error:
        if not call.connection.closed:
            raise
        # The statement is its own commit: nobody knows whether it took effect, so it is not tried again.
        raise Refusal("database_unavailable", headers={"Retry-After": "1"}) from error


def _write_all(connection: Connection, batch: list[Approving]) -> list[int]:
    places = range(1, len(batch) + 1)
    parameters = {
        "project_id": batch[0].project_id,
        "count": len(batch),
        "wanted": Jsonb([{**one.wanted, "place": place} for place, one in zip(places, batch, strict=True)]),
        "changes": Jsonb([change for one in batch for change in one.changes]),
        "records": Jsonb([record for one in batch for record in one.records]),
    }
    try:
        row = connection.execute(sql.approve_at_once, parameters).fetchone()
    except (psycopg.IntegrityError, psycopg.DataError) as error:
        # Another version of the path is approved by now, or one of several is refused by a guard or a constraint.
        if error.diag.constraint_name != "idx_one_approved_per_path" and len(batch) == 1:
            raise
        raise pg.SerializationFailure(*error.args) from error
    assert row is not None  # noqa: S101  the statement answers with a row, or raises
    return [row["before"] + place for place in places]
