"""Documents: files people use, kept in step with the context by promotion where a project's template asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from psycopg.types.json import Jsonb

from sidecar.call import Call
from sidecar.sql import Statements
from sidecar.templates.rules import PathRule, readable, rule_for, rule_keys

sql = Statements(__file__)
Row = dict[str, Any]


class Change(Protocol):
    """What a promotion does to one path: `version` is the row whose entry stands there now, None for none."""

    @property
    def schema_key(self) -> str: ...
    @property
    def version(self) -> Row | None: ...


def keep_documents(call: Call, project: Row, changes: Sequence[Change]) -> None:
    """Bring the documents of the changed paths in step with the context, within the promotion's transaction.

    Called once per promotion, whatever it is (promote, approve, withdraw, revert), after its changes are written and
    while the project is locked. `project` is its locked row, with "id" and "context_schema"; `changes` are all of the
    promotion's, each path once; a version is its whole row.
    A version that enters at a path whose rule keeps a document gets one, with the primary file, category and title of
    the rule; the documents of all other versions of the changed paths are archived. Calling it again changes nothing.
    No exchange with the database when no rule of the template keeps documents: documents kept under an earlier template
    that did then stay as they are.
    """
    context_schema = project["context_schema"]
    if not changes or not keeps_documents(context_schema):
        return
    entering = [change.version for change in changes if change.version is not None]
    kept = [(version, rule_for(context_schema, version["schema_key"])) for version in entering]
    documents = [_document(version, rule) for version, rule in kept if rule.keeps_document]
    call.connection.execute(
        sql.keep_documents,
        {
            "project_id": project["id"],
            "paths": [change.schema_key for change in changes],
            "entering": [version["id"] for version in entering],
            "documents": Jsonb(documents),
            "actor_id": call.caller.user_id,
        },
    )


def keeps_documents(context_schema: Any) -> bool:
    """Whether some rule of a template asks for documents."""
    return any(
        _says(context_schema[key]) and readable(context_schema[key]).keeps_document for key in rule_keys(context_schema)
    )


def _says(entry: Any) -> bool:
    # Most rules say nothing of documents: they are not read for this.
    return isinstance(entry, dict) and bool(entry.get("document"))


def _document(version: Row, rule: PathRule) -> Row:
    said = rule.document
    title = (said.title if said else None) or rule.title
    return {
        "artifact_version_id": str(version["id"]),
        "file_id": str(version["primary_file_id"]) if version["primary_file_id"] else None,
        "source_task_id": str(version["source_task_id"]) if version["source_task_id"] else None,
        "schema_key": version["schema_key"],
        "title": title and _filled(title, version),
        "category": (said.category if said else None) or version["schema_key"].partition(".")[0].partition("[")[0],
    }


def _filled(title: str, version: Row) -> str:
    return title.replace("{path}", version["schema_key"]).replace("{version}", str(version["version_number"]))
