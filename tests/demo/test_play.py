"""The demo on a running stack: what it leaves behind, played once, twice, and with interruptions."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable

import pytest

from sidecar.demo import script
from sidecar.demo.play import play
from sidecar.demo.registry import Registry
from sidecar.directus import Directus
from sidecar.stack.stack import Stack
from tests.directus.works import Database

pytestmark = pytest.mark.slow

COLLECTIONS = ("tasks", "task_executions", "execution_steps", "artifact_versions", "artifact_approvals", "promotions")
Rows = dict[str, list[dict]]


class Interrupted(Exception):
    """Stands for a power cut."""


class House:
    """The demo under a project key of its own, so that tests do not meet on the shared stack."""

    def __init__(self, stack: Stack, key: str) -> None:
        self.environment = stack.environment()
        self.registry = Registry(self.environment["SIDECAR_URL"], self.environment["SIDECAR_TOKEN"])
        self.directus = Directus(self.environment["DIRECTUS_URL"], self.environment["DIRECTUS_ADMIN_TOKEN"])
        self.key = key

    def play(self, say: Callable[[str], None] = lambda line: None) -> None:
        play(self.environment, say)

    def rows(self) -> Rows:
        project = self.registry.find(f"/v1/projects/{self.key}")
        assert project
        query = {"filter[project_id][_eq]": project["id"], "limit": -1, "sort": "id"}
        return {name: self.directus.get(f"/items/{name}", params=query) for name in COLLECTIONS}

    def wait_for_looks(self) -> None:
        """Until the worker has added what it sees in the files, so that nothing changes by itself any more."""
        database = Database(self.environment["DATABASE_ADMIN_URL"])
        database.wait_for_looks(self.registry.find(f"/v1/projects/{self.key}")["id"])
        database.close()


@pytest.fixture
def house(running_stack: Stack, monkeypatch: pytest.MonkeyPatch) -> House:
    key = f"tidewell-{uuid.uuid4().hex[:8]}"
    monkeypatch.setitem(script.PROJECT, "key", key)
    return House(running_stack, key)


def statuses(rows: Rows) -> Counter[tuple[str, str, str | None]]:
    return Counter((v["schema_key"], v["status"], v["review_state"]) for v in rows["artifact_versions"])


def shape(rows: Rows) -> dict[str, int]:
    return {name: len(found) for name, found in rows.items()}


WAITING = ("brand.logo", "brand.guidelines", "deliverables.business_card", "copy.tagline",
           "social.posts[0].image", "social.posts[2].image")  # fmt: skip


def test_the_play_leaves_something_of_every_kind(house: House) -> None:
    house.play()

    rows = house.rows()
    assert statuses(rows) == Counter(
        {
            ("brand.logo", "approved", None): 1,
            ("brand.logo", "rejected", None): 1,
            ("brand.colors", "approved", None): 1,
            ("brand.typography", "approved", None): 1,
            ("copy.tagline", "rejected", None): 1,
            ("social.posts[1].image", "pending", "changes_requested"): 1,
            **{(path, "pending", None): 1 for path in WAITING},
        }
    )
    assert {t["status"] for t in rows["tasks"]} == {"done", "needs_review", "in_progress", "todo"}
    assert {s["status"] for s in rows["execution_steps"]} == {"completed", "failed", "running"}
    assert {e["status"] for e in rows["task_executions"]} == {"completed", "running"}


def test_the_approved_outputs_enter_the_context_as_one_set(house: House) -> None:
    house.play()

    answer = house.registry.get(f"/v1/projects/{house.key}/context")
    assert answer["meta"]["context_version"] == 1
    brand = answer["data"]["brand"]
    assert set(brand) == {"logo", "colors", "typography"}
    assert brand["logo"]["concept"] == "Sun over three tides"
    [promotion] = house.rows()["promotions"]
    assert len(promotion["changes"]) == 3


def test_what_is_printed_names_every_version_and_ends_with_the_context(house: House) -> None:
    lines: list[str] = []

    house.play(lines.append)

    printed = "\n".join(lines)
    assert all(version["id"] in printed for version in house.rows()["artifact_versions"])
    assert lines[-1] == "}"
    assert '"context_version": 1,' in printed


def test_a_second_play_changes_nothing_and_shows_the_context(house: House) -> None:
    house.play()
    house.wait_for_looks()
    before, lines = house.rows(), []

    house.play(lines.append)

    assert house.rows() == before
    assert lines[-1] == "}"


def test_a_play_that_is_interrupted_again_and_again_ends_like_one_that_is_not(house: House) -> None:
    for last in range(1, 34, 2):
        with pytest.raises(Interrupted):
            house.play(say_until(last))

    house.play()

    rows = house.rows()
    assert shape(rows) == {
        "tasks": 6,
        "task_executions": 2,
        "execution_steps": 11,
        "artifact_versions": 12,
        "artifact_approvals": 6,
        "promotions": 1,
    }
    assert sum(statuses(rows)[(path, "pending", None)] for path in WAITING) == len(WAITING)


def say_until(last: int) -> Callable[[str], None]:
    said = []

    def say(line: str) -> None:
        said.append(line)
        if len(said) == last:
            raise Interrupted

    return say
