"""Routes of targets."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response

from services.reporting.auth import ReportReader, TargetSetter
from services.reporting.errors import KpiNotFound, TargetInvalid, TargetNeedsNation
from services.reporting.targets import service
from services.reporting.targets.schemas import TargetIn, TargetRead
from shared.chassis.http.concurrency import etag_of
from shared.chassis.http.inputs import Text
from shared.chassis.http.problems import problem_responses
from shared.chassis.http.sessions import Reading, Writing

router = APIRouter(prefix="/targets", tags=["targets"])

KpiId = Annotated[Text, Path(max_length=20)]
FiscalYear = Annotated[int, Query(ge=2500, le=2700, description="Buddhist era")]
IfMatch = Annotated[str | None, Header(alias="If-Match", description="Needed once the year has a target of its own")]


@router.get("")
async def list_targets(_caller: ReportReader, session: Reading, fiscal_year_be: FiscalYear) -> list[TargetRead]:
    """The targets in force in a fiscal year."""
    return await service.list_targets(session, fiscal_year_be)


@router.get("/{kpi_id}", responses=problem_responses(KpiNotFound))
async def read_target(
    _caller: ReportReader, session: Reading, kpi_id: KpiId, fiscal_year_be: FiscalYear, response: Response
) -> TargetRead:
    """The target in force; with an ETag when it is the year's own."""
    target = await service.read_target(session, kpi_id, fiscal_year_be)
    if target.fiscal_year_be == fiscal_year_be:
        response.headers["ETag"] = etag_of(target.version)
    return target


@router.get("/{kpi_id}/versions")
async def list_target_versions(
    _caller: ReportReader, session: Reading, kpi_id: KpiId, fiscal_year_be: FiscalYear
) -> list[TargetRead]:
    """Every version of a year's own target, newest first."""
    return await service.list_versions(session, kpi_id, fiscal_year_be)


@router.put("/{kpi_id}", responses=problem_responses(KpiNotFound, TargetNeedsNation, TargetInvalid, 409, 412, 428))
async def put_target(
    caller: TargetSetter,
    session: Writing,
    kpi_id: KpiId,
    fiscal_year_be: FiscalYear,
    given: TargetIn,
    response: Response,
    if_match: IfMatch = None,
) -> TargetRead:
    """Set a year's own target; the versions before stay."""
    target = await service.set_target(session, caller, kpi_id, fiscal_year_be, given, if_match)
    response.headers["ETag"] = etag_of(target.version)
    return target
