"""Goal: a worker ends when it is asked to, whatever hangs, and one part's failure lets the others finish."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from shared.chassis import worker
from shared.chassis.service import Service
from shared.chassis.settings import Settings
from tests.conftest import DatabaseOf

_HANGS = """
import asyncio, os, signal, threading
from shared.chassis import worker
from shared.chassis.service import Service
from shared.chassis.settings import Settings

async def hang(*parts):
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass

worker.run_worker = hang
threading.Timer(1, os.kill, (os.getpid(), signal.SIGTERM)).start()
worker.run_worker_process(Service("debt", "", ""), Settings(drain_seconds_max=1))
"""


def test_promise_7_a_drain_has_an_end_even_when_a_part_does_not_listen() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _HANGS], cwd=Path.cwd(), timeout=60, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "drain_took_too_long" in done.stdout + done.stderr


@pytest.mark.parametrize("failure", [RuntimeError, asyncio.CancelledError])
async def test_promise_7_when_a_part_fails_the_others_drain(
    settings: Settings, database_of: DatabaseOf, monkeypatch: pytest.MonkeyPatch, failure: type[BaseException]
) -> None:
    drained = []

    class Failing:
        def __init__(self, *given: object) -> None:
            """Nothing to keep."""

        async def run(self, stop: asyncio.Event) -> None:
            raise failure("on purpose")

    async def jobs(*given: object) -> None:
        stop = next(value for value in given if isinstance(value, asyncio.Event))
        await stop.wait()
        await asyncio.sleep(0.2)
        drained.append("jobs")

    await database_of("literacy")
    monkeypatch.setattr(worker, "Relay", Failing)
    monkeypatch.setattr(worker, "run_jobs", jobs)
    with pytest.raises(failure):
        await worker.run_worker(Service("literacy", "", ""), settings, asyncio.Event(), ("relay", "jobs"))
    assert drained == ["jobs"]
