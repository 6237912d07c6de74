"""Approve and promote here, against a model registry: MLflow on the same PostgreSQL server. Only with --mlflow."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from bench.figures import Ratio, Result, Run, Side, at_least
from bench.load import UnexpectedAnswer, Wire, request
from bench.lots import lot, write
from bench.promoters import product, rotated, warm_up
from bench.stack import HERE, REPOSITORY, Bench
from sidecar.stack import ports, processes
from sidecar.stack.fingerprint import is_stamped, of_files, write_stamp

NAME = "mlflow"
TITLE = "MLflow's model registry"

DATABASE = "bench_mlflow"
ENVIRONMENT = REPOSITORY / ".artifacts" / "bench-venv"
REQUIREMENTS = HERE / "requirements-mlflow.txt"
API = "/api/2.0/mlflow"
# It would tell its makers how it is used (nothing here leaves the machine), and run jobs of evaluations beside.
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
NOTE = (
    "MLflow's server sends an answer in two packets and waits for the first to be acknowledged, which the system of an "
    "ordinary client delays by about 40 ms (`/health` takes that long, too). The second row's client acknowledges at "
    "once: that is what the registry's work takes, and the goal is asked of it."
)


def compare(bench: Bench) -> Result:
    """One client each, over HTTP; MLflow without authentication, with as many processes as the sidecar."""
    ours = Side("POST …/approve")
    usual, prompt = Side("create version + set alias"), Side("the same, client acknowledges at once")
    promote = product(bench)
    warm_up(bench, {"product": promote})
    rounds, count = (1, 10) if bench.quick else (5, 60)
    with _server(bench) as url:
        run = {ours.name: promote, usual.name: _registering(url, False), prompt.name: _registering(url, True)}
        sides = {side.name: side for side in (ours, usual, prompt)}
        for name in (usual.name, prompt.name):
            run[name](lot(1, 10), 30.0)
        for number in range(rounds):
            item = lot(1, count)
            write(bench, [item])
            for name in rotated(list(sides), number):
                sides[name].runs.append(run[name](item, 30.0))
    return Result(NAME, TITLE, [Ratio(usual, ours, "p50"), Ratio(prompt, ours, "p50", at_least(25))], [NOTE])


def _registering(url: str, at_once: bool):
    """As many new versions of a model as a lot has, each followed by the alias that says it is the one in use."""

    def run(item, seconds: float) -> Run:
        wire, name, durations = Wire(url, acknowledge_at_once=at_once), f"logo-{uuid.uuid4().hex}", []
        _post(wire, url, "/registered-models/create", {"name": name})
        for _ in range(item.versions):
            began = time.perf_counter()
            made = _post(wire, url, "/model-versions/create", {"name": name, "source": "s3://bucket/logo"})
            alias = {"name": name, "alias": "champion", "version": made["model_version"]["version"]}
            _post(wire, url, "/registered-models/alias", alias)
            durations.append(time.perf_counter() - began)
        wire.close()
        return Run(durations, sum(durations))

    return run


def _post(wire: Wire, url: str, path: str, body: dict[str, str]) -> dict:
    status, answer = wire.ask(request(url, "POST", API + path, None, body))
    if status != 200:
        raise UnexpectedAnswer(f"MLflow {path}: {status} {answer[:500]!r}")
    return json.loads(answer)


@contextmanager
def _server(bench: Bench) -> Iterator[str]:
    """MLflow's server on a database of its own, ended and dropped with the block."""
    python = _installed()
    port = ports.choose(set(bench.stack.state["ports"].values()))
    url = f"http://127.0.0.1:{port}"
    bench.drop_database(DATABASE)
    with psycopg.connect(bench.stack.databases.postgres_url(), autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} template template0").format(sql.Identifier(DATABASE)))
    store = urlunsplit(urlsplit(bench.url("admin", DATABASE))._replace(scheme="postgresql+psycopg2"))
    command = [str(python), "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "2"]
    try:
        # By its environment, because an address with a password does not belong on a command line.
        with bench.server(
            "mlflow", command, QUIET | {"MLFLOW_BACKEND_STORE_URI": store}, bench.stack.directory, url, "/health"
        ):
            _let_settle(bench)
            yield url
    finally:
        bench.drop_database(DATABASE)


def _let_settle(bench: Bench, seconds: float = 60.0) -> None:
    """It answers before all of its processes are up: wait until they use little of a processor for a second."""
    process = processes.find(bench.stack.pid_file("mlflow"))
    until = time.monotonic() + seconds
    while process is not None and time.monotonic() < until:
        family = [process, *process.children(recursive=True)]
        before = sum(sum(member.cpu_times()[:2]) for member in family)
        time.sleep(1)
        if sum(sum(member.cpu_times()[:2]) for member in family) - before < 0.05:
            return


def _installed() -> Path:
    """The Python of a virtual environment with MLflow, made on first use from the hashed list."""
    python, stamp = ENVIRONMENT / "bin" / "python", ENVIRONMENT / ".installed"
    if not is_stamped(stamp, of_files(REQUIREMENTS)):
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], check=True)
        install = [str(python), "-m", "pip", "install", "-qq", "--require-hashes", "--requirement", str(REQUIREMENTS)]
        subprocess.run(install, check=True)
        write_stamp(stamp, of_files(REQUIREMENTS))
    return python
