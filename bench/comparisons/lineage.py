"""Reading a lineage over HTTP, against the bare recursive query; and what the guard against circles costs an insert."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from typing import Any

import psycopg

from bench import explain, statements
from bench.figures import Detail, Ratio, Result, Run, Side
from bench.load import one_caller, request
from bench.promoters import pgbench, rotated
from bench.stack import Bench

NAME = "lineage"
TITLE = "The lineage of a version among 100,000 relations, 1,000 deep"

CHAINS, LENGTH, DEPTH = 100, 1000, 100
QUICK_CHAINS = 10
LOT = "lineage"

# Each asks for the end, or the beginning, of one of ten chains; `:n` counts. Whether a version is stale depends on
# all that lies behind it, however far the answer reaches: the bare query looks at it, too.
BARE_LINEAGE = """
with recursive up (id, depth) as (
    select md5('lineage/' || :n % 10 || '/999')::uuid, 0
    union
    select r.to_version_id, u.depth + 1 from up u join public.artifact_relations r on r.from_version_id = u.id)
select * from (
    select u.depth, v.id, v.project_id, v.schema_key, v.version_number, v.status, v.artifact_type, v.primary_file_id,
           bool_or(v.status in ('superseded', 'rejected', 'archived')) over () as stale
    from up u join public.artifact_versions v on v.id = u.id) node
where depth <= 100 order by depth;
"""

BARE_IMPACT = """
with recursive down (id) as (
    select md5('lineage/' || :n % 10 || '/0')::uuid
    union
    select r.from_version_id from down d join public.artifact_relations r on r.to_version_id = d.id)
