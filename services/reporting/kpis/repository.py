"""The one query behind every KPI: what the co-operatives of an area state, summed by area and date."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from services.reporting.areas.domain import Area, Level, cooperative_id_of
from services.reporting.kpis.domain import Sums
from services.reporting.measures.domain import Measure
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

_FLOWS: Final = (
    Measure.PAYMENTS,
    Measure.REVERSALS,
    Measure.COLLECTED_PRODUCE,
    Measure.CASES_OPENED,
    Measure.CASES_RELEASED,
    Measure.LEARNING_GAIN,
)
_SINCE: Final = (
    *_FLOWS,
    Measure.OVERDUE_REDUCED,
    Measure.COHORT_CASH,
    Measure.COHORT_PRODUCE,
    Measure.COHORT_SET_OFF,
)
"""Measures that count after the last close as well."""


def _value(name: str, *measures: Measure, column: str = "value", when: str = "true") -> str:
    codes = ", ".join(f"'{measure}'" for measure in measures)
    return f"coalesce(sum({column}) filter (where measure in ({codes}) and {when}), 0) as {name}"


# A date's bound is the last day whose facts count. For the latest figure it is the year's last day, and the figure
# stands as of the newest close; for a date that was asked for, both are that date.
_SCOPE_SQL: Final = """
bound as materialized (
    select bound, cast(date_trunc('month', bound + 1) - interval '1 month' as date) as full_month
      from unnest(cast(:bounds as date[])) as bound
),
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

_STATED_SQL: Final = """
stated as materialized (
    select bound.bound, bound.full_month, scope.id, scope.area, scope.province_code,
           greatest(k.closed_on, f.baseline_on) as stated_on,
           coalesce(h.closed_on, f.baseline_on) as cohort_on,
           coalesce(h.overdue_at_baseline_satang, f.cohort_overdue_satang, 0) as cohort_baseline,
           coalesce(h.overdue_satang, f.cohort_overdue_satang, 0) as cohort_overdue,
           h.cash_satang, h.produce_satang, h.set_off_satang, h.waived_satang, h.written_off_satang,
           h.rescheduled_satang, h.left_cohort_satang, h.newly_overdue_satang,
           coalesce(h.loans, f.cohort_loans) as cohort_loans, h.loans_cured,
           coalesce(h.participants_debt_at_baseline_satang, f.participants_debt_satang) as participants_debt_baseline,
           coalesce(h.participants_debt_satang, f.participants_debt_satang) as participants_debt,
           f.overdue_all_satang as all_baseline,
           case when f.baseline_on is not null
                then coalesce(k.overdue_principal_satang + k.overdue_interest_satang, f.overdue_all_satang)
                end as all_overdue,
           k.overdue_principal_satang + k.overdue_interest_satang as overdue_amount,
           k.outstanding_principal_satang, k.npl_principal_satang, k.members_overdue, k.members_overdue_with_plan
      from bound cross join scope
      left join baseline f
        on f.cooperative_id = scope.id and f.fiscal_year_be = :year and f.baseline_on <= bound.bound
      left join lateral (
           select * from close_statement k
            where k.cooperative_id = scope.id and k.closed_on between :baseline_on and bound.bound
            order by k.closed_on desc, k.revision desc limit 1) k on true
      left join lateral (
           select * from close_cohort h
            where h.cooperative_id = scope.id and h.fiscal_year_be = :year and h.closed_on <= bound.bound
            order by h.closed_on desc, h.revision desc limit 1) h on true
),
reach as materialized (
    select bound, full_month,
           case when :is_latest then max(stated_on) else bound end as as_of
      from stated group by bound, full_month
),
standing as materialized (
    select reach.bound, reach.as_of, greatest(reach.as_of, :first) as enrolled_on,
           case when :is_latest then cast(date_trunc('month', reach.as_of + 1) - interval '1 month' as date)
                else full_month end as active_month
      from reach
)"""

_COHORT: Final = (Measure.COHORT_CASH, Measure.COHORT_PRODUCE, Measure.COHORT_SET_OFF)
_SINCE_COLUMNS: Final = (
    _value("cash_since", Measure.COHORT_CASH),
    _value("produce_since", Measure.COHORT_PRODUCE),
    _value("set_off_since", Measure.COHORT_SET_OFF),
    _value("all_since", Measure.OVERDUE_REDUCED, when="st.all_baseline is not null"),
    _value("cohort_rows_since", *_COHORT, column="rows"),
    _value("all_rows_since", Measure.OVERDUE_REDUCED, column="rows"),
    _value("collected_rows_since", Measure.PAYMENTS, Measure.REVERSALS, column="rows"),
    _value("cases_rows_since", Measure.CASES_OPENED, column="rows"),
    _value("released_rows_since", Measure.CASES_RELEASED, column="rows"),
    _value("gain_rows_since", Measure.LEARNING_GAIN, column="rows"),
)
_FLOW_COLUMNS: Final = (
    _value("participants", Measure.CASES_OPENED, column="rows"),
    _value("released", Measure.CASES_RELEASED, column="rows"),
    _value("collected", Measure.PAYMENTS, Measure.REVERSALS),
    _value("collected_produce", Measure.COLLECTED_PRODUCE),
    _value("gain_units", Measure.LEARNING_GAIN),
    _value("gain_pairs", Measure.LEARNING_GAIN, column="rows"),
)

