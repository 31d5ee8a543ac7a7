"""The one query behind every KPI: what the co-operatives of an area state, summed by area and date."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from services.reporting.areas.domain import Area, Level, cooperative_id_of
from services.reporting.kpis.domain import Sums
from services.reporting.latest.repository import STATE_COLUMNS, state_at_dates_sql
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
       and {enrolled}
)"""
_ENROLLED_SQL: Final = """exists (
            select from enrolment e
             where e.cooperative_id = c.id and e.programme_code = :programme
               and e.valid_from <= :last and (e.valid_to is null or e.valid_to >= :first))"""

# All rows of a year at once, where a nation is asked for; probes for each co-operative cost five times as much.
_NEWEST_SQL: Final = """
newest as materialized (
    select x.cooperative_id, x.stated_on, x.newest_on{columns}
      from latest x where x.fiscal_year_be = :year and x.{in_scope} {and_settled}
)"""

_LATEST_SQL: Final = """
state as materialized (
    select scope.area, scope.province_code, cast(:last as date) as bound, scope.id, x.stated_on, x.newest_on{columns}
      from scope left join newest x on x.cooperative_id = scope.id
),
shown as materialized (
    select cast(:last as date) as bound, max(stated_on) as as_of, greatest(max(stated_on), :first) as enrolled_on,
           case when max(stated_on) is null then :last else greatest(max(stated_on), :first) end as enrolled_to,
           cast(date_trunc('month', cast(max(stated_on) + 1 as timestamp)) - interval '1 month' as date) as active_month
      from state
)"""

_ONE_DATE_SQL: Final = "(select cast(:date as date) as bound) as one"
_DATES_SQL: Final = "unnest(cast(:dates as date[])) as bound"

# What flows to a date are whole months and the fewest days: those up to it, or its month without those after it.
_BOUND_SQL: Final = """
bound as materialized (
    select bound, closed_to, since_on,
           least(bound, cast(date_trunc('month', cast(since_on as timestamp)) + interval '1 month - 1 day' as date))
               as since_to,
           full_month, part_from,
           case when is_late then part_from else full_month end as flow_month,
           case when is_late then bound + 1 else part_from end as flow_from,
           case when is_late then cast(part_from + interval '1 month - 1 day' as date) else bound end as flow_to,
           case when is_late then -1 else 1 end as flow_sign
      from {bounds}
     cross join lateral (
           select cast(date_trunc('month', cast(bound + 1 as timestamp)) - interval '1 month' as date) as full_month,
                  cast(date_trunc('month', cast(bound + 1 as timestamp)) as date) as part_from) as months
     cross join lateral (select bound - part_from >= 15 as is_late) as side
     cross join lateral (select {closed_to} as closed_to) as closes
     cross join lateral (select coalesce(closed_to, :baseline_on) as since_on) as since
)"""

# Nothing has been closed and nothing has happened since the date: the latest row is also that date's.
_SETTLED_SQL: Final = """
settled as materialized (
    select scope.area, scope.province_code, bound.bound, scope.id, x.stated_on, x.newest_on{columns}
      from bound
      join newest x on greatest(x.stated_on, x.newest_on) <= bound.bound
      join scope on scope.id = x.cooperative_id
),
asked as materialized (
    select bound.bound, bound.full_month, bound.part_from, bound.since_on, scope.id, scope.area, scope.province_code
      from bound cross join scope
     where (bound.bound, scope.id) not in (select settled.bound, settled.id from settled)
),
dated as materialized (
    select * from bound where bound.bound in (select asked.bound from asked)
)"""

_COHORT_COLUMNS: Final = """h.closed_on as cohort_on, h.overdue_at_baseline_satang as cohort_baseline_satang,
           h.overdue_satang as cohort_overdue_satang, h.cash_satang, h.produce_satang, h.set_off_satang,
           h.waived_satang, h.written_off_satang, h.rescheduled_satang, h.left_cohort_satang, h.newly_overdue_satang,
           h.loans as cohort_loans, h.loans_cured as cohort_loans_cured,
           h.participants_debt_at_baseline_satang as participants_debt_baseline_satang, h.participants_debt_satang"""

