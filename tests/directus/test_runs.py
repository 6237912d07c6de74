"""Runs and steps that people change in Directus itself: legal moves, with a sentence for the others."""

from __future__ import annotations

import pytest

from tests.directus.people import Person

TABLES = {"task_executions": "execution_status_order", "execution_steps": "step_status_order"}


@pytest.mark.parametrize(("collection", "rule"), TABLES.items(), ids=TABLES)
def test_a_status_moves_on_in_directus_and_never_back(administrator: Person, collection: str, rule: str) -> None:
    made = administrator.post(f"/items/{collection}", {"status": "running"}).data
    ended = administrator.patch(f"/items/{collection}/{made['id']}", {"status": "completed"}).data
    refused = administrator.patch(f"/items/{collection}/{made['id']}", {"status": "running"})

    assert made["started_at"] is not None
    assert ended["completed_at"] is not None
    assert (refused.status, refused.code) == (409, rule)
    assert "that is completed cannot become running." in refused.sentence
    assert administrator.get(f"/items/{collection}/{made['id']}").data["status"] == "completed"


def test_a_run_that_ended_elsewhere_is_imported_with_its_times(administrator: Person) -> None:
    times = {"started_at": "2020-01-01T00:00:00.000Z", "completed_at": "2020-01-02T00:00:00.000Z"}
    made = administrator.post("/items/task_executions", {"status": "failed", **times}).data
    assert times.items() <= made.items()
