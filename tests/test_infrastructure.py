"""Goal: a test run leaves neither a server nor its data behind."""

import os
import subprocess
import sys
from pathlib import Path

from tests.infrastructure import ask_for


def test_what_held_the_servers_puts_their_data_away_when_the_run_ends(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    holder = subprocess.Popen([sys.executable, "-m", "tests.infrastructure", str(folder), str(os.getpid())])
    ask_for(folder, "postgres")
    holder.terminate()
    assert holder.wait(60) == 0
    assert not folder.exists()
