"""Clients that do everything at once: a seeded, bounded mix of what people and programs ask of the registry."""

from __future__ import annotations

import json
import random
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.concurrency.history import History, Operation, in_threads
from tests.directus.people import Answer, Person

PATHS = ("brand.logo", "brand.colors", "story", "scenes[0].image")
ABOVE = "brand"  # stands in the way of two of them
EDITS = {"approve": "approved", "reject": "rejected", "archive": "archived", "submit": "pending"}


@dataclass
class Site:
    """Where the load goes. `may` says what the API offers beyond the first operations."""

    sidecars: list[str]
    directus: str
    service_token: str
    admin_token: str
    may: frozenset[str]


@dataclass
class Place:
    """A project, its tasks, and what its clients know of it between them."""

    project: str
    tasks: list[str]
    versions: list[str] = field(default_factory=list)
    seen: int = 0


@dataclass
class Shared:
    """What all clients know: each version's place and path."""

    site: Site
    history: History
    places: list[Place]
    place_of: dict[str, Place] = field(default_factory=dict)
    path_of: dict[str, str] = field(default_factory=dict)
    repeats: list[tuple[Operation, Operation]] = field(default_factory=list)

    def know(self, place: Place, version_id: str, path: str) -> None:
        if version_id not in self.place_of:
            self.path_of[version_id], self.place_of[version_id] = path, place
            place.versions.append(version_id)

    def see(self, version: int | None, place: Place) -> None:
        place.seen = max(place.seen, version or 0)


def run_load(shared: Shared, *, clients: int, operations: int, seconds: float, seed: str) -> None:
    """`clients` threads, each of which sends up to `operations` requests and stops after `seconds`."""
    over = threading.Event()
    clock = threading.Timer(seconds, over.set)
    clock.start()
    made = [Client(shared, number, random.Random(f"{seed}/{number}")) for number in range(clients)]
    try:
        in_threads([partial(client.work, operations, over) for client in made])
    finally:
        clock.cancel()
        for client in made:
            client.close()