select v.id, v.project_id, v.schema_key, v.version_number, v.status, v.artifact_type, v.primary_file_id
from down d join public.artifact_versions v on v.id = d.id where v.status in ('approved', 'pending')
order by v.schema_key limit 500;
"""

HOT = {
    "lineage.walk": {"ancestors": True, "descendants": False},
    "lineage.relations_between": {},
    "lineage.ancestry": {},
    "lineage.affected": {},
    "lineage.add_relation": {},
}


def compare(bench: Bench) -> Result:
    """One client; each question is put for ten chains in turn."""
    chains = QUICK_CHAINS if bench.quick else CHAINS
    _fill(bench, chains)
    rounds, count = (1, 20) if bench.quick else (5, 200)
    asked = {
        "lineage": f"/v1/artifacts/%s/lineage?direction=ancestors&depth={DEPTH}",
        "impact": "/v1/artifacts/%s/impact",
    }
    bare = {"lineage": BARE_LINEAGE, "impact": BARE_IMPACT}
    deepest = {"lineage": LENGTH - 1, "impact": 0}
    ratios = []
    for name, path in asked.items():
        places = [str(version(number % 10, deepest[name])) for number in range(count)]
        ways: dict[str, Callable[[], Run]] = {
            f"GET …/{name}": lambda p=path, v=places: _over_http(bench, [p % place for place in v]),
            f"bare query: {name} (pgbench)": lambda text=bare[name]: _in_database(bench, text, count),
        }
        sides = _in_turn(ways, rounds)
        ratios.append(Ratio(sides[0], sides[1], "p50"))
    return Result(NAME, TITLE, ratios, details=[_costs(bench)])


def version(chain: int, number: int) -> uuid.UUID:
    """The id of the `number`th version of a chain, made from the one before it."""
    return uuid.UUID(hashlib.md5(f"{LOT}/{chain}/{number}".encode(), usedforsecurity=False).hexdigest())


def _in_turn(ways: dict[str, Callable[[], Run]], rounds: int) -> list[Side]:
    sides = {name: Side(name) for name in ways}
    for way in ways.values():
        way()
    for number in range(rounds):
        for name in rotated(list(ways), number):
            sides[name].runs.append(ways[name]())
    return list(sides.values())


def _over_http(bench: Bench, paths: list[str]) -> Run:
    url, token = bench.environment["SIDECAR_URL"], bench.environment["SIDECAR_TOKEN"]
    return one_caller(url, [request(url, "GET", path, token) for path in paths])


def _in_database(bench: Bench, text: str, times: int) -> Run:
    script = "\\set n :n + 1\n" + " ".join(text.split()) + "\n"
    return pgbench(bench.url("sidecar"), script, callers=1, times=times)


def _fill(bench: Bench, chains: int) -> None:
    """One project, whose versions form chains; the relations go through the guard, as everybody's do.

    A stack that was kept has them already.
    """
    project = uuid.UUID(hashlib.md5(f"{LOT}/project".encode(), usedforsecurity=False).hexdigest())
    with bench.administrator() as connection:
        if connection.execute("select from public.projects where id = %s", [project]).fetchone() is not None:
            return
    with bench.seeding() as connection:
        connection.execute(
            "insert into public.projects (id, key, title, kind, status, context, context_version)"
            " values (%(id)s, 'lineage', 'Lineage', 'project', 'active', '{}', 0)", {"id": project},
        )  # fmt: skip
        connection.execute(
            "insert into public.artifact_versions (id, project_id, schema_key, version_number, status, artifact_type,"
            " value, approved_at, date_created)"
            " select md5(%(lot)s || '/' || c || '/' || n)::uuid, %(project)s, format('chain_%%s.v%%s', c, n), 1,"
            " 'approved', 'image', bench.value(n), now(), now()"
            " from generate_series(0, %(chains)s - 1) c, generate_series(0, %(length)s - 1) n",
            {"lot": LOT, "project": project, "chains": chains, "length": LENGTH},
        )
    with bench.administrator() as connection:
        connection.execute(
            "insert into public.artifact_relations (from_version_id, to_version_id, relation_type)"
            " select md5(%(lot)s || '/' || c || '/' || n)::uuid, md5(%(lot)s || '/' || c || '/' || n - 1)::uuid,"
            " 'derived_from' from generate_series(0, %(chains)s - 1) c, generate_series(1, %(length)s - 1) n",
            {"lot": LOT, "chains": chains, "length": LENGTH},
        )
        connection.execute("vacuum (analyze) public.artifact_relations")


def _costs(bench: Bench) -> Detail:
    """What each statement costs inside PostgreSQL, the guard of an insert among them; rolled back."""
    every = statements.every()
    url = bench.url("sidecar")
    rows = []
    with psycopg.connect(url, cursor_factory=psycopg.ClientCursor, autocommit=True) as connection:
        for name, more in HOT.items():
            plans = [_plan(connection, every[name], _values(chain) | more) for chain in range(explain.REPEATED)]
            cost = explain._cost(name, plans)
            rows.append(
                [f"`{cost.name}`", f"{cost.planning:.2f} ms", f"{cost.running:.2f} ms", f"{cost.triggers:.2f} ms",
                 f"{cost.hit} / {cost.read}"],
            )  # fmt: skip
    title = "Its statements, from the end of a chain; add_relation joins two chains in the middle"
    return Detail(title, ("statement", "planning", "running", "of it triggers", "pages hit / read"), rows)


def _values(chain: int) -> dict[str, Any]:
    return {
        "id": version(chain, LENGTH - 1),
        "ids": [version(chain, LENGTH - 1 - number) for number in range(DEPTH + 1)],
        "types": None,
        "depth": DEPTH,
        "limit": 1000,
        "from_version_id": version(chain, LENGTH // 2),
        "to_version_id": version((chain + 1) % 10, LENGTH // 2),
        "relation_type": "derived_from",
        "metadata": None,
        "user_created": None,
    }


def _plan(connection: psycopg.Connection, text: str, values: dict[str, Any]) -> dict[str, Any]:
    with connection.transaction(force_rollback=True):
        row = connection.execute("explain (analyze, buffers, format json) " + text, values).fetchone()  # type: ignore[arg-type]
        return row[0][0]  # type: ignore[index]
