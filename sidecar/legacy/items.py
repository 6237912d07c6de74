"""What a row of a source stands for: versions and links that are wanted, or what is wrong with it. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json

from sidecar.body import refuse_unstorable
from sidecar.errors import Refusal
from sidecar.legacy.mapping import LinksRule, ProjectRule, RunRule, TableRule, VersionRule, filled
from sidecar.legacy.source import Broken, Row
from sidecar.paths import is_path

LONGEST_KEY = 500
STATUSES = ("intermediate", "pending", "approved", "superseded", "rejected", "archived")
# What older systems call them.
WORDS = {
    "candidate": "pending", "draft": "intermediate", "published": "approved", "auto_approved": "approved",
    "edited": "approved", "changes_requested": "pending",
}  # fmt: skip
TYPES = ("image", "audio", "video", "text", "json", "document")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:", re.IGNORECASE)
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
# 2024, 20250131 and the like: a date that was cut, or written without its hyphens. Seconds since 1970 have had more
# digits since 1973.
_SHORT_NUMBER = re.compile(r"\d{4,8}")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row was not imported. `source_key` says which."""

    source_key: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ProjectNamed:
    """The project of a version, as its row names it: one of the three."""

    id: UUID | None = None
    key: str | None = None
    task_id: UUID | None = None
    title: str | None = None
    kind: str = "project"
    create: bool = False


@dataclass(frozen=True, slots=True)
class RunWanted:
    """A run that ended elsewhere."""

    source_key: str
    name: str
    workflow_type: str | None
    session_id: str | None
    started_at: datetime | None
    completed_at: datetime | None


@dataclass(frozen=True, slots=True)
class WriteBack:
    """The column of the source row that is to hold the stable address."""

    source_key: str
    table: str
    column: str
    keys: dict[str, str]
    old: str | None


@dataclass(frozen=True, slots=True)
class Item:
    """A version that is wanted. `place` is an address, or a path below the files' root."""

    source_key: str
    project: ProjectNamed
    schema_key: str
    status: str
    review_state: str | None = None
    artifact_type: str | None = None
    value: Any = None
    file_ids: tuple[UUID, ...] = ()
    place: str | None = None
    metadata: Any = None
    tags: Any = None
    rejection_reason: str | None = None
    created_at: datetime | None = None
    created_by: UUID | None = None
    approved_at: datetime | None = None
    approved_by: UUID | None = None
    task_id: UUID | None = None
    execution_id: UUID | None = None
    wanted_id: UUID | None = None
    variant_of: str | None = None
    run: RunWanted | None = None
    write_back: WriteBack | None = None
    together: bool = field(default=False, repr=False)

    @property
    def fetched(self) -> bool:
        """Whether `place` is an address rather than a path."""
        return bool(self.place and _ADDRESS.match(self.place))

    @property
    def fingerprint(self) -> bytes:
        """The same as long as the source says the same."""
        said = [
            self.project.id, self.project.key, self.project.task_id, self.schema_key, self.status, self.review_state,
            self.artifact_type, self.value, self.file_ids, self.place, self.metadata, self.tags, self.rejection_reason,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True, slots=True)
class Links:
    """Versions that a task is linked to, in order, by the ids that they had in the source (`keys`)."""

    source_key: str
    task_id: UUID
    version_ids: tuple[UUID, ...]

    @property
    def fingerprint(self) -> bytes:
        return hashlib.sha256(repr([self.task_id, self.version_ids]).encode()).digest()


Found = Item | Links | Problem


def found_in(table: TableRule, rows: Iterator[Row]) -> Iterator[list[Found]]:
    """What each row stands for, row by row; neighbours that belong together as one.

    Nothing that a row can hold ends the reading: it becomes a Problem of that row.
    """
    kept: Item | None = None
    for number, row in enumerate(rows, start=1):
        found = _of_row(table, row, number)
        single = found[0] if len(found) == 1 else None
        if isinstance(single, Item) and single.together:
            if kept is not None and kept.source_key == single.source_key:
                kept = _joined(kept, single)
                continue
            kept, found = single, [kept] if kept is not None else []
        elif kept is not None:
            yield [kept]
            kept = None
        if found:
            yield list(found)
    if kept is not None:
        yield [kept]


def _of_row(table: TableRule, row: Row, number: int) -> list[Found]:
    key = _key(table, row)
    if key is None:
        why = row.get("broken line") or f"Row {number} has nothing in {', '.join(table.key)}."
        return [Problem(f"{table.table}/row {number}", "import_row_unreadable", str(why))]
    broken = [value.why for value in row.values() if isinstance(value, Broken)]
    if broken:
        return [Problem(key, "invalid_json", broken[0])]
    found: list[Found] = []
    if table.versions and not any(_fits(rule, row) for rule in table.versions):
        return [Problem(key, "import_row_unmapped", "No rule of the map fits this row.")]
    for rule in table.versions:
        for place in _places(rule, row):
            try:
                item = _item(table, rule, place, key)
            except Refusal as refusal:
                found.append(Problem(f"{key}#{rule.called}", refusal.code, refusal.message or str(refusal)))
                continue
            if item is not None:
                found.append(item)
    if table.links:
        found += _links(table.links, row, key)
    return found


