"""Goal: no table with a co-op's data is open. What the policies show, tests/services/test_row_security.py tells."""

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
