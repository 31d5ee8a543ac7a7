"""A process that runs the jobs of one service until it is killed: `python -m tests.job_worker services.debt.app`.

The module named has the service as `SERVICE`; settings come from the environment, as those of any process do.
"""

import asyncio
import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from shared.chassis.database import Database
from shared.chassis.jobs import run_jobs
from shared.chassis.settings import Settings
from shared.chassis.worker import tasks_of
from shared.embedded.processes import server_end_with_parent


@contextmanager
def job_worker(module: str, **settings: str) -> Iterator[None]:
    """The process runs until the block ends, and is killed then (SIGKILL)."""
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, module],
        stdout=subprocess.DEVNULL,
        env=os.environ | settings,
        preexec_fn=server_end_with_parent(signal.SIGKILL),
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


async def _run(module: str) -> None:
    service = importlib.import_module(module).SERVICE
    settings = Settings()
    database = Database(settings, service.name, "worker", "test job worker")
    await run_jobs(tasks_of(service), database, settings, asyncio.Event(), stalled_seconds=2.0)


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1]))
