"""Submitting many outputs in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.errors import DeadlockDetected, SerializationFailure

from sidecar.artifacts.numbers import lock_numbers
from sidecar.artifacts.submit import Submission
from sidecar.call import Answer, Call
from sidecar.database import refusal_of
from sidecar.errors import Refusal
from sidecar.projects.find import find_project, template_of
from sidecar.promotion.enter import lock_projects
from sidecar.templates.rules import rule_for

# What says nothing about an item: the whole transaction is tried again, or refused.
_NOT_ABOUT_AN_ITEM = (DeadlockDetected, SerializationFailure)


def submit_batch(
    call: Call,
    items: list[Submission | Refusal],
    submitted: Callable[[Call, Submission], Answer],
    *,
    partial: bool,
) -> Answer:
    """Submit `items` in their order with `submitted`. An item that could not be read is its Refusal.

    All or nothing, unless `partial`: then each is kept or refused by itself, and one refused has null in its place in
    the data and its error in the meta. Answers 201 when anything new is kept.
    Raises Refusal of the first item that is refused (not when partial), with its `index`.
    """
    _lock(call, [item for item in items if isinstance(item, Submission)])
    answers: list[Answer | Refusal] = []
    for index, item in enumerate(items):
        result = item if isinstance(item, Refusal) else _one(call, item, submitted)
        if isinstance(result, Refusal) and not (partial and result.status < 500):
            result.details = {**result.details, "index": index}
            raise result
        answers.append(result)
    kept = [answer for answer in answers if isinstance(answer, Answer)]
    data = [answer.data if isinstance(answer, Answer) else None for answer in answers]
    return Answer(data, 201 if any(answer.status == 201 for answer in kept) else 200, _meta(answers))


def _one(call: Call, item: Submission, submitted: Callable[[Call, Submission], Answer]) -> Answer | Refusal:
    try:
        with call.connection.transaction():
            return submitted(call, item)
    except Refusal as refusal:
        return refusal
    except psycopg.Error as error:
        refusal = None if isinstance(error, _NOT_ABOUT_AN_ITEM) else refusal_of(error)
        if refusal is None or refusal.status >= 500:
            raise
        return refusal


def _lock(call: Call, items: list[Submission]) -> None:
    """Take the locks of all items at once and in everybody's order: two batches that name the same projects in another
    order wait for each other, once. A project that is not there is refused with its item."""
    named = {}
    for item in items:
        try:
            named[item.project, item.schema_key] = find_project(call, item.project)["id"]
        except Refusal:
            continue
    ruled = [project for (_, path), project in named.items() if rule_for(template_of(call, project), path).auto_approve]
    if ruled:
        lock_projects(call, sorted(set(ruled)))
    for project in sorted(set(named.values())):
        lock_numbers(call, project)


def _meta(answers: list[Answer | Refusal]) -> dict[str, Any]:
    items = [
        {"error": answer.body()["errors"][0]} if isinstance(answer, Refusal) else {**(answer.meta or {}), "error": None}
        for answer in answers
    ]
    refused = sum(isinstance(answer, Refusal) for answer in answers)
    new = sum(isinstance(answer, Answer) and answer.status == 201 for answer in answers)
    return {"new": new, "existing": len(answers) - new - refused, "refused": refused, "items": items}
