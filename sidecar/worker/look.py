"""Looking at what was added: hashes of files that came another way, media facts, whether bytes are still the same.

What is to be looked at stands in sidecar.looks, written in the transaction that added it, whoever did. A row goes only
after a look that began when it was there, so nothing is missed and doing it twice changes nothing. What fails is tried
again, ever more slowly.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from psycopg.types.json import Jsonb

from sidecar.artifacts.content import artifact_type_of, content_hash
from sidecar.database import Connection, Database
from sidecar.directus import Directus, DirectusError
from sidecar.errors import Refusal
from sidecar.provision.ids import ARTIFACTS_FOLDER
from sidecar.settings import Settings
from sidecar.sql import Statements
from sidecar.worker import media

sql = Statements(__file__)
log = structlog.get_logger()
Row = dict[str, Any]

# One tick works this long at most; the next one goes on.
TICK_SECONDS = 20.0
# Longer than any file takes: after that somebody else may try, because the worker that claimed it is gone.
CLAIM_MINUTES = 20
# For the reader of media (media.py), which stops itself long before by CPU time unless it only waits.
READER_SECONDS = 60.0
# Files beyond are hashed, not copied to be read.
MEDIA_BYTES = 4 * 1024**3
# The bytes of every file are read again after this time, a few at a time, to find what happened beside Directus.
RECHECK_DAYS, RECHECK_FILES = 30, 20

_looking = threading.Lock()


def look_around(database: Database, settings: Settings, seconds: float = TICK_SECONDS) -> int:
    """Work off what is due for a while. Returns how many looks were done; 0 when this process is looking already.

    One at a time in each process: promotions must not wait behind films.
    """
    if not _looking.acquire(blocking=False):
        return 0
    try:
        end, done = time.monotonic() + seconds, 0
        while time.monotonic() < end and _next_look(database, settings):
            done += 1
        return done
    finally:
        _looking.release()


def ask_for_old_files(database: Database) -> int:
    """Let the files be read again whose bytes nobody read for the longest time. Returns how many."""
    with database.transaction() as connection:
        return connection.execute(sql.ask_for_old_files, {"days": RECHECK_DAYS, "files": RECHECK_FILES}).rowcount


def _next_look(database: Database, settings: Settings) -> bool:
    with database.transaction() as connection:
        rows = connection.execute(sql.claim_look, {"minutes": CLAIM_MINUTES}).fetchall()
    if not rows:
        return False
    kind, subject, ids = rows[0]["kind"], rows[0]["subject"], [row["id"] for row in rows]
    look = look_at_version if kind == "version" else look_at_file
    try:
        look(database, settings, subject)
    except (DirectusError, Refusal, OSError) as error:
        log.warning("a look failed", kind=kind, subject=str(subject), error=str(error)[:300])
        with database.transaction() as connection:
            connection.execute(sql.look_later, {"ids": ids})
        return True
    with database.transaction() as connection:
        connection.execute(sql.look_done, {"ids": ids})
    return True


def look_at_version(database: Database, settings: Settings, version_id: UUID) -> None:
    """Complete a version: the hashes and facts of its files, its own hash while it is open, its type if it has none.

    Raises DirectusError when its files cannot be read now.
    """
    with database.transaction() as connection:
        files = connection.execute(sql.files_to_look_at, {"id": version_id}).fetchall()
    for file in files:
        if file["sha256"] is None or (file["media"] is None and _is_media(file["type"])):
            _note(database, file, _read(settings, file))
    with database.transaction() as connection:
        _complete(connection, version_id)


def look_at_file(database: Database, settings: Settings, file_id: UUID) -> None:
    """Read a file's bytes again and note whether they are still those that were first seen.

    Raises DirectusError when Directus does not answer.
    """
    with database.transaction() as connection:
        file = connection.execute(sql.file_to_look_at, {"id": file_id}).fetchone()
    if file is not None:
        _note(database, file, _read(settings, file))


def _complete(connection: Connection, version_id: UUID) -> None:
    # Whoever links a file waits for this lock, and then finds the hash there to take away (30_primary_file.sql).
    version = connection.execute(sql.lock_version, {"id": version_id}).fetchone()
    if version is None:
        return
    files = connection.execute(sql.files_to_look_at, {"id": version_id}).fetchall()
    primary = files[0] if files else None
    hashed = content_hash(version["value"], [file["sha256"] for file in files], version["source_url"])
    facts = {str(file["id"]): _shown(file) for file in files if file["media"]}
    completed = {
        "id": version_id,
        "artifact_type": artifact_type_of(primary["type"] if primary else None, version["value"]),
        "content_hash": hashed,
        "metadata": Jsonb(_with_media(version["metadata"], facts)),
    }
    connection.execute(sql.complete_version, completed)


def _shown(file: Row) -> Row:
    poster = {"poster_file_id": str(file["poster_id"])} if file["poster_id"] else {}
    return {"type": file["type"], **file["media"], **poster}


def _with_media(metadata: Any, facts: dict[str, Row]) -> Any:
    """`metadata` with the facts under `media`, by file id. Whatever else a producer put there under that name stays."""
    if metadata is not None and not isinstance(metadata, dict):
        return metadata
    there = (metadata or {}).get("media", {})
    if not isinstance(there, dict) or not all(_is_uuid(key) for key in there):
        return metadata
    rest = {key: item for key, item in (metadata or {}).items() if key != "media"}
    return {**rest, "media": facts} if facts else rest or None


def _is_uuid(text: str) -> bool:
    with suppress(ValueError):
        return bool(UUID(text))
    return False


def _read(settings: Settings, file: Row) -> Row | None:
    """What a file's bytes are now: {sha256, size, media, poster_id}; None when Directus has none for it.

    The media facts are read once, and only of the bytes that were submitted.
    """
    directus = Directus(settings.directus_url, token=settings.directus_token.get_secret_value())
    with tempfile.TemporaryDirectory(prefix="artifacts-look-") as folder:
        path, picture = Path(folder) / "file", Path(folder) / "picture"
        wanted = file["media"] is None and _is_media(file["type"]) and (file["filesize"] or 0) <= MEDIA_BYTES
        digest, size = hashlib.sha256(), 0
        try:
            with path.open("wb") as copy:
                for piece in directus.download(file["id"]):
                    digest.update(piece)
                    size += len(piece)
                    if wanted:
                        copy.write(piece)
        except DirectusError as error:
            if error.status not in (403, 404):
                raise
            directus.get(f"/files/{file['id']}")  # refused, too: it is our right to read that is missing
            return None
        known = {"sha256": digest.digest(), "size": size, "media": None, "poster_id": None}
        if not wanted or file["sha256"] not in (None, known["sha256"]):
            return known
        facts = read_media(path, file["type"], picture)
        poster = _store_picture(directus, file, digest.hexdigest(), picture) if picture.exists() else None
        return {**known, "media": facts, "poster_id": poster}


def read_media(path: Path, mime: str, picture: Path) -> Row:
    """The facts of a file, read in a process that may fail: {"error"} says how."""
    command = [sys.executable, "-P", media.__file__, str(path), mime, str(picture)]
    try:
        done = subprocess.run(
            command, env={}, stdin=subprocess.DEVNULL, capture_output=True, timeout=READER_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return {"error": f"Reading it took longer than {READER_SECONDS:.0f} seconds."}
    with suppress(ValueError):
        return json.loads(done.stdout.replace(b"\\u0000", b""))
    picture.unlink(missing_ok=True)
    return {"error": f"Reading it failed ({done.returncode})."}


def _store_picture(directus: Directus, file: Row, sha256: str, picture: Path) -> UUID:
    # The same bytes give the same id: a second look, or another worker's at the same moment, makes no second picture.
    poster = uuid.uuid5(file["id"], sha256)
    name = f"{Path(file['filename_download'] or 'file').stem[:150]}.poster.jpg"
    title = f"{file['title'] or file['filename_download'] or 'File'} (poster)"
    try:
        with picture.open("rb") as stream:
            directus.upload(stream, name, "image/jpeg", title=title, folder=ARTIFACTS_FOLDER, id=str(poster))
    except DirectusError as error:
        if error.code != "RECORD_NOT_UNIQUE":
            raise
    return poster


def _note(database: Database, file: Row, found: Row | None) -> None:
    if found is None:
        log.warning("a file has no bytes", file_id=str(file["id"]))
    with database.transaction() as connection:
        if found is None:
            connection.execute(sql.note_missing, {"file_id": file["id"]})
        else:
            media = None if found["media"] is None else Jsonb(found["media"])
            connection.execute(sql.note_content, {**found, "file_id": file["id"], "media": media})


def _is_media(mime: str | None) -> bool:
    family, _, kind = (mime or "").partition("/")
    return family in ("image", "audio", "video") or kind == "pdf"
