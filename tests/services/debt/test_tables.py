"""Goal: no table with a co-op's data is open."""

from shared.chassis.reach import NOWHERE, Reach
from tests.conftest import DatabaseOf
from tests.services.debt.world import World


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
    await world.cooperative()
    await world.members("C1", "1")
    api = await database_of("debt", "api")

    for reach, expected in ((NOWHERE, 0), (Reach.of_areas(["90"]), 0), (Reach.of_areas(["5201"]), 1)):
        async with api.read(reach) as session:
            for table in ("cooperative", "member"):
                assert await session.scalar(f"select count(*) from {table}") == expected
