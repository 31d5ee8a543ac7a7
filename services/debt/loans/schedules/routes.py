"""The route of schedule previews."""

from fastapi import APIRouter, Response

from services.debt.auth import LoanReader
from services.debt.errors import LoanTermsInvalid
from services.debt.loans.schedules import service
from services.debt.loans.schedules.schemas import SchedulePreview, ScheduleRead
from shared.chassis.http.problems import problem_responses

router = APIRouter(tags=["schedules"])


@router.post("/schedule-previews", response_model=ScheduleRead, responses=problem_responses(LoanTermsInvalid))
async def preview_schedule(_caller: LoanReader, preview: SchedulePreview) -> Response:
    """The schedule that terms and what happened since would give, every row explained; nothing is stored."""
    return Response(service.preview_schedule(preview), media_type="application/json")
