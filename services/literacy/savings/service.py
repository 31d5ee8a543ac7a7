"""Use cases of savings pledges: make one, change its state."""

from collections.abc import AsyncIterator
from typing import cast
from uuid import UUID

from services.literacy.errors import UnknownMember, UnknownPledge
from services.literacy.projections.repository import find_member
from services.literacy.savings import repository
from services.literacy.savings.domain import Status, become
from services.literacy.savings.models import SavingsPledge
from services.literacy.savings.schemas import ChangePledge, PledgeRead, PledgeSavings
from shared.chassis import outbox
from shared.chassis.auth.caller import Caller
from shared.chassis.database import ReadSession, WriteSession
from shared.chassis.http.access_log import log_access
from shared.chassis.http.concurrency import require_match
from shared.chassis.replay import Outgoing
from shared.contracts.literacy import SavingsPledgeRecorded
from shared.kernel.identifiers import uuid7


async def pledge_savings(session: WriteSession, sent: PledgeSavings) -> PledgeRead:
    """Record a member's pledge; raises UnknownMember."""
    member = await find_member(session, sent.member_id)
    if member is None:
        raise UnknownMember
    row = SavingsPledge(
        id=uuid7(),
        cooperative_id=member["cooperative_id"],
        member_id=sent.member_id,
        amount_per_month_satang=sent.amount_per_month,
        starts_on=sent.starts_on,
        ends_on=sent.ends_on,
        status="pledged",
        version=1,
    )
    await repository.insert_pledge(session, row)
    await outbox.add_many(session, [_recorded(row)])
    return _shown(row)


async def change_pledge(session: WriteSession, pledge_id: UUID, sent: ChangePledge, if_match: str | None) -> PledgeRead:
    """Bring a pledge to its next state.

    Raises:
        UnknownPledge, PledgeCannotBecome, PreconditionFailed, PreconditionRequired.
    """
    row = await repository.lock_pledge(session, pledge_id)
    if row is None:
        raise UnknownPledge
    require_match(if_match, row.version)
    row.status = become(cast(Status, row.status), sent.status)
    row.changed_on = sent.changed_on
    row.version += 1
    await session.flush()
    await outbox.add_many(session, [_recorded(row)])
    return _shown(row)


async def read_pledge(session: WriteSession, caller: Caller, pledge_id: UUID) -> PledgeRead:
    """One pledge within reach; who was shown is logged. Raises UnknownPledge."""
    row = await repository.find_pledge(session, pledge_id)
    if row is None:
        raise UnknownPledge
    await log_access(session, caller, "savings-pledge", [row.member_id])
    return _shown(row)


async def tell_again(session: ReadSession) -> AsyncIterator[Outgoing]:
    """Every pledge as it is now."""
    async for row in repository.every_pledge(session):
        yield _recorded(SavingsPledge(**row))


def _shown(row: SavingsPledge) -> PledgeRead:
    return PledgeRead.model_validate({**row.model_dump(), "amount_per_month": row.amount_per_month_satang})


def _recorded(row: SavingsPledge) -> Outgoing:
    event = SavingsPledgeRecorded.model_validate(
        {
            **row.model_dump(exclude={"id", "version", "amount_per_month_satang", "changed_on"}),
            "savings_pledge_id": row.id,
            "amount_per_month": row.amount_per_month_satang,
        }
    )
    return event, row.version, row.changed_on or row.starts_on
