"""Goal: the command writes the feeds of programme A, 590 institutions in 74 provinces, in minutes and in little memory.

Measured on 2 busy cores: 250,000 members in 166 s (95 s of CPU), at most 59 MB.
"""

import csv
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

INSTITUTIONS, PROVINCES = 590, 74
SECONDS_MAX = 300
PEAK_MEGABYTES_MAX = 120

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="not run: peak memory is read from /proc"
)


_COMMAND = """
from services.cli import main
try:
    main()
finally:
    # Of this program alone; what getrusage says would include the process that started it.
    print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def written(out: Path, members: int) -> tuple[float, float]:
    """Run the command as a person does; returns its seconds and its peak memory in megabytes."""
    size = ["--province", "all", "--cooperatives", str(INSTITUTIONS), "--members", str(members)]
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _COMMAND, "generate", *size, "--out", str(out)],
        check=True,
        capture_output=True,
        text=True,
    )
    return time.monotonic() - started, int(done.stdout.split()[-1]) / 1024


def check(out: Path, members: int) -> None:
    expected = json.loads((out / "expected.json").read_text(encoding="utf-8"))
    assert expected["files"]["cooperatives.csv"]["accepted"] == INSTITUTIONS
    assert expected["persons"] + expected["duplicate_persons"] == members
    with (out / "cooperatives.csv").open(encoding="utf-8-sig", newline="") as file:
        provinces = {row["province_code"] for row in csv.DictReader(file)}
    assert len(provinces) >= PROVINCES  # planted defects may name one that does not exist
    with (out / "members.csv").open("rb") as lines:
        assert sum(1 for _ in lines) > members


def test_every_institution_of_the_programme_is_written(tmp_path: Path) -> None:
    _, megabytes = written(tmp_path, 6_000)
    check(tmp_path, 6_000)
    assert megabytes < PEAK_MEGABYTES_MAX


@pytest.mark.slow
@pytest.mark.timeout(3 * SECONDS_MAX)
def test_programme_a_is_written_in_minutes_whatever_its_members(tmp_path: Path) -> None:
    seconds, megabytes = written(tmp_path, 250_000)
    check(tmp_path, 250_000)
    print(f"250,000 members: {seconds:.0f} s, {megabytes:.0f} MB")
    assert seconds < SECONDS_MAX
    assert megabytes < PEAK_MEGABYTES_MAX
