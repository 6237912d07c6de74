"""python -m bench [NAME…]: measure, show, and write docs/performance.md."""

from __future__ import annotations

import importlib
import json
import signal
import sys
from pathlib import Path

import click

from bench import browser, report
from bench.figures import Result
from bench.stack import Bench, started
from sidecar.stack.progress import Failure, explain

NAMES = ("promote", "rest", "mlflow", "spread", "size", "million", "flow", "context", "lineage", "search", "imports",
         "desk", "wait")  # fmt: skip
ON_REQUEST = ("mlflow",)


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(NAMES))
@click.option("--quick", is_flag=True, help="Few repetitions: whether everything runs, not how fast.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write all figures there.")
@click.option("--mlflow", is_flag=True, help="Also measure MLflow's registry; installs it into .artifacts/bench-venv.")
@click.option("--write/--no-write", default=None, help="Write docs/performance.md (default: after a whole run).")
@click.option("--folder", type=click.Path(path_type=Path), help="Keep the stack there, running, for the next time.")
def main(
    names: tuple[str, ...],
    quick: bool,
    json_file: Path | None,
    mlflow: bool,
    write: bool | None,
    folder: Path | None,
) -> None:
    """Measure the registry in ratios, on a stack of its own. Without NAME: everything."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the stack is ended
    whole = not names
    chosen = [name for name in NAMES if name in names or (whole and (name not in ON_REQUEST or mlflow))]
    if "desk" in chosen and browser.program() is None:
        sys.exit(browser.MISSING)
    try:
        with started(quick, folder) as bench:
            facts = report.facts(bench)
            results = [_compare(bench, name) for name in chosen]
    except Failure as failure:
        sys.exit(explain(failure))
    if json_file:
        json_file.write_text(json.dumps(report.document(facts, results), indent=2, ensure_ascii=False) + "\n")
    if write or (write is None and whole and not quick):
        report.write(facts, results)


def _compare(bench: Bench, name: str) -> Result:
    result = importlib.import_module(f"bench.comparisons.{name}").compare(bench)
    report.show(result)
    return result


if __name__ == "__main__":
    main()
