"""The business calendar of a co-operative: which day is open."""

from datetime import date
from uuid import UUID

from services.debt.business_days import repository
from services.debt.business_days.domain import ONE_DAY
from shared.chassis.auth.assignments import today_in_bangkok
from shared.chassis.database import ReadSession, WriteSession


async def open_day(session: WriteSession, cooperative_id: UUID) -> date:
    """The open day of a co-operative, which stays open until the transaction ends. Ask before locking anything else."""
    return _after((await repository.share_days(session, [cooperative_id]))[cooperative_id])


async def business_date(session: ReadSession, cooperative_id: UUID) -> date:
    """The open day of a co-operative as it is seen now: the day after its last close, or today."""
    return _after(await repository.find_closed_day(session, cooperative_id))


def _after(closed_on: date | None) -> date:
    return today_in_bangkok() if closed_on is None else closed_on + ONE_DAY
