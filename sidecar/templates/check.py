"""Whether a version is what its project's template asks for at its path: on submission, and again on approval."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from pydantic_core import to_json

from sidecar.artifacts.content import artifact_type_of
from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.sql import Statements
from sidecar.templates.rules import ADDITIONAL, PathRule, Problem, names, problems_at, rule_for
from sidecar.templates.schemas import faults

sql = Statements(__file__)
Row = dict[str, Any]
Violation = dict[str, str]


class Submitted(Protocol):
    """What of a submission is checked."""

    @property
    def schema_key(self) -> str: ...
    @property
    def value(self) -> Any: ...
    @property
    def artifact_type(self) -> str | None: ...
    @property
    def source_url(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Content:
    """What is kept at a path. `files` are {"id", "type", "size"} in order; `elsewhere`: its bytes are at a URL."""

    artifact_type: str | None
    value: Any
    files: Sequence[Mapping[str, Any]] = ()
    elsewhere: bool = False


def check_submission(
    call: Call, project_id: UUID, context_schema: Any, submission: Submitted, files: Sequence[Row]
) -> None:
    """Refuse a submission that its project's template does not take. Before any lock: it only reads.

    `files` are the submission's files, {"id", "type", …}, the primary one first.
    Raises Refusal template_violation, template_broken.
    """
    path = submission.schema_key
    refuse_broken(call, project_id, context_schema, path)
    rule = rule_for(context_schema, path)
    kind = submission.artifact_type or artifact_type_of(files[0]["type"] if files else None, submission.value)
    known = _files_by_id(call, [file["id"] for file in files]) if rule.asks_for_files and files else []
    content = Content(kind, submission.value, known, submission.source_url is not None)
    _refuse(call, project_id, path, violations(context_schema, path, content))


def check_versions(call: Call, project: Row, versions: Sequence[Row]) -> None:
    """Refuse the approval of versions that their project's template does not take: those inserted past the sidecar.

    `project` is its row with context_schema; `versions` are whole rows of that project. The database is asked only
    where a rule is about files. Raises Refusal template_violation, template_broken.
    """
    context_schema = project["context_schema"]
    if context_schema is None:
        return
    for version in versions:
        refuse_broken(call, project["id"], context_schema, version["schema_key"])
    for version, found in violations_of(call, context_schema, versions):
        _refuse(call, project["id"], version["schema_key"], found, version)


def violations_of(call: Call, context_schema: Any, versions: Sequence[Row]) -> Iterator[tuple[Row, list[Violation]]]:
    """Each version with everything of it that the template does not take, as violations() says it.

    `versions` are whole rows of one template's projects. The database is asked only where a rule is about files.
    """
    asking = [v["id"] for v in versions if needs_files(rule_for(context_schema, v["schema_key"]), v)]
    files = _files_by_version(call, asking) if asking else {}
    for version in versions:
        linked = files.get(version["id"], [])
        primary = next((file for file in linked if file["id"] == version["primary_file_id"]), None)
        kind = version["artifact_type"] or artifact_type_of(primary["type"] if primary else None, version["value"])
        content = Content(kind, version["value"], linked, version["source_url"] is not None)
        yield version, violations(context_schema, version["schema_key"], content)


def refuse_broken(call: Call, project_id: UUID, context_schema: Any, path: str) -> None:
    """Raise Refusal template_broken when the template cannot be read where it concerns `path`."""
    problems = problems_at(context_schema, path)
    if problems:
        raise broken(_template_name(call, project_id), problems)


def broken(template: str | None, problems: list[Problem]) -> Refusal:
    """The refusal that names a template and what of it cannot be read."""
    first = problems[0]
    place = ": ".join(filter(None, [first.path, first.word]))
    sentence = f"The template {template} cannot be read{f' at {place}' if place else ''}: {first.message}"
    return Refusal(
        "template_broken", sentence, {"template": template, "problems": [problem.shown() for problem in problems]}
    )


def violations(context_schema: Any, path: str, content: Content) -> list[Violation]:
    """Everything of `content` that the template does not take at `path`: {pointer, rule, message, schema_path}. Pure.

    `pointer` leads into the value, `schema_path` into the template's rules for the path (both RFC 6901).
    """
    if not names(context_schema, path):
        return [_violation(ADDITIONAL, f"The template has no path {path}, and takes no others.")]
    rule = rule_for(context_schema, path)
    found = [*_type_violations(rule, content), *_file_violations(rule, content)]
    if rule.value_schema is not None:
        found += [
            _violation("schema", fault.message, fault.pointer, f"/schema{fault.schema_path}")
            for fault in faults(rule.value_schema, content.value)
        ]
    return found


def needs_files(rule: PathRule, version: Row) -> bool:
    """Whether a version's files decide: Directus may insert one without its type, which its file then tells."""
    return rule.asks_for_files or (rule.artifact_type is not None and version["artifact_type"] is None)