_FACTS_SQL: Final = f"""
since as (
    select st.bound, st.id, {", ".join(_SINCE_COLUMNS)},
           max(d.day) as facts_to
      from stated st
      join measure_day d
        on d.cooperative_id = st.id and d.fiscal_year_be = :year and d.measure = any(cast(:since as text[]))
       and d.day <= st.bound
       and d.day > coalesce(case when d.measure like 'cohort%' then st.cohort_on else st.stated_on end, '-infinity')
     group by st.bound, st.id
),
flow_cell as (
    select st.bound, st.id, c.measure, c.value, c.rows
      from stated st
      join measure_cell c
        on c.cooperative_id = st.id and c.fiscal_year_be = :year and c.measure = any(cast(:flows as text[]))
       and c.month <= st.full_month
    union all
    select st.bound, st.id, d.measure, d.value, d.rows
      from stated st
      join measure_day d
        on d.cooperative_id = st.id and d.fiscal_year_be = :year and d.measure = any(cast(:flows as text[]))
       and d.day >= st.full_month + interval '1 month' and d.day <= st.bound
),
flow as (
    select bound, id, {", ".join(_FLOW_COLUMNS)}
      from flow_cell group by bound, id
),
active as (
    select standing.bound, c.cooperative_id as id, c.rows as ledger_active
      from standing
      join measure_cell c on c.fiscal_year_be = :year and c.measure = '{Measure.LEDGER_ACTIVE}'
       and c.month = standing.active_month
     where c.cooperative_id = any (select id from scope)
),
enrolled as (
    select distinct standing.bound, e.cooperative_id as id
      from standing
      join enrolment e on e.valid_from <= standing.bound and (e.valid_to is null or e.valid_to >= standing.enrolled_on)
     where cast(:programme as text) is null or e.programme_code = :programme
)"""

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
    "cohort_loans": "st.cohort_loans",
    "cohort_loans_cured": "st.loans_cured",
    "participants_debt_baseline": "st.participants_debt_baseline",
    "participants_debt": "st.participants_debt",
    "all_baseline": "st.all_baseline",
    "all_overdue": "st.all_overdue",
    "overdue_amount": "st.overdue_amount",
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
    "participants": "flow.participants",
    "released": "flow.released",
    "collected": "flow.collected",
    "collected_produce": "flow.collected_produce",
    "gain_units": "flow.gain_units",
    "gain_pairs": "flow.gain_pairs",
    "ledger_active": "active.ledger_active",
}

_SUMS_SQL: Final = f"""
select st.area, st.bound, standing.as_of, max(since.facts_to) as facts_to,
       count(*) as cooperatives_total,
       count(*) filter (where st.stated_on >= standing.as_of or exists (
           select from close_statement k
            where k.cooperative_id = st.id and k.closed_on >= standing.as_of)) as cooperatives_reached,
       count(*) filter (where flow.participants > 0) as places,
       count(*) filter (where st.cohort_baseline > 0
           and (st.cohort_baseline - st.cohort_overdue
                + coalesce(since.cash_since + since.produce_since + since.set_off_since, 0)) * 100
               >= cast(:reached_percent as numeric) * st.cohort_baseline
       ) as places_reached,
       count(distinct st.province_code) filter (where enrolled.id is not null) as provinces_enrolled,
       {", ".join(f"cast(coalesce(sum({column}), 0) as bigint) as {name}" for name, column in _SUMMED.items())}
  from stated st
  join standing on standing.bound = st.bound
  left join since on since.bound = st.bound and since.id = st.id
  left join flow on flow.bound = st.bound and flow.id = st.id
  left join active on active.bound = st.bound and active.id = st.id
  left join enrolled on enrolled.bound = st.bound and enrolled.id = st.id
 group by st.area, st.bound, standing.as_of
 order by st.bound, st.area"""


def area_condition(area: Area) -> tuple[str, object]:
    """The condition on co-operatives `c` that makes an area, and the value of its parameter `:area`."""
    value = cooperative_id_of(area.code) if area.level is Level.COOPERATIVE else area.code
    return _WITHIN[area.level], value


def _parameters(scope: Scope, bounds: Sequence[date]) -> dict[str, Any]:
    within, area = area_condition(scope.area)
    return {
        "bounds": list(bounds),
        "year": scope.fiscal_year_be,
        "first": scope.first,
        "last": scope.last,
        "baseline_on": scope.baseline_on,
        "programme": scope.programme,
        "reached_percent": scope.reached_percent,
        "since": [measure.value for measure in _SINCE],
        "flows": [measure.value for measure in _FLOWS],
        **({"area": area} if ":area" in within else {}),
    }


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
    blocks = _SCOPE_SQL.format(within=area_condition(scope.area)[0], group=_GROUP[group]), _STATED_SQL, _FACTS_SQL
    rows = await session.fetch(
        f"with {', '.join(blocks)} {_SUMS_SQL}",
        is_latest=dates is None,
        **_parameters(scope, [scope.last] if dates is None else dates),
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
