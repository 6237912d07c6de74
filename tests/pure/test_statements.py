"""Every named statement: read, prepared against the migrated database, and used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sidecar.sql import Statements, parse

SIDECAR = Path(__file__).parents[2] / "sidecar"
FILES = sorted(SIDECAR.rglob("queries.sql"))
STATEMENTS = [(path, name, text) for path in FILES for name, text in parse(path.read_text()).items()]


def named(case) -> str:
    return f"{case[0].parent.name}.{case[1]}" if isinstance(case, tuple) else str(case)


def test_statements_are_split_by_their_names():
    text = "-- a_header that is none\n-- one: what for\nselect 1;\n\n-- two: what for\nselect\n  2 -- why\n;\n"

    assert parse(text) == {"one": "select 1", "two": "select\n  2 -- why"}


def test_a_name_stands_once():
    with pytest.raises(ValueError, match="the statement one is defined twice"):
        parse("-- one: x\nselect 1;\n-- one: y\nselect 2;\n")


def test_a_statement_that_is_not_there_is_named(tmp_path):
    (tmp_path / "queries.sql").write_text("-- one: x\nselect 1;\n")
    sql = Statements(str(tmp_path / "module.py"))

    assert (sql.one, dict(sql)) == ("select 1", {"one": "select 1"})
    with pytest.raises(AttributeError, match="no statement named two"):
        _ = sql.two


def test_every_statement_is_prepared_by_postgres_as_the_sidecar(sidecar_role):
    for path, name, text in STATEMENTS:
        numbers: dict[str, str] = {}

        def number(match: re.Match[str], numbers=numbers) -> str:
            return numbers.setdefault(match[1], f"${len(numbers) + 1}")

        statement = re.sub(r"%\((\w+)\)s", number, text).replace("%%", "%")
        try:
            sidecar_role.run(f"prepare checked as {statement}")
        except Exception as error:
            raise AssertionError(f"{path.parent.name}/queries.sql: {name}") from error
        sidecar_role.run("deallocate checked")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_every_statement_is_used_in_its_own_feature_and_every_used_one_is_there(path):
    code = "\n".join(module.read_text() for module in path.parent.glob("*.py"))

    assert set(re.findall(r"\bsql\.([a-z_]+)", code)) == set(parse(path.read_text()))


def test_a_feature_never_uses_another_features_statements():
    for module in SIDECAR.rglob("*.py"):
        assert not re.search(r"from sidecar\.\w+\.\w+ import .*\bsql\b", module.read_text()), module