# Most co-operatives close on the same day, and the rows of a day lie together: one scan finds them. Only of the others
# is the last close before it looked up, each for itself.
_CLOSE_COLUMNS: Final = """k.cooperative_id, k.closed_on, k.revision,
           k.overdue_principal_satang + k.overdue_interest_satang as overdue_satang, k.outstanding_principal_satang,
           k.npl_principal_satang, k.members_overdue, k.members_overdue_with_plan"""
_CLOSED_AT_DATES_SQL: Final = f"""
closed_then as materialized (
    select distinct on (k.cooperative_id, dated.bound) dated.bound, {_CLOSE_COLUMNS}
      from dated join close_statement k on k.closed_on = dated.closed_to
     where k.{{in_scope}}
     order by k.cooperative_id, dated.bound, k.revision desc
),
cohort_then as materialized (
    select dated.bound, h.*
      from dated join close_cohort h on h.closed_on = dated.closed_to
     where h.fiscal_year_be = :year and h.{{in_scope}}
),
last_closed as (
    select k.*, {_COHORT_COLUMNS}
      from closed_then k
      left join cohort_then h
        on h.bound = k.bound and h.cooperative_id = k.cooperative_id and h.revision = k.revision
    union all
    select asked.bound, k.*, {_COHORT_COLUMNS}
      from asked
     cross join lateral (
           select {_CLOSE_COLUMNS} from close_statement k
            where k.cooperative_id = asked.id and k.closed_on between :baseline_on and asked.bound
            order by k.closed_on desc, k.revision desc limit 1) k
      left join close_cohort h
        on h.cooperative_id = k.cooperative_id and h.fiscal_year_be = :year and h.closed_on = k.closed_on
       and h.revision = k.revision
     where (asked.bound, asked.id) not in (select k.bound, k.cooperative_id from closed_then k)
),
closed as (
    select asked.*, cast(:year as integer) as fiscal_year_be, k.closed_on, k.overdue_satang,
           k.outstanding_principal_satang, k.npl_principal_satang, k.members_overdue, k.members_overdue_with_plan,
           k.cohort_on, k.cohort_baseline_satang, k.cohort_overdue_satang, k.cash_satang, k.produce_satang,
           k.set_off_satang, k.waived_satang, k.written_off_satang, k.rescheduled_satang, k.left_cohort_satang,
           k.newly_overdue_satang, k.cohort_loans, k.cohort_loans_cured, k.participants_debt_baseline_satang,
           k.participants_debt_satang
      from asked
      left join last_closed k on k.bound = asked.bound and k.cooperative_id = asked.id
)"""
_CLOSED_TO_SQL: Final = """(
           select max(k.closed_on) from close_statement k where k.closed_on between :baseline_on and bound)"""

_AT_DATES_SQL: Final = """
state as (
    select * from settled union all select * from unsettled
),
shown as materialized (
    select bound, bound as as_of, greatest(bound, :first) as enrolled_on, bound as enrolled_to,
           full_month as active_month
      from bound
)"""

_MEASURED: Final = {
    "places": "count(*) filter (where st.participants > 0)",
    "places_reached": """count(*) filter (where st.cohort_baseline > 0
           and (st.cohort_baseline - st.cohort_overdue + st.cash_since + st.produce_since + st.set_off_since) * 100
               >= cast(:reached_percent as numeric) * st.cohort_baseline)""",
    "provinces_enrolled": """count(distinct st.province_code) filter (where (st.id, st.bound) in (
           select e.cooperative_id, shown.bound
             from enrolment e
             join shown on e.valid_from <= shown.enrolled_to and (e.valid_to is null or e.valid_to >= shown.enrolled_on)
            where e.cooperative_id = any(array(select id from scope)) and {of_programme}))""",
    # Nobody takes part before the first case is opened, as on the day before a fiscal year.
    "ledger_active": "cast(coalesce(sum(active.ledger_active_rows) filter (where st.participants > 0), 0) as bigint)",
    **{name: f"cast(coalesce(sum(st.{name}), 0) as bigint)" for name in STATE_COLUMNS},
}
_LEDGER_SQL: Final = """
  left join lateral (
       select x.ledger_active_rows from measure_cell x
        where x.cooperative_id = st.id and x.fiscal_year_be = :year and x.month = shown.active_month) active on true"""

