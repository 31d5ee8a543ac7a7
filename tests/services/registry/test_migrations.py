"""The migrations make the tables that the models say, and every table of people or co-operatives is protected."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect
from sqlalchemy.pool import NullPool

import services.registry.app
from services.registry.tables import RegistryTable
from shared.chassis.settings import get_settings
from tests.conftest import ClientOf, DatabaseOf
from tests.services.registry.people import WRITER, add_cooperative, add_member

UNPROTECTED = {"programme"}  # national and public


async def test_models_and_migrations_agree(database_of: DatabaseOf) -> None:
    await database_of("registry")
    assert services.registry.app.SERVICE.migrated
    url = get_settings().database_url("registry", "owner").replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url, poolclass=NullPool)
    own = set(RegistryTable.metadata.tables)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_object": lambda found, name, kind, _reflected, _other: (
                    name in own if kind == "table" else found.table.name in own
                ),
            },
        )
        assert compare_metadata(context, RegistryTable.metadata) == []
        assert own <= set(inspect(connection).get_table_names())
    engine.dispose()


async def test_every_table_of_people_or_cooperatives_is_protected(database_of: DatabaseOf) -> None:
    database = await database_of("registry")
    async with database.unscoped() as session:
        rows = await session.fetch(
            "select relname, relrowsecurity from pg_class where relname = any(cast(:names as text[]))",
            names=sorted(RegistryTable.metadata.tables),
        )
    assert {row["relname"] for row in rows if not row["relrowsecurity"]} == UNPROTECTED


async def test_api_role_cannot_read_keys_of_persons_beyond_reach(client_of: ClientOf, database_of: DatabaseOf) -> None:
    nation = await client_of("registry", scopes=WRITER, areas=["TH"])
    await add_member(nation, await add_cooperative(nation, "C1"), "1", 1)
    api = await database_of("registry", role="api")
    async with api.unscoped() as session:  # the setting alone gives the api nothing
        assert await session.scalar("select count(*) from person") == 0
        for right in ("insert", "update", "delete"):
            assert not await session.scalar(f"select has_table_privilege('person', '{right}')")