def _type_violations(rule: PathRule, content: Content) -> list[Violation]:
    if rule.artifact_type is None or content.artifact_type == rule.artifact_type:
        return []
    return [_violation("artifact_type", f"The artifact type is {content.artifact_type}, not {rule.artifact_type}.")]


def _file_violations(rule: PathRule, content: Content) -> list[Violation]:
    found: list[Violation] = []
    if rule.mime_types is not None:
        wanted = ", ".join(rule.mime_types)
        if not content.files and not content.elsewhere:
            found.append(_violation("mime_types", f"There is no file; {wanted} is asked for."))
        for file in content.files:
            if not _accepted(file["type"], rule.mime_types):
                kind = file["type"] or "of no known type"
                found.append(_violation("mime_types", f"File {file['id']} is {kind}, not {wanted}."))
    if rule.max_bytes is not None:
        sizes = [(f"File {file['id']}", file["size"] or 0) for file in content.files]
        if not content.files and content.value is not None:
            sizes.append(("The value", len(to_json(content.value))))
        found += [
            _violation("max_bytes", f"{what} has {size} bytes; at most {rule.max_bytes} are taken.")
            for what, size in sizes
            if size > rule.max_bytes
        ]
    return found


def _accepted(mime: str | None, accepted: Sequence[str]) -> bool:
    kind = (mime or "").partition(";")[0].strip().lower()
    family = kind.partition("/")[0]
    return bool(kind) and any(one in (kind, f"{family}/*") for one in accepted)


def _violation(rule: str, message: str, pointer: str = "", schema_path: str | None = None) -> Violation:
    path = f"/{rule}" if schema_path is None else schema_path
    return {"pointer": pointer, "rule": rule, "message": message, "schema_path": path}


def _refuse(
    call: Call, project_id: UUID, path: str, found: list[Violation], version: Mapping[str, Any] | None = None
) -> None:
    if not found:
        return
    first = found[0]
    place = f"{path} at {first['pointer']}" if first["pointer"] else path
    others = f" ({len(found) - 1} more)" if len(found) > 1 else ""
    details: dict[str, Any] = {"schema_key": path, "template": _template_name(call, project_id), "violations": found}
    if version is not None:
        details["artifact_version_id"] = str(version["id"])
    raise Refusal("template_violation", f"{place}: {first['message']}{others}", details)


def _files_by_id(call: Call, ids: list[UUID]) -> list[Row]:
    return call.connection.execute(sql.files_by_id, {"ids": ids}).fetchall()


def _files_by_version(call: Call, ids: list[UUID]) -> dict[UUID, list[Row]]:
    files: dict[UUID, list[Row]] = defaultdict(list)
    for row in call.connection.execute(sql.files_by_version, {"ids": ids}).fetchall():
        files[row["artifact_version_id"]].append(row)
    return files


def _template_name(call: Call, project_id: UUID) -> str | None:
    row = call.connection.execute(sql.template_name, {"project_id": project_id}).fetchone()
    return row["name"] if row else None
