"""The one query behind every KPI: what the co-operatives of an area state, summed by area and date."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from services.reporting.areas.domain import Area, Level, cooperative_id_of
from services.reporting.kpis.domain import Sums
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

_CLOSED_LATEST_SQL: Final = """
bound as materialized (
    select cast(:last as date) as bound, cast(date_trunc('month', cast(:last as timestamp)) as date) as full_month
),
closed as (
    select bound.bound, bound.full_month, scope.id, scope.area, scope.province_code, k.closed_on, k.revision,
           k.overdue_satang, k.outstanding_principal_satang, k.npl_principal_satang, k.members_overdue,
           k.members_overdue_with_plan,
           case when k.cohort_baseline_satang is not null then k.closed_on end as cohort_on,
           k.cohort_baseline_satang, k.cohort_overdue_satang, k.cash_satang, k.produce_satang, k.set_off_satang,
           k.waived_satang, k.written_off_satang, k.rescheduled_satang, k.left_cohort_satang, k.newly_overdue_satang,
           k.cohort_loans, k.cohort_loans_cured, k.participants_debt_baseline_satang, k.participants_debt_satang
      from bound cross join scope
      left join standing k on k.cooperative_id = scope.id and k.fiscal_year_be = :year
)"""

_CLOSED_AT_DATES_SQL: Final = """
bound as materialized (
    select bound, cast(date_trunc('month', cast(bound + 1 as timestamp)) - interval '1 month' as date) as full_month,
           cast(date_trunc('month', cast(bound + 1 as timestamp)) as date) as part_from
      from unnest(cast(:dates as date[])) as bound
),
closed as (
    select bound.bound, bound.full_month, bound.part_from, scope.id, scope.area, scope.province_code, k.closed_on,
           k.revision,
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

# Until a close states the cohort, its baseline stands. Every limit that later conditions compare with is a plain column
# here: under a row-level policy an expression that is not leakproof keeps a condition out of the index.
_STATED_SQL: Final = """
based as materialized (
    select closed.*, greatest(closed.closed_on, f.baseline_on) as stated_on,
           coalesce(closed.closed_on, f.baseline_on, '-infinity') as stated_to,
           coalesce(closed.cohort_on, f.baseline_on, '-infinity') as cohort_to,
           coalesce(closed.cohort_baseline_satang, f.cohort_overdue_satang, 0) as cohort_baseline,
           coalesce(closed.cohort_overdue_satang, f.cohort_overdue_satang, 0) as cohort_overdue,
           coalesce(closed.cohort_loans, f.cohort_loans) as loans_of_cohort,
           coalesce(closed.participants_debt_baseline_satang, f.participants_debt_satang) as participants_debt_baseline,
           coalesce(closed.participants_debt_satang, f.participants_debt_satang) as participants_debt,
           f.overdue_all_satang as all_baseline,
           case when f.baseline_on is not null
                then coalesce(closed.overdue_satang, f.overdue_all_satang) end as all_overdue
      from closed
      left join baseline f
        on f.cooperative_id = closed.id and f.fiscal_year_be = :year and f.baseline_on <= closed.bound
),
limited as materialized (
    select based.*, least(stated_to, cohort_to) as facts_after,
           cast(stated_month as date) as stated_month,
           cast(stated_month + interval '1 month - 1 day' as date) as stated_month_end,
           cast(cohort_month as date) as cohort_month,
           cast(cohort_month + interval '1 month - 1 day' as date) as cohort_month_end
      from based
     cross join lateral (
           select date_trunc('month', cast(stated_to as timestamp)) as stated_month,
                  date_trunc('month', cast(cohort_to as timestamp)) as cohort_month) as months
),
stated as materialized (
    select limited.*, least(stated_month, cohort_month) as months_after,
           least(bound, greatest(stated_month_end, cohort_month_end)) as days_to
      from limited
),
shown as materialized (
    select bound, case when :is_latest then max(stated_on) else bound end as as_of,
           greatest(case when :is_latest then max(stated_on) else bound end, :first) as enrolled_on,
           case when :is_latest
                then cast(date_trunc('month', cast(max(stated_on) + 1 as timestamp)) - interval '1 month' as date)
                else full_month end as active_month
      from stated group by bound, full_month
)"""

_SINCE_COLUMNS: Final = (
    "x.cohort_cash, x.cohort_produce, x.cohort_set_off, x.cohort_cash_rows, x.cohort_produce_rows,"
    " x.cohort_set_off_rows, x.overdue_reduced, x.overdue_reduced_rows, x.payments_rows, x.reversals_rows,"
    " x.cases_opened_rows, x.cases_released_rows, x.learning_gain_rows"
)

# What came after the last close: the rest of that close's month by day, then whole months.
_AFTER_SQL: Final = f"""
    select x.day > st.cohort_to and x.day <= st.cohort_month_end as in_cohort,
           x.day > st.stated_to and x.day <= st.stated_month_end as in_all, {_SINCE_COLUMNS}
      from measure_day x
     where x.cooperative_id = st.id and x.fiscal_year_be = :year and x.day > st.facts_after and x.day <= st.days_to
    union all
    select x.month > st.cohort_month, x.month > st.stated_month, {_SINCE_COLUMNS}
      from measure_cell x
     where x.cooperative_id = st.id and x.fiscal_year_be = :year
       and x.month > st.months_after and x.month <= st.full_month"""

# And, for a date within a month, that month's days up to it.
_PART_MONTH_AFTER_SQL: Final = f"""
    union all
    select x.day > st.cohort_month_end, x.day > st.stated_month_end, {_SINCE_COLUMNS}
      from measure_day x
     where x.cooperative_id = st.id and x.fiscal_year_be = :year and x.day >= st.part_from and x.day <= st.bound"""

_SINCE_SQL: Final = """
    select sum(cohort_cash) filter (where in_cohort) as cash_since,
           sum(cohort_produce) filter (where in_cohort) as produce_since,
           sum(cohort_set_off) filter (where in_cohort) as set_off_since,
           sum(cohort_cash_rows + cohort_produce_rows + cohort_set_off_rows)
               filter (where in_cohort) as cohort_rows_since,
           sum(overdue_reduced) filter (where in_all and st.all_baseline is not null) as all_since,
           sum(overdue_reduced_rows) filter (where in_all) as all_rows_since,
           sum(payments_rows + reversals_rows) filter (where in_all) as collected_rows_since,
           sum(cases_opened_rows) filter (where in_all) as cases_rows_since,
           sum(cases_released_rows) filter (where in_all) as released_rows_since,
           sum(learning_gain_rows) filter (where in_all) as gain_rows_since
      from ({after}) as x"""

_FLOWS: Final = {
    "participants": "x.cases_opened_rows",
    "released": "x.cases_released_rows",
    "collected": "x.payments + x.reversals",
    "collected_produce": "x.collected_produce",
    "gain_units": "x.learning_gain",
    "gain_pairs": "x.learning_gain_rows",
}
_FLOW_COLUMNS: Final = ", ".join(f"{column} as {name}" for name, column in _FLOWS.items())

_FLOW_LATEST_SQL: Final = f"""
    select {_FLOW_COLUMNS} from measure_year x where x.cooperative_id = st.id and x.fiscal_year_be = :year"""

_FLOW_AT_DATES_SQL: Final = f"""
    select {", ".join(f"sum({name}) as {name}" for name in _FLOWS)} from (
        select {_FLOW_COLUMNS} from measure_cell x
         where x.cooperative_id = st.id and x.fiscal_year_be = :year and x.month <= st.full_month
        union all
        select {_FLOW_COLUMNS} from measure_day x
         where x.cooperative_id = st.id and x.fiscal_year_be = :year
           and x.day >= st.part_from and x.day <= st.bound) x"""

_SUMMED: Final = {
    "cohort_baseline": "st.cohort_baseline",
    "cohort_overdue": "st.cohort_overdue",
    "cash": "st.cash_satang",
    "produce": "st.produce_satang",
    "set_off": "st.set_off_satang",
    "waived": "st.waived_satang",
    "written_off": "st.written_off_satang",
    "rescheduled": "st.rescheduled_satang",
    "left_cohort": "st.left_cohort_satang",
    "newly_overdue": "st.newly_overdue_satang",
    "cohort_loans": "st.loans_of_cohort",
    "cohort_loans_cured": "st.cohort_loans_cured",
    "participants_debt_baseline": "st.participants_debt_baseline",
    "participants_debt": "st.participants_debt",
    "all_baseline": "st.all_baseline",
    "all_overdue": "st.all_overdue",
    "overdue_amount": "st.overdue_satang",
    "outstanding_principal": "st.outstanding_principal_satang",
    "npl_principal": "st.npl_principal_satang",
    "members_overdue": "st.members_overdue",
    "members_overdue_with_plan": "st.members_overdue_with_plan",
    "cash_since": "since.cash_since",
    "produce_since": "since.produce_since",
    "set_off_since": "since.set_off_since",
    "all_since": "since.all_since",
    "cohort_rows_since": "since.cohort_rows_since",
    "all_rows_since": "since.all_rows_since",
    "collected_rows_since": "since.collected_rows_since",
    "cases_rows_since": "since.cases_rows_since",
    "released_rows_since": "since.released_rows_since",
    "gain_rows_since": "since.gain_rows_since",
    "ledger_active": "active.ledger_active_rows",
    **{name: f"flow.{name}" for name in _FLOWS},
}


# Lateral, co-operative by co-operative: a few index probes each, whatever the planner believes of a policy.
_SUMS_SQL: Final = f"""
select st.area, st.bound, shown.as_of, max(newest.day) as facts_to,
       count(*) as cooperatives_total,
       count(*) filter (where st.stated_on >= shown.as_of or exists (
           select from close_statement k
            where k.cooperative_id = st.id and k.closed_on >= shown.as_of)) as cooperatives_reached,
       count(*) filter (where flow.participants > 0) as places,
       count(*) filter (where st.cohort_baseline > 0
           and (st.cohort_baseline - st.cohort_overdue + coalesce(since.cash_since, 0)
                + coalesce(since.produce_since, 0) + coalesce(since.set_off_since, 0)) * 100
               >= cast(:reached_percent as numeric) * st.cohort_baseline
       ) as places_reached,
       count(distinct st.province_code) filter (where exists (
           select from enrolment e
            where e.cooperative_id = st.id and (cast(:programme as text) is null or e.programme_code = :programme)
              and e.valid_from <= st.bound and (e.valid_to is null or e.valid_to >= shown.enrolled_on)
       )) as provinces_enrolled,
       {", ".join(f"cast(coalesce(sum({column}), 0) as bigint) as {name}" for name, column in _SUMMED.items())}
  from stated st
  join shown on shown.bound = st.bound
  left join lateral ({{since}}) since on true
  left join lateral ({{flow}}) flow on true
  left join lateral (
       select x.ledger_active_rows from measure_cell x
        where x.cooperative_id = st.id and x.fiscal_year_be = :year and x.month = shown.active_month) active on true
  left join lateral (
       select x.day from measure_day x
        where x.cooperative_id = st.id and x.fiscal_year_be = :year and x.day > st.facts_after and x.day <= st.bound
        order by x.day desc limit 1) newest on true
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
    is_latest = dates is None
    within, area = area_condition(scope.area)
    blocks = (
        _SCOPE_SQL.format(within=within, group=_GROUP[group]),
        _CLOSED_LATEST_SQL if is_latest else _CLOSED_AT_DATES_SQL,
        _STATED_SQL,
    )
    sums = _SUMS_SQL.format(
        since=_SINCE_SQL.format(after=_AFTER_SQL if is_latest else _AFTER_SQL + _PART_MONTH_AFTER_SQL),
        flow=_FLOW_LATEST_SQL if is_latest else _FLOW_AT_DATES_SQL,
    )
    rows = await session.fetch(
        f"with {', '.join(blocks)} {sums}",
        is_latest=is_latest,
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
