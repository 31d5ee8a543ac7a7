"""How co-operatives stand in a fiscal year: as SQL for any date, and kept as rows for the latest figures."""

from collections.abc import Collection, Mapping
from typing import Final

from services.reporting.measures.domain import CooperativeYear
from shared.chassis.database import WriteSession
from shared.chassis.rows import columns_of
from shared.kernel.calendar import fiscal_year_bounds

_STATED: Final = {
    "cohort_baseline": "coalesce(closed.cohort_baseline_satang, f.cohort_overdue_satang)",
    "cohort_overdue": "coalesce(closed.cohort_overdue_satang, f.cohort_overdue_satang)",
    "cash": "closed.cash_satang",
    "produce": "closed.produce_satang",
    "set_off": "closed.set_off_satang",
    "waived": "closed.waived_satang",
    "written_off": "closed.written_off_satang",
    "rescheduled": "closed.rescheduled_satang",
    "left_cohort": "closed.left_cohort_satang",
    "newly_overdue": "closed.newly_overdue_satang",
    "cohort_loans": "coalesce(closed.cohort_loans, f.cohort_loans)",
    "cohort_loans_cured": "closed.cohort_loans_cured",
    "participants_debt_baseline": "coalesce(closed.participants_debt_baseline_satang, f.participants_debt_satang)",
    "participants_debt": "coalesce(closed.participants_debt_satang, f.participants_debt_satang)",
    "all_baseline": "f.overdue_all_satang",
    "all_overdue": "case when f.baseline_on is not null then coalesce(closed.overdue_satang, f.overdue_all_satang) end",
    "overdue_amount": "closed.overdue_satang",
    "outstanding_principal": "closed.outstanding_principal_satang",
    "npl_principal": "closed.npl_principal_satang",
    "members_overdue": "closed.members_overdue",
    "members_overdue_with_plan": "closed.members_overdue_with_plan",
}
"""What the last close states, or until one states the cohort, its baseline."""

_STATED_SQL: Final = """
based as (
    select {keys}, f.baseline_on, greatest(closed.closed_on, f.baseline_on) as stated_on,
           coalesce(closed.closed_on, f.baseline_on, '-infinity') as stated_to,
           coalesce(closed.cohort_on, f.baseline_on, '-infinity') as cohort_to{values}
      from closed
      left join frozen f
        on f.cooperative_id = closed.id and f.fiscal_year_be = closed.fiscal_year_be and f.baseline_on <= closed.bound
),
stated as materialized (
    select based.*, least(stated_to, cohort_to) as facts_after, {is_together} as is_together from based
)"""

# Every limit that later conditions compare with is a plain column here: under a row-level policy an expression that is
# not leakproof keeps a condition out of the index.
_APART_SQL: Final = """
apart as materialized (
    select {keys}, months.*, least(stated_month, cohort_month) as months_after,
           least(bound, greatest(stated_month_end, cohort_month_end)) as days_to
      from stated
     cross join lateral (
           select cast(stated_from as date) as stated_month,
                  cast(stated_from + interval '1 month - 1 day' as date) as stated_month_end,
                  cast(cohort_from as date) as cohort_month,
                  cast(cohort_from + interval '1 month - 1 day' as date) as cohort_month_end
             from (
                  select date_trunc('month', cast(stated_to as timestamp)) as stated_from,
                         date_trunc('month', cast(cohort_to as timestamp)) as cohort_from) as begun) as months
     where {who}
)"""

_SINCE_IN_COHORT: Final = {
    "cash_since": "x.cohort_cash",
    "produce_since": "x.cohort_produce",
    "set_off_since": "x.cohort_set_off",
    "cohort_rows_since": "x.cohort_cash_rows + x.cohort_produce_rows + x.cohort_set_off_rows",
}
_SINCE_IN_ALL: Final = {
    "all_since": "x.overdue_reduced",
    "all_rows_since": "x.overdue_reduced_rows",
    "collected_rows_since": "x.payments_rows + x.reversals_rows",
    "cases_rows_since": "x.cases_opened_rows",
    "released_rows_since": "x.cases_released_rows",
    "gain_rows_since": "x.learning_gain_rows",
}
_SINCE: Final = {**_SINCE_IN_COHORT, **_SINCE_IN_ALL}
"""The facts since a close, and what of a cell each is: since the last that states the cohort, or since the last."""
# A day on which only a pledge begins or somebody was taught has nothing that a figure counts; it may be yet to come.
_COUNTS: Final = " + ".join(value for name, value in _SINCE.items() if name.endswith("_rows_since"))

