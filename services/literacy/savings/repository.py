"""All SQL of savings pledges."""

from collections.abc import AsyncIterator
from uuid import UUID

from services.literacy.savings.models import SavingsPledge
from shared.chassis.database import ReadSession, Row, WriteSession


async def find_pledge(session: ReadSession, pledge_id: UUID) -> SavingsPledge | None:
    """One pledge, or None when there is none within reach."""
    return await session.get(SavingsPledge, pledge_id)


async def lock_pledge(session: WriteSession, pledge_id: UUID) -> SavingsPledge | None:
    """The same, held until this transaction ends."""
    return await session.lock(SavingsPledge, pledge_id)


async def insert_pledge(session: WriteSession, pledge: SavingsPledge) -> None:
    """A new pledge."""
    session.add(pledge)
    await session.flush()


def every_pledge(session: ReadSession) -> AsyncIterator[Row]:
    """All pledges."""
    return session.stream("select * from savings_pledge order by id")
