"""What of a database's locks a test waits for. Other workers' databases stand on the same server."""

import asyncio
from typing import Any

from shared.chassis.database import Database

_WAITS_SQL = """
    select exists (select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database())
"""


async def until_somebody_waits(database: Database, who: asyncio.Future[Any]) -> None:
    """Return when a session of this database waits for a lock of another; who is to wait must not be done before."""
    while True:
        async with database.unscoped() as session:
            if await session.scalar(_WAITS_SQL):
                return
        assert not who.done(), "it had nothing to wait for"
        await asyncio.sleep(0.02)
