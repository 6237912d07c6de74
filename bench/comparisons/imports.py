"""Importing rows of an older table, against COPY of the same rows."""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg

from bench.figures import Ratio, Result, Run, Side, at_least
from bench.stack import Bench
from sidecar.access.caller import SYSTEM
from sidecar.database import Database
from sidecar.legacy.files import Places
from sidecar.legacy.mapping import SHIPPED, read_map, with_tables
from sidecar.legacy.run import Options, Runner
from sidecar.legacy.source import open_source
from sidecar.settings import read_settings
from sidecar.stack import environments

NAME = "imports"
TITLE = "Importing 100,000 approved versions of 1,000 projects"

ROWS, PROJECTS, ROUNDS = 100_000, 1_000, 1
QUICK_ROWS, QUICK_PROJECTS = 2_000, 20
DATABASE = "bench_imports"

_OLD = """
create schema old;
create table old.artifact_versions as
select gen_random_uuid() as id, md5('imports/' || n %% %(projects)s)::uuid as project_id,
       format('scene_%%s.image', lpad((n / %(projects)s)::text, 5, '0')) as schema_key, 1 as version_number,
       'approved' as status, 'image' as artifact_type, bench.value(n)::json as value, '[]'::json as file_ids,
       now() as approved_at, now() as date_created
from generate_series(0, %(rows)s - 1) n;
analyze old.artifact_versions;
"""
_COLUMNS = "id, project_id, schema_key, version_number, status, artifact_type, value, approved_at, date_created"
_READ = f"copy (select {_COLUMNS} from old.artifact_versions order by project_id, schema_key) to stdout"  # noqa: S608
# As many as a batch of the import: numbers are locked by project, and not thousands of them in one transaction.
_LOT = 500


def compare(bench: Bench) -> Result:
    """Each way in a database of its own. The import reads, checks, numbers, records and promotes; COPY does none of it,
    but where it goes into the registry's own table its guards and triggers run."""
    rows, projects = (QUICK_ROWS, QUICK_PROJECTS) if bench.quick else (ROWS, PROJECTS)
    ways: dict[str, Callable[[Bench, int], float]] = {
        "artifacts import json-arrays": _import,
        "COPY into artifact_versions": _copy_guarded,
        "COPY into a table with the same indexes": _copy_bare,
    }
    sides = {name: Side(name) for name in ways}
    for _ in range(1 if bench.quick else ROUNDS):
        for name, way in ways.items():
            elapsed = _timed(bench, way, rows, projects)
            sides[name].runs.append(Run([elapsed / rows] * rows, elapsed))
    imported, guarded, bare = sides.values()
    ratios = [Ratio(imported, guarded, "throughput", at_least(0.1)), Ratio(imported, bare, "throughput", at_least(0.1))]
    return Result(NAME, TITLE, ratios)


def _timed(bench: Bench, way: Callable[[Bench, int], float], rows: int, projects: int) -> float:
    bench.drop_database(DATABASE)
    bench.copy_database(DATABASE)
    try:
        bench.prepare(bench.url("admin", DATABASE))
        with psycopg.connect(
            bench.url("admin", DATABASE), autocommit=True, cursor_factory=psycopg.ClientCursor
        ) as connection:
            connection.execute(_OLD, {"rows": rows, "projects": projects})
            connection.execute(
                "insert into public.projects (id, key, title, kind, status, context, context_version)"
                " select md5('imports/' || n)::uuid, 'imports-' || n, 'Imports', 'project', 'active', '{}', 0"
                " from generate_series(0, %s - 1) n", [projects],
            )  # fmt: skip
            connection.execute("vacuum analyze public.projects")
        return way(bench, rows)
    finally:
        bench.drop_database(DATABASE)


def _import(bench: Bench, rows: int) -> float:
    settings = read_settings(environments.of_sidecar(bench.stack))
    chosen = with_tables(read_map(SHIPPED / "json-arrays.yaml"), {"artifact_versions": "old.artifact_versions"})
    chosen = chosen.model_copy(update={"tables": chosen.tables[:1]})
    database = Database(bench.url("sidecar", DATABASE), largest=3, name="bench-import")
    database.open()
    source = open_source(bench.url("admin", DATABASE))
    try:
        began = time.perf_counter()
        tally = Runner(database, settings, SYSTEM, chosen, source, Options(Places(settings))).run()
        elapsed = time.perf_counter() - began
    finally:
        source.close()
        database.close()
    assert (tally.added, tally.problems) == (rows, [])  # noqa: S101  else nothing was measured
    return elapsed


def _copy_guarded(bench: Bench, rows: int) -> float:
    lines = _lines(bench)
    target = f"copy public.artifact_versions ({_COLUMNS}) from stdin"
    with psycopg.connect(bench.url("sidecar", DATABASE), options="-c statement_timeout=0") as connection:
        began = time.perf_counter()
        for first in range(0, rows, _LOT):
            with connection.transaction(), connection.cursor().copy(target) as copy:  # type: ignore[arg-type]
                copy.write(b"".join(lines[first : first + _LOT]))
        return time.perf_counter() - began


def _copy_bare(bench: Bench, rows: int) -> float:
    lines = _lines(bench)
    with psycopg.connect(bench.url("admin", DATABASE)) as connection:
        connection.execute("create table bench.bare (like public.artifact_versions including all)")
        connection.commit()
        began = time.perf_counter()
        with connection.cursor().copy(f"copy bench.bare ({_COLUMNS}) from stdin") as copy:  # type: ignore[arg-type]
            copy.write(b"".join(lines))
        connection.commit()
        return time.perf_counter() - began


def _lines(bench: Bench) -> list[bytes]:
    with psycopg.connect(bench.url("admin", DATABASE)) as connection, connection.cursor().copy(_READ) as copy:
        return b"".join(bytes(piece) for piece in copy).splitlines(keepends=True)
