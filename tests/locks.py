"""What of a database's locks a test waits for. Other workers' databases stand on the same server."""

import asyncio
from typing import Any

from shared.chassis.database import Database

# What a session of another role waits for is not told; that it waits is.
_WAITING_SQL = """
    select count(distinct pid) from pg_locks join pg_stat_activity using (pid)
    where not granted and datname = current_database()
"""


async def until_somebody_waits(database: Database, who: asyncio.Future[Any]) -> None:
    """Return when a session of this database waits for a lock of another; who is to wait must not be done before."""
    while not await waiting_sessions(database):
        assert not who.done(), "it had nothing to wait for"
        await asyncio.sleep(0.02)


async def until_they_wait_or_end(database: Database, *who: asyncio.Future[Any]) -> None:
    """Return when each of these waits for a lock, if it has not ended."""
    while True:
        if await waiting_sessions(database) >= sum(not one.done() for one in who):
            return
        await asyncio.sleep(0.02)


async def waiting_sessions(database: Database) -> int:
    """How many sessions of this database wait for a lock."""
    async with database.unscoped() as session:
        return int(await session.scalar(_WAITING_SQL))
