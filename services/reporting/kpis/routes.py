"""Routes of KPIs."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from services.reporting.areas.domain import Level
from services.reporting.auth import ReportReader
from services.reporting.errors import AreaNotFound, AsOfOutsideYear, KpiNotFound, LevelInvalid
from services.reporting.kpis.schemas import KpiChild, KpiRead, Programme, SeriesPoint
from services.reporting.kpis.service import KpiQuery, read_children, read_kpi, read_kpis, read_series
from shared.chassis.http.inputs import Day, Text
from shared.chassis.http.problems import problem_responses
from shared.chassis.http.sessions import Reading

router = APIRouter(prefix="/kpis", tags=["KPIs"])

_AREA = "TH, a region (BKK, C, NE, N, S), a province (52), a district (5201), or a co-operative's id"


def kpi_query(
    area: Annotated[Text, Query(max_length=36, description=_AREA)] = "TH",
    fiscal_year_be: Annotated[
        int | None, Query(ge=2500, le=2700, description="Buddhist era; the newest unless told")
    ] = None,
    programme: Annotated[Programme | None, Query(description="Only co-operatives enrolled in it")] = None,
    as_of: Annotated[Day | None, Query(description="The last close on or before it; the latest unless told")] = None,
) -> KpiQuery:
    """The dependency behind :data:`Asked`."""
    return KpiQuery(area, fiscal_year_be, programme, as_of)


Asked = Annotated[KpiQuery, Depends(kpi_query)]
_REFUSALS = problem_responses(AreaNotFound, KpiNotFound, AsOfOutsideYear)


@router.get("", responses=_REFUSALS)
async def list_kpis(_caller: ReportReader, session: Reading, query: Asked) -> list[KpiRead]:
    """Every KPI of an area. An area that the caller does not reach whole is 404, never a sum of a part."""
    return await read_kpis(session, query)


@router.get("/{kpi_id}", responses=_REFUSALS)
async def get_kpi(_caller: ReportReader, session: Reading, kpi_id: Text, query: Asked) -> KpiRead:
    """One KPI of an area."""
    return await read_kpi(session, kpi_id, query)


@router.get("/{kpi_id}/children", responses=problem_responses(AreaNotFound, KpiNotFound, AsOfOutsideYear, LevelInvalid))
async def list_children(
    _caller: ReportReader,
    session: Reading,
    kpi_id: Text,
    query: Asked,
    level: Annotated[Level | None, Query(description="The next level unless told")] = None,
) -> list[KpiChild]:
    """One KPI of every part of an area: the drill."""
    return await read_children(session, kpi_id, query, level)


@router.get("/{kpi_id}/series", responses=_REFUSALS)
async def list_series(_caller: ReportReader, session: Reading, kpi_id: Text, query: Asked) -> list[SeriesPoint]:
    """One KPI at the baseline and at every month-end since."""
    return await read_series(session, kpi_id, query)
