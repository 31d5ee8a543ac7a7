"""Sets targets; every version is kept."""

from services.reporting.errors import TargetNeedsNation
from services.reporting.targets.domain import Target, check_target
from services.reporting.targets.repository import find_own_target, insert_target
from services.reporting.targets.schemas import TargetIn
from shared.chassis.auth.caller import Caller
from shared.chassis.database import WriteSession
from shared.chassis.http.concurrency import require_match
from shared.kernel.errors import PreconditionFailed


async def set_target(
    session: WriteSession, caller: Caller, kpi_id: str, fiscal_year_be: int, given: TargetIn, if_match: str | None
) -> Target:
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
    known = await find_own_target(session, kpi_id, fiscal_year_be)
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
    await insert_target(session, target, caller.subject)
    return target
