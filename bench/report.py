"""How the figures are shown: a table on the terminal, JSON, and the part of docs/performance.md between the markers."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from bench.figures import Detail, Ratio, Result, Side
from bench.stack import REPOSITORY, Bench
from sidecar.stack.install import directus_version

PAGE = REPOSITORY / "docs" / "performance.md"
BEGIN, END = "<!-- figures: begin, written by `make bench` -->", "<!-- figures: end -->"
# Of the last minute, before our own stack adds to it. Above 1 the machine was busy with something else.
LOAD_BEFORE = os.getloadavg()[0]
HEADINGS = ("measured", "p50 / p95", "compared with", "p50 / p95", "ratio", "goal", "holds")


def facts(bench: Bench) -> dict[str, str]:
    """What the figures depend on. No names of machines or folders."""
    with bench.administrator() as connection:
        row = connection.execute(
            "select current_setting('server_version'), current_setting('shared_buffers'),"
            " current_setting('fsync'), current_setting('synchronous_commit')"
        ).fetchone()
    assert row is not None  # noqa: S101  one row always
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "load before": f"{LOAD_BEFORE:.1f}",
        "PostgreSQL": f"{row[0]} (shared_buffers {row[1]}, fsync {row[2]}, synchronous_commit {row[3]})",
        "Directus": directus_version(),
        "Python": platform.python_version(),
        **{name: version(name) for name in ("flask", "gunicorn", "psycopg")},
    }


def show(result: Result) -> None:
    """One comparison on the terminal."""
    console = Console(width=max(Console().width, 140))
    console.print(_drawn(Detail(result.title, HEADINGS, [row_of(ratio) for ratio in result.ratios])))
    for note in result.notes:
        console.print(note, markup=False)
    for detail in result.details:
        console.print(_drawn(detail))


def _drawn(detail: Detail) -> Table:
    table = Table(title=detail.title, title_justify="left")
    for heading in detail.headings:
        table.add_column(heading)
    for row in detail.rows:
        table.add_row(*(cell.replace("`", "") for cell in row))
    return table


def row_of(ratio: Ratio) -> list[str]:
    spread = f"{figure(min(ratio.values))}–{figure(max(ratio.values))}"
    holds = {True: "yes", False: "no", None: "–"}[ratio.holds]
    return [
        ratio.measured.name, _side(ratio.measured, ratio.measure), ratio.compared.name,
        _side(ratio.compared, ratio.measure), f"{figure(ratio.value)} ({spread})", str(ratio.goal or "–"), holds,
    ]  # fmt: skip


def figure(value: float) -> str:
    """Three digits that mean something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _side(side: Side, measure: str) -> str:
    times = f"{figure(side.p50)} / {figure(side.p95)} ms"
    return f"{figure(side.throughput)}/s ({times})" if measure == "throughput" else times


def document(about: dict[str, str], results: list[Result]) -> dict[str, Any]:
    return {"machine": about, "comparisons": [result.summary() for result in results]}


def write(about: dict[str, str], results: list[Result]) -> None:
    """Replace what stands between the markers of the page."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{markdown(about, results)}\n{END}{after}")


def markdown(about: dict[str, str], results: list[Result]) -> str:
    lines = ["Measured on: " + ", ".join(f"{name} {value}" for name, value in about.items()) + ".", ""]
    for result in results:
        lines += [f"### {result.title}", ""]
        lines += _table(HEADINGS, [row_of(ratio) for ratio in result.ratios])
        lines += [line for note in result.notes for line in ("", note)]
        for detail in result.details:
            lines += ["", f"{detail.title}:", "", *_table(detail.headings, detail.rows)]
        lines.append("")
    return "\n".join(lines)


def _table(headings: tuple[str, ...], rows: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(cells) + " |" for cells in [headings, ["---"] * len(headings), *rows]]
