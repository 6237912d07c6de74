"""What Directus' data model page and its schema calls cannot take away, for an administrator either.

These end with Postgres' own refusal, sometimes as a 500; what counts is that nothing changed.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.directus.people import Person
from tests.directus.works import Database, Producer, Reviews, promoted

GUARDED = ("artifact_versions", "artifact_approvals", "promotions", "projects", "artifact_files")

CHANGES: dict[str, tuple[str, str, Any]] = {
    "drop a frozen column": ("DELETE", "/fields/artifact_versions/value", None),
    "drop the number": ("DELETE", "/fields/artifact_versions/version_number", None),
    "drop the status": ("DELETE", "/fields/artifact_versions/status", None),
    "drop the reason": ("DELETE", "/fields/artifact_approvals/reason", None),
    "drop the changes": ("DELETE", "/fields/promotions/changes", None),
    "drop the context": ("DELETE", "/fields/projects/context", None),
    "drop the context's version": ("DELETE", "/fields/projects/context_version", None),
    "drop the versions": ("DELETE", "/collections/artifact_versions", None),
    "drop the approvals": ("DELETE", "/collections/artifact_approvals", None),
    "drop the promotions": ("DELETE", "/collections/promotions", None),
    "drop the projects": ("DELETE", "/collections/projects", None),
    "drop a relation": ("DELETE", "/relations/artifact_versions/project_id", None),
    "retype a column": (
        "PATCH", "/fields/artifact_versions/version_number", {"type": "string", "schema": {"data_type": "text"}},
    ),
    "default a column": ("PATCH", "/fields/artifact_versions/status", {"schema": {"default_value": "approved"}}),
    "add a column": ("POST", "/fields/artifact_versions", {"field": "forged", "type": "string", "schema": {}}),
}  # fmt: skip


def structure(database: Database) -> dict[str, list[Any]]:
    """Columns, constraints, triggers and what Directus knows of the guarded tables."""
    tables = list(GUARDED)
    statements = {
        "columns": "select table_name, column_name, data_type, is_nullable, column_default from"
        " information_schema.columns where table_schema = 'public' and table_name = any(%s) order by 1, 2",
        "constraints": "select conrelid::regclass::text as of, conname, pg_get_constraintdef(oid) as definition"
        " from pg_constraint where conrelid::regclass::text = any(%s) order by 1, 2",
        "triggers": "select tgrelid::regclass::text as of, tgname, tgenabled from pg_trigger"
        " where tgrelid::regclass::text = any(%s) and not tgisinternal order by 1, 2",
        "fields": "select collection, field, special, interface from directus_fields"
        " where collection = any(%s) order by 1, 2",
        "collections": "select collection from directus_collections where collection = any(%s) order by 1",
        "relations": "select many_collection, many_field, one_collection from directus_relations"
        " where many_collection = any(%s) order by 1, 2",
    }
    return {name: database.rows(statement, tables) for name, statement in statements.items()}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_schema_stays(
    administrator: Person, given: Producer, by_reviewer: Reviews, database: Database, change: tuple[str, str, Any]
) -> None:
    work = given.candidates()
    by_reviewer.press([work.version], "approve").data  # noqa: B018  asserts
    promoted(database, work)
    before = structure(database), database.everything_of(work)

    answer = administrator.send(*change)

    assert answer.status >= 400, answer.body
    assert answer.sentence
    assert (structure(database), database.everything_of(work)) == before
    assert administrator.get(f"/items/artifact_versions/{work.version}", fields="*,project_id.context").status == 200
