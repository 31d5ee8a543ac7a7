"""The business calendar of a co-operative: which day is open, and who may post into it.

Whoever posts holds the co-operative's row shared, a close holds it alone. The row is always locked before any loan, so
that postings and closes wait for each other and never lock each other out.
"""

from collections.abc import Collection
from datetime import date, timedelta
from uuid import UUID

from shared.chassis.auth.assignments import today_in_bangkok
from shared.chassis.database import ReadSession, WriteSession

ONE_DAY = timedelta(days=1)


async def share_days(session: WriteSession, cooperative_ids: Collection[UUID]) -> dict[UUID, date | None]:
    """The last closed day of each co-operative (None: none yet), kept from being closed further until the end."""
    return await _lock_days(session, cooperative_ids, "share")


async def hold_days(session: WriteSession, cooperative_ids: Collection[UUID]) -> dict[UUID, date | None]:
    """The same, held alone: nothing is posted until the transaction ends."""
    return await _lock_days(session, cooperative_ids, "update")


async def _lock_days(session: WriteSession, cooperative_ids: Collection[UUID], how: str) -> dict[UUID, date | None]:
    wanted = sorted(set(cooperative_ids))
    locked = await _select_days(session, wanted, how)
    missing = [cooperative_id for cooperative_id in wanted if cooperative_id not in locked]
    if missing:
        await session.execute(
            "insert into business_day (cooperative_id)"
            " select id from unnest(cast(:missing as uuid[])) as missing (id) order by id on conflict do nothing",
            missing=missing,
        )
        locked |= await _select_days(session, missing, how)
    return locked


async def _select_days(session: WriteSession, cooperative_ids: list[UUID], how: str) -> dict[UUID, date | None]:
    rows = await session.fetch(
        "select cooperative_id, closed_on from business_day where cooperative_id = any(cast(:ids as uuid[]))"
        f" order by cooperative_id for {how}",
        ids=cooperative_ids,
    )
    return {row["cooperative_id"]: row["closed_on"] for row in rows}


def posting_date(value_on: date, closed_on: date | None) -> date:
    """The value date, or the first open day when the value date is closed."""
    return value_on if closed_on is None else max(value_on, closed_on + ONE_DAY)


async def open_day(session: WriteSession, cooperative_id: UUID) -> date:
    """The open day of a co-operative, which stays open until the transaction ends. Ask before locking anything else."""
    closed_on = (await share_days(session, [cooperative_id]))[cooperative_id]
    return today_in_bangkok() if closed_on is None else closed_on + ONE_DAY


async def business_date(session: ReadSession, cooperative_id: UUID) -> date:
    """The open day of a co-operative as it is seen now: the day after its last close, or today."""
    closed_on: date | None = await session.scalar(
        "select closed_on from business_day where cooperative_id = :id", id=cooperative_id
    )
    return today_in_bangkok() if closed_on is None else closed_on + ONE_DAY
