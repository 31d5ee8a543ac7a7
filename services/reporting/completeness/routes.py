"""Routes of completeness."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.reporting.auth import ReportReader
from services.reporting.completeness import service
from services.reporting.completeness.schemas import MonthCompleteness
from services.reporting.errors import AreaNotFound
from shared.chassis.http.inputs import Text
from shared.chassis.http.pagination import Page, PageParameters
from shared.chassis.http.problems import problem_responses
from shared.chassis.http.sessions import Reading

router = APIRouter(prefix="/completeness", tags=["completeness"])


@router.get("", responses=problem_responses(AreaNotFound))
async def list_completeness(
    _caller: ReportReader,
    session: Reading,
    page: PageParameters,
    fiscal_year_be: Annotated[int, Query(ge=2500, le=2700, description="Buddhist era")],
    area: Annotated[Text, Query(max_length=36)] = "TH",
) -> Page[MonthCompleteness]:
    """By co-operative and month: closed to the month's end, and agreeing with debt's control totals."""
    return await service.list_completeness(session, page, area, fiscal_year_be)
