"""Routes of expected income."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.livelihood.auth import LivelihoodReader, LivelihoodWriter
from services.livelihood.errors import (
    MonthsNotOfYear,
    UnknownCooperative,
    UnknownIncomePlan,
    UnknownMember,
    YearWithoutCalendar,
)
from services.livelihood.incomes import service
from services.livelihood.incomes.schemas import ComputeIncomePlans, FiscalYearBe, IncomePlanRead, StateIncomePlan
from shared.chassis.http.concurrency import IfMatch, etag_of
from shared.chassis.http.idempotency import IdempotentRoute
from shared.chassis.http.problems import problem_responses
from shared.chassis.http.sessions import AuditedReading, Writing
from shared.chassis.jobs import JobAccepted

router = APIRouter(tags=["expected income"], route_class=IdempotentRoute)

YearQuery = Annotated[FiscalYearBe, Query()]


@router.post(
    "/income-plans/compute", status_code=202, responses=problem_responses(UnknownCooperative, YearWithoutCalendar)
)
async def compute_income_plans(
    caller: LivelihoodWriter, session: Writing, wanted: ComputeIncomePlans, response: Response
) -> JobAccepted:
    """Compute expected income from plots and the crop calendar, as a job."""
    job_id = await service.request_computation(session, caller, wanted)
    response.headers["Location"] = f"/livelihood/v1/jobs/{job_id}"
    return JobAccepted(job_id=job_id)


@router.put("/members/{member_id}/income-plan", responses=problem_responses(UnknownMember, MonthsNotOfYear, 412, 428))
async def state_income_plan(
    caller: LivelihoodWriter,
    session: Writing,
    member_id: UUID,
    fiscal_year_be: YearQuery,
    plan: StateIncomePlan,
    response: Response,
    if_match: IfMatch = None,
) -> IncomePlanRead:
    """State what the household itself expects in each month of a fiscal year."""
    stated = await service.state_income_plan(session, caller, member_id, fiscal_year_be, plan, if_match)
    response.headers["ETag"] = etag_of(stated.version)
    return stated


@router.get("/members/{member_id}/income-plan", responses=problem_responses(UnknownMember, UnknownIncomePlan))
async def get_income_plan(
    caller: LivelihoodReader, session: AuditedReading, member_id: UUID, fiscal_year_be: YearQuery, response: Response
) -> IncomePlanRead:
    """Read a household's expected income by month; its ETag allows a change."""
    plan = await service.read_income_plan(session, caller, member_id, fiscal_year_be)
    response.headers["ETag"] = etag_of(plan.version)
    return plan
