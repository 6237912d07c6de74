"""A Directus on SQLite as the older system ran it: its collections, its people, files and flows, and odd values."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sidecar.stack import install, ports, processes
from sidecar.stack.parts import answers, directus_program
from tests.directus.people import Person

START_SECONDS = 120.0
EMAIL, PASSWORD, ADMIN_TOKEN = "old@example.com", "Old pass word 1!", "the-old-administrators-token"
EDITOR_EMAIL, EDITOR_PASSWORD = "eda@example.com", "Thé söcond ✓ word"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
MANY = 3000

# Where lists are asked for.
LISTS = (
    "/users", "/roles", "/policies", "/permissions", "/folders", "/files", "/flows", "/operations", "/presets",
    "/dashboards", "/panels", "/translations", "/comments", "/versions", "/settings", "/collections", "/relations",
    "/items/projects", "/items/tasks", "/items/documents", "/items/artifact_versions", "/items/artifact_files",
    "/items/file_attachments", "/items/stories",
)  # fmt: skip
RECORDS = ("/activity", "/revisions")
# A log-in changes the first two, and `schema` shows the database's own types. SQLite's CURRENT_TIMESTAMP is in the last
# two: Directus shows it as local time there, which is wrong by the time zone, and right on PostgreSQL.
LEFT_OUT = ("last_access", "last_page", "schema", "date_updated", "told_at")
# Directus hands them out as numbers on SQLite, rounded, and as text on PostgreSQL.
EIGHT_BYTES = ("views", "size", "filesize")
LOCAL_ON_SQLITE = ("created_on", "modified_on", "uploaded_on", "date_created")
ZONE = "Europe/Berlin"


class Installation:
    """A folder as people have it: `.env`, the SQLite file, uploads, extensions. `npx directus` works in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "data.db"
        self.uploads = folder / "uploads"
        self.env_file = folder / ".env"
        self.port = ports.choose(set())
        self.url = f"http://127.0.0.1:{self.port}"

    def make(self) -> None:
        """The folder with its settings and an npx that runs the pinned Directus without asking the registry."""
        self.uploads.mkdir(parents=True)
        (self.folder / "package.json").write_text('{"private": true}')
        self.env_file.write_text("".join(f"{name}={value}\n" for name, value in self._settings().items()))
        npx = self.folder / "bin" / "npx"
        npx.parent.mkdir()
        npx.write_text(f'#!/bin/sh\nshift\nexec "{install.node()}" "{directus_program()}" "$@"\n')
        npx.chmod(0o755)
        self.run("bootstrap")

    def _settings(self) -> dict[str, str]:
        return {
            "SECRET": '"a secret of the old system, 0123456789"',
            "ADMIN_EMAIL": EMAIL,
            "ADMIN_PASSWORD": f'"{PASSWORD}"',
            "ADMIN_TOKEN": ADMIN_TOKEN,
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "PUBLIC_URL": self.url,
            "DB_CLIENT": "sqlite3",
            "DB_FILENAME": str(self.database),
            "STORAGE_LOCATIONS": "local",
            "STORAGE_LOCAL_DRIVER": "local",
            "STORAGE_LOCAL_ROOT": str(self.uploads),
            "EXTENSIONS_PATH": str(self.folder / "extensions"),
            "PRESSURE_LIMITER_ENABLED": "false",
            "TELEMETRY": "false",
            "LOG_STYLE": "raw",
        }

    def environment(self, **more: str) -> dict[str, str]:
        found = processes.inherited() | {"TZ": ZONE} | more
        return found | {"PATH": f"{self.folder / 'bin'}:{found['PATH']}"}

    def run(self, *arguments: str) -> None:
        done = subprocess.run(
            ["npx", "directus", *arguments],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=START_SECONDS,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]

    @contextmanager
    def running(self) -> Iterator[None]:
        """Directus, with the settings that its .env has now."""
        with (self.folder / "directus.log").open("ab") as log:
            command = ["npx", "directus", "start"]
            server = subprocess.Popen(command, cwd=self.folder, env=self.environment(), stdout=log, stderr=log)
        try:
            self._wait(server)
            yield
        finally:
            server.terminate()
            server.wait(30)

    def _wait(self, server: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not answers(f"{self.url}/server/ping"):
            said = (self.folder / "directus.log").read_text(errors="replace")[-1500:]
            assert server.poll() is None, f"Directus ended: {said}"
            assert time.monotonic() < deadline, f"Directus did not start: {said}"
            time.sleep(0.1)

    def person(self, token: str | None) -> Person:
        return Person(self.url, token)

    def logged_in(self, email: str, password: str) -> Person:
        """By the password, which Directus compares with the hash it has kept."""
        person = self.person(None)
        person.token = person.post("/auth/login", {"email": email, "password": password}).data["access_token"]
        return person


def seen(person: Person) -> dict[str, Any]:
    """What the API shows of everything there is, apart from what a log-in changes."""
    found: dict[str, Any] = {}
    for path in LISTS:
        data = person.get(path, limit=-1).data
        found[path] = [_steady(row) for row in data] if isinstance(data, list) else _steady(data)
    for rows in found.values():
        if isinstance(rows, list):
            rows.sort(key=lambda row: json.dumps(row, sort_keys=True))
    return found


def recorded(person: Person, up_to: dict[str, int] | None = None) -> dict[str, dict[int, Any]]:
    """Activity and revisions by id; those that were there when `up_to` was noted."""
    lists = {path: person.get(path, limit=-1).data for path in RECORDS}
    return {
        path: {row["id"]: row for row in rows if up_to is None or row["id"] <= up_to[path]}
        for path, rows in lists.items()
    }


def _steady(row: dict[str, Any]) -> dict[str, Any]:
    """A row without what a log-in changes, and without the shapes that differ between the two databases."""
    return {name: _shape(name, value) for name, value in row.items() if name not in LEFT_OUT and value is not None}


def _shape(name: str, value: Any) -> Any:
    if name in EIGHT_BYTES:
        return str(value)
    if name in LOCAL_ON_SQLITE:
        # Without its time zone and milliseconds on SQLite: the declarations of these columns do not say more.
        moment = datetime.fromisoformat(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(ZONE))
        return moment.astimezone(UTC).isoformat(timespec="seconds")
    return value


def furnish(old: Installation) -> None:
    """The collections of the older system, through the API as its people made them, and rows in them."""
    with closing(old.person(ADMIN_TOKEN)) as administrator:
        _make_collections(administrator)
        _make_people(administrator)
        _make_work(administrator)
    _make_odd_rows(old.database)


def _field(name: str, type_: str, special: str = "", **schema: Any) -> dict[str, Any]:
    return {"field": name, "type": type_, "meta": {"special": special.split() or None}, "schema": schema}


def _uuid_key() -> dict[str, Any]:
    return _field("id", "uuid", "uuid", is_primary_key=True, length=36, has_auto_increment=False)


def _number_key() -> dict[str, Any]:
    return _field("id", "integer", is_primary_key=True, has_auto_increment=True)


COLLECTIONS: dict[str, list[dict[str, Any]]] = {
    "projects": [
        _uuid_key(),
        _field("name", "string"),
        _field("key", "string", is_unique=True),
        _field("context", "json", "cast-json", default_value="{}"),
        _field("context_version", "integer", default_value=0, is_nullable=False),
        _field("active", "boolean", "cast-boolean", default_value=True),
        _field("budget", "decimal", numeric_precision=12, numeric_scale=4),
        _field("score", "float"),
        _field("kickoff", "date"),
        _field("meets", "dateTime"),
        _field("standup", "time"),
        _field("tags", "csv", "cast-csv"),
        _field("secret", "hash", "hash conceal"),
        _field("cover", "uuid", "m2o"),
        _field("date_created", "timestamp", "date-created"),
        _field("user_created", "uuid", "user-created"),
    ],
    "tasks": [
        _number_key(),
        _field("status", "string", default_value="todo"),
        _field("project_id", "uuid", "m2o"),
        _field("parent", "integer", "m2o"),
        _field("artifact_version_ids", "json", "cast-json"),
    ],
    "documents": [_number_key(), _field("title", "string"), _field("artifact_version_id", "uuid", "m2o")],
    "artifact_versions": [
        _uuid_key(),
        _field("project_id", "uuid", "m2o"),
        _field("source_task_id", "integer", "m2o"),
        _field("schema_key", "string", is_nullable=False, is_indexed=True),
        _field("status", "string", default_value="pending"),
        _field("version_number", "integer"),
        _field("value", "json", "cast-json"),
        _field("file_ids", "json", "cast-json"),
        _field("primary_file_id", "uuid", "file"),
        _field("approved_at", "timestamp"),
        _field("approved_by", "uuid", "m2o"),
    ],
    "artifact_files": [
        _number_key(),
        _field("artifact_version_id", "uuid", "m2o"),
        _field("directus_files_id", "uuid", "m2o"),
        _field("sort", "integer"),
    ],
    "file_attachments": [_number_key(), _field("item", "string"), _field("file", "uuid", "file")],
    "stories": [
        _field("slug", "string", is_primary_key=True, has_auto_increment=False),
        _field("text", "text"),
        _field("image_url", "string"),
        _field("audio_url", "string"),
        _field("views", "bigInteger"),
        _field("published", "boolean", "cast-boolean"),
        _field("told_at", "timestamp"),
        _field("size", "integer"),
    ],
}
RELATIONS = (
    ("projects", "cover", "artifact_versions"),  # a circle with artifact_versions.project_id
    ("projects", "user_created", "directus_users"),
    ("tasks", "project_id", "projects"),
    ("tasks", "parent", "tasks"),
    ("documents", "artifact_version_id", "artifact_versions"),
    ("artifact_versions", "project_id", "projects"),
    ("artifact_versions", "source_task_id", "tasks"),
    ("artifact_versions", "primary_file_id", "directus_files"),
    ("artifact_versions", "approved_by", "directus_users"),
    ("artifact_files", "artifact_version_id", "artifact_versions"),
    ("artifact_files", "directus_files_id", "directus_files"),
    ("file_attachments", "file", "directus_files"),
)
MANY_TO_MANY = {
    ("artifact_files", "artifact_version_id"): {"one_field": "files", "junction_field": "directus_files_id"},
    ("artifact_files", "directus_files_id"): {"junction_field": "artifact_version_id"},
}


def _make_collections(administrator: Person) -> None:
    for name, fields in COLLECTIONS.items():
        made = administrator.post("/collections", {"collection": name, "schema": {}, "meta": {}, "fields": fields})
        assert made.status == 200, made.body
    for collection, field, related in RELATIONS:
        meta = MANY_TO_MANY.get((collection, field), {})
        relation = {"collection": collection, "field": field, "related_collection": related, "meta": meta}
        made = administrator.post("/relations", relation | {"schema": {"on_delete": "SET NULL"}})
        assert made.status == 200, made.body
    alias = {"field": "files", "type": "alias", "meta": {"special": ["m2m"], "interface": "list-m2m"}, "schema": None}
    assert administrator.post("/fields/artifact_versions", alias).data


def _make_people(administrator: Person) -> None:
    role = _add(administrator, "/roles", {"name": "Editor ✎"})["id"]
    policy = _add(administrator, "/policies", {"name": "Edits", "app_access": True})["id"]
    _add(administrator, "/access", {"role": role, "policy": policy})
    for collection in ("projects", "stories"):
        rule = {"policy": policy, "collection": collection, "action": "read", "fields": ["*"]}
        _add(administrator, "/permissions", rule)
    user = {
        "email": EDITOR_EMAIL,
        "password": EDITOR_PASSWORD,
        "role": role,
        "last_name": 'Ø\'Neil "E"',
        "language": "de-DE",
    }
    _add(administrator, "/users", user)
    settings = {"project_name": "Altes System", "custom_css": "/* 100 % */ a::after { content: '\\201C' }"}
    _change(administrator, "/settings", settings)


def _make_work(administrator: Person) -> None:
    folder = _add(administrator, "/folders", {"name": "Logos"})["id"]
    inner = _add(administrator, "/folders", {"name": "Old logos", "parent": folder})["id"]
    file = administrator.upload("logo ü.png", PICTURE, "image/png")
    _change(administrator, f"/files/{file}", {"folder": inner, "tags": ["a", "b"]})
    project = _add(
        administrator,
        "/items/projects",
        {
            "name": "Tee 🍵 'quoted' \\N \t tab\nline",
            "key": "tea",
            "context": {"brand": {"logo": {"file_id": file, "n": 1.5}}, "_meta": {"context_version": 5}},
            "active": False,
            "budget": "12345678.1234",
            "score": 0.1234567890123,
            "kickoff": "2025-07-16",
            "meets": "2025-10-26T10:30:00",
            "standup": "09:15:00",
            "tags": ["red", "blue & green"],
            "secret": "geheim",
        },
    )["id"]
    task = _add(administrator, "/items/tasks", {"project_id": project, "status": "done"})["id"]
    _add(administrator, "/items/tasks", {"project_id": project, "parent": task})
    version = _add(
        administrator,
        "/items/artifact_versions",
        {
            "project_id": project,
            "source_task_id": task,
            "schema_key": "brand.logo",
            "status": "approved",
            "version_number": 1,
            "value": {"colors": ["#1A365D"], "deep": {"null": None, "yes": True}},
            "file_ids": [file],
            "primary_file_id": file,
            "approved_at": "2025-10-16T10:30:00.123Z",
        },
    )["id"]
    _change(administrator, f"/items/tasks/{task}", {"artifact_version_ids": [version]})
    _change(administrator, f"/items/projects/{project}", {"cover": version})
    _add(administrator, "/items/artifact_files", {"artifact_version_id": version, "directus_files_id": file})
    _add(administrator, "/items/file_attachments", {"item": project, "file": file})
    gone = _add(administrator, "/items/documents", [{"title": "kept"}, {"title": "gone"}])[1]["id"]
    assert administrator.delete(f"/items/documents/{gone}").status == 204
    _make_flow(administrator)
    _add(
        administrator, "/presets", {"collection": "projects", "layout": "tabular", "filter": {"active": {"_eq": True}}}
    )
    dashboard = _add(administrator, "/dashboards", {"name": "Board"})["id"]
    panel = {"dashboard": dashboard, "type": "label", "position_x": 1, "position_y": 1, "width": 4, "height": 4}
    _add(administrator, "/panels", panel | {"show_header": True, "options": {"text": "Hi"}})
    _add(administrator, "/translations", {"key": "tea", "language": "de-DE", "value": "Tee"})
    _add(administrator, "/comments", {"collection": "projects", "item": project, "comment": "schön 👍"})


def _add(person: Person, path: str, body: Any) -> Any:
    return person.post(path, body).data


def _change(person: Person, path: str, body: Any) -> Any:
    return person.patch(path, body).data


def _make_flow(administrator: Person) -> None:
    flow = _add(
        administrator,
        "/flows",
        {"name": "Promote", "trigger": "webhook", "status": "active", "options": {"method": "GET"}},
    )["id"]
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    step = {"flow": flow, "position_x": 1, "position_y": 1}
    answer = {"options": {"json": {"promoted": "yes"}}, "key": "answer", "name": "Answer", "type": "transform"}
    log = {"options": {"message": "promoting"}, "key": "log", "name": "Log", "type": "log", "resolve": second}
    _add(administrator, "/operations", {"id": second, **answer, **step})
    _add(administrator, "/operations", {"id": first, **log, **step})
    _change(administrator, f"/flows/{flow}", {"operation": first})


def _make_odd_rows(database: Path) -> None:
    """What years of scripts leave behind: SQLite takes any value in any column."""
    long = "lang " * 100
    large = json.dumps({"lines": ["ünïcødé 🎉"] * 20_000})
    stories = [
        ("empty", "", None, None, None, None, None, None),
        ("emoji 🧪", "zwölf \\. \\n 'x'\r\n\ttab", long, "https://a.example/?a=1&b=2", 2**53 - 1, 1, 1760610600123, 1),
        ("utc text", None, None, None, -1, 0, "2025-10-16 10:30:00", 2**40),
        ("iso text", None, None, None, 0, 0, "2025-10-16T10:30:00.5Z", None),
        ("before 1970", None, None, None, 0, 1, -1, None),
    ]
    with closing(sqlite3.connect(database, timeout=30)) as rows, rows:
        rows.executemany("insert into stories values (?, ?, ?, ?, ?, ?, ?, ?)", stories)
        rows.executemany(
            "insert into artifact_versions (id, schema_key, value, file_ids, version_number) values (?, ?, ?, ?, ?)",
            [
                (str(uuid.uuid4()), "odd.number", 5, "[]", 1),
                (str(uuid.uuid4()), "odd.text", "no json at all", None, 1),
                (str(uuid.uuid4()), "odd.large", large, None, 1),
                *((str(uuid.uuid4()), f"many.n{n}", json.dumps({"n": n}), "[]", n) for n in range(MANY)),
            ],
        )
        rows.execute(
            "create unique index idx_one_approved_per_path on artifact_versions (project_id, schema_key)"
            " where status = 'approved'"
        )
