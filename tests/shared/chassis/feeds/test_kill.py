"""Goal: a worker that is killed (SIGKILL) in the middle of a delivery loses nothing and does nothing twice."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from tests.shared.chassis.bare_service import until
from tests.shared.chassis.feeds.conftest import Sender

ROWS = 600

_WORKER = """
import asyncio
from tests.shared.chassis.bare_service import pool
from tests.shared.chassis.feeds.conftest import SERVICE
from shared.chassis.jobs import run_jobs
from shared.chassis.worker import tasks_of
from shared.chassis.settings import Settings

async def main():
    settings = Settings().model_copy(update={"feed_chunk_rows": 3})
    async with pool(settings) as database:
        await run_jobs(tasks_of(SERVICE), database, settings, asyncio.Event(), stalled_seconds=2.0)

asyncio.run(main())
"""


def start_worker() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", _WORKER], stdout=subprocess.DEVNULL, env=os.environ)


@pytest.mark.parametrize("kind", ["tools", "loose-tools"])
async def test_delivery_completes_through_two_kills(sender: Sender, kind: str) -> None:
    body = "cooperative_code,number,note\n" + "".join(f"C1,{number},x\n" for number in range(ROWS))
    delivery_id = (await sender.post(body, kind=kind)).json()["id"]

    async def applied() -> int:
        return int((await sender.delivery(delivery_id))["accepted"])

    for kill in range(1, 3):
        process = await asyncio.to_thread(start_worker)
        try:
            seen = await applied()

            async def went_on(seen: int = seen) -> bool:
                return await applied() > seen

            await until(went_on)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert seen < await applied() < ROWS, f"kill {kill} came too late to show anything"
    process = await asyncio.to_thread(start_worker)
    try:

        async def is_completed() -> bool:
            return bool((await sender.delivery(delivery_id))["status"] == "completed")

        await until(is_completed)
    finally:
        process.kill()
        process.wait()
    delivery = await sender.delivery(delivery_id)
    assert (delivery["rows"], delivery["accepted"], delivery["rejected"]) == (ROWS, ROWS, 0)
    assert await sender.count("select count(*) from tool") == ROWS
    assert await sender.count("select max(writes) from tool") == 1
    assert await sender.count("select count(*) from feed_row") == 0
