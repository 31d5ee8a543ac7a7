"""All SQL of expected income by month."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from shared.chassis.database import ReadSession, Row, WriteSession
from shared.chassis.inbox import to_json


async def list_members_with_household(
    session: ReadSession, cooperative_id: UUID | None, after: UUID, limit: int
) -> Sequence[Row]:
    """Members with their household's plots, by member id."""
    return await session.fetch(
        """
        select member.id as member_id, member.cooperative_id, household.id as household_id, household.plots
        from member join household on household.id = member.household_id
        where (cast(:cooperative as uuid) is null or member.cooperative_id = :cooperative)
          and member.status in ('active', 'suspended') and member.id > :after
        order by member.id limit :limit
        """,
        cooperative=cooperative_id,
        after=after,
        limit=limit,
    )


async def count_members_with_household(session: ReadSession, cooperative_id: UUID | None) -> int:
    """How many members have a household."""
    return int(
        await session.scalar(
            """
            select count(*) from member join household on household.id = member.household_id
            where (cast(:cooperative as uuid) is null or member.cooperative_id = :cooperative)
              and member.status in ('active', 'suspended')
            """,
            cooperative=cooperative_id,
        )
    )


async def find_plan(session: ReadSession, member_id: UUID, fiscal_year_be: int) -> Row | None:
    """A member's plan of a fiscal year with its months."""
    return await session.fetch_one(
        """
        select plan.*, (select jsonb_agg(jsonb_build_object('month', month, 'income', income_satang,
                                                            'cost', cost_satang) order by month)
                        from occupation_plan_month where occupation_plan_id = plan.id) as months
        from occupation_plan as plan where member_id = :member and fiscal_year_be = :year
        """,
        member=member_id,
        year=fiscal_year_be,
    )


async def open_plans(session: WriteSession, plans: Sequence[dict[str, Any]]) -> None:
    """Make the plans that are missing, without months, so that whoever writes one of them holds its row alone."""
    await session.execute(
        """
        insert into occupation_plan
        select * from jsonb_populate_recordset(cast(null as occupation_plan), cast(:plans as jsonb)) order by id
        on conflict do nothing
        """,
        plans=to_json(plans),
    )


async def lock_versions(session: WriteSession, member_ids: Sequence[UUID], fiscal_year_be: int) -> dict[UUID, Row]:
    """The plans that members have for a year, locked in order of their ids, with a digest of their months."""
    rows = await session.fetch(
        """
        select id, member_id, version, basis, household_id,
               (select jsonb_agg(jsonb_build_array(month, income_satang, cost_satang) order by month)
                from occupation_plan_month where occupation_plan_id = occupation_plan.id) as months
        from occupation_plan
        where member_id = any(cast(:members as uuid[])) and fiscal_year_be = :year order by id for update
        """,
        members=list(member_ids),
        year=fiscal_year_be,
    )
    return {row["member_id"]: row for row in rows}


async def store_plans(session: WriteSession, plans: Sequence[dict[str, Any]], months: Sequence[dict[str, Any]]) -> None:
    """Write plans and all their months, in the place of those before."""
    await session.execute(
        """
        insert into occupation_plan
        select * from jsonb_populate_recordset(cast(null as occupation_plan), cast(:plans as jsonb)) order by id
        on conflict (id) do update set household_id = excluded.household_id, basis = excluded.basis,
            version = excluded.version
        """,
        plans=to_json(plans),
    )
    await session.execute(
        """
        insert into occupation_plan_month
        select * from jsonb_populate_recordset(cast(null as occupation_plan_month), cast(:months as jsonb))
        on conflict (occupation_plan_id, month) do update
            set income_satang = excluded.income_satang, cost_satang = excluded.cost_satang
        """,
        months=to_json(months),
    )


def every_plan(session: ReadSession) -> AsyncIterator[Row]:
    """All plans that have months; their days, incomes and costs stand side by side."""
    return session.stream(
        """
        select plan.*, filled.days, filled.incomes, filled.costs
        from occupation_plan as plan cross join lateral (
            select array_agg(month order by month) as days, array_agg(income_satang order by month) as incomes,
                   array_agg(cost_satang order by month) as costs
            from occupation_plan_month where occupation_plan_id = plan.id
        ) as filled
        where plan.version > 0 order by plan.id
        """
    )
