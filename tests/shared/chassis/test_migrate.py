"""Goal: two processes that migrate one database do it one after the other, and an older one is brought up to date."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from shared.chassis import migrate as migrations
from shared.chassis.initialise import initialise_database
from shared.chassis.settings import Settings, role_name
from shared.chassis.testing.databases import drop_database
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


@pytest.mark.parametrize("service", ["registry", "debt", "livelihood", "literacy"])
async def test_a_database_of_the_first_revision_learns_to_count_the_rows_of_a_file(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    server = settings.database_url(service, "owner").rpartition("@")[2].partition("/")[0]
    monkeypatch.setenv(f"PLODNEE_{service.upper()}_DATABASE_URL", f"postgresql://{server}/older_{uuid4().hex[:12]}")
    await initialise_database(settings, service)
    await asyncio.to_thread(migrations.migrate, settings, service, "0001")
    owner = await asyncpg.connect(settings.database_url(service, "owner"))
    await owner.execute("drop function analyse_feed_row")  # as the first release had it

    await asyncio.to_thread(migrations.migrate, settings, service)

    may = "select has_function_privilege($1, 'analyse_feed_row()', 'execute')"
    assert await owner.fetchval(may, role_name(service, "worker"))
    assert not await owner.fetchval(may, role_name(service, "api"))
    await owner.close()
    await drop_database(settings, service)