class Client:
    """One of them: its own connections, its own dice."""

    def __init__(self, shared: Shared, number: int, dice: random.Random) -> None:
        self.shared, self.number, self.dice = shared, number, dice
        site = shared.site
        self.sidecars = [
            Person(url, token) for url in site.sidecars for token in (site.service_token, site.admin_token)
        ]
        self.directus = Person(site.directus, site.admin_token)
        mix: dict[Callable[[Place], None], int] = {
            self.submit: 24, self.submit_again: 4, self.create: 4, self.review_one: 14, self.review_many: 14,
            self.review_two_projects: 4, self.edit: 6, self.record: 3, self.promote: 16, self.finish: 5,
            self.read_context: 10, self.read_version: 8, self.rehearse: 2,
        }  # fmt: skip
        if "withdraw" in site.may:
            mix[self.withdraw] = 5
        if "revert" in site.may:
            mix[self.revert] = 3
        self.kinds, self.weights = list(mix), list(mix.values())

    def work(self, operations: int, over: threading.Event) -> None:
        sent = 0
        while sent < operations and not over.is_set():
            (kind,) = self.dice.choices(self.kinds, self.weights)
            kind(self.dice.choice(self.shared.places))
            sent += 1

    def close(self) -> None:
        for person in (*self.sidecars, self.directus):
            person.close()

    # Submitting

    def submit(self, place: Place) -> None:
        path = ABOVE if self.dice.random() < 0.03 else self.dice.choice(PATHS)
        self._submit(place, path, {"made": str(uuid.uuid4())})

    def submit_again(self, place: Place) -> None:
        """The same few values, over and over: some of them are the newest of their path."""
        self._submit(place, self.dice.choice(PATHS), {"made": self.dice.randrange(2)}, task=place.tasks[0])

    def _submit(self, place: Place, path: str, value: Any, task: str | None = None) -> None:
        status = "intermediate" if self.dice.random() < 0.15 else "pending"
        task = task or self.dice.choice([None, *place.tasks])
        asked = {"project": place.project, "path": path, "status": status, "task": task, "content": json.dumps(value)}
        body = {
            "project_id": place.project, "schema_key": path, "value": value, "status": status, "source_task_id": task,
        }  # fmt: skip
        told = self._post("submit", asked, "/v1/artifacts", body)
        for operation in told:
            if operation.status in (200, 201):
                self.shared.know(place, operation.data["id"], path)

    def create(self, place: Place) -> None:
        """A row inserted through Directus, as an n8n node does."""
        path, task = self.dice.choice(PATHS), self.dice.choice([None, *place.tasks])
        asked = {"project": place.project, "path": path, "status": "pending", "task": task, "content": None}
        body = {
            "project_id": place.project, "schema_key": path, "value": {"by": "hand"}, "source_task_id": task,
            "status": "pending",
        }  # fmt: skip
        told = self._send(self.directus, "create", asked, "POST", "/items/artifact_versions", body)
        if told.status == 200:
            self.shared.know(place, told.data["id"], path)

    # Deciding

    def review_one(self, place: Place) -> None:
        action = self.dice.choice(["approve", "approve", "reject", "request_changes"])
        for version_id in self._some(place, 1):
            route = action.replace("_", "-")
            body = {"reason": "Look", "promote": self._promote_when()}
            asked = {"actions": {version_id: action}, "promote": body["promote"]}
            self._post("review", asked, f"/v1/artifacts/{version_id}/{route}", body)

    def review_many(self, place: Place) -> None:
        self._review(self._some(place, self.dice.randint(1, 4)))

    def review_two_projects(self, place: Place) -> None:
        other = self.dice.choice(self.shared.places)
        self._review(list(dict.fromkeys(self._some(place, 2) + self._some(other, 2))))

    def _review(self, versions: list[str]) -> None:
        if not versions:
            return
        usual = self.dice.choice(["approve", "mixed"])
        actions = {
            version_id: "approve"
            if usual == "approve"
            else self.dice.choice(["approve", "reject", "request_changes", "archive", "submit"])
            for version_id in versions
        }
        promote = self._promote_when()
        decisions = [{"artifact_version_id": i, "action": a, "reason": "Look"} for i, a in actions.items()]
        self._post(
            "review", {"actions": actions, "promote": promote}, "/v1/reviews",
            {"decisions": decisions, "promote": promote},
        )  # fmt: skip

    def withdraw(self, place: Place) -> None:
        for version_id in self._some(place, 1, among=40):
            asked = {"actions": {version_id: "withdraw"}, "promote": True}
            self._post("review", asked, f"/v1/artifacts/{version_id}/withdraw", {"reason": "Not now"})

    def edit(self, place: Place) -> None:
        """A plain edit of the status in Directus. The reason tells the promotion that comes of it from the Flow's."""
        action = self.dice.choice(["approve", "approve", "reject", "archive", "submit"])
        for version_id in self._some(place, 1):
            asked = {"actions": {version_id: action}, "promote": "task_done"}
            body = {"status": EDITS[action], "rejection_reason": "By editing"}
            self._send(self.directus, "edit", asked, "PATCH", f"/items/artifact_versions/{version_id}", body)

    def record(self, place: Place) -> None:
        """Deciding by writing the approval record in Directus."""
        action = self.dice.choice(["approve", "reject", "request_changes"])
        for version_id in self._some(place, 1):
            asked = {"actions": {version_id: action}, "promote": "task_done"}
            body = {"artifact_version_id": version_id, "action": action, "reason": "By record"}
            self._send(self.directus, "edit", asked, "POST", "/items/artifact_approvals", body)

    # Promoting

    def promote(self, place: Place) -> None:
        target = self.dice.choice(["ids", "ids", "task", "project"])
        body: dict[str, Any] = {"project_id": place.project}
        if target == "ids":
            body = {"artifact_version_ids": self._some(place, self.dice.randint(1, 3))}
        elif target == "task":
            body = {"task_id": self.dice.choice(place.tasks)}
        if body.get("artifact_version_ids") == []:
            return
        seen, headers = self._if_match(place)
        asked = {"project": place.project, "target": body, "if_match": seen}
        for told in self._post("promote", asked, "/v1/promotions", body, headers):
            if told.status == 200:
                self.shared.see(told.data["context_version"], place)

    def rehearse(self, place: Place) -> None:
        """A dry run: it answers and changes nothing."""
        body = {"project_id": place.project, "dry_run": True}
        self._send(self._sidecar(), "rehearse", {"project": place.project}, "POST", "/v1/promotions", body)

    def revert(self, place: Place) -> None:
        to_version = self.dice.randint(max(0, place.seen - 3), place.seen + (self.dice.random() < 0.1))
        seen, headers = self._if_match(place)
        asked = {"project": place.project, "to_version": to_version, "if_match": seen}
        path = f"/v1/projects/{place.project}/context/revert"
        for told in self._post("revert", asked, path, {"to_version": to_version}, headers):
            if told.status == 200:
                self.shared.see(told.data["context_version"], place)
                for name in told.data["promoted"]:
                    self.shared.know(place, name["artifact_version_id"], name["schema_key"])

    def finish(self, place: Place) -> None:
        task, status = self.dice.choice(place.tasks), self.dice.choice(["done", "done", "in_progress"])
        asked = {"task": task, "status": status}
        self._send(self.directus, "finish", asked, "PATCH", f"/items/tasks/{task}", {"status": status})

    # Reading

    def read_context(self, place: Place) -> None:
        seen = place.seen if self.dice.random() < 0.5 else None
        headers = {} if seen is None else {"If-None-Match": f'"{seen}"'}
        asked = {"project": place.project, "seen": seen}
        path = f"/v1/projects/{place.project}/context"
        told = self._send(self._sidecar(), "context", asked, "GET", path, headers=headers)
        if told.etag:
            self.shared.see(int(told.etag.strip('"')), place)

    def read_version(self, place: Place) -> None:
        for version_id in self._some(place, 1, among=40):
            asked = {"project": place.project, "version": version_id}
            self._send(self._sidecar(), "version", asked, "GET", f"/v1/artifacts/{version_id}")

    # Sending

    def _some(self, place: Place, count: int, among: int = 10) -> list[str]:
        recent = place.versions[-among:]
        return self.dice.sample(recent, min(count, len(recent)))

    def _promote_when(self) -> bool | str:
        return self.dice.choice([True, True, False, "task_done"])

    def _if_match(self, place: Place) -> tuple[int | None, dict[str, str]]:
        seen = self.dice.choice([None, place.seen, place.seen, max(0, place.seen - 2)])
        return seen, {} if seen is None else {"If-Match": f'"{seen}"'}

    def _sidecar(self) -> Person:
        return self.dice.choice(self.sidecars)

    def _send(self, person: Person, kind: str, asked: dict[str, Any], *request: Any, **more: Any) -> Operation:
        return self.shared.history.send(self.number, person, kind, asked, *request, **more)

    def _post(
        self, kind: str, asked: dict[str, Any], path: str, body: Any, headers: dict[str, str] | None = None
    ) -> list[Operation]:
        """Once; now and then twice under one key, one after the other or both at once, to both sidecars."""
        keyed = (headers or {}) | {"Idempotency-Key": str(uuid.uuid4())}
        send = partial(self._send, kind=kind, asked=asked, method="POST", path=path, json=body, headers=keyed)
        # The same caller at both: a key is its caller's own.
        both = self.dice.choice([self.sidecars[::2], self.sidecars[1::2]])
        first, other = self.dice.sample(both, 2) if len(both) > 1 else (both[0], both[0])
        luck = self.dice.random()
        told: list[Operation] = []
        if luck < 0.06:
            in_threads([lambda: told.append(send(first)), lambda: told.append(send(other))])
        else:
            told.append(send(first))
            if luck > 0.94:
                told.append(send(other))
        if len(told) == 2:
            self.shared.repeats.append((told[0], told[1]))
        return told


def answer_of(person: Person, method: str, path: str, body: Any = None) -> Answer:
    """For set-up: an answer that has to be a success."""
    answer = person.send(method, path, body)
    assert answer.status < 300, f"{method} {path}: {answer.status} {answer.body}"
    return answer
