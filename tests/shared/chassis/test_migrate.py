"""Goal: two processes that migrate one database do it one after the other."""

import asyncio

import asyncpg
import pytest

from shared.chassis import migrate as migrations
from shared.chassis.settings import Settings
from tests.conftest import DatabaseOf


async def test_a_second_migration_waits_for_the_first_however_long_it_takes(
    settings: Settings, database_of: DatabaseOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    await database_of("literacy")
    monkeypatch.setattr(migrations, "_LOCK_TIMEOUT", "100ms")
    first = await asyncpg.connect(settings.database_url("literacy", "owner"))
    async with first.transaction():
        await first.execute("select pg_advisory_xact_lock($1)", migrations._LOCK)
        second = asyncio.create_task(asyncio.to_thread(migrations.migrate, settings, "literacy"))
        await asyncio.sleep(1)
        assert not second.done()
    await asyncio.wait_for(second, 30)
    await first.close()
