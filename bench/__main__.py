"""Measure, print the table, and write ``bench/results/<date>.json``."""

import argparse
import asyncio
import os
import tempfile
import time
from pathlib import Path

from bench import results
from bench.machine import Machine
from bench.results import Table
from bench.sections import members
from bench.sizes import FULL, QUICK, Sizes
from shared.chassis.testing.keys import test_environment

SECTIONS = (members,)


def main() -> None:
    """Measure what is asked for, section by section, each on servers of its own."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes: shows that everything still runs")
    parser.add_argument("--only", metavar="ID", help="the section that gives this row; other rows of the day stay")
    parser.add_argument("--out", type=Path, help="where to write; with --quick nothing is written unless told")
    options = parser.parse_args()
    sizes = QUICK if options.quick else FULL
    os.environ.update(test_environment())
    table = Table()
    for section in SECTIONS:
        if options.only is None or any(options.only.startswith(one) for one in section.IDS):
            _measure(section, sizes, table)
    out = options.out or (None if options.quick else results.FOLDER / f"{results.today()}.json")
    if out is not None:
        results.write(table.rows, out, keep=options.only is not None)
        print(f"written to {out}")


def _measure(section: object, sizes: Sizes, table: Table) -> None:
    """One section on fresh servers."""
    name = section.__name__.rpartition(".")[2]
    print(name, flush=True)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="plodnee-bench-") as folder, Machine(Path(folder)) as machine:
        asyncio.run(section.measure(machine, sizes, table))
    print(f"  {name} took {time.perf_counter() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
