"""Targets of KPIs."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response

from services.reporting.auth import ReportReader, TargetSetter
from services.reporting.errors import KpiNotFound, TargetInvalid, TargetNeedsNation
from services.reporting.targets.repository import find_own_target, list_versions, targets_of_year
from services.reporting.targets.schemas import TargetIn, TargetRead
from services.reporting.targets.service import set_target
from shared.chassis.http.concurrency import etag_of
from shared.chassis.http.inputs import Text
from shared.chassis.http.problems import problem_responses
from shared.chassis.http.sessions import Reading, Writing

router = APIRouter(prefix="/targets", tags=["targets"])

KpiId = Annotated[Text, Path(max_length=20)]
FiscalYear = Annotated[int, Query(ge=2500, le=2700, description="Buddhist era")]
IfMatch = Annotated[str | None, Header(alias="If-Match", description="Needed once the year has a target of its own")]


@router.get("")
async def list_targets(fiscal_year_be: FiscalYear, session: Reading, _caller: ReportReader) -> list[TargetRead]:
    """The targets in force in a fiscal year."""
    targets = await targets_of_year(session, fiscal_year_be)
    return [TargetRead.model_validate(targets[kpi_id]) for kpi_id in sorted(targets)]


@router.get("/{kpi_id}", responses=problem_responses(KpiNotFound))
async def read_target(
    kpi_id: KpiId, fiscal_year_be: FiscalYear, session: Reading, response: Response, _caller: ReportReader
) -> TargetRead:
    """The target in force; with an ETag when it is the year's own."""
    own = await find_own_target(session, kpi_id, fiscal_year_be)
    if own is not None:
        response.headers["ETag"] = etag_of(own.version)
        return TargetRead.model_validate(own)
    common = (await targets_of_year(session, fiscal_year_be)).get(kpi_id)
    if common is None:
        raise KpiNotFound
    return TargetRead.model_validate(common)


@router.get("/{kpi_id}/versions")
async def list_target_versions(
    kpi_id: KpiId, fiscal_year_be: FiscalYear, session: Reading, _caller: ReportReader
) -> list[TargetRead]:
    """Every version of a year's own target, newest first."""
    return [TargetRead.model_validate(target) for target in await list_versions(session, kpi_id, fiscal_year_be)]


@router.put("/{kpi_id}", responses=problem_responses(KpiNotFound, TargetNeedsNation, TargetInvalid, 409, 412, 428))
async def put_target(
    kpi_id: KpiId,
    fiscal_year_be: FiscalYear,
    given: TargetIn,
    session: Writing,
    caller: TargetSetter,
    response: Response,
    if_match: IfMatch = None,
) -> TargetRead:
    """Set a year's own target; the versions before stay."""
    target = await set_target(session, caller, kpi_id, fiscal_year_be, given, if_match)
    response.headers["ETag"] = etag_of(target.version)
    return TargetRead.model_validate(target)