# What came after the last close: the rest of that close's month by day, then whole months. Year and date are compared
# as a row: of two conditions a planner without statistics believes that they leave one row of the whole country, and
# through the index that has no co-operative it reads every co-operative's cells for each.
_AFTER_SQL: Final = """
    select x.day > st.cohort_to and x.day <= st.cohort_month_end as in_cohort,
           x.day > st.stated_to and x.day <= st.stated_month_end as in_all, {columns}
      from measure_day x
     where x.cooperative_id = st.id and st.facts_after < st.days_to
       and (x.fiscal_year_be, x.day) > (st.fiscal_year_be, st.facts_after)
       and (x.fiscal_year_be, x.day) <= (st.fiscal_year_be, st.days_to)
    union all
    select x.month > st.cohort_month, x.month > st.stated_month, {columns}
      from measure_cell x
     where x.cooperative_id = st.id and st.months_after < st.full_month
       and (x.fiscal_year_be, x.month) > (st.fiscal_year_be, st.months_after)
       and (x.fiscal_year_be, x.month) <= (st.fiscal_year_be, st.full_month)"""

# And, for a date within a month, that month's days up to it.
_PART_MONTH_AFTER_SQL: Final = """
    union all
    select x.day > st.cohort_month_end, x.day > st.stated_month_end, {columns}
      from measure_day x
     where x.cooperative_id = st.id and st.part_from <= st.bound
       and (x.fiscal_year_be, x.day) >= (st.fiscal_year_be, st.part_from)
       and (x.fiscal_year_be, x.day) <= (st.fiscal_year_be, st.bound)"""


def _since_sql(columns: Collection[str], after: str) -> str:
    """The facts after the last closes of one co-operative `st`."""
    sums = ", ".join(
        f"sum({name}) filter (where {'in_cohort' if name in _SINCE_IN_COHORT else 'in_all'}) as {name}"
        for name in columns
    )
    return f"select {sums} from ({after.format(columns=_columns({name: _SINCE[name] for name in columns}))}) x"


def _columns(values: Mapping[str, str], sign: str = "") -> str:
    return ", ".join(f"({value}){sign} as {name}" for name, value in values.items())


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
    **{name: f"st.{name}" for name in _STATED},
    **{name: f"since.{name}" for name in _SINCE},
    "all_since": "case when st.baseline_on is not null then since.all_since end",
    **{name: f"flow.{name}" for name in FLOWS},
}
STATE_COLUMNS: Final = tuple(_STATE)
"""What of a co-operative's state a figure sums."""

# Lateral, co-operative by co-operative: a few index probes each, whatever the planner believes of a policy.
_STATE_SQL: Final = """
    select {keys}, st.id, st.stated_on, {newest_on} as newest_on{values}
      from {known} st {joined}"""
_NEWEST_SQL: Final = f"""
      left join lateral (
           select x.day from measure_day x
            where x.cooperative_id = st.id and st.facts_after < st.bound {{and_unknown}} and {_COUNTS} > 0
              and (x.fiscal_year_be, x.day) > (st.fiscal_year_be, st.facts_after)
              and (x.fiscal_year_be, x.day) <= (st.fiscal_year_be, st.bound)
            order by x.fiscal_year_be desc, x.day desc limit 1) newest on true"""


def _stated_sql(keys: Collection[str], columns: Collection[str], is_together: str = "false") -> str:
    values = "".join(f", {_STATED[name]} as {name}" for name in columns if name in _STATED)
    names = ", ".join(f"closed.{name}" for name in keys)
    return _STATED_SQL.format(keys=names, values=values, is_together=is_together)


def _values(columns: Collection[str]) -> str:
    return "".join(f", cast(coalesce({_STATE[name]}, 0) as bigint) as {name}" for name in columns)


_FROZEN_SQL: Final = """
frozen as materialized (
    select * from baseline x where x.fiscal_year_be = :year and x.{in_scope}
)"""
# All cells of a month or a day together: a nation has too many co-operatives for probes of each. Grouped by a type that
# has no order as well, so that they are hashed: beside the price that PostgreSQL expects of a policy a sort seems to
# cost nothing, but it takes as long as the reading.
_FLOW_TO_DATE_SQL: Final = """
flow as materialized (
    select dated.bound, flow.*
      from dated
     cross join lateral (
           select id, {sums}
             from (
                  select x.cooperative_id as id, {columns}
                    from measure_cell x
                   where x.fiscal_year_be = :year and x.month <= dated.flow_month and x.{in_scope} and ({counts})
                  union all
                  select x.cooperative_id, {signed}
                    from measure_day x
                   where x.fiscal_year_be = :year and x.day >= dated.flow_from and x.day <= dated.flow_to
                     and x.{in_scope} and ({counts})) x
            group by id, cast(null as xid)) flow
)"""
# Likewise what came after the day on which most have closed last: the rest of its month by day, then as what flows to
# the date. It says the newest day too, where all days up to the date are read.
_SINCE_TOGETHER_SQL: Final = """
    select dated.bound, true as is_together, since.*
      from dated
     cross join lateral (
           select id, max(day) as day, {sums}
             from (
                  select x.cooperative_id as id,
                         case when dated.since_to = dated.bound and {counts} > 0 then x.day end as day, {columns}
                    from measure_day x
                   where x.fiscal_year_be = :year and x.day > dated.since_on and x.day <= dated.since_to
                     and x.{in_scope}
                  union all
                  select x.cooperative_id, cast(null as date), {columns}
                    from measure_cell x
                   where x.fiscal_year_be = :year and x.month > dated.since_on and x.month <= dated.flow_month
                     and x.{in_scope}
                  union all
                  select x.cooperative_id, case when dated.flow_sign > 0 and {counts} > 0 then x.day end, {signed}
                    from measure_day x
                   where x.fiscal_year_be = :year and x.day >= dated.flow_from and x.day <= dated.flow_to
                     and dated.since_on < dated.part_from and x.{in_scope}) x
            group by id, cast(null as xid)) since
    union all"""
