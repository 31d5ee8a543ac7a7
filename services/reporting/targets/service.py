"""Use cases of targets: read them, and set one; every version is kept."""

from services.reporting.errors import KpiNotFound, TargetNeedsNation
from services.reporting.targets import repository
from services.reporting.targets.domain import Target, check_target
from services.reporting.targets.schemas import TargetIn, TargetRead
from shared.chassis.auth.caller import Caller
from shared.chassis.database import ReadSession, WriteSession
from shared.chassis.http.concurrency import require_match
from shared.kernel.errors import PreconditionFailed


async def list_targets(session: ReadSession, fiscal_year_be: int) -> list[TargetRead]:
    """The targets in force in a fiscal year, by KPI."""
    targets = await repository.targets_of_year(session, fiscal_year_be)
    return [TargetRead.model_validate(targets[kpi_id]) for kpi_id in sorted(targets)]


async def read_target(session: ReadSession, kpi_id: str, fiscal_year_be: int) -> TargetRead:
    """The target in force: the year's own, or the one for every year. Raises KpiNotFound when there is none."""
    target = (await repository.targets_of_year(session, fiscal_year_be)).get(kpi_id)
    if target is None:
        raise KpiNotFound
    return TargetRead.model_validate(target)


async def list_versions(session: ReadSession, kpi_id: str, fiscal_year_be: int) -> list[TargetRead]:
    """Every version of a year's own target, newest first."""
    versions = await repository.list_versions(session, kpi_id, fiscal_year_be)
    return [TargetRead.model_validate(target) for target in versions]


async def set_target(
    session: WriteSession, caller: Caller, kpi_id: str, fiscal_year_be: int, given: TargetIn, if_match: str | None
) -> TargetRead:
    """Set a year's own target, as a new version.

    Args:
        session: the request's transaction.
        caller: who sets it; he must reach the whole country.
        kpi_id: K01 or K02.
        fiscal_year_be: the fiscal year.
        given: the target.
        if_match: the version that the caller has read, needed once the year has a target of its own.

    Raises:
        TargetNeedsNation, KpiNotFound, TargetInvalid, PreconditionRequired, PreconditionFailed.
    """
    if not caller.reach.everything:
        raise TargetNeedsNation
    check_target(kpi_id, given.value)
    known = await repository.find_own_target(session, kpi_id, fiscal_year_be)
    if known is not None:
        require_match(if_match, known.version)
    elif if_match is not None:
        raise PreconditionFailed
    target = Target(
        kpi_id=kpi_id,
        fiscal_year_be=fiscal_year_be,
        version=1 if known is None else known.version + 1,
        value=given.value,
        source=given.source,
        decided_on=given.decided_on,
    )
    await repository.insert_target(session, target, caller.subject)
    return TargetRead.model_validate(target)
