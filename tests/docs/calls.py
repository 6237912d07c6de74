"""Makes the calls of docs/coming_from/*.yaml, each row's on rows of its own.

A call is `METHOD /address?query`, or {call, send, headers, as, answers, code, shows, counts, has, keep, twice}: a body
and headers; who calls (reviewer); the status (200) and a refusal's code; values of the answer by dotted path; how long
a list there is, or `some`; keys there; names to keep values under for the calls after it; sent twice under one key.
`$name` is a row of the World.
"""

from __future__ import annotations

import re
import uuid
from functools import cached_property
from typing import Any

from werkzeug.test import TestResponse

from tests.given import Given, Person


class Callers:
    """One of each, for all calls of a test."""

    def __init__(self, given: Given) -> None:
        self.given = given

    @cached_property
    def producer(self) -> Person:
        return self.given.person("producer")

    @cached_property
    def reviewer(self) -> Person:
        return self.given.person("reviewer")

    @cached_property
    def admin(self) -> Person:
        return self.given.person("admin")


class World:
    """A project, a story and a scene with something in every state; made when they are first named."""

    def __init__(self, given: Given, callers: Callers) -> None:
        self.given, self.callers = given, callers
        self.names: dict[str, str] = {}
        self._brand()
        self._story()

    def _brand(self) -> None:
        given = self.given
        project = given.project()
        task = given.task(project)
        run = {"project_id": str(project), "task_id": str(task), "status": "running"}
        execution = self._made("/v1/executions", run)
        step = self._made("/v1/steps", {"execution_id": execution, "step_name": "extract_frame0", "status": "running"})
        first, second, file = given.file(), given.file(), given.file()
        logo = {"project_id": str(project), "schema_key": "brand.logo", "value": {"size": 0}}
        version = self._made(
            "/v1/artifacts",
            {**logo, "file_ids": [str(first), str(second)], "source_task_id": str(task), "step_id": step},
        )
        other = given.version(project, "brand.logo")
        rejected = given.version(project, "brand.logo")
        self._decide("reject", rejected, reason="Too thin.")
        old, approved = (given.version(project, "brand.colors", {"primary": c}) for c in ("#000000", "#1A365D"))
        self._decide("approve", old)
        self._decide("approve", approved)
        derived = given.version(project, "brand.card")
        self._made(f"/v1/artifacts/{derived}/relations", {"to_version_id": str(approved)})
        self._keep(
            project=project, task=task, execution=execution, step=step, first=first, file=file, other=other,
            version=version, rejected=rejected, approved=approved, derived=derived,
            newer=given.version(project, "brand.colors", {"primary": "#2C7A7B"}),
            waiting=given.approved(project, "brand.slogan", task=task),
            draft=given.version(project, "notes", status="intermediate"),
        )  # fmt: skip

    def _story(self) -> None:
        story = self.given.project(kind="story")
        scene = self.given.project(kind="scene", parent_id=story)
        plan = {"project_id": str(scene), "schema_key": "panel_plan", "value": {"panels": 4}}
        self._keep(
            story=story, scene=scene, cover=self.given.promoted(story, "cover", files=(self.given.file(),)),
            plan=self._made("/v1/artifacts", plan),
        )  # fmt: skip

    def _made(self, address: str, body: dict[str, Any]) -> str:
        """The id of what the producer adds there."""
        answer = self.callers.producer.post(address, body)
        assert answer.status_code == 201, answer.text
        return at(answer.json, "data.id")

    def _decide(self, action: str, version: Any, **fields: Any) -> None:
        answer = self.callers.reviewer.decide(action, version, **fields)
        assert answer.status_code == 200, answer.text

    def _keep(self, **names: Any) -> None:
        self.names |= {name: str(value) for name, value in names.items()}

    def fill(self, value: Any) -> Any:
        """`value` with the rows' ids in the place of their names."""
        if isinstance(value, dict):
            return {key: self.fill(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        if isinstance(value, str):
            return re.sub(r"\$([a-z]+)\b", lambda name: self.names[name[1]], value)
        return value

    def fault(self, call: str | dict[str, Any]) -> str | None:
        """What the call answers otherwise than it says; None when all is as it says."""
        about: dict[str, Any] = {"call": call} if isinstance(call, str) else call
        answer = self._send(about)
        if answer.status_code != about.get("answers", 200):
            return f"{about['call']}: {answer.status_code} {answer.text[:300]}"
        wrong = [*self._differences(about, answer)]
        for name, place in about.get("keep", {}).items():
            self.names[name] = str(at(answer.json, place))
        return f"{about['call']}: {'; '.join(wrong)}" if wrong else None

    def _send(self, about: dict[str, Any]) -> TestResponse:
        person: Person = getattr(self.callers, about.get("as", "reviewer"))
        method, address = self.fill(about["call"]).split(" ", 1)
        headers = dict(about.get("headers", {}))
        body = {} if method in ("GET", "DELETE") else {"json": self.fill(about.get("send", {}))}
        if about.get("twice"):
            headers["Idempotency-Key"] = uuid.uuid4().hex
            first = person.call(method, address, headers=headers, **body)
            again = person.call(method, address, headers=headers, **body)
            assert again.data == first.data
            assert again.headers["Idempotency-Replayed"] == "true"
            return again
        return person.call(method, address, headers=headers, **body)

    def _differences(self, about: dict[str, Any], answer: TestResponse) -> list[str]:
        wrong = []
        if "code" in about and at(answer.json, "errors.0.extensions.code") != about["code"]:
            wrong.append(answer.text[:300])
        for place, value in self.fill(about.get("shows", {})).items():
            if at(answer.json, place) != value:
                wrong.append(f"{place} is {at(answer.json, place)!r}, not {value!r}")
        for place, count in about.get("counts", {}).items():
            found = len(at(answer.json, place))
            if found != count and not (count == "some" and found):
                wrong.append(f"{place} has {found}, not {count}")
        for place, keys in about.get("has", {}).items():
            wrong += [f"{place} has no {key}" for key in keys if key not in at(answer.json, place)]
        return wrong


def at(value: Any, place: str) -> Any:
    """What lies at a dotted path of keys and indexes; the text of the place where there is nothing."""
    for part in place.split("."):
        try:
            value = value[int(part)] if part.isdigit() else value[part]
        except (KeyError, IndexError, TypeError):
            return f"nothing at {place}"
    return value
