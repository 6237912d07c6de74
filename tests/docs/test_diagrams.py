"""The diagrams show what there is: each collection, column, foreign key and arrow, and nothing else."""

from __future__ import annotations

import re

from docs import diagrams
from sidecar.executions.status import EXECUTIONS, STEPS
from sidecar.transfers.status import TRANSFERS
from tests.guards.test_guards import ARROWS

NAMES = r"(\w+) --> (\w+): .+"


def test_every_table_and_column_is_drawn(database):
    drawn = dict(re.findall(r"^    (\w+) \{\n(.*?)^    \}$", diagrams.entities(), re.MULTILINE | re.DOTALL))
    columns = database.all(
        "select table_name, array_agg(column_name::text) as names from information_schema.columns"
        " where table_schema = 'public' and table_name = any(%s) group by 1", list(drawn),
    )  # fmt: skip

    assert len(drawn) == 15
    found = {row["table_name"]: set(row["names"]) for row in columns}
    assert {name: set(re.findall(r"^\s+\w+ (\w+)", rows, re.MULTILINE)) for name, rows in drawn.items()} == found


def test_every_foreign_key_is_drawn(database):
    drawn = set(re.findall(r"(\w+) (?:\|\||\|o)--o\{ (\w+) : (\w+)", diagrams.entities()))
    keys = database.all(
        "select c.confrelid::regclass::text as one, c.conrelid::regclass::text as many, a.attname::text as name"
        " from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]"
        " where c.contype = 'f' and c.conrelid::regclass::text = any(%s)", [many for _, many, _ in drawn],
    )  # fmt: skip
    assert drawn == {(key["one"], key["many"], key["name"]) for key in keys}


def test_every_arrow_is_drawn():
    made = {name: set(re.findall(NAMES, make())) for name, make in diagrams.diagrams().items()}
    assert made["status of versions"] == ARROWS
    assert made["status of executions"] == set(EXECUTIONS.moves)
    assert made["status of steps"] == set(STEPS.moves)
    assert made["status of transfers"] == set(TRANSFERS.moves)
