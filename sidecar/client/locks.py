"""Locks on paths and projects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sidecar.client.ids import Id, id_of
from sidecar.client.models import Lock, Project
from sidecar.client.transport import Transport, json_body, part


class Locks:
    """`path` None is the whole project."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._taken: set[tuple[str | None, str | None]] = set()  # project id or key, and path

    def list(self, project: Id) -> Sequence[Lock]:
        rows = self._transport.get(f"/v1/projects/{part(id_of(project))}/locks").data
        return [Lock.model_validate(row) for row in rows]

    def lock(
        self, project: Id, path: str | None = None, *, reason: str | None = None, owner: str | None = None
    ) -> Lock:
        """Others then get the version that is there. Raises Forbidden (lock_of_another)."""
        answer = self._transport.send("PUT", _address(project, path), json_body({"reason": reason, "owner": owner}))
        self._taken.add((id_of(project), path))
        return Lock.model_validate(answer.data)

    def unlock(self, project: Id, path: str | None = None, *, reason: str | None = None) -> Lock | None:
        """The lock that was released, if there was one. Raises Forbidden (lock_of_another)."""
        answer = self._transport.send("DELETE", _address(project, path), query={"reason": reason})
        self._taken.discard((id_of(project), path))
        released = answer.data["released"]
        return None if released is None else Lock.model_validate(released)

    @contextmanager
    def held(self, project: Id, path: str | None = None, *, reason: str | None = None) -> Iterator[Lock]:
        """Locked for as long as the block runs."""
        lock = self.lock(project, path, reason=reason)
        try:
            yield lock
        finally:
            self.unlock(project, path)

    def over(self, project: Project, path: str) -> Lock | None:
        """The nearest lock over a path that was not set with this object."""
        found = [lock for lock in self.list(project) if lock.covers(path) and not self._own(project, lock)]
        return max(found, key=lambda lock: len(lock.schema_key or ""), default=None)

    def _own(self, project: Project, lock: Lock) -> bool:
        return any((name, lock.schema_key) in self._taken for name in (str(project.id), project.key))


def _address(project: Id, path: str | None) -> str:
    place = f"/v1/projects/{part(id_of(project))}/locks"
    return place if path is None else f"{place}/{part(path)}"
