"""What literacy does with the events of others."""

from collections.abc import Sequence

from services.literacy.projections import repository as projections
from shared.chassis.auth.assignments import forget_officers, store_assignments
from shared.chassis.database import WriteSession
from shared.chassis.events import Received, withdrawn
from shared.chassis.feeds import Arrived, wake_arrived
from shared.chassis.inbox import Inbox, forget
from shared.contracts.catalogue import CATALOGUE
from shared.contracts.registry import AssignmentRecorded, CooperativeRecorded, MemberRecorded

INBOX = Inbox("literacy", CATALOGUE, wake_arrived)


@INBOX.on(CooperativeRecorded)
async def on_cooperatives(session: WriteSession, received: Sequence[Received[CooperativeRecorded]]) -> Arrived:
    """Know co-operatives. Members may have come first: until now no sender could see them, so their rows wait."""
    written = await projections.store_cooperatives(session, received)
    hashes = await projections.member_hashes(session, [row["id"] for row in written])
    return Arrived([f"member:{one}" for one in hashes])


@INBOX.on(MemberRecorded)
async def on_members(session: WriteSession, received: Sequence[Received[MemberRecorded]]) -> Arrived:
    """Know members, and wake the rows of files that waited for them."""
    written = await projections.store_members(session, received)
    return Arrived([f"member:{row['member_number_hash']}" for row in written])


@INBOX.on(AssignmentRecorded)
async def on_assignments(session: WriteSession, received: Sequence[Received[AssignmentRecorded]]) -> None:
    """Know how far each officer reaches."""
    for item in received:
        await store_assignments(session, item.event.officer_id, item.order, item.event.cooperatives)


INBOX.on(withdrawn(CooperativeRecorded))(forget("cooperative"))
INBOX.on(withdrawn(MemberRecorded))(forget("member"))
INBOX.on(withdrawn(AssignmentRecorded))(forget_officers)
