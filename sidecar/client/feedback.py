"""What decisions teach: lessons for the next prompt, what was turned down, and everything as training data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

import requests

from sidecar.client.errors import RegistryError, refusal
from sidecar.client.ids import Id, id_of
from sidecar.client.models import Lessons, Rejection
from sidecar.client.transport import Transport, connecting, part

Scope = Literal["project", "template", "all"]
Kind = Literal["pairs", "decisions"]


class Feedback:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def lessons(
        self,
        project: Id,
        path: str | None = None,
        *,
        scope: Scope = "project",
        limit: int = 20,
        max_characters: int = 4000,
    ) -> Lessons:
        """What the next version of a path (a pattern such as `scene_images[*]`, or every path) should heed.

        `str(…)` of it, and its `text`, are a section for a prompt of at most `max_characters`: remarks of people are
        quoted in it, and are still what anybody may have written.
        """
        address = f"/v1/projects/{part(id_of(project))}/lessons"
        query = {"schema_key": path, "scope": scope, "limit": limit}
        answer = self._transport.get(address, **query)
        text = self._transport.text(address, **query, format="text", max_characters=max_characters)
        return Lessons.model_validate({**answer.data, "meta": answer.meta, "text": text})

    def rejections(self, project: Id, path: str | None = None, *, page: int = 50) -> Iterator[Rejection]:
        """Versions that were rejected or sent back, the last decision first, with all that was said of them and what
        was approved instead."""
        address = f"/v1/projects/{part(id_of(project))}/rejections"
        for row in self._transport.pages(address, schema_key=path, limit=page):
            yield Rejection.model_validate(row)

    def export(
        self,
        project: Id | None = None,
        path: str | None = None,
        *,
        kind: Kind = "pairs",
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        cursor: str | None = None,
    ) -> Iterator[dict[str, Any]]:
        """The lines of /v1/feedback.jsonl as they arrive: {prompt, chosen, rejected, …}, or of `kind="decisions"`
        {prompt, completion, label, …}.

        What breaks off is gone on with behind the last line that came. Raises RegistryError when that fails again and
        again without a new line.
        """
        query = {"project_id": id_of(project), "schema_key": path, "kind": kind, "since": since, "until": until}
        lines = _Lines(self._transport, {**query, "cursor": cursor})
        while (line := self._transport.persistently(lines.following)) is not None:
            yield line


class _Lines:
    """A stream of lines that is opened again, behind the last one, after it broke."""

    def __init__(self, transport: Transport, query: dict[str, Any]) -> None:
        self._transport, self._query = transport, query
        self._lines: Iterator[bytes] | None = None

    def following(self) -> dict[str, Any] | None:
        """The next line; None at the end. Raises RegistryError."""
        try:
            if self._lines is None:
                self._lines = self._transport.lines("/v1/feedback.jsonl", **self._query)
            with connecting():
                return self._read(next(self._lines, None))
        except RegistryError:
            self._lines = None
            raise

    def _read(self, raw: bytes | None) -> dict[str, Any] | None:
        if raw is None:
            return None
        try:
            line = json.loads(raw)
        except ValueError:
            raise requests.ConnectionError("a line that broke off") from None
        if "errors" in line:
            error = line["errors"][0]
            raise refusal(error, status=None if error["extensions"]["code"] == "internal_error" else 503)
        self._query["cursor"] = line["cursor"]
        return line
