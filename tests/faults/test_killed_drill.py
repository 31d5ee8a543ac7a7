"""Goal: a run that is killed amid a drill leaves no process behind, not even one that stood still."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from shared.embedded.processes import ProcessMark, server_end_with_parent, wait_until
from tests.faults import drill_to_be_killed
from tests.faults.drill_to_be_killed import SECONDS_MAX, TOLD_IN
from tests.faults.suite import PROCESSES

GONE_WITHIN_SECONDS = 60.0


@pytest.mark.parametrize(
    "workers", [pytest.param("0", marks=pytest.mark.slow, id="alone"), pytest.param("1", id="under-a-controller")]
)
@pytest.mark.timeout(SECONDS_MAX + GONE_WITHIN_SECONDS)
def test_a_drill_that_is_killed_leaves_nothing_running(tmp_path: Path, workers: str) -> None:
    told = tmp_path / "processes.json"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PLODNEE_", "PYTEST_"))}
    with (tmp_path / "run.log").open("wb") as log:
        run = subprocess.Popen(
            [sys.executable, "-m", "pytest", str(Path(drill_to_be_killed.__file__)), "-n", workers,
             "-p", "no:cacheprovider", f"--basetemp={tmp_path / 'run'}"],
            env={**environment, TOLD_IN: str(told)},
            stdout=log,
            stderr=log,
            preexec_fn=server_end_with_parent(signal.SIGKILL),
        )  # fmt: skip
    try:
        assert wait_until(lambda: told.exists() or run.poll() is not None, SECONDS_MAX)
        assert told.exists(), (tmp_path / "run.log").read_text()
    finally:
        run.kill()
        run.wait()
    left = {name: ProcessMark(**mark) for name, mark in json.loads(told.read_text()).items()}
    assert {*PROCESSES, "supervisor", "member"} == {*left}
    gone = wait_until(lambda: not any(mark.alive() for mark in left.values()), GONE_WITHIN_SECONDS)
    assert gone, sorted(name for name, mark in left.items() if mark.alive())
