"""docs/queries.md: every query runs as somebody who only reads, finds something, and can be answered by its index."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from sidecar.provision.database import READER, url_for
from sidecar.provision.schema import read_collections
from tests.docs.calls import Callers, World
from tests.rows import Rows

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs" / "queries.md").read_text()
# A question, what answers it, and the statement.
BLOCKS = re.findall(r"^### ([^\n]+)\n\n([^\n]+)\n\n```sql\n(.+?)\n```", PAGE, re.MULTILINE | re.DOTALL)
QUERIES = {title: (text, statement) for title, text, statement in BLOCKS if "create index" not in statement}
INDEXES = re.findall(r"```sql\n(create index [^`]+?)\n```", PAGE)


# Within a transaction that is rolled back. Other tables of the query keep their primary keys.
OTHERS_AWAY = """
    update pg_index i set indisvalid = false from pg_class c
    where c.oid = i.indexrelid and c.relname <> all(%(named)s) and not i.indisprimary
      and i.indrelid in (select o.indrelid from pg_index o join pg_class n on n.oid = o.indexrelid
                         where n.relname = any(%(named)s))
"""


@pytest.fixture
def reader(urls, database):
    """Somebody's own log-in that was granted artifacts_reader."""
    name, password = f"reports_{secrets.token_hex(4)}", secrets.token_hex(16)
    role = sql.Identifier(name)
    database.connection.execute(sql.SQL("create role {} login password {}").format(role, sql.Literal(password)))
    database.connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(READER), role))
    rows = Rows.connect(url_for(urls["admin"], user=name, password=password))
    yield rows
    rows.connection.close()
    database.connection.execute(sql.SQL("drop role {}").format(role))


@pytest.fixture
def names(given, database):
    """What the page's variables stand for: the ids of rows that every query finds something of."""
    world = World(given, Callers(given))
    failed = given.execution()
    given.step(failed, status="failed", step_name="render", error_message="Out of memory.")
    database.run(
        "insert into artifact_transfers (artifact_version_id, target_server, status, error_message)"
        " values (%s, 'http://render-2:8188', 'failed', 'Refused.')", world.names["approved"],
    )  # fmt: skip
    outdated = given.version(world.names["project"], "outdated", date_created="2020-01-01T00:00:00Z")
    given.approved(world.names["project"], "outdated", Jsonb({"later": True}).obj)
    return {**world.names, "file": world.names["first"], "outdated": str(outdated)}


def filled(statement: str, names: dict[str, str]) -> str:
    """The statement with the ids in the place of psql's variables."""
    return re.sub(r":'(\w+)'", lambda match: f"'{names[match[1]]}'", statement)


def scans(node: dict) -> set[str]:
    found = {node["Index Name"]} if "Index Name" in node else set()
    return found.union(*(scans(below) for below in node.get("Plans", ())))


def test_every_block_of_the_page_is_one_of_these():
    assert len(QUERIES) > 35
    assert len(QUERIES) + len(INDEXES) == PAGE.count("```sql")


def test_every_query_finds_something_for_somebody_who_only_reads(reader, names):
    reader.run("set default_transaction_read_only = on")
    empty = [title for title, (_, statement) in QUERIES.items() if not reader.all(filled(statement, names))]
    assert not empty


def test_every_query_can_be_answered_by_the_index_it_names(database, names):
    """Of few rows any index is as good as none: here PostgreSQL has no other for them, and may not read all rows."""
    faults = []
    for title, (text, statement) in QUERIES.items():
        named = set(re.findall(r"`(\w+)`", text.partition(".")[0])) if text.startswith("By ") else set()
        assert named or text.startswith("Reads every "), title
        if not named or "sidecar.context_as_of" in statement:
            continue  # what that function reads, its own plans say
        with database.connection.transaction(force_rollback=True):
            for setting in ("enable_seqscan", "enable_hashjoin", "enable_mergejoin"):
                database.run(f"set local {setting} = off")
            database.connection.execute(OTHERS_AWAY, {"named": list(named)})
            plan = database.value(f"explain (format json) {filled(statement, names)}")
        faults += [f"{title} names {named}, uses {scans(plan[0]['Plan'])}"] if named - scans(plan[0]["Plan"]) else []
    assert not faults, "\n".join(faults)


def test_every_index_the_page_names_is_there(database):
    there = set(database.column("select indexrelid::regclass::text from pg_index"))
    there |= {name.rpartition(".")[2] for name in there}
    table = PAGE.partition("## Indexes\n")[2].partition("### ")[0]
    rows = [line.split("|")[2] for line in table.splitlines() if line.startswith("|") and "`" in line]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert len(named) > 20
    assert named <= there


def test_an_index_of_ones_own_is_made_by_directus_role_and_used(directus_role, reader, request):
    assert len(INDEXES) == 2
    # Before there are rows: one over rows just updated waits for every older transaction of the server to end.
    for statement in INDEXES:
        directus_role.run(statement)
    request.getfixturevalue("names")
    reader.run("set enable_seqscan = off")
    for title, index in (
        ("Which projects have this colour?", "projects_by_primary_color"),
        ("In which contexts is there an entry at a path?", "projects_with_brand_colors"),
    ):
        plan = reader.value(f"explain (format json) {QUERIES[title][1]}")
        assert index in scans(plan[0]["Plan"])
        assert reader.all(QUERIES[title][1])


def test_a_reader_reads_the_collections_and_nothing_else(reader, database):
    collections = read_collections(REPOSITORY / "directus-schema" / "collections")
    every = [name for name in collections if database.value("select to_regclass(%s) is not null", f"public.{name}")]
    for table in set(every) - {"webhook_endpoints"}:
        reader.run(f"select 1 from public.{table} limit 1")
    granted = "select has_table_privilege(%s, c.oid, %s) from pg_class c where c.oid = %s::regclass"
    hidden = database.column(
        "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = 'sidecar' and c.relkind in ('r', 'v') and c.relname <> 'search_words'"
    )
    assert "sidecar.service_tokens" in hidden
    for table in (*hidden, "directus_users", "directus_settings", "webhook_endpoints"):
        assert not database.value(granted, READER, "select", table), table
    for table in (*every, "directus_files", "sidecar.search_words", *hidden):
        for right in ("insert", "update", "delete", "truncate"):
            assert not database.value(granted, READER, right, table), (table, right)


def test_nobody_logs_in_as_the_reader_itself(database, urls):
    assert database.value("select not rolcanlogin and not rolsuper from pg_roles where rolname = %s", READER)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url_for(urls["admin"], user=READER, password=""))
