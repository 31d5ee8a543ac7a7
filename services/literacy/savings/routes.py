"""Routes of savings pledges."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.literacy.auth import LiteracyReader, LiteracyWriter
from services.literacy.errors import PledgeCannotBecome, UnknownMember, UnknownPledge
from services.literacy.savings import service
from services.literacy.savings.schemas import ChangePledge, PledgeRead, PledgeSavings
from shared.chassis.http.concurrency import IfMatch, etag_of
from shared.chassis.http.idempotency import IdempotentRoute
from shared.chassis.http.problems import problem_responses
from shared.chassis.http.sessions import AuditedReading, Writing

router = APIRouter(prefix="/savings-pledges", tags=["savings"], route_class=IdempotentRoute)


@router.post("", status_code=201, responses=problem_responses(UnknownMember))
async def pledge_savings(
    _caller: LiteracyWriter, session: Writing, pledge: PledgeSavings, response: Response
) -> PledgeRead:
    """Record a member's pledge to save every month."""
    recorded = await service.pledge_savings(session, pledge)
    response.headers["Location"] = f"/literacy/v1/savings-pledges/{recorded.id}"
    response.headers["ETag"] = etag_of(recorded.version)
    return recorded


@router.get("/{pledge_id}", responses=problem_responses(UnknownPledge))
async def get_pledge(
    caller: LiteracyReader, session: AuditedReading, pledge_id: UUID, response: Response
) -> PledgeRead:
    """Read one pledge; its ETag allows a change."""
    pledge = await service.read_pledge(session, caller, pledge_id)
    response.headers["ETag"] = etag_of(pledge.version)
    return pledge


@router.patch("/{pledge_id}", responses=problem_responses(UnknownPledge, PledgeCannotBecome, 412, 428))
async def change_pledge(
    _caller: LiteracyWriter,
    session: Writing,
    pledge_id: UUID,
    change: ChangePledge,
    response: Response,
    if_match: IfMatch = None,
) -> PledgeRead:
    """Bring a pledge to its next state."""
    pledge = await service.change_pledge(session, pledge_id, change, if_match)
    response.headers["ETag"] = etag_of(pledge.version)
    return pledge
