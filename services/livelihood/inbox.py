"""What livelihood does with the events of others."""

from collections.abc import Sequence

from services.livelihood.deliveries import service as deliveries
from services.livelihood.members import repository as members
from shared.chassis import feeds
from shared.chassis.auth.assignments import forget_officers, store_assignments
from shared.chassis.database import WriteSession
from shared.chassis.events import Received, withdrawn
from shared.chassis.inbox import Inbox, forget, upsert_state
from shared.contracts.catalogue import CATALOGUE
from shared.contracts.debt import DeductionRefused, DeductionSettled, DeductionUndone, PlanRecorded
from shared.contracts.registry import AssignmentRecorded, CooperativeRecorded, HouseholdRecorded, MemberRecorded

INBOX = Inbox("livelihood", CATALOGUE)


@INBOX.on(CooperativeRecorded)
async def on_cooperatives(session: WriteSession, received: Sequence[Received[CooperativeRecorded]]) -> None:
    """Keep code, area and status of co-operatives. Members may have come first: until now no sender could see them."""
    rows = [
        {
            "id": item.event.cooperative_id,
            "code": item.event.cooperative_code,
            "name_th": item.event.name_th,
            "province_code": item.event.province_code,
            "district_code": item.event.district_code,
            "status": item.event.status,
            **item.guard(),
        }
        for item in received
    ]
    written = await upsert_state(session, "cooperative", rows)
    numbers = await members.numbers_of(session, [row["id"] for row in written])
    await feeds.wake_waiting(session, [f"member:{number}" for number in numbers])


@INBOX.on(MemberRecorded)
async def on_members(session: WriteSession, received: Sequence[Received[MemberRecorded]]) -> None:
    """Keep members, and wake the rows of files that waited for them."""
    rows = [
        {
            "id": item.event.member_id,
            "cooperative_id": item.event.cooperative_id,
            "member_number_hash": item.event.member_number_hash,
            "household_id": item.event.household_id,
            "status": item.event.status,
            **item.guard(),
        }
        for item in received
    ]
    written = await upsert_state(session, "member", rows)
    await feeds.wake_waiting(session, [f"member:{row['member_number_hash']}" for row in written])


@INBOX.on(HouseholdRecorded)
async def on_households(session: WriteSession, received: Sequence[Received[HouseholdRecorded]]) -> None:
    """Keep households with what grows on their plots."""
    rows = [
        {
            "id": item.event.household_id,
            "cooperative_id": item.event.cooperative_id,
            "size": item.event.size,
            "plots": [plot.model_dump(mode="json") for plot in item.event.plots],
            **item.guard(),
        }
        for item in received
    ]
    await upsert_state(session, "household", rows)


@INBOX.on(PlanRecorded)
async def on_agreements(session: WriteSession, received: Sequence[Received[PlanRecorded]]) -> None:
    """Keep what share of a delivery each plan lets us hold."""
    rows = [
        {
            "id": item.event.plan_id,
            "cooperative_id": item.event.cooperative_id,
            "member_id": item.event.member_id,
            "status": item.event.status,
            "deduction_share": item.event.deduction_share,
            **item.guard(),
        }
        for item in received
    ]
    await upsert_state(session, "deduction_agreement", rows)


@INBOX.on(AssignmentRecorded)
async def on_assignments(session: WriteSession, received: Sequence[Received[AssignmentRecorded]]) -> None:
    """Keep officers' co-operatives: their reach."""
    for item in received:
        await store_assignments(session, item.event.officer_id, item.order, item.event.cooperatives)


INBOX.on(DeductionSettled)(deliveries.apply_settlements)
INBOX.on(DeductionRefused)(deliveries.apply_refusals)
INBOX.on(DeductionUndone)(deliveries.apply_undone)

INBOX.on(withdrawn(CooperativeRecorded))(forget("cooperative"))
INBOX.on(withdrawn(MemberRecorded))(forget("member"))
INBOX.on(withdrawn(HouseholdRecorded))(forget("household"))
INBOX.on(withdrawn(PlanRecorded))(forget("deduction_agreement"))
INBOX.on(withdrawn(AssignmentRecorded))(forget_officers)
