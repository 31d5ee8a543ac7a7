"""A service's database for one test worker, made by running the migrations, and emptied between tests."""

import asyncio

import asyncpg

from shared.chassis.initialise import initialise_database
from shared.chassis.migrate import migrate
from shared.chassis.settings import Settings


async def make_database(settings: Settings, service: str) -> dict[str, int]:
    """Create and migrate the database that the settings name; returns its seeded tables with their row counts."""
    await initialise_database(settings, service)
    await asyncio.to_thread(migrate, settings, service)
    owner = await asyncpg.connect(settings.database_url(service, "owner"))
    try:
        seeded = {}
        for row in await owner.fetch(_TABLES):
            name = row["name"]
            count = await owner.fetchval(f"select count(*) from {name}")
            if count:
                seeded[name] = count
        return seeded
    finally:
        await owner.close()


_TABLES = (
    "select format('%I.%I', schemaname, tablename) as name from pg_tables"
    " where schemaname not in ('pg_catalog', 'information_schema')"
)


async def empty_database(settings: Settings, service: str, seeded: dict[str, int]) -> None:
    """Remove every row that no migration put there."""
    owner = await asyncpg.connect(settings.database_url(service, "owner"))
    try:
        names = [row["name"] for row in await owner.fetch(_TABLES) if row["name"] not in seeded]
        if names:
            await owner.execute(f"truncate {', '.join(names)} restart identity cascade")
    finally:
        await owner.close()


async def drop_database(settings: Settings, service: str) -> None:
    """Drop the database at the end of a run."""
    name = settings.database_url(service, "owner").rsplit("/", 1)[1]
    admin = await asyncpg.connect(settings.require("admin_database_url"))
    try:
        await admin.execute(f'drop database if exists "{name}" with (force)')
    finally:
        await admin.close()
