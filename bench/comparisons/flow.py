"""A task set done in Directus until the context has changed, against a plain edit of the same kind of row."""

from __future__ import annotations

import time
import uuid

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from bench.figures import Ratio, Result, Run, Side, at_most
from bench.load import UnexpectedAnswer, Wire, request
from bench.stack import Bench

NAME = "flow"
TITLE = "A task is done: the Flow promotes"

PAUSE = 0.0002  # between two looks at the context version; looking takes about as long
PATIENCE = 10.0


def compare(bench: Bench) -> Result:
    """One task after the other, with a plain edit of a task between two of them. The worker is stopped meanwhile."""
    flow, plain = Side("status done → context changed"), Side("PATCH of a task's description")
    rounds, count = (1, 10) if bench.quick else (5, 30)
    with bench.without_worker(), psycopg.connect(bench.url("admin"), autocommit=True) as looking:
        wire = Wire(bench.environment["DIRECTUS_URL"])
        tasks = _tasks(bench, rounds * count + 5)
        for task in tasks[:5]:
            _edit(bench, wire, task[0])
            _done(bench, wire, looking, *task)
        for number in range(rounds):
            pairs = [
                (_edit(bench, wire, task), _done(bench, wire, looking, task, project))
                for task, project in tasks[5 + number * count : 5 + (number + 1) * count]
            ]
            plain.runs.append(_run([edit for edit, _ in pairs]))
            flow.runs.append(_run([done for _, done in pairs]))
        wire.close()
    return Result(NAME, TITLE, [Ratio(flow, plain, "p50", at_most(3))])


def _run(durations: list[float]) -> Run:
    return Run(durations, sum(durations))


def _tasks(bench: Bench, count: int) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """(task, project): each task has one approved version that is not in the context yet."""
    made = []
    with psycopg.connect(bench.url("admin")) as admin, psycopg.connect(bench.url("sidecar")) as sidecar:
        for number in range(count):
            key = f"flow-{uuid.uuid4().hex}"
            insert = "insert into projects (key, title, kind, status) values (%s, %s, 'project', 'active') returning id"
            project = admin.execute(insert, [key, key]).fetchone()[0]  # type: ignore[index]
            insert = "insert into tasks (project_id, title, status) values (%s, %s, 'in_progress') returning id"
            task = admin.execute(insert, [project, f"Task {number}"]).fetchone()[0]  # type: ignore[index]
            made.append((task, project))
        admin.commit()
        for task, project in made:
            _approved_version(sidecar, project, task)
    bench.settle()
    return made


def _approved_version(sidecar: psycopg.Connection, project: uuid.UUID, task: uuid.UUID) -> None:
    row = sidecar.execute(
        "insert into artifact_versions (project_id, schema_key, source_task_id, artifact_type, value)"
        " values (%s, 'brand.logo', %s, 'json', %s) returning id",
        [project, task, Jsonb({"color": "orange"})],
    ).fetchone()
    sidecar.execute("update artifact_versions set status = 'approved', approved_at = now() where id = %s", row)


def _edit(bench: Bench, wire: Wire, task: uuid.UUID) -> float:
    """Seconds until a plain edit is answered."""
    sent = _patch(bench, task, {"description": f"Edited at {time.time()}."})
    began = time.perf_counter()
    status, body = wire.ask(sent)
    took = time.perf_counter() - began
    if status != 200:
        raise UnexpectedAnswer(f"{status}: {body[:500]!r}")
    return took


def _done(bench: Bench, wire: Wire, looking: psycopg.Connection, task: uuid.UUID, project: uuid.UUID) -> float:
    """Seconds from sending `done` to Directus until the new context version can be read from the database."""
    sent = _patch(bench, task, {"status": "done"})
    look = sql.SQL("select context_version > 0 from public.projects where id = {}").format(sql.Literal(project))
    began = time.perf_counter()
    wire.socket.sendall(sent)
    while not looking.execute(look, prepare=False).fetchone()[0]:  # type: ignore[index]
        if time.perf_counter() - began > PATIENCE:
            raise UnexpectedAnswer(f"the Flow did not promote within {PATIENCE:.0f} s; Directus: {wire.answer()[0]}")
        time.sleep(PAUSE)
    took = time.perf_counter() - began
    wire.answer()
    return took


def _patch(bench: Bench, task: uuid.UUID, body: dict[str, str]) -> bytes:
    directus, token = bench.environment["DIRECTUS_URL"], bench.environment["DIRECTUS_ADMIN_TOKEN"]
    return request(directus, "PATCH", f"/items/tasks/{task}?fields=id", token, body)
