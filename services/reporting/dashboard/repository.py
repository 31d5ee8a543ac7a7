"""All SQL that is the dashboard's own; figures come from the KPIs."""

from collections.abc import Sequence
from typing import Final

from shared.chassis.database import ReadSession


async def fiscal_years(session: ReadSession) -> Sequence[int]:
    """Fiscal years with a baseline within reach, newest first."""
    rows = await session.fetch("select distinct fiscal_year_be from baseline order by 1 desc limit 20")
    return [row["fiscal_year_be"] for row in rows]


# One row a co-operative in three tables holds whatever a page shows, but for restated month-ends and accounts.
_STATE_SQL: Final = """
with scope as materialized (
    select id from cooperative c
     where :area in ('TH', c.region_code, c.province_code, c.district_code, cast(c.id as text))
)
select (select sum(hashtextextended(x::text, 0)) from scope join standing x
            on x.cooperative_id = scope.id and x.fiscal_year_be = :year) as standing,
       (select sum(hashtextextended(x::text, 0)) from scope join measure_year x
            on x.cooperative_id = scope.id and x.fiscal_year_be = :year) as flows,
       (select sum(hashtextextended(x::text, 0)) from scope join baseline x
            on x.cooperative_id = scope.id and x.fiscal_year_be = :year) as baselines,
       (select sum(hashtextextended(x::text, 0)) from scope join enrolment x
            on x.cooperative_id = scope.id) as enrolled,
       (select count(*) from scope join close_cohort x
            on x.cooperative_id = scope.id and x.fiscal_year_be = :year) as closes,
       (select sum(x.ledger_active_rows) from scope join measure_cell x
            on x.cooperative_id = scope.id and x.fiscal_year_be = :year) as accounts,
       (select count(*) from scope) as places,
       (select count(*) from kpi_target) as targets
"""


async def state_of_figures(session: ReadSession, area: str, fiscal_year_be: int) -> tuple[object, ...]:
    """Values that change when a figure of an area changes, and stay when nothing does; they mean nothing else."""
    row = await session.fetch_one(_STATE_SQL, area=area, year=fiscal_year_be)
    return () if row is None else tuple(row.values())


async def places_of(session: ReadSession, cooperative_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Province and district codes of co-operatives within reach, by id."""
    rows = await session.fetch(
        "select id, province_code, district_code from cooperative where id = any(cast(:ids as uuid[]))",
        ids=list(cooperative_ids),
    )
    return {str(row["id"]): (row["province_code"], row["district_code"]) for row in rows}
