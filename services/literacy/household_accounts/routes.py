"""Routes of household accounts."""

from uuid import UUID

from fastapi import APIRouter

from services.literacy.auth import LiteracyReader, LiteracyWriter
from services.literacy.errors import UnknownCooperative, UnknownMember
from services.literacy.household_accounts import service
from services.literacy.household_accounts.schemas import CloseMonths, LedgerMonthRead, MonthsClosed
from shared.chassis.http.idempotency import IdempotentRoute
from shared.chassis.http.pagination import Page, PageParameters
from shared.chassis.http.problems import problem_responses
from shared.chassis.http.sessions import AuditedReading, Writing

router = APIRouter(tags=["household accounts"], route_class=IdempotentRoute)


@router.post("/household-months/close", responses=problem_responses(UnknownCooperative))
async def close_months(_caller: LiteracyWriter, session: Writing, closing: CloseMonths) -> MonthsClosed:
    """Close one month of every account of a co-operative; a closed month takes no more figures."""
    return await service.close_months(session, closing)


@router.get("/members/{member_id}/household-months", responses=problem_responses(UnknownMember))
async def list_months(
    caller: LiteracyReader, session: AuditedReading, page: PageParameters, member_id: UUID
) -> Page[LedgerMonthRead]:
    """List the months of a member's household account."""
    return await service.list_months(session, caller, page, member_id)
