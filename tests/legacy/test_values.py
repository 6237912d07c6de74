"""What columns of a source become: values that JSON has not, dates in every notation, names and keys of any kind."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime

import pytest

from sidecar.errors import Refusal
from sidecar.legacy.items import _moment
from sidecar.legacy.mapping import TableRule
from sidecar.legacy.source import open_source
from tests.legacy.conftest import stories_in

MAP = """
name: scans
tables:
  - table: invoices
    key: id
    project: {key: "customer-{customer}", create: true}
    versions:
      - path: "invoices[{number}]"
        value: {total: "{total}", due: "{due}", sent: "{sent}", ref: "{ref}", note: "{note}"}
        metadata: {due: "{due}"}
        created_at: "{sent}"
"""


@pytest.fixture
def scans(tmp_path):
    file = tmp_path / "scans.yaml"
    file.write_text(MAP)
    return file


@pytest.fixture
def invoices(database):
    """A table of PostgreSQL as the map wants it, with one sound row."""
    database.run("create schema old")
    database.run(
        "create table old.invoices (id int primary key, customer int, number int, total numeric(12,2), due date,"
        " sent timestamptz, ref uuid, note bytea)"
    )
    database.run(
        "insert into old.invoices values (1, 7, 0, 120.50, '2025-01-31', '2025-01-02T03:04:05Z',"
        " '00000000-0000-4000-8000-00000000000a', 'paid')"
    )
    return ("--table", "invoices=old.invoices")


def test_decimals_dates_ids_and_bytes_of_a_database_become_texts(importing, scans, invoices, urls, database, sound):
    for options in (["--dry-run"], []):
        done = importing("rows", "--map", scans, "--source", urls["admin"], *invoices, *options)
        assert "1 versions" in done.output

    made = database.one("select * from artifact_versions")
    assert made["value"] == {
        "total": "120.50", "due": "2025-01-31", "sent": "2025-01-02T03:04:05Z",
        "ref": "00000000-0000-4000-8000-00000000000a", "note": "paid",
    }  # fmt: skip
    assert made["metadata"]["due"] == "2025-01-31"
    assert made["date_created"] == datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert "1 there already" in importing("rows", "--map", scans, "--source", urls["admin"], *invoices).output
    sound("scans", "--source", urls["admin"])


@pytest.mark.parametrize(("note", "code"), [(b"\xff\x00", "invalid_value"), (b"a\x00b", "invalid_text")])
def test_bytes_that_are_no_text_are_a_problem_of_their_row(
    importing, scans, invoices, urls, database, tmp_path, note, code
):
    database.run("insert into old.invoices (id, customer, number, note) values (2, 7, 1, %s)", note)

    done = importing("rows", "--map", scans, "--source", urls["admin"], *invoices, "--skip-bad", "--report",
                     tmp_path / "bad.jsonl")  # fmt: skip

    assert f"{code}  invoices/2#invoices[{{number}}]: value" in done.output
    assert "1 versions made" in done.output


def test_a_tag_that_cannot_be_stored_is_a_problem_of_its_row(importing, given, tmp_path, database):
    project = str(given.project())
    rows = [
        {"id": str(n), "project_id": project, "schema_key": f"a[{n}]", "value": n, "tags": [tag]}
        for n, tag in enumerate(("good", "a\x00b"))
    ]
    (tmp_path / "artifact_versions.json").write_text(json.dumps(rows))

    done = importing("json-arrays", "--source", tmp_path, "--skip-bad", "--report", tmp_path / "bad.txt")

    assert "invalid_text  artifact_versions/1#version: tags/0" in done.output
    assert database.column("select tags from artifact_versions") == [["good"]]


@pytest.mark.parametrize("dry", [True, False])
def test_a_text_too_long_for_its_column_is_a_problem_of_its_row(importing, tmp_path, database, dry):
    rows = [{"id": n, "text": "Once.", "session_id": "x" * (300 if n == 4 else 3)} for n in range(9)]
    (tmp_path / "stories.jsonl").write_text("\n".join(map(json.dumps, rows)))
    options = ["--dry-run"] if dry else ["--skip-bad", "--report", tmp_path / "bad.txt"]

    done = importing("stories", "--source", tmp_path / "stories.jsonl", *options, code=int(dry))

    assert "9 rows: 8 versions" in done.output
    assert "invalid_value  stories/4#text: A column cannot hold this: value too long" in done.output
    assert database.value("select count(*) from artifact_versions") == (0 if dry else 8)


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("20250131", datetime(2025, 1, 31, tzinfo=UTC)),
        (20250131, datetime(2025, 1, 31, tzinfo=UTC)),
        ("20250131T0930Z", datetime(2025, 1, 31, 9, 30, tzinfo=UTC)),
        ("20250131093015", datetime(2025, 1, 31, 9, 30, 15, tzinfo=UTC)),
        ("2025-01-31 09:30:00+02:00", datetime(2025, 1, 31, 7, 30, tzinfo=UTC)),
        (date(2025, 1, 31), datetime(2025, 1, 31, tzinfo=UTC)),
        ("1735689600", datetime(2025, 1, 1, tzinfo=UTC)),
        (1735689600.5, datetime(2025, 1, 1, 0, 0, 0, 500000, tzinfo=UTC)),
        # Python's fromisoformat takes this one for a day in 1612.
        ("1612010201230", datetime(2021, 1, 30, 12, 36, 41, 230000, tzinfo=UTC)),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (None, None),
    ],
)
def test_a_date_is_the_moment_that_it_means(said, moment):
    assert _moment(said) == moment


@pytest.mark.parametrize("said", ["2024", 2024, "202501", "20251331", "yesterday", "1e400", "nan", b"2025-01-31"])
def test_what_may_mean_several_dates_or_none_is_refused(said):
    with pytest.raises(Refusal, match="is no date"):
        _moment(said)


def test_only_addresses_that_lead_to_an_approved_file_are_written_into_old_columns(importing, tmp_path):
    """A value alone has no bytes to show, and nothing is approved at the path of a candidate."""
    table = TableRule.model_validate(
        {
            "table": "stories",
            "key": "id",
            "project": {"key": "story-{id}", "create": True},
            "versions": [
                {"path": "cover", "place": "{image_url}", "value": "{title}", "status": "{text}",
                 "write_back": "image_url"}
            ],
        }
    )  # fmt: skip
    (tmp_path / "map.yaml").write_text(json.dumps({"name": "covers", "tables": [table.model_dump(by_alias=True)]}))
    address = "https://cdn.example.test/{}.png"
    source = stories_in(
        tmp_path / "old.sqlite",
        [
            {"id": 1, "title": "a", "text": "approved", "image_url": address.format(1)},
            {"id": 2, "title": "b", "text": "pending", "image_url": address.format(2)},
            {"id": 3, "title": "c", "text": "approved", "image_url": None},
        ],
    )

    done = importing("rows", "--map", tmp_path / "map.yaml", "--source", source, "--write-back")

    assert "3 versions made" in done.output
    assert "1 addresses written back" in done.output
    with closing(sqlite3.connect(source)) as connection:
        written = [row[0] for row in connection.execute("select image_url from stories order by id")]
    assert "/v1/stable/" in written[0]
    assert written[1:] == [address.format(2), None]


def test_keys_and_columns_with_a_percent_sign_are_written_back_and_restored(importing, urls, database, tmp_path):
    (tmp_path / "map.yaml").write_text(
        """