def _key(table: TableRule, row: Row) -> str | None:
    values = [row.get(name) for name in table.key]
    if any(value is None or value == "" for value in values):
        return None
    # What no database holds must be named all the same.
    text = f"{table.table}/{'/'.join(str(value) for value in values)}"
    text = text.replace("\x00", "\\0").encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= LONGEST_KEY else f"{text[:400]}…{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _places(rule: VersionRule, row: Row) -> list[Mapping[str, Any]]:
    """The row, or (each) the row with each of its items."""
    if not _fits(rule, row):
        return []
    if rule.each is None:
        return [row]
    items = row.get(rule.each)
    return [{**row, "item": item, "n": n} for n, item in enumerate(items if isinstance(items, list) else [])]


def _fits(rule: VersionRule, row: Row) -> bool:
    return all(row.get(n) in (wanted if isinstance(wanted, list) else [wanted]) for n, wanted in rule.when.items())


def _item(table: TableRule, rule: VersionRule, row: Mapping[str, Any], key: str) -> Item | None:
    """The version that a rule makes of a row. Raises Refusal for what cannot be one."""
    value, place = _as_json("value", filled(rule.value, row)), _as_json("place", filled(rule.place, row))
    files = _ids(filled(rule.files, row), "files")
    if value is None and place is None and not files and not _whole(rule):
        return None
    path = filled(rule.path, row)
    if not isinstance(path, str) or not is_path(path):
        raise Refusal("schema_key_grammar", f"{path!r:.200} is no path.")
    status, review_state = _status(filled(rule.status, row), filled(rule.review_state, row))
    project = _project(rule.project or table.project, row)
    name = f"{key}#{rule.called}" + (f"[{row['n']}]" if rule.each else "")
    created, approved = _moment(filled(rule.created_at, row)), _moment(filled(rule.approved_at, row))
    return Item(
        f"{table.table}/{_named(project)}/{path}#{rule.called}" if rule.together else name,
        project,
        path,
        status,
        review_state=review_state,
        artifact_type=_type(filled(rule.artifact_type, row)),
        value=value,
        file_ids=files,
        place=None if place is None else str(place),
        metadata=_as_json("metadata", filled(rule.metadata, row)),
        tags=_as_json("tags", _tags(filled(rule.tags, row))),
        rejection_reason=_words(filled(rule.rejection_reason, row)),
        created_at=created,
        created_by=_id_or_none(filled(rule.created_by, row)),
        approved_at=approved or created,
        approved_by=_id_or_none(filled(rule.approved_by, row)),
        task_id=_id(filled(rule.task, row), "task_not_found"),
        execution_id=_id_or_none(filled(rule.execution, row)),
        wanted_id=_id_or_none(filled(rule.id, row)),
        variant_of=rule.variant_of and f"{key}#{rule.variant_of}",
        run=_run(table.run, row, key),
        write_back=_write_back(table, rule, row, key),
        together=rule.together,
    )


def _whole(rule: VersionRule) -> bool:
    """Whether a row is a version even when it holds nothing, as a row of artifact_versions is."""
    return rule.id is not None


def _project(rule: ProjectRule | None, row: Mapping[str, Any]) -> ProjectNamed:
    if rule is None:
        raise Refusal("project_not_found", "The map says no project.")
    if rule.of_task is not None:
        task = _id(filled(rule.of_task, row), "task_not_found")
        if task is not None:
            return ProjectNamed(task_id=task)
    identity = filled(rule.id, row) if rule.id is not None else None
    if identity is not None:
        return ProjectNamed(id=_id(identity, "project_not_found"))
    key = filled(rule.key, row) if rule.key is not None else None
    if key is None:
        raise Refusal("project_not_found", "The row names no project.")
    if not _SLUG.fullmatch(str(key)):
        raise Refusal("project_key_known", f"{str(key)[:200]!r} is no key of a project.")
    title = _words(filled(rule.title, row)) if rule.title is not None else None
    return ProjectNamed(key=str(key), title=(title or str(key))[:255], kind=rule.kind, create=rule.create)


def _named(project: ProjectNamed) -> str:
    return str(project.id or project.key or f"task {project.task_id}")


def _status(said: Any, review_state: Any) -> tuple[str, str | None]:
    status = WORDS.get(str(said), str(said))
    if status not in STATUSES:
        raise Refusal("version_status_known", f"{str(said)[:100]!r} is no status of a version.")
    asked = status == "pending" and "changes_requested" in (said, review_state)
    return status, "changes_requested" if asked else None


def _type(said: Any) -> str | None:
    if said is not None and said not in TYPES:
        raise Refusal("artifact_type_known", f"{str(said)[:100]!r} is no artifact type.")
    return said


def _ids(said: Any, what: str) -> tuple[UUID, ...]:
    """Ids of files: one, or a list of them, each once. Objects are named by their id, as nested exports have them."""
    if said is None:
        return ()
    items = said if isinstance(said, list) else [said]
    ids: dict[UUID, None] = {}
    for item in items:
        named = item.get("directus_files_id", item.get("id")) if isinstance(item, dict) else item
        found = _id_or_none(named.get("id") if isinstance(named, dict) else named)
        if found is None:
            raise Refusal("file_not_found", f"{what}: {str(named)[:100]!r} is no id.")
        ids[found] = None
    return tuple(ids)


