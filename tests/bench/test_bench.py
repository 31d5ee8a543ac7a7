"""Goal: every measurement still runs, and the README quotes what was measured and nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import results
from bench.__main__ import SECTIONS
from bench.load import latencies_of
from bench.results import Row
from bench.table import BEGIN, END, filled, render

ROOT = Path(__file__).parents[2]
KEYS = {"id", "what", "value", "unit", "must", "aim", "met", "bare", "ratio"}


@pytest.mark.slow
@pytest.mark.timeout(1500)  # it starts five pairs of servers; a busy machine takes its time over that
def test_every_section_measures_all_it_names(tmp_path: Path) -> None:
    out = tmp_path / "quick.json"
    # The servers of this run are not the bench's: it starts its own, anew for each section.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PLODNEE_", "KAFKA_"))}
    command = [sys.executable, "-m", "bench", "--quick", "--out", str(out)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=1450)
    written = json.loads(out.read_text())
    assert set(written) == {"machine", "date", "commit", "rows"}
    assert all(set(row) == KEYS for row in written["rows"])
    measured = [row["id"] for row in written["rows"]]
    named = [one for section in SECTIONS for one in section.ids]
    assert [one for one in named if not any(row.startswith(one) for row in measured)] == []
    assert [row for row in measured if not any(row.startswith(one) for one in named)] == []
    assert all(row["value"] >= 0 for row in written["rows"])


def test_the_readme_quotes_the_newest_results() -> None:
    newest = results.newest()
    assert newest is not None, "no results are committed"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.partition(BEGIN)[2].partition(END)[0].strip()
    assert table == render(json.loads(newest.read_text(encoding="utf-8")))


def test_a_rate_is_met_from_above_and_a_time_from_below() -> None:
    assert Row("a", "", 5_000, "rows/s", 5_000).met is True
    assert Row("a", "", 4_999, "rows/s", 5_000).met is False
    assert Row("a", "", 50, "ms", 50).met is True
    assert Row("a", "", 50.1, "ms", 50).met is False
    assert Row("a", "", 50, "ms").met is None


def test_the_ratio_is_to_the_bare_operation() -> None:
    assert Row("a", "", 10, "ms", bare=4).ratio == 2.5
    assert Row("a", "", 10, "ms").ratio is None


def test_rows_of_a_part_replace_their_own_and_leave_the_others(tmp_path: Path) -> None:
    path = tmp_path / "day.json"
    results.write([Row("a", "", 1, "ms"), Row("b", "", 2, "ms")], path, keep=False)
    results.write([Row("b", "", 3, "ms"), Row("c", "", 4, "ms")], path, keep=True)
    rows = json.loads(path.read_text())["rows"]
    assert [(row["id"], row["value"]) for row in rows] == [("a", 1), ("b", 3), ("c", 4)]
    results.write([Row("c", "", 5, "ms")], path, keep=False)
    assert [row["id"] for row in json.loads(path.read_text())["rows"]] == ["c"]


def test_a_document_without_marks_is_refused() -> None:
    assert filled(f"a{BEGIN}old{END}b", "new") == f"a{BEGIN}\nnew\n{END}b"
    with pytest.raises(ValueError, match="has no"):
        filled("a", "new")


def test_quantiles_are_those_of_the_durations() -> None:
    found = latencies_of([number / 1000 for number in range(101)], 2.0)
    assert (found.p50_ms, found.p95_ms, found.p99_ms) == pytest.approx((50, 95, 99))
    assert found.requests_per_second == pytest.approx(50.5)
