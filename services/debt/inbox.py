"""What debt does with the events of others."""

from collections.abc import Sequence

from services.debt.deductions.service import Deductions, answer_deductions
from services.debt.projections import repository as projections
from shared.chassis.auth.assignments import forget_officers, store_assignments
from shared.chassis.database import WriteSession
from shared.chassis.events import Received, withdrawn
from shared.chassis.feeds import Arrived, wake_arrived
from shared.chassis.inbox import Inbox, forget
from shared.contracts.catalogue import CATALOGUE
from shared.contracts.livelihood import DeductionRequested, DeductionReversed, OccupationPlanRecorded
from shared.contracts.registry import (
    AssignmentRecorded,
    CooperativeRecorded,
    EnrolmentRecorded,
    ExternalDebtRecorded,
    MemberRecorded,
)


async def finish(session: WriteSession, handed_back: Sequence[object]) -> None:
    """The end of a batch: what locks rows that other batches and jobs lock too, each kind of row once and in order."""
    await answer_deductions(session, [one for one in handed_back if isinstance(one, Deductions)])
    await wake_arrived(session, handed_back)


INBOX = Inbox("debt", CATALOGUE, finish)


@INBOX.on(CooperativeRecorded)
async def on_cooperatives(session: WriteSession, received: Sequence[Received[CooperativeRecorded]]) -> Arrived:
    """Know co-operatives. Members may have come first: until now no sender could see them, so their loans wait."""
    written = await projections.store_cooperatives(session, received)
    hashes = await projections.member_hashes(session, [row["id"] for row in written])
    return Arrived([f"member:{one}" for one in hashes])


@INBOX.on(MemberRecorded)
async def on_members(session: WriteSession, received: Sequence[Received[MemberRecorded]]) -> Arrived:
    """Know members, and take in the loans that waited for them."""
    written = await projections.store_members(session, received)
    return Arrived([f"member:{row['member_number_hash']}" for row in written])


@INBOX.on(ExternalDebtRecorded)
async def on_external_debts(session: WriteSession, received: Sequence[Received[ExternalDebtRecorded]]) -> None:
    """Know what people owe elsewhere."""
    await projections.store_external_debts(session, received)


@INBOX.on(EnrolmentRecorded)
async def on_enrolments(session: WriteSession, received: Sequence[Received[EnrolmentRecorded]]) -> None:
    """Know who takes part in which programme."""
    await projections.store_enrolments(session, received)


@INBOX.on(AssignmentRecorded)
async def on_assignments(session: WriteSession, received: Sequence[Received[AssignmentRecorded]]) -> None:
    """Know how far each officer reaches."""
    for item in received:
        await store_assignments(session, item.event.officer_id, item.order, item.event.cooperatives)


@INBOX.on(OccupationPlanRecorded)
async def on_income_plans(session: WriteSession, received: Sequence[Received[OccupationPlanRecorded]]) -> None:
    """Know what households expect to earn."""
    await projections.store_income_plans(session, received)


@INBOX.on(DeductionRequested)
async def on_deductions_requested(
    session: WriteSession, received: Sequence[Received[DeductionRequested]]
) -> Deductions:
    """Apply produce to overdue debt, and answer."""
    return Deductions(requests=received)


@INBOX.on(DeductionReversed)
async def on_deductions_reversed(session: WriteSession, received: Sequence[Received[DeductionReversed]]) -> Deductions:
    """Undo what was applied for a delivery, and answer."""
    return Deductions(reversals=received)


INBOX.on(withdrawn(CooperativeRecorded))(forget("cooperative"))
INBOX.on(withdrawn(MemberRecorded))(forget("member"))
INBOX.on(withdrawn(ExternalDebtRecorded))(forget("external_debt"))
INBOX.on(withdrawn(EnrolmentRecorded))(forget("enrolment"))
INBOX.on(withdrawn(OccupationPlanRecorded))(forget("income_plan"))
INBOX.on(withdrawn(AssignmentRecorded))(forget_officers)
