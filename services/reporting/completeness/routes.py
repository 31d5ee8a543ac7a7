"""Whether months are complete."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.reporting.areas.service import find_area
from services.reporting.auth import ReportReader
from services.reporting.completeness.repository import list_months
from services.reporting.completeness.schemas import MonthCompleteness
from services.reporting.errors import AreaNotFound
from services.reporting.kpis.repository import area_condition
from shared.chassis.http.inputs import Text
from shared.chassis.http.pagination import Page, PageParameters, page_of
from shared.chassis.http.problems import problem_responses
from shared.chassis.http.sessions import Reading
from shared.kernel.calendar import fiscal_year_bounds

router = APIRouter(prefix="/completeness", tags=["completeness"])


@router.get("", responses=problem_responses(AreaNotFound))
async def list_completeness(
    fiscal_year_be: Annotated[int, Query(ge=2500, le=2700, description="Buddhist era")],
    page: PageParameters,
    session: Reading,
    _caller: ReportReader,
    area: Annotated[Text, Query(max_length=36)] = "TH",
) -> Page[MonthCompleteness]:
    """By co-operative and month: closed to the month's end, and agreeing with debt's control totals."""
    within, value = area_condition(await find_area(session, area))
    first, last = fiscal_year_bounds(fiscal_year_be)
    after = page.after(str, UUID, date)
    known = None if after is None else (after[0], after[1], after[2])
    rows = await list_months(session, within, value, first, last, known, page.fetch_limit)
    return page_of(
        rows,
        page,
        lambda row: (row["cooperative_code"], row["cooperative_id"], row["month"]),
        lambda row: MonthCompleteness(**row),
    )
