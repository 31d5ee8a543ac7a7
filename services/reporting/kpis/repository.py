"""The one query behind every KPI: what the co-operatives of an area state, summed by area and date."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from services.reporting.areas.domain import Area, Level, cooperative_id_of
from services.reporting.kpis.domain import Sums
from services.reporting.latest.repository import STATE_AT_DATES_SQL, STATE_COLUMNS
from shared.chassis.database import ReadSession
from shared.kernel.calendar import fiscal_year_bounds


@dataclass(frozen=True, slots=True)
class Scope:
    """What is asked for: an area's co-operatives, in a fiscal year, of a programme (None: all)."""

    area: Area
    fiscal_year_be: int
    programme: str | None
    reached_percent: Decimal

    @property
    def first(self) -> date:
        return fiscal_year_bounds(self.fiscal_year_be)[0]

    @property
    def last(self) -> date:
        return fiscal_year_bounds(self.fiscal_year_be)[1]

    @property
    def baseline_on(self) -> date:
        """t0: the day before the fiscal year."""
        return self.first - timedelta(days=1)


_WITHIN: Final[Mapping[Level, str]] = {
    Level.NATION: "true",
    Level.REGION: "c.region_code = :area",
    Level.PROVINCE: "c.province_code = :area",
    Level.DISTRICT: "c.district_code = :area",
    Level.COOPERATIVE: "c.id = cast(:area as uuid)",
}
_GROUP: Final[Mapping[Level, str]] = {
    Level.NATION: "cast('TH' as text)",
    Level.REGION: "c.region_code",
    Level.PROVINCE: "c.province_code",
    Level.DISTRICT: "c.district_code",
    Level.COOPERATIVE: "cast(c.id as text)",
}

# A date's bound is the last day whose facts count. For the latest figure it is the year's last day, and the figure
# stands as of the newest close; for a date that was asked for, both are that date.
_SCOPE_SQL: Final = """
scope as materialized (
    select c.id, {group} as area, c.province_code
      from cooperative c
     where {within}
       and (c.status <> 'dissolved' or exists (
            select from baseline f where f.cooperative_id = c.id and f.fiscal_year_be = :year))
       and (cast(:programme as text) is null or exists (
            select from enrolment e
             where e.cooperative_id = c.id and e.programme_code = :programme
               and e.valid_from <= :last and (e.valid_to is null or e.valid_to >= :first)))
)"""

_LATEST_SQL: Final = f"""
state as materialized (
    select scope.area, scope.province_code, cast(:last as date) as bound, scope.id,
           x.stated_on, x.newest_on, {", ".join(f"x.{name}" for name in STATE_COLUMNS)}
      from scope left join latest x on x.cooperative_id = scope.id and x.fiscal_year_be = :year
),
shown as materialized (
    select cast(:last as date) as bound, max(stated_on) as as_of, greatest(max(stated_on), :first) as enrolled_on,
           cast(date_trunc('month', cast(max(stated_on) + 1 as timestamp)) - interval '1 month' as date) as active_month
      from state
)"""

_CLOSED_AT_DATES_SQL: Final = """
bound as materialized (
    select bound, cast(date_trunc('month', cast(bound + 1 as timestamp)) - interval '1 month' as date) as full_month,
           cast(date_trunc('month', cast(bound + 1 as timestamp)) as date) as part_from
      from unnest(cast(:dates as date[])) as bound
),
closed as (
    select bound.bound, bound.full_month, bound.part_from, cast(:year as integer) as fiscal_year_be, scope.id,
           scope.area, scope.province_code, k.closed_on, k.revision,
           k.overdue_principal_satang + k.overdue_interest_satang as overdue_satang, k.outstanding_principal_satang,
           k.npl_principal_satang, k.members_overdue, k.members_overdue_with_plan, h.closed_on as cohort_on,
           h.overdue_at_baseline_satang as cohort_baseline_satang, h.overdue_satang as cohort_overdue_satang,
           h.cash_satang, h.produce_satang, h.set_off_satang, h.waived_satang, h.written_off_satang,
           h.rescheduled_satang, h.left_cohort_satang, h.newly_overdue_satang, h.loans as cohort_loans,
           h.loans_cured as cohort_loans_cured,
           h.participants_debt_at_baseline_satang as participants_debt_baseline_satang, h.participants_debt_satang
      from bound cross join scope
      left join lateral (
           select * from close_statement k
            where k.cooperative_id = scope.id and k.closed_on between :baseline_on and bound.bound
            order by k.closed_on desc, k.revision desc limit 1) k on true
      left join close_cohort h
        on h.cooperative_id = k.cooperative_id and h.fiscal_year_be = :year and h.closed_on = k.closed_on
       and h.revision = k.revision
)"""

