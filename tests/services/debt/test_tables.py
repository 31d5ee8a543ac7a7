"""Goal: the tables that the migrations make are those the models declare, and none with a co-op's data is open."""

from importlib import import_module

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, pool

from services.debt.tables import DebtTable
from shared.chassis.settings import Settings
from tests.conftest import DatabaseOf
from tests.services.debt.world import World

CAPABILITIES = ("projections", "loans", "payments", "deductions", "cases", "plans", "closing")


async def test_migrations_make_what_the_models_declare(database_of: DatabaseOf, settings: Settings) -> None:
    await database_of("debt")
    for capability in CAPABILITIES:
        import_module(f"services.debt.{capability}.models")
    url = settings.database_url("debt", "owner").replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url, poolclass=pool.NullPool)
    ours = set(DebtTable.metadata.tables)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"compare_type": True, "include_name": lambda name, kind, parents: kind != "table" or name in ours},
        )
        assert compare_metadata(context, DebtTable.metadata) == []
    engine.dispose()


async def test_every_table_of_debt_is_bound_by_reach(world: World) -> None:
    rows = await world.rows(
        """
        select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'public' and c.relkind = 'r' and not c.relrowsecurity
          and (c.relname in ('cooperative', 'external_debt') or exists (
              select from pg_attribute a
              where a.attrelid = c.oid and a.attname in ('cooperative_id', 'member_id', 'person_id')))
        """
    )
    # Read before a caller's reach is known; it holds ids only.
    assert [row["relname"] for row in rows] == ["officer_cooperative"]


async def test_caller_without_reach_sees_no_row_of_any_table(world: World, database_of: DatabaseOf) -> None:
    from shared.chassis.reach import NOWHERE, Reach

    await world.cooperative()
    await world.members("C1", "1")
    api = await database_of("debt", "api")

    for reach, expected in ((NOWHERE, 0), (Reach.of_areas(["90"]), 0), (Reach.of_areas(["5201"]), 1)):
        async with api.read(reach) as session:
            for table in ("cooperative", "member"):
                assert await session.scalar(f"select count(*) from {table}") == expected
