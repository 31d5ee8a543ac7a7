"""How co-operatives stand in a fiscal year: as SQL for any date, and kept as rows for the latest figures."""

from collections.abc import Collection
from typing import Final, TypeAlias
from uuid import UUID

from shared.chassis.database import WriteSession
from shared.chassis.rows import columns_of
from shared.kernel.calendar import fiscal_year_bounds

CooperativeYear: TypeAlias = tuple[UUID, int]

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
      left join frozen f
        on f.cooperative_id = closed.id and f.fiscal_year_be = closed.fiscal_year_be and f.baseline_on <= closed.bound
),
stated as materialized (
    select based.*, least(stated_to, cohort_to) as facts_after, months.*,
           least(stated_month, cohort_month) as months_after,
           least(bound, greatest(stated_month_end, cohort_month_end)) as days_to
      from based
      left join lateral (
           select cast(stated_from as date) as stated_month,
                  cast(stated_from + interval '1 month - 1 day' as date) as stated_month_end,
                  cast(cohort_from as date) as cohort_month,
                  cast(cohort_from + interval '1 month - 1 day' as date) as cohort_month_end
             from (
                  select date_trunc('month', cast(stated_to as timestamp)) as stated_from,
                         date_trunc('month', cast(cohort_to as timestamp)) as cohort_from
                   where least(stated_to, cohort_to) < bound) as begun) as months on true
)"""

_SINCE_COLUMNS: Final = (
    "x.cohort_cash, x.cohort_produce, x.cohort_set_off, x.cohort_cash_rows, x.cohort_produce_rows,"
    " x.cohort_set_off_rows, x.overdue_reduced, x.overdue_reduced_rows, x.payments_rows, x.reversals_rows,"
    " x.cases_opened_rows, x.cases_released_rows, x.learning_gain_rows"
)

# What came after the last close: the rest of that close's month by day, then whole months. Year and date are compared
# as a row: of two conditions a planner without statistics believes that they leave one row of the whole country, and
# through the index that has no co-operative it reads every co-operative's cells for each.
_AFTER_SQL: Final = f"""
    select x.day > st.cohort_to and x.day <= st.cohort_month_end as in_cohort,
           x.day > st.stated_to and x.day <= st.stated_month_end as in_all, {_SINCE_COLUMNS}
      from measure_day x
     where x.cooperative_id = st.id and st.facts_after < st.days_to
       and (x.fiscal_year_be, x.day) > (st.fiscal_year_be, st.facts_after)
       and (x.fiscal_year_be, x.day) <= (st.fiscal_year_be, st.days_to)
    union all
    select x.month > st.cohort_month, x.month > st.stated_month, {_SINCE_COLUMNS}
      from measure_cell x
     where x.cooperative_id = st.id and st.months_after < st.full_month
       and (x.fiscal_year_be, x.month) > (st.fiscal_year_be, st.months_after)
       and (x.fiscal_year_be, x.month) <= (st.fiscal_year_be, st.full_month)"""

# And, for a date within a month, that month's days up to it.
_PART_MONTH_AFTER_SQL: Final = f"""
    union all
    select x.day > st.cohort_month_end, x.day > st.stated_month_end, {_SINCE_COLUMNS}
      from measure_day x
     where x.cooperative_id = st.id and st.part_from <= st.bound
       and (x.fiscal_year_be, x.day) >= (st.fiscal_year_be, st.part_from)
       and (x.fiscal_year_be, x.day) <= (st.fiscal_year_be, st.bound)"""

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
      from ({after}) as x
     where st.facts_after < st.bound"""

FLOWS: Final = {
    "participants": "x.cases_opened_rows",
    "released": "x.cases_released_rows",
    "collected": "x.payments + x.reversals",
    "collected_produce": "x.collected_produce",
    "gain_units": "x.learning_gain",
    "gain_pairs": "x.learning_gain_rows",
}
"""The year's flows, and what of a cell each is."""

