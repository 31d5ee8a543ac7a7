"""A drill that waits to be killed while it holds two processes of its suite, which do not hear that they should end.

No run collects it by itself: `test_killed_drill.py` asks for it by name.
"""

import asyncio
import json
import os
import signal
from dataclasses import asdict
from pathlib import Path

import pytest

from shared.chassis.settings import Settings
from tests.faults.ledger import ledger_processes
from tests.faults.suite import Suite

TOLD_IN = "KILLED_DRILL_TELLS_IN"
SECONDS_MAX = 280.0


@pytest.mark.timeout(SECONDS_MAX + 10)
async def test_a_drill_goes_on_until_it_is_killed(settings: Settings, suite_of_its_own: Suite, tmp_path: Path) -> None:
    with ledger_processes(settings.model_copy(update={"kafka_bootstrap_servers": "127.0.0.1:9"}), tmp_path) as ledger:
        ledger.start("member", "consume", "a")
        for name in ("kafka", "worker-debt"):
            await suite_of_its_own.signal(name, signal.SIGSTOP)
        processes = suite_of_its_own.processes() | ledger.processes()
        target = Path(os.environ[TOLD_IN])
        draft = target.with_suffix(".part")
        draft.write_text(json.dumps({name: asdict(mark) for name, mark in processes.items()}))
        draft.rename(target)
        await asyncio.sleep(SECONDS_MAX)
