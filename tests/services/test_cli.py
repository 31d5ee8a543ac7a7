"""Goal: a command that cannot do what was asked says why and what to do, without a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.embedded.state import StateFolder

PLODNEE = Path(sys.executable).with_name("plodnee")


def test_a_province_that_cannot_be_is_told(tmp_path: Path) -> None:
    ended = subprocess.run(
        [PLODNEE, "generate", "--province", "99", "--out", str(tmp_path / "files")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 2
    assert "not a province code" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "files").exists()


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