_FLOW_OF_YEAR_SQL: Final = f"""lateral (
           select {", ".join(f"{value} as {column}" for column, value in FLOWS.items())} from measure_year x
            where x.cooperative_id = st.id and x.fiscal_year_be = st.fiscal_year_be) flow on true"""

_STATE: Final = {
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
    **{name: f"flow.{name}" for name in FLOWS},
}
STATE_COLUMNS: Final = tuple(_STATE)
"""What of a co-operative's state a figure sums."""

# Lateral, co-operative by co-operative: a few index probes each, whatever the planner believes of a policy.
_STATE_SQL: Final = """
    select {keys}, st.id, st.stated_on, newest.day as newest_on, {values}
      from stated st
      left join lateral ({since}) since on true
      left join {flow}
      left join lateral (
           select x.day from measure_day x
            where x.cooperative_id = st.id and st.facts_after < st.bound
              and (x.fiscal_year_be, x.day) > (st.fiscal_year_be, st.facts_after)
              and (x.fiscal_year_be, x.day) <= (st.fiscal_year_be, st.bound)
            order by x.fiscal_year_be desc, x.day desc limit 1) newest on true"""


def _values(columns: Collection[str]) -> str:
    return ", ".join(f"cast(coalesce({_STATE[name]}, 0) as bigint) as {name}" for name in columns)


# All cells of a month or a day together: a nation has too many co-operatives for probes of each.
_FLOW_TO_DATE_SQL: Final = """
flow as materialized (
    select bound, cooperative_id, {sums}
      from (
           select dated.bound, x.cooperative_id, {columns}
             from dated join measure_cell x on x.month <= dated.flow_month
            where x.fiscal_year_be = :year and x.{in_scope} and ({counts})
           union all
           select dated.bound, x.cooperative_id, {signed}
             from dated join measure_day x on x.day >= dated.flow_from and x.day <= dated.flow_to
            where x.fiscal_year_be = :year and x.{in_scope} and ({counts})) x
     group by bound, cooperative_id
),"""
_FROZEN_SQL: Final = """
frozen as materialized (
    select * from baseline x where x.fiscal_year_be = :year and x.{in_scope}
),"""


def state_at_dates_sql(name: str, columns: Collection[str], in_scope: str) -> str:
    """How co-operatives stand at dates, by area, and what that is made of.

    It expects them `closed` (id, area, dates, a close and its cohort), and the dates `dated` with what flows to each:
    the months up to `flow_month`, and with their sign the days from `flow_from` to `flow_to`.

    Args:
        name: what the state is called.
        columns: what of the state is needed; without a flow, no cell is read for flows.
        in_scope: the condition on `cooperative_id` of the area's rows; true of every row for the nation.
    """
    flows = {column: FLOWS[column] for column in columns if column in FLOWS}
    flow = _FLOW_TO_DATE_SQL.format(
        in_scope=in_scope,
        sums=", ".join(f"sum({column}) as {column}" for column in flows),
        columns=", ".join(f"{value} as {column}" for column, value in flows.items()),
        signed=", ".join(f"({value}) * dated.flow_sign" for value in flows.values()),
        counts=" or ".join(f"{value} <> 0" for value in flows.values()),
    )
    state = _STATE_SQL.format(
        keys="st.area, st.province_code, st.bound",
        values=_values(columns),
        since=_SINCE_SQL.format(after=_AFTER_SQL + _PART_MONTH_AFTER_SQL),
        flow="flow on flow.bound = st.bound and flow.cooperative_id = st.id" if flows else "(select) flow on true",
    )
    frozen = _FROZEN_SQL.format(in_scope=in_scope)
    return f"{frozen}{_STATED_SQL},{flow if flows else ''} {name} as materialized ({state})"


