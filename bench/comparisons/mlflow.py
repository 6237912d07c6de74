"""Approve and promote here, against a model registry: MLflow on the same PostgreSQL server. Only with --mlflow."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from bench.figures import Ratio, Result, Run, Side, at_least
from bench.lots import lot, write
from bench.promoters import product, warm_up
from bench.stack import HERE, REPOSITORY, Bench
from sidecar.stack.fingerprint import is_stamped, of_files, write_stamp

NAME = "mlflow"
TITLE = "MLflow's model registry"

DATABASE = "bench_mlflow"
ENVIRONMENT = REPOSITORY / ".artifacts" / "bench-venv"
REQUIREMENTS = HERE / "requirements-mlflow.txt"


def compare(bench: Bench) -> Result:
    """One client each. MLflow is called in its own process without HTTP, which is less than its users wait for."""
    theirs, ours = Side("create_model_version + set alias"), Side("POST …/approve")
    promote = product(bench)
    warm_up(bench, {"product": promote})
    rounds, count = (1, 10) if bench.quick else (5, 60)
    with _registry(bench) as registry:
        registry.run(10)
        for number in range(rounds):
            item = lot(1, count)
            write(bench, [item])
            for who in ("ours", "theirs") if number % 2 == 0 else ("theirs", "ours"):
                (ours if who == "ours" else theirs).runs.append(
                    promote(item, 30.0) if who == "ours" else registry.run(count)
                )
        note = f"MLflow {registry.version}, its Python store on a database of the same server, no tracking server between."
    return Result(NAME, TITLE, [Ratio(theirs, ours, "p50", at_least(25))], [note])


class _Registry:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.version = self._answer()

    def run(self, count: int) -> Run:
        assert self.process.stdin is not None  # noqa: S101  a pipe
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        durations = json.loads(self._answer())
        return Run(durations, sum(durations))

    def _answer(self) -> str:
        assert self.process.stdout is not None  # noqa: S101  a pipe
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("MLflow ended; the log mlflow.log of the stack says why")
        return line.strip()


@contextmanager
def _registry(bench: Bench) -> Iterator[_Registry]:
    python = _installed()
    bench.drop_database(DATABASE)
    with psycopg.connect(bench.stack.databases.postgres_url(), autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} template template0").format(sql.Identifier(DATABASE)))
    address = urlunsplit(urlsplit(bench.url("admin", DATABASE))._replace(scheme="postgresql+psycopg2"))
    with bench.stack.log("mlflow").open("a") as log:
        process = subprocess.Popen(
            [str(python), str(HERE / "mlflow_registry.py"), address], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=log, text=True,
        )  # fmt: skip
        try:
            yield _Registry(process)
        finally:
            process.terminate()
            process.wait(timeout=20)
            bench.drop_database(DATABASE)


def _installed() -> Path:
    """The Python of a virtual environment with MLflow, made on first use from the hashed list."""
    python, stamp = ENVIRONMENT / "bin" / "python", ENVIRONMENT / ".installed"
    if not is_stamped(stamp, of_files(REQUIREMENTS)):
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", str(REQUIREMENTS)]
        subprocess.run(install, check=True)
        write_stamp(stamp, of_files(REQUIREMENTS))
    return python
