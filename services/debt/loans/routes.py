"""Routes of loans."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.debt.auth import LoanReader
from services.debt.errors import LoanNotFound
from services.debt.loans import service
from services.debt.loans.schemas import InstalmentList, LoanDetail, LoanRead
from shared.chassis.http.concurrency import etag_of
from shared.chassis.http.inputs import Day
from shared.chassis.http.pagination import Page, PageParameters
from shared.chassis.http.problems import problem_responses
from shared.chassis.http.sessions import AuditedReading

router = APIRouter(tags=["loans"])

_AS_OF = "Late interest up to this day, the open day unless told; not before the loan's opening or last value date."


@router.get("/loans")
async def list_loans(
    caller: LoanReader,
    session: AuditedReading,
    page: PageParameters,
    member_id: UUID | None = None,
    cooperative_id: UUID | None = None,
) -> Page[LoanRead]:
    """Loans of a member or of a co-operative."""
    return await service.list_loans(session, caller, page, member_id=member_id, cooperative_id=cooperative_id)


@router.get("/loans/{loan_id}", responses=problem_responses(LoanNotFound))
async def read_loan(caller: LoanReader, session: AuditedReading, loan_id: UUID, response: Response) -> LoanDetail:
    """A loan, and what later files of its co-operative state otherwise."""
    loan = await service.read_loan(session, caller, loan_id)
    response.headers["ETag"] = etag_of(loan.version)
    return loan


@router.get("/loans/{loan_id}/instalments", responses=problem_responses(LoanNotFound))
async def read_instalments(
    caller: LoanReader,
    session: AuditedReading,
    loan_id: UUID,
    as_of: Annotated[Day | None, Query(description=_AS_OF)] = None,
) -> InstalmentList:
    """The instalments of a loan, what is paid of each, and what is owed."""
    return await service.read_instalments(session, caller, loan_id, as_of)
