"""Retention and erasing, for administrators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sidecar.client.ids import Id, id_of
from sidecar.client.models import Erased, Retained
from sidecar.client.transport import Transport, part


class Retention:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def due(self, project: Id | None = None, *, page: int = 200) -> Iterator[Retained]:
        """What the templates' retention would do now, page by page; of all projects if none is named."""
        yield from self._pages(project, page, dry_run=True)

    def apply(self, project: Id | None = None, *, page: int = 200) -> Iterator[Retained]:
        """Archive what is due, and have the files removed that go with it. A page is one transaction, done when it is
        yielded; the files are deleted soon afterwards, by the registry's worker."""
        yield from self._pages(project, page, dry_run=False)

    def erase(
        self,
        version: Id,
        reason: str,
        *,
        confirm: bool | str = False,
        dry_run: bool = False,
        include_copies: bool = False,
        forget_hash: bool = False,
        idempotency_key: str | None = None,
    ) -> Erased:
        """Take what a version was out of everything the registry keeps. `confirm` is True or the version's path.

        Raises NotFound, Invalid (confirmation_required).
        """
        body = {
            "reason": reason, "confirm": confirm, "dry_run": dry_run, "include_copies": include_copies,
            "forget_hash": forget_hash,
        }  # fmt: skip
        address = f"/v1/artifacts/{part(id_of(version))}/erase"
        return Erased.model_validate(self._transport.post(address, body, key=idempotency_key).data)

    def _pages(self, project: Id | None, page: int, *, dry_run: bool) -> Iterator[Retained]:
        cursor: Any = None
        while True:
            body = {"project_id": id_of(project), "dry_run": dry_run, "cursor": cursor, "limit": page}
            answer = self._transport.post("/v1/retention", body)
            yield Retained.model_validate(answer.data)
            cursor = answer.meta["next_cursor"]
            if cursor is None:
                return
