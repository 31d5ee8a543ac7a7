"""All SQL of targets."""

from collections.abc import Sequence

from services.reporting.targets.domain import Target
from services.reporting.targets.models import EVERY_YEAR
from shared.chassis.database import ReadSession, WriteSession

_COLUMNS = "kpi_id, fiscal_year_be, version, value, source, decided_on"


async def targets_of_year(session: ReadSession, fiscal_year_be: int) -> dict[str, Target]:
    """The targets in force in a fiscal year, by KPI: the year's own before the one for every year."""
    rows = await session.fetch(
        f"""
        select distinct on (kpi_id) {_COLUMNS} from kpi_target
         where fiscal_year_be in (:year, {EVERY_YEAR})
         order by kpi_id, fiscal_year_be desc, version desc
        """,
        year=fiscal_year_be,
    )
    return {row["kpi_id"]: Target(**row) for row in rows}


async def find_own_target(session: ReadSession, kpi_id: str, fiscal_year_be: int) -> Target | None:
    """The newest version of the target that a year has for itself."""
    row = await session.fetch_one(
        f"""
        select {_COLUMNS} from kpi_target
         where kpi_id = :kpi_id and fiscal_year_be = :year
         order by version desc limit 1
        """,
        kpi_id=kpi_id,
        year=fiscal_year_be,
    )
    return None if row is None else Target(**row)


async def list_versions(session: ReadSession, kpi_id: str, fiscal_year_be: int) -> Sequence[Target]:
    """Every version of a year's own target, newest first."""
    rows = await session.fetch(
        f"select {_COLUMNS} from kpi_target where kpi_id = :kpi_id and fiscal_year_be = :year order by version desc",
        kpi_id=kpi_id,
        year=fiscal_year_be,
    )
    return [Target(**row) for row in rows]


async def insert_target(session: WriteSession, target: Target, recorded_by: str) -> None:
    """Store a version. Another request's equal version makes the database refuse it."""
    await session.execute(
        """
        insert into kpi_target (kpi_id, fiscal_year_be, version, value, source, decided_on, recorded_by)
        values (:kpi_id, :year, :version, :value, :source, :decided_on, :recorded_by)
        """,
        kpi_id=target.kpi_id,
        year=target.fiscal_year_be,
        version=target.version,
        value=target.value,
        source=target.source,
        decided_on=target.decided_on,
        recorded_by=recorded_by,
    )
