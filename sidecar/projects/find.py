"""Projects, by id or by key: wherever the API takes one, it takes the other."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sidecar.call import Call
from sidecar.errors import Refusal
from sidecar.sql import Statements

sql = Statements(__file__)


def find_project(call: Call, id_or_key: str) -> dict[str, Any]:
    """The project's row without its context. Raises Refusal project_not_found."""
    return _one(call, id_or_key, sql.find_project, sql.find_project_by_key)


def read_context(call: Call, id_or_key: str) -> dict[str, Any]:
    """{"id", "key", "context_version", "context": JSON text}. Raises Refusal project_not_found."""
    return _one(call, id_or_key, sql.read_context, sql.read_context_by_key)


def read_context_version(call: Call, id_or_key: str) -> dict[str, Any]:
    """{"id", "context_version"}, without reading the document. Raises Refusal project_not_found."""
    return _one(call, id_or_key, sql.context_version_by_id, sql.context_version_by_key)


def template_of(call: Call, project_id: UUID) -> Any:
    """The context_schema of the project's template; None without a template."""
    row = call.connection.execute(sql.template_of, {"id": project_id}).fetchone()
    return row["context_schema"] if row else None


def find_template(call: Call, id_or_name: str) -> UUID:
    """The id of a project template. Raises Refusal template_not_found."""
    named = {"id": as_uuid(id_or_name), "name": id_or_name}
    row = call.connection.execute(sql.find_template, named).fetchone()
    if row is None:
        raise Refusal("template_not_found", details={"template": id_or_name})
    return row["id"]


def create_or_find(call: Call, project: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The project with this key, and whether it was made now. An existing one is left as it is.

    A new project of a template gets the template's tasks with its row (migrations/after/37_project_tasks.sql).
    Raises Refusal template_broken, reference_not_found.
    """
    row = call.connection.execute(sql.add_project, {**project, "user_created": call.caller.user_id}).fetchone()
    if row is not None:
        return row, True
    return find_project(call, project["key"]), False


def list_projects(call: Call, *, has_approved: str | None, after: UUID | None, limit: int) -> list[dict[str, Any]]:
    """Projects in the order of their ids, from `after` on."""
    parameters = {"has_approved": has_approved, "after": after, "limit": limit}
    return call.connection.execute(sql.list_projects, parameters).fetchall()


def _one(call: Call, id_or_key: str, by_id: Any, by_key: Any) -> dict[str, Any]:
    project_id = as_uuid(id_or_key)
    statement = by_id if project_id else by_key
    row = call.connection.execute(statement, {"id": project_id, "key": id_or_key}).fetchone()
    if row is None:
        raise Refusal("project_not_found", details={"project_id": id_or_key[:255]})
    return row


def as_uuid(text: str) -> UUID | None:
    """The id that a text is, if it is one."""
    try:
        return UUID(text)
    except ValueError:
        return None
