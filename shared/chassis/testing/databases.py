"""A service's database for one test worker, made by running the migrations, and emptied between tests."""

import asyncio

import asyncpg
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, pool

from shared.chassis.initialise import initialise_database
from shared.chassis.migrate import migrate
from shared.chassis.schema import create_chassis_tables, run_sql
from shared.chassis.settings import Settings, role_name


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


async def make_bare_database(settings: Settings, service: str, tables_sql: str) -> None:
    """A database with the chassis' tables and a few of the test's own, for tests that need no service.

    It stands where the service's database would; a test run keeps the two apart by the settings it passes.
    """
    await drop_database(settings, service)
    await initialise_database(settings, service)
    await asyncio.to_thread(_create_bare, settings, service, tables_sql)


def _create_bare(settings: Settings, service: str, tables_sql: str) -> None:
    url = settings.database_url(service, "owner").replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        create_chassis_tables(service)
        run_sql(tables_sql)
        grants = f"""
            grant select, insert, update, delete on all tables in schema public to {role_name(service, "worker")};
            grant usage, select on all sequences in schema public to {role_name(service, "worker")};
        """
        run_sql(grants)
    engine.dispose()
