"""The second process of a service: relay, consumer and jobs, until SIGTERM asks it to drain."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Literal

import structlog
from prometheus_client import start_http_server

from shared.chassis.batches import ConsumerStopped, LogChanged
from shared.chassis.collector import spare_imports
from shared.chassis.consumer import Consumer
from shared.chassis.database import Database
from shared.chassis.feeds.delivery import feed_tasks
from shared.chassis.initialise import refuse_unsafe_role
from shared.chassis.jobs import Tasks, housekeeping_tasks, run_jobs
from shared.chassis.relay import Relay
from shared.chassis.service import Service
from shared.chassis.settings import Settings
from shared.chassis.telemetry import keep_messages_out_of_crashes
from shared.chassis.tracing import start_tracing

log = structlog.get_logger(__name__)

Part = Literal["relay", "consumer", "jobs"]
PARTS: tuple[Part, ...] = ("relay", "consumer", "jobs")


async def run_worker(
    service: Service, settings: Settings, stop: asyncio.Event, parts: tuple[Part, ...] = PARTS
) -> None:
    """Run the parts of a service's worker until `stop`, then drain: finish the batch, commit, leave, close.

    A consumer that stopped itself stays stopped, with its reason in the log, while relay and jobs go on. Any other
    failure ends the process, so that its supervisor starts a new one.
    """
    start_tracing()
    settings.refuse_unsafe_production()
    await refuse_unsafe_role(settings, service.name, "worker")
    database = Database(settings, service.name, "worker", f"{service.name}-worker")
    running: list[asyncio.Task[None]] = []
    try:
        starters: dict[Part, Callable[[], Awaitable[None]]] = {
            "relay": lambda: Relay(settings, database).run(stop),
            "consumer": lambda: _consume(service, settings, database, stop),
            "jobs": lambda: run_jobs(tasks_of(service), database, settings, stop),
        }
        running = [asyncio.create_task(_until(starters[part], stop), name=f"{service.name}-{part}") for part in parts]
        log.info("worker_started", service=service.name, parts=parts)
        await asyncio.wait(running)  # a part that fails asks the others to stop, and they drain
        for task in running:
            task.result()
        log.info("worker_drained", service=service.name)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await database.close()


def tasks_of(service: Service) -> Tasks:
    """Every task the service's worker runs: its own, those of its feeds, and the chassis' housekeeping."""
    tasks = housekeeping_tasks()
    if service.tasks is not None:
        tasks.include(service.tasks)
    if service.feed_kinds:
        tasks.include(feed_tasks(service.feed_kinds))
    return tasks


async def _until(start: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
    """Run one part; when it fails, or is cancelled by a client that it uses, the others are asked to stop too."""
    try:
        await start()
    except BaseException:
        stop.set()
        raise


async def _consume(service: Service, settings: Settings, database: Database, stop: asyncio.Event) -> None:
    if service.inbox is None or not service.inbox.topics:
        return
    try:
        await Consumer(settings, database, service.inbox).run(stop)
    except (ConsumerStopped, LogChanged):
        await stop.wait()  # logged where it happened; a person starts the worker again after mending


def run_worker_process(
    service: Service, settings: Settings, parts: tuple[Part, ...] = PARTS, metrics_port: int | None = None
) -> None:
    """The whole process: signals, the event loop, metrics on a port of their own when one is given."""
    keep_messages_out_of_crashes()
    if metrics_port is not None:
        start_http_server(metrics_port)
    spare_imports()

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        worker = asyncio.create_task(run_worker(service, settings, stop, parts))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({worker, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        drained, _ = await asyncio.wait({worker}, timeout=settings.drain_seconds_max)
        if not drained:
            # A client that waits for a broker that is away does not end by being asked. What is not committed is
            # undone, and what is not acknowledged stays in the outbox.
            log.error("drain_took_too_long", service=service.name, seconds=settings.drain_seconds_max)
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(1)
        worker.result()

    asyncio.run(main())
