"""docs/guarantees.md names tests that exist."""

from __future__ import annotations

import ast
import re

from sidecar.provision.database import MIGRATIONS

REPOSITORY = MIGRATIONS.parent
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", (REPOSITORY / "docs" / "guarantees.md").read_text())


def functions(path: str) -> set[str]:
    tree = ast.parse((REPOSITORY / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_guarantee_names_tests_that_exist():
    assert NAMED
    assert [f"{path}::{name}" for path, name in NAMED if name not in functions(path)] == []


def test_every_row_names_a_test():
    rows = [line for line in (REPOSITORY / "docs" / "guarantees.md").read_text().splitlines() if line.startswith("| ")]
    assert [row for row in rows if "::" not in row and not row.startswith("| promise")] == []
