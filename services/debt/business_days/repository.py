"""All SQL of business days.

Whoever posts holds the co-operative's row shared, a close holds it alone. The row is always locked before any loan, so
that postings and closes wait for each other and never lock each other out.
"""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from shared.chassis.database import ReadSession, WriteSession


async def share_days(session: WriteSession, cooperative_ids: Collection[UUID]) -> dict[UUID, date | None]:
    """The last closed day of each co-operative (None: none yet), kept from being closed further until the end."""
    return await _lock_days(session, cooperative_ids, "share")


async def hold_days(session: WriteSession, cooperative_ids: Collection[UUID]) -> dict[UUID, date | None]:
    """The same, held alone: nothing is posted until the transaction ends."""
    return await _lock_days(session, cooperative_ids, "update")


async def find_closed_day(session: ReadSession, cooperative_id: UUID) -> date | None:
    """The last closed day of a co-operative as it is seen now; None: none yet."""
    closed_on: date | None = await session.scalar(
        "select closed_on from business_day where cooperative_id = :id", id=cooperative_id
    )
    return closed_on


async def _lock_days(session: WriteSession, cooperative_ids: Collection[UUID], how: str) -> dict[UUID, date | None]:
    wanted = sorted(set(cooperative_ids))
    locked = await _select_days(session, wanted, how)
    if len(locked) < len(wanted):
        await session.execute(
            "insert into business_day (cooperative_id)"
            " select id from unnest(cast(:ids as uuid[])) as wanted (id) order by id on conflict do nothing",
            ids=wanted,
        )
        locked = await _select_days(session, wanted, how)
    return locked


async def _select_days(session: WriteSession, cooperative_ids: list[UUID], how: str) -> dict[UUID, date | None]:
    """Lock them all, or none while one is missing: to make it while others are held would be out of order."""
    rows = await session.fetch(
        f"""
        select cooperative_id, closed_on from business_day where cooperative_id = any(cast(:ids as uuid[]))
           and (select count(*) from business_day where cooperative_id = any(cast(:ids as uuid[])))
             = cardinality(cast(:ids as uuid[]))
         order by cooperative_id for {how}
        """,
        ids=cooperative_ids,
    )
    return {row["cooperative_id"]: row["closed_on"] for row in rows}
