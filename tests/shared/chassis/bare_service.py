"""A database with the chassis' tables and a few of the test's own, made once per worker and emptied per test."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg

from shared.chassis.database import Database
from shared.chassis.jobs import run_jobs
from shared.chassis.service import Service
from shared.chassis.settings import Role, Settings
from shared.chassis.testing.databases import empty_database, make_bare_database
from shared.chassis.worker import tasks_of

SERVICE_NAME = "registry"
_URL = f"PLODNEE_{SERVICE_NAME.upper()}_DATABASE_URL"
_made: dict[str, str] = {}


@asynccontextmanager
async def bare_database(settings: Settings, name: str, tables_sql: str = "") -> AsyncIterator[Settings]:
    """Settings whose registry database is a bare one; `name` keeps the databases of two test folders apart."""
    before = os.environ[_URL]
    try:
        if name not in _made:
            _made[name] = f"{before.rsplit('/', 1)[0]}/{name}_{uuid4().hex[:12]}"
            os.environ[_URL] = _made[name]
            await make_bare_database(settings, SERVICE_NAME, tables_sql)
        os.environ[_URL] = _made[name]
        await empty_database(settings, SERVICE_NAME, {"public.outbox_epoch": 1})
        yield settings
    finally:
        os.environ[_URL] = before


@asynccontextmanager
async def pool(settings: Settings, role: Role = "worker") -> AsyncIterator[Database]:
    """A pool in one of the roles."""
    database = Database(settings, SERVICE_NAME, role, f"test {role}")
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def worker(
    service: Service, database: Database, settings: Settings, stalled_seconds: float = 30.0
) -> AsyncIterator[asyncio.Event]:
    """Jobs of the service run until the block ends; then they are drained."""
    stop = asyncio.Event()
    task = asyncio.create_task(run_jobs(tasks_of(service), database, settings, stop, stalled_seconds=stalled_seconds))
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(task, 60)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 120.0) -> None:
    """Wait until an async condition holds."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not await condition():
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError("the condition did not come true in time")
        await asyncio.sleep(0.02)


async def as_owner(settings: Settings, sql: str) -> str:
    """Run a statement as the owner of the tables."""
    connection = await asyncpg.connect(settings.database_url(SERVICE_NAME, "owner"))
    try:
        return str(await connection.execute(sql))
    finally:
        await connection.close()