def _id(said: Any, code: str) -> UUID | None:
    if said is None:
        return None
    found = _id_or_none(said)
    if found is None:
        raise Refusal(code, f"{str(said)[:100]!r} is no id.")
    return found


def _id_or_none(said: Any) -> UUID | None:
    if isinstance(said, UUID) or said is None:
        return said
    try:
        return UUID(str(said))
    except ValueError:
        return None


def _moment(said: Any) -> datetime | None:
    """A date as sources have them: with a zone or in UTC, as a text or in seconds or milliseconds since 1970."""
    if said is None:
        return None
    try:
        moment = said if isinstance(said, datetime) else _read_moment(str(said).strip())
    except (ValueError, OverflowError, OSError):
        raise Refusal("invalid_value", f"{str(said)[:100]!r} is no date.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _read_moment(text: str) -> datetime:
    if text.isdecimal() and len(text) == 14:
        text = f"{text[:8]}T{text[8:]}"  # 20250131120000
    # fromisoformat would find a year 1612 in the milliseconds 1612010201230.
    if _SHORT_NUMBER.fullmatch(text) or not _is_number(text):
        return datetime.fromisoformat(text)
    number = float(text)
    return datetime.fromtimestamp(number / 1000 if number > 1e11 else number, UTC)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _tags(said: Any) -> list[str] | None:
    if said is None:
        return None
    tags = said if isinstance(said, list) else str(said).split(",")
    return [str(tag).strip() for tag in tags if str(tag).strip()][:50] or None


def _words(said: Any) -> str | None:
    if said is None:
        return None
    _refuse_unstorable("text", str(said))
    return str(said)


def _refuse_unstorable(name: str, value: Any) -> None:
    try:
        refuse_unstorable(value)
    except Refusal as refusal:
        raise Refusal(refusal.code, f"{name}{refusal.details['pointer']} holds what cannot be stored.") from None


def _as_json(name: str, value: Any) -> Any:
    """The value as JSON has it: decimals, dates and ids of a database become texts, and bytes that are one."""
    _refuse_unstorable(name, value)
    try:
        plain = from_json(to_json(value))
    except ValueError as error:
        raise Refusal("invalid_value", f"{name} holds what is no JSON: {str(error)[:200]}.") from None
    _refuse_unstorable(name, plain)  # bytes may have become a text with a NUL
    return plain


def _run(rule: RunRule | None, row: Mapping[str, Any], key: str) -> RunWanted | None:
    if rule is None:
        return None
    texts = [_words(filled(template, row)) for template in (rule.name, rule.workflow_type, rule.session_id)]
    moments = [_moment(filled(template, row)) for template in (rule.started_at, rule.completed_at)]
    return RunWanted(f"{key}#run", (texts[0] or key)[:255], texts[1], texts[2], *moments)


def _write_back(table: TableRule, rule: VersionRule, row: Mapping[str, Any], key: str) -> WriteBack | None:
    if rule.write_back is None or rule.write_back not in row:
        return None
    keys = {name: str(row[name]) for name in table.key}
    return WriteBack(f"{key}:{rule.write_back}", table.place, rule.write_back, keys, _words(row[rule.write_back]))


def as_it_was(table: TableRule, row: Row, writes: Mapping[str, Row]) -> Row:
    """The row before an import wrote into it. `writes`: {source_key: {old_value, new_value, previous_value}}, see
    written_places."""
    for column, name in written_places(table, row).items():
        written = writes.get(name)
        if written and row[column] is not None and row[column] in (written["new_value"], written["previous_value"]):
            row[column] = written["old_value"]
    return row


def written_places(table: TableRule, row: Row) -> dict[str, str]:
    """The columns of a row into which an import may have written, with what each is known by."""
    key = _key(table, row)
    columns = {rule.write_back for rule in table.versions if rule.write_back}
    return {column: f"{key}:{column}" for column in columns if key and column in row}


def _links(rule: LinksRule, row: Row, key: str) -> list[Found]:
    try:
        task, versions = _id(filled(rule.task, row), "task_not_found"), filled(rule.versions, row)
        if versions is None or versions == []:
            return []
        if task is None:
            raise Refusal("task_not_found", "The row names no task.")
        items = versions if isinstance(versions, list) else [versions]
        ids = [_id(item, "artifact_not_found") for item in items]
    except Refusal as refusal:
        return [Problem(f"{key}#links", refusal.code, refusal.message or str(refusal))]
    return [Links(f"{key}#links", task, tuple(dict.fromkeys(i for i in ids if i is not None)))]


def _joined(first: Item, second: Item) -> Item:
    """One version of two rows of one path: the files of both, the value of the first that has one."""
    files = tuple(dict.fromkeys([*first.file_ids, *second.file_ids]))
    return replace(first, file_ids=files, value=first.value if first.value is not None else second.value)
