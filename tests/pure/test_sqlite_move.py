"""What a move from SQLite says about what it cannot take along."""

from __future__ import annotations

import sqlite3
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from sidecar.legacy.sqlite_move.move import Faults, Move, Refused, refuse_what_cannot_move
from sidecar.legacy.sqlite_move.source import Source
from sidecar.legacy.sqlite_move.values import Column


def test_of_each_column_the_first_faults_are_shown_and_the_others_counted():
    """However many there are, no more are kept; and one column does not hide the others."""
    faults = Faults()
    for number in range(50_000):
        faults.add("songs", "length", "id", number, "'long' is no whole number")
    faults.add("films", "made", "id", 7, "'once' is no time")

    with pytest.raises(Refused) as refused:
        faults.refuse()

    assert sum(len(said) for said in faults.said.values()) == 4
    assert refused.value.reasons[1:] == [
        "songs.length where id is 0: 'long' is no whole number.",
        "songs.length where id is 1: 'long' is no whole number.",
        "songs.length where id is 2: 'long' is no whole number.",
        "songs.length: 49,997 more like these.",
        "films.made where id is 7: 'once' is no time.",
    ]


def test_without_faults_nothing_is_refused():
    Faults().refuse()


@pytest.fixture
def source(tmp_path):
    """Two tables, each with a row that refers to a singer who is not there."""
    file = tmp_path / "data.db"
    connection = sqlite3.connect(file)
    connection.executescript("""
        create table directus_migrations (version text primary key, name text);
        create table singers (id integer primary key);
        create table songs (id integer primary key, singer integer references singers (id));
        create table drafts (id integer primary key, singer integer references singers (id));
        insert into songs values (1, 9);
        insert into drafts values (1, 9);
    """)
    connection.close()
    with Source.opened(file) as opened:
        yield opened


def refusal(source, *leave):
    columns = {table: {name: Column(name, "int4") for name in source.columns(table)} for table in source.tables}
    target = SimpleNamespace(columns=columns, migrations=set(), has_registry=False)
    with pytest.raises(Refused) as refused:
        refuse_what_cannot_move(Move(source, target, ZoneInfo("UTC"), frozenset(leave)))
    return refused.value.reasons


def test_references_to_rows_that_are_not_there_are_refused(source):
    assert [reason.split(" refers")[0] for reason in refusal(source)] == ["drafts.singer", "songs.singer"]


def test_a_table_that_stays_behind_leaves_its_references_behind(source):
    assert [reason.split(" refers")[0] for reason in refusal(source, "drafts")] == ["songs.singer"]
