"""The map of an import: which rows of which tables become versions, and of what. Read from YAML.

Every text in it is a template: `{column}` stands for what the row has there. A template that is one column and nothing
else stands for the column's value as it is, of whatever type; a list of templates for the first that is not empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

SHIPPED = Path(__file__).with_name("maps")
_COLUMN = re.compile(r"\{([^{}]+)\}")

Template = str | list[str]


class MapInvalid(Exception):
    """The map cannot be read; the text says where and why."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProjectRule(_Part):
    """The project a version goes to: by id, by key, or that of a task. `create` makes a missing one (by key)."""

    id: Template | None = None
    key: Template | None = None
    of_task: Template | None = None
    title: Template | None = None
    kind: Literal["project", "story", "scene"] = "project"
    create: bool = False


class RunRule(_Part):
    """A run that is recorded for the row, as it ended elsewhere; the row's versions are its outputs."""

    name: Template
    workflow_type: Template | None = None
    session_id: Template | None = None
    started_at: Template | None = None
    completed_at: Template | None = None


class VersionRule(_Part):
    """One version of a row; none where the row has nothing for it.

    `each` names a column with a list: one version for each of its items, `{item}`, counted by `{n}` from 0. `together`
    makes one version of neighbouring rows that lead to the same path, with the files of all of them.
    """

    path: str
    name: str = ""
    when: dict[str, Any] = Field(default_factory=dict)
    project: ProjectRule | None = None
    each: str | None = None
    together: bool = False
    id: Template | None = None
    status: Template = "approved"
    review_state: Template | None = None
    artifact_type: Template | None = None
    value: Any = None
    files: Template | None = None
    place: Template | None = None
    metadata: Any = None
    tags: Template | None = None
    rejection_reason: Template | None = None
    created_at: Template | None = None
    created_by: Template | None = None
    approved_at: Template | None = None
    approved_by: Template | None = None
    task: Template | None = None
    execution: Template | None = None
    variant_of: str | None = None
    write_back: str | None = None

    @property
    def called(self) -> str:
        """What tells the versions of one row apart."""
        return self.name or self.path


class LinksRule(_Part):
    """Versions that a task is linked to, in their order: a list of the ids they had."""

    task: Template
    versions: Template


class Join(_Part):
    """A row of another table whose `key` is what this row has in column `by`; its columns are `{name.column}`."""

    table: str
    key: str
    by: str


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class TableRule(_Part):
    """A table of the source. `key` tells its rows apart; `json` names columns that hold JSON, as text or not.

    Rows are read in `order`. The rows of a project must follow each other, the versions of a path oldest first. What
    the table is called in this source (`found_as`) is no part of what its rows are known by.
    """

    table: str
    found_as: str = ""
    key: Annotated[list[str], BeforeValidator(_listed), Field(min_length=1)]
    order: list[str] = Field(default_factory=list)
    json_columns: list[str] = Field(default_factory=list, alias="json")
    joins: dict[str, Join] = Field(default_factory=dict)
    project: ProjectRule | None = None
    run: RunRule | None = None
    versions: list[VersionRule] = Field(default_factory=list)
    links: LinksRule | None = None

    @property
    def place(self) -> str:
        """What the table is called in the source."""
        return self.found_as or self.table

    def columns(self) -> set[str]:
        """Every column the rules name, those of joins as `name.column`."""
        said = self.model_dump(exclude={"table", "found_as", "joins", "json_columns"})
        named = {name for text in _texts(said) for name in _COLUMN.findall(text)} - {"item", "n"}
        each = {rule.each for rule in self.versions if rule.each}
        whens = {column for rule in self.versions for column in rule.when}
        return named | each | whens | set(self.key) | set(self.order) | {join.by for join in self.joins.values()}


class Map(_Part):
    """What an import does, named by the name of the import unless the caller gives another."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,99}$")]
    tables: Annotated[list[TableRule], Field(min_length=1)]


def read_map(path: Path) -> Map:
    """The map in a YAML file. Raises MapInvalid."""
    try:
        return Map.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise MapInvalid(f"{path.name}: {place}: {first['msg']}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise MapInvalid(f"{path.name} cannot be read: {error}") from None


def with_tables(chosen: Map, names: Mapping[str, str]) -> Map:
    """The map with tables called otherwise in the source: {"artifact_versions": "old.artifact_versions"}.

    Raises MapInvalid for a table that the map does not have.
    """
    known = {table.table for table in chosen.tables} | {j.table for t in chosen.tables for j in t.joins.values()}
    if strange := set(names) - known:
        raise MapInvalid(f"The map has no table {min(strange)}; it has {', '.join(sorted(known))}.")

    def renamed(table: TableRule) -> TableRule:
        joins = {n: j.model_copy(update={"table": names.get(j.table, j.table)}) for n, j in table.joins.items()}
        return table.model_copy(update={"found_as": names.get(table.table, ""), "joins": joins})

    return chosen.model_copy(update={"tables": [renamed(table) for table in chosen.tables]})


def filled(template: Any, row: Mapping[str, Any]) -> Any:
    """What a template stands for with this row: None where it stands for nothing. Objects lose their empty members."""
    if isinstance(template, str):
        return _text(template, row)
    if isinstance(template, list):
        return next((found for item in template if (found := filled(item, row)) is not None), None)
    if isinstance(template, dict):
        members = {name: filled(item, row) for name, item in template.items()}
        return {name: item for name, item in members.items() if item is not None} or None
    return template


def _text(template: str, row: Mapping[str, Any]) -> Any:
    names = _COLUMN.findall(template)
    if len(names) == 1 and template == f"{{{names[0]}}}":
        value = row.get(names[0])
        return None if value == "" else value
    values = {name: row.get(name) for name in names}
    if any(value is None or value == "" for value in values.values()):
        return None
    return _COLUMN.sub(lambda match: str(values[match[1]]), template) or None


def _texts(said: Any) -> Iterator[str]:
    if isinstance(said, str):
        yield said
    elif isinstance(said, dict):
        for item in said.values():
            yield from _texts(item)
    elif isinstance(said, list):
        for item in said:
            yield from _texts(item)
