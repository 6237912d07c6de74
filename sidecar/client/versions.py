"""Versions: submitted, read, copied, downloaded, and waited for."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

import requests

from sidecar.client.errors import NotFound, RegistryError, Unavailable, Undecided, refusal
from sidecar.client.files import Source, multipart
from sidecar.client.ids import Id, id_of
from sidecar.client.models import Counts, Submitted, Version
from sidecar.client.transport import Answer, Transport, connecting, json_body, part

Want = Literal["approved", "latest"]
Row = dict[str, Any]
UNSAID: Any = object()


class Filters(TypedDict, total=False):
    """What the versions wanted have in common. Of `tag` each must be there; of `status` and `artifact_type` one."""

    status: str | Iterable[str] | None
    review_state: Literal["changes_requested", "none"] | None
    artifact_type: str | Iterable[str] | None
    tag: str | Iterable[str] | None
    task: Id | None
    execution: Id | None
    step: Id | None
    producer: Id | None
    created_from: datetime | None
    created_to: datetime | None
    has_file: bool | None
    awaiting_promotion: bool | None
    outdated: bool | None


_PIECE_BYTES = 1 << 20
# Seconds between two looks at a version that waits for a decision: the first and the longest.
_LOOK = 0.5, 15.0
# Seconds that the registry may wait with its answer.
_LONGEST_POLL = 60.0


class Versions:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def submit(
        self,
        project: Id,
        path: str,
        value: Any = None,
        *,
        files: Sequence[Source] = (),
        file_ids: Iterable[Id] = (),
        file_urls: Iterable[str] = (),
        artifact_type: str | None = None,
        status: Literal["pending", "intermediate"] = "pending",
        task: Id | None = None,
        execution: Id | None = None,
        step: Id | None = None,
        parent: Id | None = None,
        derived_from: Iterable[Id] = (),
        source_url: str | None = None,
        tags: Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        deduplicate: bool = True,
        if_locked: Literal["existing", "fail"] = "existing",
        idempotency_key: str | None = None,
    ) -> Submitted:
        """Keep an output as the next version of its path. `value` is any JSON.

        `files` are paths, open binary files or (name, bytes or open file, type); they are read in pieces. The files of
        `file_urls` are fetched by the registry. Raises Locked, Conflict (path_conflict), Invalid (template_violation).
        """
        fields: Row = {
            "project_id": id_of(project),
            "schema_key": path,
            "value": value,
            "file_ids": [id_of(file) for file in file_ids] or None,
            "file_urls": list(file_urls) or None,
            "artifact_type": artifact_type,
            "status": status,
            "source_task_id": id_of(task),
            "execution_id": id_of(execution),
            "step_id": id_of(step),
            "parent_id": id_of(parent),
            "derived_from": [id_of(source) for source in derived_from] or None,
            "source_url": source_url,
            "tags": None if tags is None else list(tags),
            "metadata": None if metadata is None else dict(metadata),
            "deduplicate": None if deduplicate else False,
            "if_locked": if_locked,
        }
        return _submitted(self._send("/v1/artifacts", fields, files, idempotency_key))

    def submit_batch(
        self,
        artifacts: Iterable[Mapping[str, Any]],
        *,
        project: Id | None = None,
        partial: bool = False,
        idempotency_key: str | None = None,
    ) -> Sequence[Submitted | RegistryError]:
        """Keep many outputs in one transaction; `artifacts` are bodies of POST /v1/artifacts, `project` the project of
        those that name none.

        All or none; with `partial` each by itself, and in place of a refused one its RegistryError.
        """
        default = {} if project is None else {"project_id": id_of(project)}
        body = {"artifacts": [{**default, **artifact} for artifact in artifacts], "partial": partial}
        answer = self._transport.post("/v1/artifacts/batch", body, key=idempotency_key)
        pairs = zip(answer.data, answer.meta["items"], strict=True)
        return [
            refusal(meta["error"], status=None) if row is None else Submitted.model_validate({"version": row, **meta})
            for row, meta in pairs
        ]

    def get(self, version: Id) -> Version:
        """Raises NotFound."""
        return Version.model_validate(self._transport.get(f"/v1/artifacts/{part(id_of(version))}").data)

    def list(
        self,
        project: Id | None = None,
        path: str | None = None,
        *,
        q: str | None = None,
        order: Literal["newest", "oldest"] = "newest",
        page: int = 100,
        **filters: Unpack[Filters],
    ) -> Iterator[Version]:
        """Newest first; pages of `page` are read as they are needed. What is added meanwhile neither moves nor repeats
        the others.

        `path` may be a pattern: `scene_images[*]`, `brand.*`, `brand.**` (everything below). `q` is words in value,
        metadata, tags, path and file name, the last one perhaps unfinished.
        """
        query = {**_query(project, path, q, filters), "order": order, "limit": page}
        for row in self._transport.pages("/v1/artifacts", **query):
            yield Version.model_validate(row)

    def search(
        self, words: str, project: Id | None = None, path: str | None = None, *, page: int = 100,
        **filters: Unpack[Filters],
    ) -> Iterator[Version]:  # fmt: skip
        """Versions with these words, newest first: all of them, "in this order", one or the other, -not."""
        return self.list(project, path, q=words, page=page, **filters)

    def waiting(self, project: Id | None = None, path: str | None = None, *, page: int = 100) -> Iterator[Version]:
        """What waits for review, longest first; not what somebody requested changes of."""
        return self.list(project, path, status="pending", review_state="none", order="oldest", page=page)

    def counts(
        self,
        by: Iterable[Literal["status", "project", "schema_key", "artifact_type", "task"]],
        project: Id | None = None,
        path: str | None = None,
        *,
        q: str | None = None,
        groups: int = 100,
        **filters: Unpack[Filters],
    ) -> Counts:
        """How many versions there are of each kind, the largest groups first (at most `groups`, 1,000)."""
        query = {**_query(project, path, q, filters), "by": ",".join(by), "limit": groups}
        answer = self._transport.get("/v1/artifacts/counts", **query)
        return Counts.model_validate({"groups": answer.data, **answer.meta})

    def of_path(self, version: Id) -> Sequence[Version]:
        """Every version of the version's path, newest first."""
        rows = self._transport.get(f"/v1/artifacts/{part(id_of(version))}/versions", limit=1000).data
        return [Version.model_validate(row) for row in rows]

    def latest(self, project: Id, path: str, *, want: Want = "approved") -> Version | None:
        """What the path has now; `latest` is the newest that is neither rejected nor archived."""
        address = f"/v1/projects/{part(id_of(project))}/artifacts/latest"
        row = self._transport.get(address, schema_key=path, want=want).data
        return None if row is None else Version.model_validate(row)

    def latest_of_all(self, project: Id, *, want: Want = "approved") -> Iterator[Version]:
        """The same of every path that has one, by path."""
        for row in self._transport.pages(f"/v1/projects/{part(id_of(project))}/artifacts/latest", want=want, limit=200):
            yield Version.model_validate(row)

    def rejected(self, project: Id, path: str) -> Iterator[Version]:
        """What was rejected at a path, newest first, each with its rejection_reason: what the next try learns from."""
        return self.list(project, path, status="rejected")

    def edit(
        self,
        version: Id,
        value: Any = UNSAID,
        *,
        files: Sequence[Source] = (),
        metadata: Mapping[str, Any] | None = None,
        tags: Sequence[str] | None = None,
        reason: str | None = None,
        approve: bool = False,
        idempotency_key: str | None = None,
    ) -> Submitted:
        """Its changed copy as the next version of its path. What is left out stays; `files` replace all files."""
        fields: Row = {
            "metadata": None if metadata is None else dict(metadata),
            "tags": None if tags is None else list(tags),
            "reason": reason,
            "approve": approve or None,
        }
        said = {} if value is UNSAID else {"value": value}
        if value is None and files:
            raise ValueError("a multipart edit cannot take the value away: edit twice")
        return _submitted(
            self._send(f"/v1/artifacts/{part(id_of(version))}/edit", fields, files, idempotency_key, said)
        )

    def restore(
        self, version: Id, *, reason: str | None = None, approve: bool = False, idempotency_key: str | None = None
    ) -> Submitted:
        """Its content as the next version of its path, whatever became of it."""
        body = {"reason": reason, "approve": approve}
        address = f"/v1/artifacts/{part(id_of(version))}/restore"
        return _submitted(self._transport.post(address, body, key=idempotency_key))

    def use(
        self,
        version: Id,
        project: Id,
        path: str | None = None,
        *,
        task: Id | None = None,
        reason: str | None = None,
        approve: bool = False,
        idempotency_key: str | None = None,
    ) -> Submitted:
        """Its content as a version of another project or path; files are shared."""
        body = {"project_id": id_of(project), "schema_key": path, "source_task_id": id_of(task), "reason": reason}
        address = f"/v1/artifacts/{part(id_of(version))}/use"
        return _submitted(self._transport.post(address, {**body, "approve": approve}, key=idempotency_key))

    def download(self, version: Id, to: str | os.PathLike[str], *, n: int | None = None) -> Path:
        """Write a version's file (the `n`-th, counted from 1; else the primary one) to a path, or under its own name
        into a folder.

        In pieces, beside the path first: what stands there is a whole file. Raises NotFound (file_not_linked).
        """
        address = f"/v1/artifacts/{part(id_of(version))}/download"
        target = Path(to)
        if target.is_dir():
            files = self.get(version).files
            chosen = files[(n or 1) - 1] if (n or 1) <= len(files) else None
            target /= Path((chosen and chosen.filename_download) or str(id_of(version))).name
        return self._transport.persistently(lambda: self._write(address, {"n": n}, target))

    def download_path(
        self, project: Id, path: str, to: str | os.PathLike[str], *, want: Want = "approved", n: int | None = None
    ) -> Path:
        """Write the file of whichever version the path has now to a path. Raises NotFound (nothing_at_path)."""
        address = f"/v1/projects/{part(id_of(project))}/files/{part(path)}"
        return self._transport.persistently(lambda: self._write(address, {"want": want, "n": n}, Path(to)))

    def file_url(self, project: Id, path: str, default: str | None = None, *, want: Want = "approved") -> str | None:
        """An address of the file that the path has now, which works without a token for some minutes.

        `default`, such as what an older column holds, where the registry has nothing there (yet).
        """
        address = f"/v1/projects/{part(id_of(project))}/files/{part(path)}"
        try:
            return self._transport.get(address, redirect="false", disposition="inline", want=want).data["url"]
        except NotFound as error:
            if error.code in ("project_not_found", "nothing_at_path", "file_not_linked"):
                return default
            raise

    def stable_url(self, project: Id, path: str) -> str:
        """An address that always leads to the path's approved file, without a token and without an end, for whoever
        knows it. Needs the right to review. Raises Forbidden (stable_links_off), NotFound."""
        address = f"/v1/projects/{part(id_of(project))}/files/{part(path)}/stable"
        return self._transport.get(address).data["url"]

    def pages_of(self, version: Id, *, file: Id | None = None) -> int:
        """How many pages a version's PDF has: that of its primary file, unless `file` names another."""
        return self._transport.get(self._pages(version, file)).data["pages"]

    def page_of(self, version: Id, page: int, *, file: Id | None = None, width: int = 1600) -> bytes:
        """A page of a version's PDF, counted from 1, as a WebP picture `width` pixels wide or a little more (at most
        2400). Raises NotFound (page_not_found), Invalid (file_without_pages, document_unreadable, document_locked,
        page_too_heavy)."""
        return self._transport.content(f"{self._pages(version, file)}/{page}", width=width)

    def _pages(self, version: Id, file: Id | None) -> str:
        found = id_of(file) or self.get(version).primary_file_id
        if found is None:
            raise NotFound("file_not_linked", "The version has no file.")
        return f"/v1/artifacts/{part(id_of(version))}/files/{part(found)}/pages"

    def wait_for_decision(self, version: Id, timeout: float) -> Version:
        """The version once somebody has decided on it or requested changes. Raises Undecided after `timeout` s.

        The registry answers when that happens; where too many wait there already, it is asked now and then.
        """
        end, pause = time.monotonic() + timeout, _LOOK[0]
        while True:
            began, left = time.monotonic(), end - time.monotonic()
            found = self._decided(version, left)
            if found.decided:
                return found
            left = end - time.monotonic()
            if left <= 0:
                details = {"artifact_version_id": str(found.id), "status": found.status}
                raise Undecided("undecided", f"Nobody has decided on {found.schema_key} yet.", details=details)
            if time.monotonic() - began < _LOOK[0]:  # it did not wait
                time.sleep(min(left, pause * random.uniform(0.8, 1.2)))  # noqa: S311  spreads callers, keeps no secret
                pause = min(pause * 1.5, _LOOK[1])

    def _decided(self, version: Id, left: float) -> Version:
        """The version, at once if it is decided, else within `left` seconds at the most, and a few of grace."""
        wait = int(min(left, _LONGEST_POLL, self._transport.timeout[1] - _LOOK[0] * 10))
        if wait > 0:
            try:
                address = f"/v1/artifacts/{part(id_of(version))}"
                return Version.model_validate(self._transport.get(address, wait=wait, until="decided").data)
            except Unavailable as error:
                if error.code != "too_many_waiting":
                    raise
        return self.get(version)

    def _send(
        self, address: str, fields: Row, files: Sequence[Source], key: str | None, said: Row | None = None
    ) -> Answer:
        """POST what is not None, and `said` whatever it is: as JSON, or beside files as multipart."""
        fields = {**{name: value for name, value in fields.items() if value is not None}, **(said or {})}
        if not files:
            return self._transport.send("POST", address, json_body(fields), key=key)
        with multipart(fields, files) as body:
            return self._transport.send("POST", address, body, key=key)

    def _write(self, address: str, query: Row, target: Path) -> Path:
        with self._transport.open(address, **query) as response:
            handle, name = tempfile.mkstemp(prefix=f".{target.name[:80]}.", dir=target.parent)
            try:
                with os.fdopen(handle, "wb") as file, connecting():
                    for piece in _pieces(response):
                        file.write(piece)
                shutil.copymode(target, name) if target.exists() else Path(name).chmod(0o666 & ~_umask())
                Path(name).replace(target)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        return target


def _query(project: Id | None, path: str | None, q: str | None, filters: Filters) -> Row:
    """The parameters that say what is wanted."""
    names = {"task": "task_id", "execution": "execution_id", "step": "step_id", "producer": "user_created"}
    said = {names.get(name, name): _said(name, value) for name, value in filters.items() if value is not None}
    return {"project_id": id_of(project), "schema_key": path, "q": q, **said}


def _said(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    if name in ("status", "artifact_type", "tag"):
        return value if isinstance(value, str) else ",".join(value)
    return id_of(value) if name in ("task", "execution", "step", "producer") else value


def _pieces(response: requests.Response) -> Iterator[bytes]:
    return response.iter_content(_PIECE_BYTES)


def _umask() -> int:
    # There is no way to read it but to set it.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _submitted(answer: Answer) -> Submitted:
    return Submitted.model_validate({"version": answer.data, **answer.meta})
