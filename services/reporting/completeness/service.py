"""Use case of completeness: which months of which co-operatives are whole."""

from datetime import date
from uuid import UUID

from services.reporting.areas.service import find_area
from services.reporting.completeness.repository import list_months
from services.reporting.completeness.schemas import MonthCompleteness
from services.reporting.kpis.repository import area_condition
from shared.chassis.database import ReadSession
from shared.chassis.http.pagination import Page, PageRequest, page_of
from shared.kernel.calendar import fiscal_year_bounds


async def list_completeness(
    session: ReadSession, page: PageRequest, area: str, fiscal_year_be: int
) -> Page[MonthCompleteness]:
    """Months of a fiscal year by co-operative, within an area. Raises AreaNotFound."""
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
