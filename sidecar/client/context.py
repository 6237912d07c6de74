"""A project's context: read, compared, and brought back."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime

from sidecar.client.ids import Id, id_of
from sidecar.client.models import Context, ContextChange, ContextPromotion, Promotion
from sidecar.client.transport import Transport, part

# How many contexts are kept, the least recently read one goes first.
_KEPT = 64


class Contexts:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._kept: OrderedDict[tuple[str | None, ...], tuple[str, str]] = OrderedDict()  # ETag and text
        self._lock = threading.Lock()

    def get(
        self,
        project: Id,
        *,
        path: str | None = None,
        select: str | None = None,
        version: int | None = None,
        at: datetime | None = None,
    ) -> Context:
        """The context of now, at a version, or at a moment (with time zone); of it the part at `path`, or what the
        JSONPath `select` finds, as a list.

        The context of now is kept, and sent only when it has changed. Raises NotFound (path_not_in_context,
        context_version_unknown).
        """
        address = f"/v1/projects/{part(id_of(project))}/context"
        query = {"path": path, "select": select, "version": version, "at": at}
        if version is not None or at is not None:
            answer = self._transport.get(address, **query)
            return _read(answer.data, answer.meta)
        return self._fresh(address, query)

    def history(self, project: Id) -> Iterator[ContextPromotion]:
        """Newest first."""
        address = f"/v1/projects/{part(id_of(project))}/context/history"
        for row in self._transport.pages(address, cursor="before", limit=100):
            yield ContextPromotion.model_validate(row)

    def diff(self, project: Id, since: int, until: int) -> list[ContextChange]:
        """The paths whose entries differ between two versions of the context."""
        query = {"from": since, "to": until}
        rows = self._transport.get(f"/v1/projects/{part(id_of(project))}/context/diff", **query).data
        return [ContextChange.model_validate(row) for row in rows]

    def revert(
        self,
        project: Id,
        to_version: int,
        *,
        reason: str | None = None,
        if_match: int | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
    ) -> Promotion:
        """Go back, by a new promotion. Raises Conflict (context_version_conflict) when `if_match` is not the version
        of now."""
        body = {"to_version": to_version, "reason": reason, "if_match": if_match, "dry_run": dry_run}
        address = f"/v1/projects/{part(id_of(project))}/context/revert"
        return Promotion.model_validate(self._transport.post(address, body, key=idempotency_key).data)

    def _fresh(self, address: str, query: dict[str, object]) -> Context:
        place = (address, str(query["path"]), str(query["select"]))
        with self._lock:
            etag, text = self._kept.get(place, (None, ""))
        headers = {"If-None-Match": etag} if etag else {}
        answer = self._transport.send("GET", address, query=query, headers=headers)
        if answer.status == 304:
            return Context.model_validate_json(text)
        context = _read(answer.data, answer.meta)
        with self._lock:
            # As text, so that a caller who changes a document changes only the one that was given out.
            self._kept[place] = answer.headers["ETag"], context.model_dump_json()
            self._kept.move_to_end(place)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return context


def _read(document: object, meta: dict[str, object]) -> Context:
    return Context.model_validate(
        {"project_id": meta["project_id"], "version": meta["context_version"], "document": document}
    )
