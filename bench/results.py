"""The figures of a run: rows, the file they are kept in, and the table that is printed."""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results"
_LOAD_BEFORE = os.getloadavg()[0]  # what others did on the machine when this process began: near 0 when it was quiet


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        id: names the measurement; it stays the same from run to run.
        what: what was measured, for a reader who knows the design's table of speeds.
        value: the figure.
        unit: of the value; a unit "per second" is better when higher, every other when lower.
        must: what the design asks for; None where it names none.
        aim: what it hopes for.
        bare: the bare operation in the same run: a COPY, a single select, an empty consumer, raw aiokafka, a FastAPI
            that has its answer ready.
    """

    id: str
    what: str
    value: float
    unit: str
    must: float | None = None
    aim: float | None = None
    bare: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the value is as the design asks; None where it asks nothing."""
        if self.must is None:
            return None
        return self.value >= self.must if self.unit.endswith("/s") else self.value <= self.must

    @property
    def ratio(self) -> float | None:
        """The value over the bare operation's."""
        return None if not self.bare else rounded(self.value / self.bare)

    def as_json(self) -> dict[str, Any]:
        """The row as it is kept."""
        kept = asdict(self) | {"value": rounded(self.value), "bare": None if self.bare is None else rounded(self.bare)}
        bare = kept.pop("bare")
        return {**kept, "met": self.met, "bare": bare, "ratio": self.ratio}


class Table:
    """Collects rows and says each as it comes."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def add(self, row: Row) -> None:
        """Take a row; an id that came before is a fault of ours."""
        if any(known.id == row.id for known in self.rows):
            raise ValueError(f"{row.id} was measured twice")
        self.rows.append(row)
        met = {True: "met", False: "MISSED", None: ""}[row.met]
        print(f"  {row.id:28} {row.value:12,.2f} {row.unit:9} {met:7} {row.what}", flush=True)


def rounded(value: float) -> float:
    """Four significant digits: a measurement on a shared machine says no more."""
    return float(f"{value:.4g}")


def write(rows: Sequence[Row], path: Path, *, keep: bool) -> None:
    """Write the rows with machine, date and commit; with `keep`, rows of the file that were not measured stay."""
    measured = {row.id: row.as_json() for row in rows}
    older: list[dict[str, Any]] = json.loads(path.read_text())["rows"] if keep and path.exists() else []
    merged = [measured.pop(row["id"], row) for row in older] + list(measured.values())
    content = {"machine": machine(), "date": today(), "commit": _commit(), "rows": merged}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def today() -> str:
    """The day of this run, which names its file."""
    return datetime.now(UTC).date().isoformat()


def newest() -> Path | None:
    """The newest file of results, None when there is none."""
    return max(FOLDER.glob("*.json"), default=None)


def machine() -> str:
    """What the figures were measured on, without its name."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, load average {_LOAD_BEFORE:.1f} before"
    )


def _processor() -> str:
    """The processor's name where the system tells it, else its architecture."""
    known = Path("/proc/cpuinfo")
    names = known.read_text().splitlines() if known.exists() else []
    return next((line.partition(":")[2].strip() for line in names if line.startswith("model name")), platform.machine())


def _commit() -> str:
    """The commit that was measured, marked when the tree differs from it."""
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude", "*"], capture_output=True, text=True, check=False
    )
    return said.stdout.strip()
