"""Routes of closes and baselines."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.debt.auth import CloseRunner, LoanReader
from services.debt.closing import service
from services.debt.closing.schemas import BaselineRequest, CloseRead, CloseRequest
from shared.chassis.http.idempotency import IdempotentRoute
from shared.chassis.http.pagination import Page, PageParameters
from shared.chassis.http.problems import problem_responses
from shared.chassis.http.sessions import Reading, Writing
from shared.chassis.jobs import JobAccepted

router = APIRouter(tags=["closes"], route_class=IdempotentRoute)


@router.post("/closes", status_code=202, responses=problem_responses(404))
async def request_close(caller: CloseRunner, session: Writing, close: CloseRequest, response: Response) -> JobAccepted:
    """Close business dates up to a day; month-ends on the way are stated too."""
    job_id = await service.request_close(session, caller, close.close_to, close.cooperative_ids)
    response.headers["Location"] = f"/debt/v1/jobs/{job_id}"
    return JobAccepted(job_id=job_id)


@router.get("/closes")
async def list_closes(
    _caller: LoanReader, session: Reading, page: PageParameters, cooperative_id: UUID
) -> Page[CloseRead]:
    """What was stated of a co-operative's days, the newest first."""
    return await service.list_closes(session, page, cooperative_id)


@router.post("/baselines", status_code=202)
async def request_baseline(
    caller: CloseRunner, session: Writing, baseline: BaselineRequest, response: Response
) -> JobAccepted:
    """Freeze the cohort of a fiscal year and open a case for every member overdue at its baseline."""
    job_id = await service.request_baseline(session, caller, baseline.fiscal_year_be)
    response.headers["Location"] = f"/debt/v1/jobs/{job_id}"
    return JobAccepted(job_id=job_id)
