"""The measurements run to their end and answer in the shape that is shown. How fast anything is, is not asked here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench import report
from bench.figures import Ratio, Result, Run, Side, at_least, at_most

REPOSITORY = Path(__file__).resolve().parents[2]
COMPARED = {"promote": 6, "context": 4, "desk": 2}


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.timeout(420)
def test_the_quick_measurement_runs_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    page = (REPOSITORY / "docs" / "performance.md").read_text()

    done = subprocess.run(
        [sys.executable, "-m", "bench", *COMPARED, "--quick", "--json", str(file)],
        cwd=REPOSITORY, capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    seen = json.loads(file.read_text())
    assert {c["name"]: len(c["ratios"]) for c in seen["comparisons"]} == COMPARED
    for comparison in seen["comparisons"]:
        assert comparison["title"] in done.stdout
        for ratio in comparison["ratios"]:
            assert ratio["lowest"] <= ratio["ratio"] <= ratio["highest"]
            assert isinstance(ratio["holds"], bool) or ratio["goal"] is None
            for side in (ratio["measured"], ratio["compared"]):
                assert side["count"] > 0
                assert 0 < side["p50_ms"] <= side["p95_ms"]
    # the exchanges of one request are told apart, from the first to the last
    exchanges = [row[0] for row in seen["comparisons"][0]["details"][0]["rows"]]
    assert exchanges[:2] == ["`review.standing`", "`review.approve_at_once`"]
    assert (REPOSITORY / "docs" / "performance.md").read_text() == page, "a part of the figures is not written down"


def test_a_ratio_is_taken_round_by_round() -> None:
    # the machine became ten times slower in the second round: both sides did
    ours = Side("ours", [Run([0.002] * 3, 0.006), Run([0.02] * 3, 0.06), Run([0.003] * 3, 0.009)])
    theirs = Side("theirs", [Run([0.001] * 3, 0.003), Run([0.01] * 3, 0.03), Run([0.001] * 3, 0.003)])

    assert Ratio(ours, theirs, "p50").value == pytest.approx(2)
    assert Ratio(ours, theirs, "throughput").values == pytest.approx([0.5, 0.5, 1 / 3])
    assert Ratio(ours, theirs, "p50", at_most(2.5)).holds
    assert not Ratio(ours, theirs, "throughput", at_least(0.8)).holds
    assert Ratio(ours, theirs, "p50").holds is None
    assert (ours.p50, ours.p95) == pytest.approx((3, 20))


def test_writing_the_figures_leaves_the_rest_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"before\n\n{report.BEGIN}\nold figures\n{report.END}\n\nafter\n")
    monkeypatch.setattr(report, "PAGE", page)
    side = Side("one side", [Run([0.001], 0.001)])

    report.write({"cores": "2"}, [Result("name", "A title", [Ratio(side, side, "p50", at_most(1))])])
    report.write({"cores": "2"}, [Result("name", "A title", [Ratio(side, side, "p50", at_most(1))])])

    written = page.read_text()
    assert written.startswith(f"before\n\n{report.BEGIN}\n")
    assert written.endswith(f"{report.END}\n\nafter\n")
    assert "old figures" not in written
    assert written.count("| one side | 1 / 1 ms | one side | 1 / 1 ms | 1 (1–1) | ≤ 1 | yes |") == 1