_CLOSED_LATEST_SQL: Final = """
asked as materialized (
    select id, fiscal_year_be, bound, cast(date_trunc('month', cast(bound as timestamp)) as date) as full_month
      from unnest(cast(:cooperative_ids as uuid[]), cast(:fiscal_years as integer[]), cast(:bounds as date[]))
           as key (id, fiscal_year_be, bound)
),
closed as (
    select asked.*, k.closed_on, k.revision,
           k.overdue_satang, k.outstanding_principal_satang, k.npl_principal_satang, k.members_overdue,
           k.members_overdue_with_plan,
           case when k.cohort_baseline_satang is not null then k.closed_on end as cohort_on,
           k.cohort_baseline_satang, k.cohort_overdue_satang, k.cash_satang, k.produce_satang, k.set_off_satang,
           k.waived_satang, k.written_off_satang, k.rescheduled_satang, k.left_cohort_satang, k.newly_overdue_satang,
           k.cohort_loans, k.cohort_loans_cured, k.participants_debt_baseline_satang, k.participants_debt_satang
      from asked
      left join standing k on k.cooperative_id = asked.id and k.fiscal_year_be = asked.fiscal_year_be
)"""

_ADD_MISSING_SQL: Final = """
insert into latest (cooperative_id, fiscal_year_be)
select * from unnest(cast(:cooperative_ids as uuid[]), cast(:fiscal_years as integer[])) order by 1, 2
on conflict (cooperative_id, fiscal_year_be) do nothing"""

_HOLD_SQL: Final = """
select count(*) from (
       select from latest
         join unnest(cast(:cooperative_ids as uuid[]), cast(:fiscal_years as integer[]))
              as key (id, fiscal_year_be)
           on latest.cooperative_id = key.id and latest.fiscal_year_be = key.fiscal_year_be
        order by latest.cooperative_id, latest.fiscal_year_be for update of latest) as held"""

_LATEST_STATE_SQL: Final = _STATE_SQL.format(
    keys="st.fiscal_year_be",
    values=_values(STATE_COLUMNS),
    since=_SINCE_SQL.format(after=_AFTER_SQL),
    flow=_FLOW_OF_YEAR_SQL,
)
REFRESH_SQL: Final = f"""
with {_CLOSED_LATEST_SQL},
frozen as (select * from baseline),
{_STATED_SQL},
state as materialized ({_LATEST_STATE_SQL})
update latest set stated_on = state.stated_on, newest_on = state.newest_on,
       {", ".join(f"{name} = state.{name}" for name in STATE_COLUMNS)}
  from state where latest.cooperative_id = state.id and latest.fiscal_year_be = state.fiscal_year_be"""

_DROP_EMPTY_SQL: Final = """
delete from latest
 using unnest(cast(:cooperative_ids as uuid[]), cast(:fiscal_years as integer[])) as key (id, fiscal_year_be)
 where latest.cooperative_id = key.id and latest.fiscal_year_be = key.fiscal_year_be
   and latest.stated_on is null and latest.newest_on is null"""


async def refresh_latest(session: WriteSession, changed: Collection[CooperativeYear]) -> None:
    """Make the rows again of co-operatives and years whose closes, baseline or cells this transaction has changed.

    A row is first held, made where it is missing, and then made from its sources by a statement of its own: that sees
    what everybody has committed who held the row before, so that of a close and a payment at one moment none is lost.
    It is held by a lock and not by an update, which would write each row twice.
    """
    if not changed:
        return
    cooperative_ids, fiscal_years = columns_of(changed)
    names = {"cooperative_ids": cooperative_ids, "fiscal_years": fiscal_years}
    bounds = [fiscal_year_bounds(fiscal_year)[1] for fiscal_year in fiscal_years]
    held = 0
    while held < len(changed):  # whoever held a row before may have dropped it
        await session.execute(_ADD_MISSING_SQL, **names)
        held = await session.scalar(_HOLD_SQL, **names)
    await session.execute(REFRESH_SQL, **names, bounds=bounds)
    await session.execute(_DROP_EMPTY_SQL, **names)