_SUMS_SQL: Final = """
select st.area, st.bound, shown.as_of, max(st.newest_on) as facts_to,
       count(*) as cooperatives_total,
       count(*) filter (where st.stated_on >= shown.as_of or (st.id, st.bound) in (
           select k.cooperative_id, shown.bound
             from standing k join shown on k.closed_on >= shown.as_of
            where k.fiscal_year_be >= :year and k.{in_scope})) as cooperatives_reached,
       {measured}
  from state st
  join shown on shown.bound = st.bound {ledger}
 group by st.area, st.bound, shown.as_of
 order by st.bound, st.area"""
_MADE_OF: Final[Mapping[str, Collection[str]]] = {
    "places": ("participants",),
    "ledger_active": ("participants",),
    "places_reached": ("cohort_baseline", "cohort_overdue", "cash_since", "produce_since", "set_off_since"),
}
"""Of what is measured otherwise than by a sum, what of the state it reads."""


def _sums_sql(scope: Scope, group: Level, reads: Collection[str], dates: int) -> str:
    """The query for so many dates (0: the latest). No condition stands in it that is always true for what is asked:
    PostgreSQL then plans it once, and planning it takes as long as running it."""
    nation = scope.area.level is Level.NATION
    in_scope = "cooperative_id is not null" if nation else "cooperative_id = any(array(select id from scope))"
    measured = [name for name in _MEASURED if name in reads]
    read = {part for name in measured for part in (name, *_MADE_OF.get(name, ()))}
    columns = [name for name in STATE_COLUMNS if name in read]
    of_latest = "".join(f", x.{name}" for name in columns)
    settled = "and greatest(x.stated_on, x.newest_on) <= (select max(bound) from bound)"
    scoped = _SCOPE_SQL.format(
        within=area_condition(scope.area)[0],
        group=_GROUP[group],
        enrolled="true" if scope.programme is None else _ENROLLED_SQL,
    )
    newest = _NEWEST_SQL.format(in_scope=in_scope, columns=of_latest, and_settled=settled if dates else "")
    if dates:
        parts = [
            _BOUND_SQL.format(
                bounds=_ONE_DATE_SQL if dates == 1 else _DATES_SQL, closed_to=_CLOSED_TO_SQL if nation else "bound"
            ),
            scoped,
            newest,
            _SETTLED_SQL.format(columns=of_latest),
            _CLOSED_AT_DATES_SQL.format(in_scope=in_scope),
            state_at_dates_sql("unsettled", columns, in_scope, together=nation),
            _AT_DATES_SQL,
        ]
    else:
        parts = [scoped, newest, _LATEST_SQL.format(columns=of_latest)]
    of_programme = "true" if scope.programme is None else "e.programme_code = :programme"
    sums = _SUMS_SQL.format(
        measured=", ".join(f"{_MEASURED[name].format(of_programme=of_programme)} as {name}" for name in measured),
        in_scope=in_scope,
        ledger=_LEDGER_SQL if "ledger_active" in measured else "",
    )
    return f"with {', '.join(parts)} {sums}"


def area_condition(area: Area) -> tuple[str, object]:
    """The condition on co-operatives `c` that makes an area, and the value of its parameter `:area`."""
    value = cooperative_id_of(area.code) if area.level is Level.COOPERATIVE else area.code
    return _WITHIN[area.level], value


async def sum_up(
    session: ReadSession,
    scope: Scope,
    group: Level,
    provinces: Mapping[str, int],
    reads: Collection[str],
    dates: Sequence[date] | None = None,
) -> list[Sums]:
    """Sums by area of level `group` and by date; only areas with a co-operative have any.

    Args:
        session: within the caller's reach.
        scope: what is asked for.
        group: the level to sum to.
        provinces: how many provinces each area of that level has.
        reads: what of the sums is needed; the rest is None.
        dates: each is a date to stand for; None: the latest, facts since the last close included.
    """
    _, area = area_condition(scope.area)
    parameters = {
        "year": scope.fiscal_year_be,
        "first": scope.first,
        "last": scope.last,
        "programme": scope.programme,
        "reached_percent": scope.reached_percent,
        "area": area,
        "dates": dates,
        "date": dates[0] if dates else None,
        "baseline_on": scope.baseline_on,
    }
    rows = await session.fetch(_sums_sql(scope, group, reads, len(dates or ())), **parameters)
    unread = dict.fromkeys(_MEASURED)
    return [Sums(**{**unread, **row}, provinces_total=provinces.get(row["area"], 1)) for row in rows]


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