name: sales
tables:
  - table: "sale 50%s"
    key: "key %"
    project: {key: sales, create: true}
    versions:
      - {path: cover, place: "{image %s}", write_back: "image %s"}
"""
    )
    database.run('create table public."sale 50%%s" ("key %%" text primary key, "image %%s" text)')
    address = "https://cdn.example.test/a.png"
    database.run('insert into "sale 50%%s" values (%s, %s)', "100%s off", address)
    column = 'select "image %%s" from "sale 50%%s"'

    done = importing("rows", "--map", tmp_path / "map.yaml", "--source", urls["admin"], "--write-back")

    assert "1 addresses written back" in done.output
    assert "/v1/stable/" in database.value(column)
    importing("rollback", "sales", "--source", urls["admin"])
    assert database.value(column) == address


def test_rows_of_exported_tables_are_joined_by_an_index(tmp_path):
    """Four times the rows are four times the work, not sixteen times."""

    def steps(many):
        folder = tmp_path / str(many)
        folder.mkdir()
        for table, column in (("stories", "cover"), ("artifacts", "id")):
            lines = (json.dumps({"n": n, column: f"a-{n}"}) for n in range(many))
            (folder / f"{table}.jsonl").write_text("\n".join(lines))
        joins = {"cover": {"table": "artifacts", "key": "id", "by": "cover"}}
        with closing(open_source(str(folder))) as source:
            table = TableRule.model_validate({"table": "stories", "key": "n", "joins": joins})
            source.columns("stories"), source.columns("artifacts")
            taken = []
            source._sorted.set_progress_handler(lambda: taken.append(1), 100)
            assert [row["cover.n"] for row in source.rows(table)] == list(range(many))
        return len(taken)

    assert steps(800) < 8 * steps(200)
