"""All SQL of farm households and plots, apart from what files state."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from shared.chassis.database import ReadSession, Row, WriteSession


async def find_household(session: ReadSession, household_id: UUID) -> Row | None:
    """The household, when it is within reach."""
    return await session.fetch_one("select * from household where id = :id", id=household_id)


async def plots_of(session: ReadSession, household_ids: list[UUID]) -> Sequence[Row]:
    """The plots of these households, in order."""
    return await session.fetch(
        """
        select * from plot where household_id = any(cast(:ids as uuid[])) order by household_id, plot_number
        """,
        ids=household_ids,
    )


async def find_heads(
    session: ReadSession, cooperative_ids: list[UUID], member_numbers: list[str]
) -> dict[tuple[UUID, str], UUID]:
    """Members by co-operative and number; the two lists run side by side."""
    rows = await session.fetch(
        """
        select member.cooperative_id, member.member_number, member.id
          from unnest(cast(:cooperative_ids as uuid[]), cast(:member_numbers as text[])) wanted(cooperative_id, number)
          join member on member.cooperative_id = wanted.cooperative_id and member.member_number = wanted.number
        """,
        cooperative_ids=cooperative_ids,
        member_numbers=member_numbers,
    )
    return {(row["cooperative_id"], row["member_number"]): row["id"] for row in rows}


async def lock_households(session: WriteSession, household_ids: list[UUID]) -> set[UUID]:
    """Hold these households until the transaction ends; returns those within reach."""
    rows = await session.fetch(
        "select id from household where id = any(cast(:ids as uuid[])) order by id for update", ids=household_ids
    )
    return {row["id"] for row in rows}


async def raise_versions(session: WriteSession, household_ids: list[UUID]) -> Sequence[Row]:
    """Count a change of the plots as a change of their households; returns these as they are now."""
    return await session.fetch(
        "update household set version = version + 1 where id = any(cast(:ids as uuid[])) returning *",
        ids=household_ids,
    )


def every_household(session: ReadSession) -> AsyncIterator[Row]:
    """All households, with their plots as JSON and the newest day that the household or one of them stands for."""
    return session.stream(
        """
        select household.*, own.plots, greatest(household.as_of, own.as_of) as effective_on
        from household cross join lateral (
            select coalesce(jsonb_agg(jsonb_build_object('crop', crop, 'area_rai', cast(area_rai as text))
                                      order by plot_number), '[]') as plots,
                   max(as_of) as as_of
            from plot where household_id = household.id
        ) as own
        order by household.id
        """
    )