# Those that have closed last on another day, each for itself.
_SINCE_AT_DATES_SQL: Final = """
since as materialized ({together}
    select st.bound, false as is_together, st.id, cast(null as date) as day, x.*
      from apart st cross join lateral ({since}) x
)"""
_IS_TOGETHER: Final = "(stated_to = since_on and cohort_to = since_on)"
_IS_APART: Final = "facts_after < bound and not is_together"
_KEYS_APART: Final = "id, fiscal_year_be, bound, full_month, part_from, stated_to, cohort_to, facts_after"
_KEYS_AT_DATES: Final = (
    "id",
    "fiscal_year_be",
    "bound",
    "full_month",
    "part_from",
    "since_on",
    "area",
    "province_code",
)


def state_at_dates_sql(name: str, columns: Collection[str], in_scope: str, *, together: bool) -> str:
    """How co-operatives stand at dates, by area, and what that is made of.

    It expects them `closed` (id, area, dates, a close and its cohort), and the dates `dated` with what flows to each:
    the months up to `flow_month`, and with their sign the days from `flow_from` to `flow_to`. `since_on` is the day on
    which most have closed last, `since_to` the last of its month up to the date.

    Args:
        name: what the state is called.
        columns: what of the state is needed; without a flow or a fact since the close, no cell is read for any.
        in_scope: the condition on `cooperative_id` of the area's rows; true of every row for the nation.
        together: whether facts after `since_on` are read for all at once; else for each co-operative that has any.
    """
    stated = _stated_sql(_KEYS_AT_DATES, columns, _IS_TOGETHER if together else "false")
    parts, joined, newest_on = [_FROZEN_SQL.format(in_scope=in_scope), stated], [], "cast(null as date)"
    if flows := {column: FLOWS[column] for column in columns if column in FLOWS}:
        counts = " or ".join(f"{value} <> 0" for value in flows.values())
        parts.append(_FLOW_TO_DATE_SQL.format(in_scope=in_scope, counts=counts, **_summed(flows)))
        joined.append("left join flow on flow.bound = st.bound and flow.id = st.id")
    if since := {column: _SINCE[column] for column in columns if column in _SINCE}:
        parts += [
            _APART_SQL.format(keys=_KEYS_APART, who=_IS_APART),
            _SINCE_AT_DATES_SQL.format(
                together=_SINCE_TOGETHER_SQL.format(in_scope=in_scope, counts=_COUNTS, **_summed(since))
                if together
                else "",
                since=_since_sql(since, _AFTER_SQL + _PART_MONTH_AFTER_SQL),
            ),
        ]
        on = "since.bound = st.bound and since.id = st.id and since.is_together = st.is_together"
        joined += [f"left join since on {on}", _NEWEST_SQL.format(and_unknown="and since.day is null")]
        newest_on = "coalesce(since.day, newest.day)"
    state = _STATE_SQL.format(
        keys="st.area, st.province_code, st.bound",
        newest_on=newest_on,
        values=_values(columns),
        known="stated",
        joined=" ".join(joined),
    )
    return f"{', '.join(parts)}, {name} as ({state})"


def _summed(values: Mapping[str, str]) -> dict[str, str]:
    return {
        "sums": ", ".join(f"sum({name}) as {name}" for name in values),
        "columns": _columns(values),
        "signed": _columns(values, sign=" * dated.flow_sign"),
    }


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
    newest_on="newest.day",
    values=_values(STATE_COLUMNS),
    known="apart",
    joined=f"""
      left join lateral ({_since_sql(_SINCE, _AFTER_SQL)}) since on true
      left join {_FLOW_OF_YEAR_SQL}"""
    + _NEWEST_SQL.format(and_unknown=""),
)
REFRESH_SQL: Final = f"""
with {_CLOSED_LATEST_SQL},
frozen as (select * from baseline),
{_stated_sql(("id", "fiscal_year_be", "bound", "full_month"), STATE_COLUMNS)},
{_APART_SQL.format(keys="stated.*", who="true")},
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
