"""The bytes that rows name by a path or an address: stored in Directus before the batch that refers to them."""

from __future__ import annotations

import hashlib
import mimetypes
import time
import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from sidecar.artifacts.content import artifact_type_of
from sidecar.artifacts.fetch import Allowed, fetch
from sidecar.artifacts.incoming import Incoming
from sidecar.artifacts.mime import HEAD_BYTES, mime_of
from sidecar.database import Database
from sidecar.directus import Directus, DirectusError
from sidecar.errors import CODES, Refusal
from sidecar.legacy.items import Item, Problem
from sidecar.provision.ids import ARTIFACTS_FOLDER
from sidecar.settings import Settings
from sidecar.sql import Statements

sql = Statements(__file__)
PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Places:
    """Where the bytes of `place` are: below `root`; addresses are fetched where `fetch` says so, else kept."""

    settings: Settings
    root: Path | None = None
    fetch: bool = False

    def store(self, database: Database, import_id: UUID, items: Iterable[Item]) -> tuple[list[Item], list[Problem]]:
        """The items with their files stored; and what is wrong with those that have none.

        A file's id is made from its row and its bytes: stored twice, because the first run was killed, it is one file.
        Raises Refusal file_upload_failed when Directus takes none.
        """
        done: list[Item] = []
        problems: list[Problem] = []
        directus = Directus(self.settings.directus_url, token=self.settings.directus_token.get_secret_value())
        try:
            for item in items:
                try:
                    done.append(self._stored(database, directus, import_id, item))
                except Refusal as refusal:
                    if refusal.code == "file_upload_failed":
                        raise
                    problems.append(Problem(item.source_key, refusal.code, refusal.message or str(refusal)))
        finally:
            directus.session.close()
        return done, problems

    def check(self, items: Iterable[Item]) -> tuple[list[Item], list[Problem]]:
        """The same without storing anything: whether the files below the root are there."""
        done: list[Item] = []
        problems: list[Problem] = []
        for item in items:
            try:
                if _asks_for_file(item, fetch=False):
                    self._path(item)
                done.append(item)
            except Refusal as refusal:
                problems.append(Problem(item.source_key, refusal.code, refusal.message or str(refusal)))
        return done, problems

    def take_away(self, database: Database, file_ids: Iterable[UUID]) -> None:
        """Delete those that no version came to refer to. What cannot be deleted now, `artifacts verify` finds."""
        ids = list(file_ids)
        if not ids:
            return
        # A row that has changed beside its file names the file that its earlier version has.
        free = database.run(lambda connection: connection.execute(sql.files_in_no_version, {"ids": ids}).fetchall())
        directus = Directus(self.settings.directus_url, token=self.settings.directus_token.get_secret_value())
        for file_id in (row["id"] for row in free):
            with suppress(DirectusError):
                directus.delete(f"/files/{file_id}")
                with database.transaction() as connection:
                    connection.execute(sql.forget_content, {"file_id": file_id})
        directus.session.close()

    def _stored(self, database: Database, directus: Directus, import_id: UUID, item: Item) -> Item:
        if not _asks_for_file(item, fetch=self.fetch):
            return item
        file = self._fetched(item) if item.fetched else self._opened(item)
        with file.stream:
            sha256, size = _content(file)
            kind = mime_of(file.stream.read(HEAD_BYTES), file.name, file.claimed)
            file.stream.seek(0)
            file_id = uuid.uuid5(import_id, f"{item.source_key}/{sha256.hex()}")
            _upload(directus, file, kind, item.schema_key, file_id)
        with database.transaction() as connection:
            connection.execute(sql.remember_content, {"file_id": file_id, "sha256": sha256, "size": size})
        facts = item.metadata if isinstance(item.metadata, dict) else {}
        return replace(
            item,
            file_ids=(file_id,),
            artifact_type=item.artifact_type or artifact_type_of(kind, item.value),
            metadata={**facts, "stored_from": item.place},
        )

    def _fetched(self, item: Item) -> Incoming:
        settings = self.settings
        return fetch(
            item.place or "",
            limit=settings.upload_limit,
            seconds=settings.fetch_seconds,
            allowed=Allowed(settings.fetch_allow),
        )

    def _opened(self, item: Item) -> Incoming:
        path = self._path(item)
        return Incoming(path.open("rb"), path.name, mimetypes.guess_type(path.name)[0])

    def _path(self, item: Item) -> Path:
        """The file below the root. Links and `..` lead nowhere else."""
        if self.root is None:
            raise Refusal("import_file_missing", f"{item.place} is a path, and no --files-root says below what.")
        root = self.root.resolve()
        try:
            path = (root / (item.place or "").lstrip("/")).resolve()
            there = path.is_relative_to(root) and path.is_file()
        except (OSError, ValueError):
            there, path = False, root
        if not there:
            raise Refusal("import_file_missing", f"There is no file {item.place} below the files' root.")
        return path


def _asks_for_file(item: Item, *, fetch: bool) -> bool:
    return item.place is not None and not item.file_ids and (fetch or not item.fetched)


def stored_ids(items: Iterable[Item], before: Iterable[Item]) -> dict[str, UUID]:
    """The files that were stored for some items, by source key."""
    had = {item.source_key: item.file_ids for item in before}
    return {item.source_key: item.file_ids[0] for item in items if item.file_ids and not had[item.source_key]}


def _content(file: Incoming) -> tuple[bytes, int]:
    digest, size = hashlib.sha256(), 0
    while piece := file.stream.read(PIECE_BYTES):
        digest.update(piece)
        size += len(piece)
    file.stream.seek(0)
    return digest.digest(), size


def _upload(directus: Directus, file: Incoming, kind: str, title: str, file_id: UUID) -> None:
    for attempt in (1, 2, 3):
        try:
            name = file.name.replace("\x00", "")[-200:] or "upload"
            directus.upload(file.stream, name, kind, title=title, folder=ARTIFACTS_FOLDER, id=str(file_id))
            return
        except DirectusError as error:
            if error.code == "RECORD_NOT_UNIQUE":
                return  # an earlier run stored it, and was killed before its version was written
            if attempt == 3 or 400 <= error.status < 500:
                said = {"directus": str(error)[:300]}
                raise Refusal("file_upload_failed", CODES["file_upload_failed"].sentence, said) from error
            file.stream.seek(0)
            time.sleep(attempt)
