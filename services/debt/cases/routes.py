"""Routes of cases and assessments."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.debt.auth import CaseAssessor, CaseReader
from services.debt.cases import service
from services.debt.cases.domain import Stage
from services.debt.cases.schemas import AssessmentCreate, AssessmentRead, CaseDetail, CaseRead
from services.debt.errors import CapacityInputsInvalid, CaseNotFound, CaseStageConflict
from shared.chassis.http.concurrency import IfMatchIfSent, etag_of
from shared.chassis.http.idempotency import IdempotentRoute
from shared.chassis.http.pagination import Page, PageParameters
from shared.chassis.http.problems import problem_responses
from shared.chassis.http.sessions import AuditedReading, Writing

router = APIRouter(prefix="/cases", tags=["cases"], route_class=IdempotentRoute)


@router.get("")
async def list_cases(
    caller: CaseReader,
    session: AuditedReading,
    page: PageParameters,
    cooperative_id: UUID | None = None,
    member_id: UUID | None = None,
    stage: Stage | None = None,
    fiscal_year_be: Annotated[int | None, Query(ge=2500, le=2700, description="Buddhist era")] = None,
) -> Page[CaseRead]:
    """Cases within reach."""
    return await service.list_cases(
        session, caller, page, cooperative_id=cooperative_id, member_id=member_id,
        stage=None if stage is None else stage.value, fiscal_year_be=fiscal_year_be,
    )  # fmt: skip


@router.get("/{case_id}", responses=problem_responses(CaseNotFound))
async def read_case(caller: CaseReader, session: AuditedReading, case_id: UUID, response: Response) -> CaseDetail:
    """A case with its history and its newest assessment."""
    case = await service.read_case(session, caller, case_id)
    response.headers["ETag"] = etag_of(case.version)
    return case


@router.post(
    "/{case_id}/assessments",
    status_code=201,
    responses=problem_responses(CaseNotFound, CaseStageConflict, CapacityInputsInvalid, 412),
)
async def assess_case(
    caller: CaseAssessor,
    session: Writing,
    case_id: UUID,
    assessment: AssessmentCreate,
    response: Response,
    if_match: IfMatchIfSent = None,
) -> AssessmentRead:
    """Assess what the household can pay, with all creditors, and put the debtor in a group. The ETag is the case's."""
    read, version = await service.assess_case(session, caller, case_id, assessment, if_match)
    response.headers["ETag"] = etag_of(version)
    return read
