"""Measure, print the table, and write ``bench/results/<date>.json``."""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from bench import results
from bench.machine import Machine
from bench.results import Table
from bench.sections import figures, loans, members, pipeline, schedules, start
from bench.sizes import FULL, QUICK, Sizes
from shared.chassis.testing.keys import test_environment
from shared.embedded.runtime import EmbeddedRuntime

Measure: TypeAlias = Callable[[Machine, Sizes, Table], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Section:
    """Measurements that share servers.

    Attributes:
        name: what is printed above its rows.
        ids: the beginnings of its rows' ids.
        measure: adds the rows; it is given an empty folder.
    """

    name: str
    ids: tuple[str, ...]
    measure: Callable[[Path, Sizes, Table], None]


def on_machine(measure: Measure) -> Callable[[Path, Sizes, Table], None]:
    """A section that wants a fresh PostgreSQL and a fresh Kafka."""

    def run(home: Path, sizes: Sizes, table: Table) -> None:
        with Machine(home) as machine:
            asyncio.run(measure(machine, sizes, table))

    return run


SECTIONS = (
    Section("start", start.IDS, start.measure),
    Section("members", members.IDS, on_machine(members.measure)),
    Section("loans", loans.IDS, on_machine(loans.measure)),
    Section("pipeline", pipeline.IDS, on_machine(pipeline.measure)),
    Section("figures", figures.IDS, on_machine(figures.measure)),
    Section("schedules", schedules.IDS, on_machine(schedules.measure)),
)


def main() -> None:
    """Measure what is asked for, section by section, each on servers of its own."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes: shows that everything still runs")
    parser.add_argument("--share", type=float, default=1.0, help="of the design's sizes, e.g. 0.1 on a busy machine")
    parser.add_argument("--only", metavar="ID", help="the section that gives this row; other rows of the day stay")
    parser.add_argument("--out", type=Path, help="where to write; with --quick nothing is written unless told")
    options = parser.parse_args()
    sizes = QUICK if options.quick else FULL.part(options.share)
    chosen = [section for section in SECTIONS if options.only is None or _gives(section, options.only)]
    if not chosen:
        parser.error(f"no section gives {options.only!r}; known are {', '.join(_ids())}")
    os.environ.update(test_environment())
    table = Table()
    for section in chosen:
        print(section.name, flush=True)
        started = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="plodnee-bench-", ignore_cleanup_errors=True) as folder:
            try:
                section.measure(Path(folder), sizes, table)
            finally:
                EmbeddedRuntime(Path(folder)).reset()  # root's PostgreSQL keeps its data outside the folder
        print(f"  took {time.perf_counter() - started:.0f} s", flush=True)
    out = options.out or (None if options.quick else results.FOLDER / f"{results.today()}.json")
    if out is not None:
        results.write(table.rows, out, keep=options.only is not None)
        print(f"written to {out}")


def _gives(section: Section, row_id: str) -> bool:
    """Whether a section is named, or one of its rows is: `member-read`, and `member-read-10k` as well."""
    return row_id == section.name or any(row_id.startswith(one) for one in section.ids)


def _ids() -> list[str]:
    return [one for section in SECTIONS for one in section.ids]


if __name__ == "__main__":
    main()
