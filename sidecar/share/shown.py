"""What a guest is shown of the versions behind their link."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

from sidecar.database import Connection
from sidecar.files.link import Disposition, Link, seal
from sidecar.settings import Settings
from sidecar.share.opened import Opened
from sidecar.sql import Statements
from sidecar.templates.rules import rule_for

sql = Statements(__file__)
Row = dict[str, Any]

# Of a larger value, only the beginning is shown.
LARGEST_VALUE = 100_000
# A page's files can be read for so long, or for as long as an operator lets download links work: a film is begun later
# than its page. Never beyond the link itself.
FILE_SECONDS = 3600

_DECISIONS = ["approve", "reject", "request_changes"]


def shown_versions(connection: Connection, settings: Settings, link: Opened, now: float, place: str) -> list[Row]:
    """Each version of the link: what it is, its files by sealed links below `place`, what the guest may do and said."""
    asked = {"link_id": link.id, "largest": LARGEST_VALUE}
    versions = connection.execute(sql.shared, asked).fetchall()
    ids = [version["id"] for version in versions]
    files = _by_version(connection.execute(sql.shared_files, {"ids": ids}).fetchall())
    guest = {"ids": ids, "actor_label": link.guest.label, "actor_id": link.guest.user_id}
    said = _by_version(connection.execute(sql.said_by_guest, guest).fetchall())
    ends = int(min(now + max(settings.download_seconds, FILE_SECONDS), link.row["expires_at"].timestamp()))
    return [
        {
            "artifact_version_id": version["id"],
            "project_title": version["project_title"],
            "schema_key": version["schema_key"],
            "version_number": version["version_number"],
            "title": rule_for(version["context_schema"], version["schema_key"]).title,
            "artifact_type": version["artifact_type"],
            "status": version["status"],
            "review_state": version["review_state"],
            "date_created": version["date_created"],
            "value": version["value"],
            "value_start": version["value_start"],
            "source_url": version["source_url"],
            "gone": "erased" if version["erased_at"] else "files_removed" if version["bytes_removed_at"] else None,
            "files": [_file(settings, file, ends, place) for file in files[version["id"]]],
            "allowed_actions": _allowed(link, version),
            "said": [{name: row[name] for name in ("action", "reason", "date_created")} for row in said[version["id"]]],
        }
        for version in versions
    ]


def _allowed(link: Opened, version: Row) -> list[str]:
    decide = "decide" in link.may and version["status"] == "pending"
    comment = "comment" in link.may and version["status"] != "archived"
    return [*(_DECISIONS if decide else []), *(["comment"] if comment else [])]


def _file(settings: Settings, file: Row, ends: int, place: str) -> Row:
    def address(disposition: Disposition) -> str:
        return f"{place}{seal(settings, Link(file['id'], ends, disposition))}"

    return {
        "id": file["id"],
        "name": file["filename_download"],
        "type": file["type"],
        "size": file["filesize"],
        "url": address("inline"),
        "download_url": address("attachment"),
    }


def _by_version(rows: list[Row]) -> dict[UUID, list[Row]]:
    found: dict[UUID, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["artifact_version_id"]].append(row)
    return found
