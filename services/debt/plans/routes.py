"""Routes of plans."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Response

from services.debt.auth import CaseReader, PlanAccepter, PlanApprover, PlanProposer
from services.debt.errors import (
    CaseNotFound,
    CaseStageConflict,
    PlanNotFound,
    PlanOwnApproval,
    PlanStateConflict,
    PlanTermsInvalid,
)
from services.debt.plans import service
from services.debt.plans.domain import PlanState
from services.debt.plans.schemas import PlanCreate, PlanRead
from shared.chassis.http.concurrency import IfMatchIfSent, etag_of
from shared.chassis.http.idempotency import IdempotentRoute
from shared.chassis.http.pagination import Page, PageParameters
from shared.chassis.http.problems import problem_responses
from shared.chassis.http.sessions import AuditedReading, Writing

router = APIRouter(prefix="/plans", tags=["plans"], route_class=IdempotentRoute)

IfMatchOfCase = Annotated[
    str | None,
    Header(alias="If-Match", description="The ETag of the case that was read; if it has changed since, 412."),
]

_ACT = problem_responses(PlanNotFound, PlanStateConflict, CaseStageConflict, 412)


@router.post(
    "",
    status_code=201,
    responses=problem_responses(CaseNotFound, CaseStageConflict, PlanStateConflict, PlanTermsInvalid, 412),
)
async def propose_plan(
    caller: PlanProposer, session: Writing, plan: PlanCreate, response: Response, if_match: IfMatchOfCase = None
) -> PlanRead:
    """Propose a plan; its instalments fall in the months in which the household expects income."""
    proposed = await service.propose_plan(session, caller, plan, if_match)
    response.headers["ETag"] = etag_of(proposed.version)
    response.headers["Location"] = f"/debt/v1/plans/{proposed.id}"
    return proposed


@router.get("")
async def list_plans(
    caller: CaseReader,
    session: AuditedReading,
    page: PageParameters,
    case_id: UUID | None = None,
    cooperative_id: UUID | None = None,
    status: PlanState | None = None,
) -> Page[PlanRead]:
    """Plans within reach, without what was promised."""
    return await service.list_plans(
        session, caller, page, case_id=case_id, cooperative_id=cooperative_id,
        status=None if status is None else status.value,
    )  # fmt: skip


@router.get("/{plan_id}", responses=problem_responses(PlanNotFound))
async def read_plan(caller: CaseReader, session: AuditedReading, plan_id: UUID, response: Response) -> PlanRead:
    """A plan with what the member promises."""
    plan = await service.read_plan(session, caller, plan_id)
    response.headers["ETag"] = etag_of(plan.version)
    return plan


@router.post("/{plan_id}/approve", responses=_ACT | problem_responses(PlanOwnApproval))
async def approve_plan(
    caller: PlanApprover, session: Writing, plan_id: UUID, response: Response, if_match: IfMatchIfSent = None
) -> PlanRead:
    """Approve a proposed plan; who proposed it or assessed the case cannot."""
    plan = await service.approve_plan(session, caller, plan_id, if_match)
    response.headers["ETag"] = etag_of(plan.version)
    return plan


@router.post("/{plan_id}/reject", responses=_ACT)
async def reject_plan(
    caller: PlanApprover, session: Writing, plan_id: UUID, response: Response, if_match: IfMatchIfSent = None
) -> PlanRead:
    """Reject a plan that the member has not signed, approved or not."""
    plan = await service.reject_plan(session, caller, plan_id, if_match)
    response.headers["ETag"] = etag_of(plan.version)
    return plan


@router.post("/{plan_id}/accept", responses=_ACT | problem_responses(PlanTermsInvalid))
async def accept_plan(
    caller: PlanAccepter, session: Writing, plan_id: UUID, response: Response, if_match: IfMatchIfSent = None
) -> PlanRead:
    """Record the member's signature: the plan is in force, and its waiver is booked."""
    plan = await service.accept_plan(session, caller, plan_id, if_match)
    response.headers["ETag"] = etag_of(plan.version)
    return plan


@router.post("/{plan_id}/withdraw", responses=_ACT)
async def withdraw_plan(
    caller: PlanProposer, session: Writing, plan_id: UUID, response: Response, if_match: IfMatchIfSent = None
) -> PlanRead:
    """Withdraw a plan that the member has not signed, approved or not."""
    plan = await service.withdraw_plan(session, caller, plan_id, if_match)
    response.headers["ETag"] = etag_of(plan.version)
    return plan
