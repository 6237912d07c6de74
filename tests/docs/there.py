"""Whether what a row of docs/coming_from/*.yaml names is there: one question per kind, answered by a fault or None."""

from __future__ import annotations

import ast
import re
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from docs import generate
from sidecar.cli import main as artifacts
from sidecar.client import Registry
from sidecar.errors import CODES
from sidecar.provision.schema import read_collections
from sidecar.settings import Settings, variable
from sidecar.templates.rules import PathRule
from tests.rows import Rows

REPOSITORY = Path(__file__).resolve().parents[2]


class There:
    """The running code and a database of its own, asked what there is."""

    def __init__(self, client: FlaskClient, database: Rows) -> None:
        self.client, self.database = client, database
        self.description = client.application.api_doc  # type: ignore[attr-defined]

    def fault(self, kind: str, what: Any) -> str | None:
        """What is wrong with the claim that `what` is there; None when it is."""
        asked = getattr(self, f"_{kind.replace(' ', '_')}")(what)
        return None if asked is True else f"{kind}: {what} ({asked or 'is not there'})"

    @cached_property
    def columns(self) -> dict[str, dict[str, Any]]:
        rows = self.database.all("select * from information_schema.columns where table_schema = 'public'")
        return {f"{row['table_name']}.{row['column_name']}": row for row in rows}

    @cached_property
    def indexes(self) -> dict[str, tuple[str, bool]]:
        """Table and uniqueness of each index."""
        rows = self.database.all(
            "select indexrelid::regclass::text as name, indrelid::regclass::text as tab, indisunique from pg_index"
        )
        return {row["name"]: (row["tab"], row["indisunique"]) for row in rows}

    @cached_property
    def collections(self) -> dict[str, dict[str, Any]]:
        return read_collections(REPOSITORY / "directus-schema" / "collections")

    @cached_property
    def commands(self) -> set[str]:
        return {" ".join(path) for path, _ in generate.every_command(artifacts, ("artifacts",))}

    def _column(self, what: str) -> Any:
        name, kind = what.split()
        column = self.columns.get(name)
        return column and (column["udt_name"] == kind or column["udt_name"])

    def _no_column(self, what: str) -> Any:
        return what not in self.columns

    def _nullable(self, what: str) -> Any:
        return what in self.columns and self.columns[what]["is_nullable"] == "YES"

    def _table(self, what: str) -> Any:
        return self.database.value("select to_regclass(%s) is not null", f"public.{what}")

    def _alias(self, what: str) -> Any:
        name, through = what.split()
        table, _, field = name.partition(".")
        return self.collections[table]["fields"].get(field, {}).get("m2m", "").partition(".")[0] == through

    def _relation(self, what: str) -> Any:
        name, target = what.split()
        table, _, column = name.partition(".")
        return self.database.value(
            "select exists (select from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid"
            " and c.conkey = array[a.attnum] where c.contype = 'f' and c.conrelid = to_regclass(%s)"
            " and a.attname = %s and c.confrelid = to_regclass(%s))", f"public.{table}", column, f"public.{target}",
        )  # fmt: skip

    def _enum(self, what: str) -> Any:
        """Offered in Directus, and let through by every check of its column that names words."""
        column, _, value = what.partition("=")
        table, _, field = column.partition(".")
        checks = self.database.column(
            "select pg_get_constraintdef(c.oid) from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid"
            " and a.attnum = any(c.conkey) where c.contype = 'c' and c.conrelid = to_regclass(%s) and a.attname = %s",
            f"public.{table}", field,
        )  # fmt: skip
        refused = [check for check in checks if "'" in check and f"'{value}'" not in check]
        return value in self.collections[table]["fields"][field].get("choices", {}) and not refused

    def _index(self, what: str) -> Any:
        name, _, table, *unique = what.split()
        found = self.indexes.get(name)
        return found and (found == (table, found[1] if not unique else True) or found)

    def _hidden(self, what: str) -> Any:
        return self.collections[what].get("hidden", False)

    def _guard(self, what: str) -> Any:
        named = "select exists (select from pg_proc where pronamespace = 'sidecar'::regnamespace and proname = %s)"
        stated = "select exists (select from pg_constraint where conname = %s)"
        return what in CODES and (self.database.value(named, what) or self.database.value(stated, what))

    def _code(self, what: str) -> Any:
        name, status = what.split()
        return name in CODES and CODES[name].status == int(status)

    def _command(self, what: str) -> Any:
        return what in self.commands

    def _setting(self, what: str) -> Any:
        return what in {variable(name) for name in Settings.model_fields}

    def _rule(self, what: str) -> Any:
        return what in {field.alias or name for name, field in PathRule.model_fields.items()}

    def _flow(self, what: str) -> Any:
        return (REPOSITORY / "flows" / f"{what}.yaml").is_file()

    def _page(self, what: str) -> Any:
        return what.startswith("docs/") and what.endswith(".md") and (REPOSITORY / what).is_file()

    def _file(self, what: str) -> Any:
        return (REPOSITORY / what).is_file()

    def _shape(self, what: str) -> Any:
        return what in self.description["components"]["schemas"]

    def _body(self, what: str) -> Any:
        """A field of a body: those of forms are described where they are sent."""
        shape, _, field = what.partition(".")
        named = [name for name in self.description["components"]["schemas"] if name in (shape, f"{shape[:-4]}Upload")]
        return any(field in self.description["components"]["schemas"][name]["properties"] for name in named)

    def _address(self, what: str) -> Any:
        method, path = what.split()
        status = self.client.open(path, method=method, follow_redirects=True).status_code
        return status == 200 or status

    def _route(self, what: str) -> Any:
        method, path = what.split()
        return method.lower() in self.description["paths"].get(path, {})

    def _tested(self, what: str) -> Any:
        path, _, name = what.partition("::")
        if not (REPOSITORY / path).is_file():
            return False
        tree = ast.parse((REPOSITORY / path).read_text(encoding="utf-8"))
        tests = [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        return name in tests if name else any(test.startswith("test_") for test in tests)

    def _files(self, what: str) -> Any:
        return any(True for _ in REPOSITORY.glob(what))

    def _word(self, what: str) -> Any:
        """Whether the sidecar's code uses a word."""
        paths = [path for kind in ("py", "sql") for path in (REPOSITORY / "sidecar").rglob(f"*.{kind}")]
        return any(re.search(rf"\b{what}", path.read_text(encoding="utf-8"), re.IGNORECASE) for path in paths)

    def _client(self, what: str) -> Any:
        """A method of the Python client."""
        try:
            return callable(attrgetter(what)(Registry("http://127.0.0.1:1", "a token")))
        except AttributeError:
            return False

    def _absent(self, what: str) -> Any:
        return bool(what.strip())
