"""The checker itself: what it lets pass, and what it must not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.concurrency.explain import TaskTimes, account_of, at_the_end
from tests.concurrency.history import Operation
from tests.concurrency.model import Project
from tests.concurrency.serial import Step, Unexplained, serial_order

PROJECT, LOGO, COLORS = "project", "brand.logo", "brand.colors"
PATH_OF = {"logo-1": LOGO, "logo-2": LOGO, "colors-1": COLORS}


def operation(kind: str, start: float, end: float, status: int, body: Any, /, **asked: Any) -> Operation:
    return Operation(1, kind, {"project": PROJECT, **asked}, start, end, status, body)


def name(version_id: str) -> dict[str, Any]:
    return {"artifact_version_id": version_id, "schema_key": PATH_OF[version_id], "version_number": int(version_id[-1])}


def submit(version_id: str, start: float, end: float, number: int | None = None) -> Operation:
    body = {"data": {"id": version_id, "version_number": number or int(version_id[-1]), "status": "pending"}}
    asked = {"path": PATH_OF[version_id], "status": "pending", "task": None, "content": version_id}
    return operation("submit", start, end, 201, body, **asked)


def promotion(version: int, *entering: str, replaced: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "project_id": PROJECT, "context_version": version, "promoted": [name(i) for i in entering],
        "superseded": [name(i) for i in replaced], "withdrawn": [], "status": "promoted",
    }  # fmt: skip


def promote(told: dict[str, Any], start: float, end: float, if_match: int | None = None) -> Operation:
    target = {"artifact_version_ids": [n["artifact_version_id"] for n in told["promoted"]]}
    return operation("promote", start, end, 200, {"data": told}, target=target, if_match=if_match)


def refused(kind: str, start: float, end: float, code: str, told: dict[str, Any], /, **asked: Any) -> Operation:
    return operation(kind, start, end, 409, {"errors": [{"extensions": {"code": code, **told}}]}, **asked)


def conflict(current: int, if_match: int, start: float, end: float) -> Operation:
    target = {"artifact_version_ids": ["colors-1"]}
    told = {"context_version": current}
    return refused("promote", start, end, "context_version_conflict", told, target=target, if_match=if_match)


def read(version: int, start: float, end: float, **logo: str) -> Operation:
    document: dict[str, Any] = {"_meta": {"context_version": version}} if version else {}
    if logo:
        document["brand"] = {path: {"artifact_version_id": version_id} for path, version_id in logo.items()}
    told = operation("context", start, end, 200, {"data": document, "meta": {"context_version": version}}, seen=None)
    told.etag = f'"{version}"'
    return told


def decision(version_id: str, action: str, status: str, start: float, end: float) -> Operation:
    told = {**name(version_id), "action": action, "status": status, "review_state": None, "repeated": False}
    body = {"data": {"decisions": [told], "promotions": []}}
    return operation("review", start, end, 200, body, actions={version_id: action}, promote=False)


def order(*operations: Operation, more: tuple[Step, ...] = ()) -> list[Any]:
    account = account_of(operations, dict.fromkeys(PATH_OF, PROJECT), PATH_OF)
    assert not account.strange
    return [step.about for step in serial_order([*account.steps[PROJECT], *more], Project())]


SUBMITTED = (submit("logo-1", 0, 1), submit("colors-1", 0, 1), submit("logo-2", 2, 3))
FIRST = promotion(1, "logo-1")
SECOND = promotion(2, "logo-2", replaced=("logo-1",))


def test_answers_are_ordered_as_their_numbers_say() -> None:
    second, first = promote(SECOND, 4, 9), promote(FIRST, 4.1, 8.9)
    assert order(*SUBMITTED, second, first)[-2:] == [first, second]


def test_a_read_beside_a_promotion_may_see_either() -> None:
    order(*SUBMITTED, promote(FIRST, 4, 9), read(0, 5, 6))
    order(*SUBMITTED, promote(FIRST, 4, 9), read(1, 5, 6, logo="logo-1"))


def test_a_conflict_names_a_version_that_was_current_meanwhile() -> None:
    order(*SUBMITTED, promote(FIRST, 4, 9), conflict(1, 0, 5, 6))


NOT_SERIAL = {
    "a number given twice": (submit("logo-1", 4, 5, number=2),),
    "a number left out": (submit("logo-1", 4, 5, number=4),),
    "a context version given twice": (promote(FIRST, 4, 5), promote(promotion(1, "colors-1"), 4, 5)),
    "a context version left out": (promote(FIRST, 4, 5), promote(promotion(3, "colors-1"), 6, 7)),
    "a version promoted twice": (promote(FIRST, 4, 5), promote(promotion(2, "logo-1", replaced=("logo-1",)), 6, 7)),
    "a lost entry": (promote(FIRST, 4, 5), promote(promotion(2, "logo-2"), 6, 7)),
    "If-Match that did not match": (promote(FIRST, 4, 5), promote(SECOND, 6, 7, if_match=0)),
    "a conflict with nothing": (conflict(0, 0, 4, 5),),
    "a conflict with a version yet to come": (conflict(1, 0, 4, 5), promote(FIRST, 6, 7)),
    "a conflict with a version of the past": (promote(FIRST, 4, 5), promote(SECOND, 6, 7), conflict(1, 0, 8, 9)),
    "a stale read": (promote(FIRST, 4, 5), read(0, 6, 7)),
    "a read ahead of its time": (read(1, 4, 5, logo="logo-1"), promote(FIRST, 6, 7)),
    "a read of something else": (promote(FIRST, 4, 5), read(1, 6, 7, logo="logo-2")),
    "two decisions on one version": (
        decision("logo-2", "reject", "rejected", 4, 8),
        decision("logo-2", "archive", "archived", 9, 10),
        decision("logo-2", "reject", "rejected", 11, 12),
    ),
    "a refusal without a reason": (
        refused(
            "review", 4, 5, "already_decided", {"artifact_version_id": "logo-2", "status": "pending"},
            actions={"logo-2": "approve"}, promote=True,
        ),
    ),
    "a refusal whose reason came later": (
        refused(
            "review", 4, 5, "already_decided", {"artifact_version_id": "logo-2", "status": "rejected"},
            actions={"logo-2": "approve"}, promote=True,
        ),
        decision("logo-2", "reject", "rejected", 6, 7),
    ),
}  # fmt: skip


@pytest.mark.parametrize("happened", NOT_SERIAL.values(), ids=NOT_SERIAL)
def test_what_no_order_explains_is_found(happened: tuple[Operation, ...]) -> None:
    with pytest.raises(Unexplained, match="No order explains more than"):
        order(*SUBMITTED, *happened)


@pytest.mark.parametrize("lost", ["status", "context", "row"])
def test_what_is_stored_in_the_end_is_explained_too(lost: str) -> None:
    rows = [row("logo-1", "approved"), row("logo-2", "pending"), row("colors-1", "pending")]
    context: dict[str, Any] = {"brand": {"logo": {"artifact_version_id": "logo-1"}}}
    order(*SUBMITTED, promote(FIRST, 4, 5), more=(at_the_end(9, 1, context, rows),))
    if lost == "status":
        rows[0] = row("logo-1", "pending")
    elif lost == "row":
        rows.pop()
    else:
        context = {}
    with pytest.raises(Unexplained):
        order(*SUBMITTED, promote(FIRST, 4, 5), more=(at_the_end(9, 1, context, rows),))


def row(version_id: str, status: str) -> dict[str, Any]:
    place = {"id": version_id, "schema_key": PATH_OF[version_id], "version_number": int(version_id[-1])}
    return {**place, "status": status, "review_state": None, "promoted_at": "now" if status == "approved" else None}


@pytest.mark.parametrize(
    ("start", "end", "possible"),
    [
        (0, 1, (False, True)),  # as it was made
        (2, 3, (True, True)),  # while it is being set done
        (5, 6, (True, False)),
        (5, 8, (True, True)),  # when it is taken up again
        (10, 11, (False, True)),
    ],
)
def test_a_task_may_have_been_done(start: float, end: float, possible: tuple[bool, bool]) -> None:
    tasks = TaskTimes()
    tasks.note(operation("finish", 2, 4, 200, {}, task="task", status="done"))
    tasks.note(operation("finish", 7, 9, 200, {}, task="task", status="in_progress"))
    assert tasks.between(start, end, "task") == possible


@pytest.mark.parametrize(
    ("start", "end", "possible"),
    [
        (5, 6, (True, False)),
        (7, 8, (True, True)),  # while its draft is being submitted
        (10, 11, (True, True)),  # a draft, or one that was submitted already
        (16, 17, (True, False)),  # done again
    ],
)
def test_a_task_may_have_been_taken_up_again_for_a_draft(start: float, end: float, possible: tuple[bool, bool]) -> None:
    tasks = TaskTimes()
    submitted = operation(
        "submit", 0, 1, 201, {"data": {"id": "draft", "status": "intermediate"}}, task="task", status="intermediate"
    )
    edited = operation("edit", 7, 9, 200, {}, actions={"draft": "submit"})
    for one in (submitted, operation("finish", 2, 4, 200, {}, task="task", status="done"), edited):
        tasks.know(one)
        tasks.note(one)
    tasks.note(operation("finish", 12, 14, 200, {}, task="task", status="done"))
    assert tasks.between(start, end, "task") == possible
