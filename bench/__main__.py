"""Measure, print a table, and write ``bench/results/<date>.json``."""

import argparse
import asyncio
import json
import os
import platform
import subprocess
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from bench.measures import Bench, Row
from bench.suite import Suite
from demo.generator import generate

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Measure a fresh suite with as many members as asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--members", type=int, default=50_000)
    parser.add_argument("--cooperatives", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plodnee-bench-") as folder:
        feeds = Path(folder) / "feeds"
        generate(province="52", cooperatives=options.cooperatives, members=options.members, seed=7, out=feeds)
        suite = Suite(Path(folder) / "home")
        try:
            rows = [Row("up-first", "`plodnee up`, first start, jars cached", suite.start(), "s", None, None, True)]
            suite.stop()
            rows.append(Row("up-warm", "`plodnee up`, later start", suite.start(), "s", 45, 20, True))
            bench = Bench(suite, feeds)
            asyncio.run(bench.run())
            rows += bench.rows
        finally:
            suite.stop()
    write(rows, options.members)


def write(rows: list[Row], members: int) -> None:
    """Write the results beside the earlier ones."""
    now = datetime.now(UTC)
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    result = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "date": now.date().isoformat(),
        "commit": commit.stdout.strip(),
        "members": members,
        "rows": [{**asdict(row), "met": row.met, "ratio": row.ratio} for row in rows],
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{now.date().isoformat()}.json"
    path.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"\n{'what':58} {'value':>12} {'unit':9} {'must':>9} {'aim':>9}  met  ratio to bare")
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        met = {True: "yes", False: "NO", None: "-"}[row.met]
        must, aim = row.must or "", row.aim or ""
        print(f"{row.what:58} {row.value:12.1f} {row.unit:9} {must!s:>9} {aim!s:>9}  {met:4} {ratio}")
    print(f"\nwritten to {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")


if __name__ == "__main__":
    main()
