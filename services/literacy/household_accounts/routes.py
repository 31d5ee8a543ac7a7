"""Household accounts: months read and closed."""

from datetime import date
from uuid import UUID

from fastapi import APIRouter

from services.literacy.auth import LiteracyReader, LiteracyWriter
from services.literacy.errors import UnknownCooperative, UnknownMember
from services.literacy.household_accounts import repository, service
from services.literacy.household_accounts.schemas import CloseMonths, LedgerMonthRead, MonthsClosed
from services.literacy.members.repository import find_member
from shared.chassis.http.access_log import log_access
from shared.chassis.http.idempotency import IdempotentRoute
from shared.chassis.http.pagination import Page, PageParameters, page_of
from shared.chassis.http.problems import problem_responses
from shared.chassis.http.sessions import AuditedReading, Writing

router = APIRouter(route_class=IdempotentRoute, tags=["household accounts"])


@router.post("/household-months/close", responses=problem_responses(UnknownCooperative))
async def close_months(session: Writing, caller: LiteracyWriter, closing: CloseMonths) -> MonthsClosed:
    """Close one month of every account of a co-operative; a closed month takes no more figures."""
    return await service.close_months(session, closing)


@router.get("/members/{member_id}/household-months", responses=problem_responses(UnknownMember))
async def list_months(
    session: AuditedReading, caller: LiteracyReader, page: PageParameters, member_id: UUID
) -> Page[LedgerMonthRead]:
    """List the months of a member's household account."""
    if await find_member(session, member_id) is None:
        raise UnknownMember
    await log_access(session, caller, "household-month-list", [member_id])
    (after,) = page.after(date) or (date.min,)
    rows = await repository.list_months(session, member_id, after, page.fetch_limit)
    return page_of(rows, page, lambda row: (row["month"],), service.month_read)
