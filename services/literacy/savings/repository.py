"""SQL of savings pledges."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.literacy.savings.models import SavingsPledge
from shared.chassis.database import ReadSession, Row, WriteSession


async def find_pledge(session: ReadSession, pledge_id: UUID) -> SavingsPledge | None:
    return await session.get(SavingsPledge, pledge_id)


def every_pledge(session: ReadSession) -> AsyncIterator[Row]:
    """All pledges."""
    return session.stream("select * from savings_pledge order by id")


async def lock_pledge(session: WriteSession, pledge_id: UUID) -> SavingsPledge | None:
    """A pledge within reach, locked for a change."""
    rows: Sequence[Any] = await session.select(
        select(SavingsPledge).where(SavingsPledge.id == pledge_id).with_for_update()  # type: ignore[arg-type]
    )
    return rows[0] if rows else None
