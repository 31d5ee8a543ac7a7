"""Goal: a command that this machine's state forbids says so and what to do, without a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.embedded.state import StateFolder

PLODNEE = Path(sys.executable).with_name("plodnee")


@pytest.mark.parametrize("command", [["reset", "--yes"], ["down"], ["demo"], ["up"]], ids=lambda command: command[0])
def test_what_another_run_holds_is_told(tmp_path: Path, command: list[str]) -> None:
    folder = tmp_path / "demo" if command == ["demo"] else tmp_path
    with StateFolder(folder).lock():
        ended = subprocess.run(
            [PLODNEE, *command],
            env={**os.environ, "PLODNEE_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert ended.returncode == 1
    assert "already running here" in ended.stderr
    assert "Traceback" not in ended.stderr