_AT_DATES_SQL: Final = f"""{_CLOSED_AT_DATES_SQL},
{STATE_AT_DATES_SQL},
shown as materialized (
    select bound, bound as as_of, greatest(bound, :first) as enrolled_on, full_month as active_month from bound
)"""

_SUMS_SQL: Final = f"""
select st.area, st.bound, shown.as_of, max(st.newest_on) as facts_to,
       count(*) as cooperatives_total,
       count(*) filter (where st.stated_on >= shown.as_of or exists (
           select from close_statement k
            where k.cooperative_id = st.id and k.closed_on >= shown.as_of)) as cooperatives_reached,
       count(*) filter (where st.participants > 0) as places,
       count(*) filter (where st.cohort_baseline > 0
           and (st.cohort_baseline - st.cohort_overdue + st.cash_since + st.produce_since + st.set_off_since) * 100
               >= cast(:reached_percent as numeric) * st.cohort_baseline
       ) as places_reached,
       count(distinct st.province_code) filter (where (st.id, st.bound) in (
           select e.cooperative_id, shown.bound
             from enrolment e
             join shown on e.valid_from <= shown.bound and (e.valid_to is null or e.valid_to >= shown.enrolled_on)
            where e.cooperative_id = any(array(select id from scope))
              and (cast(:programme as text) is null or e.programme_code = :programme)
       )) as provinces_enrolled,
       cast(coalesce(sum(active.ledger_active_rows), 0) as bigint) as ledger_active,
       {", ".join(f"cast(coalesce(sum(st.{name}), 0) as bigint) as {name}" for name in STATE_COLUMNS)}
  from state st
  join shown on shown.bound = st.bound
  left join lateral (
       select x.ledger_active_rows from measure_cell x
        where x.cooperative_id = st.id and x.fiscal_year_be = :year and x.month = shown.active_month) active on true
 group by st.area, st.bound, shown.as_of
 order by st.bound, st.area"""


def area_condition(area: Area) -> tuple[str, object]:
    """The condition on co-operatives `c` that makes an area, and the value of its parameter `:area`."""
    value = cooperative_id_of(area.code) if area.level is Level.COOPERATIVE else area.code
    return _WITHIN[area.level], value


async def sum_up(
    session: ReadSession,
    scope: Scope,
    group: Level,
    provinces: Mapping[str, int],
    dates: Sequence[date] | None = None,
) -> list[Sums]:
    """Sums by area of level `group` and by date; only areas with a co-operative have any.

    Args:
        session: within the caller's reach.
        scope: what is asked for.
        group: the level to sum to.
        provinces: how many provinces each area of that level has.
        dates: each is a date to stand for; None: the latest, facts since the last close included.
    """
    within, area = area_condition(scope.area)
    scope_sql = _SCOPE_SQL.format(within=within, group=_GROUP[group])
    rows = await session.fetch(
        f"with {scope_sql}, {_LATEST_SQL if dates is None else _AT_DATES_SQL} {_SUMS_SQL}",
        year=scope.fiscal_year_be,
        first=scope.first,
        last=scope.last,
        programme=scope.programme,
        reached_percent=scope.reached_percent,
        **({} if dates is None else {"dates": list(dates), "baseline_on": scope.baseline_on}),
        **({"area": area} if ":area" in within else {}),
    )
    return [Sums(**row, provinces_total=provinces.get(row["area"], 1)) for row in rows]


async def newest_fiscal_year(session: ReadSession) -> int | None:
    """The newest fiscal year that has a baseline within reach."""
    year: int | None = await session.scalar("select max(fiscal_year_be) from baseline")
    return year


async def event_lag_seconds(session: ReadSession, consumer: str) -> float | None:
    """How far what is shown may be behind what has happened; None before the consumer has ever run."""
    lag = await session.scalar(
        """
        select extract(epoch from now() - polled_at) + lag_seconds from consumer_heartbeat where consumer = :consumer
        """,
        consumer=consumer,
    )
    return None if lag is None else max(0.0, float(lag))
