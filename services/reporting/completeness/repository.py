"""All SQL of completeness: compares what debt's closes count with the facts that have arrived."""

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

from services.reporting.measures.domain import Measure, rows_column
from shared.chassis.database import ReadSession, Row

_CONTROL: Final = {
    Measure.PAYMENTS: ("payments", "payments_satang"),
    Measure.REVERSALS: ("reversals", "reversals_satang"),
    Measure.DEFAULT_INTEREST_WAIVED: ("waivers", "waivers_satang"),
    Measure.DEDUCTIONS_SETTLED: ("deductions_settled", "deductions_applied_satang"),
}
"""Measure of our facts → columns of the close's control totals."""

_AGREES: Final = " and ".join(
    f"coalesce(sum(d.{rows_column(measure)}), 0) = k.{rows} and coalesce(sum(d.{measure}), 0) = k.{amount}"
    for measure, (rows, amount) in _CONTROL.items()
)
_KNOWN: Final = " + ".join(f"coalesce(sum(d.{rows_column(measure)}), 0)" for measure in _CONTROL)
_STATED: Final = " + ".join(f"k.{rows}" for rows, _ in _CONTROL.values())

MONTH_COMPLETENESS_SQL: Final = f"""
select k.cooperative_id, cast(date_trunc('month', cast(k.closed_on as timestamp)) as date) as month,
       max(k.closed_on) as closed_on,
       (array_agg(k.revision order by k.closed_on desc))[1] as revision,
       extract(day from max(k.closed_on) + 1) = 1 as closed,                -- the day after begins a month
       bool_and(own.agrees) as agrees,
       cast(sum({_STATED}) as bigint) as postings_stated,
       cast(sum(own.known) as bigint) as postings_known
  from close_statement k
 cross join lateral (
       select {_AGREES} as agrees, {_KNOWN} as known
         from measure_day d
        where d.cooperative_id = k.cooperative_id
          and d.day between coalesce(k.covers_from, '-infinity') and k.closed_on) own
 where not exists (
       select from close_statement later
        where later.cooperative_id = k.cooperative_id and later.closed_on = k.closed_on and later.revision > k.revision)
   and {{condition}}
 group by k.cooperative_id, cast(date_trunc('month', cast(k.closed_on as timestamp)) as date)
"""
"""By co-operative and month: whether the closes in it agree with our facts. `condition` narrows the closes k."""


async def list_months(
    session: ReadSession,
    within: str,
    area: object,
    first: date,
    last: date,
    after: tuple[str, UUID, date] | None,
    limit: int,
) -> Sequence[Row]:
    """Months of an area's co-operatives from `first` to the newest close, by code and month, from `after` on.

    Args:
        session: within the caller's reach.
        within: the condition on co-operatives `c` that makes the area; `:area` is its value.
        area: that value.
        first, last: the fiscal year's bounds.
        after: code, id and month of the last row that was shown.
        limit: rows at most.
    """
    condition = "k.closed_on between :first and :last and k.cooperative_id = any (select id from page)"
    after_code, after_id, after_month = after or (None, None, None)
    return await session.fetch(
        f"""
        with month as (
            select cast(month as date) as month
              from generate_series(cast(:first as date), (
                   select least(max(k.closed_on), :last) from close_statement k join cooperative c
                       on c.id = k.cooperative_id and {within} having max(k.closed_on) is not null
              ), interval '1 month') as month
        ),
        page as materialized (
            select c.id, c.code, c.name_th, month.month
              from cooperative c cross join month
             where {within}
               and (cast(:after_code as text) is null
                    or (c.code, c.id, month.month) > (:after_code, cast(:after_id as uuid), cast(:after_month as date)))
             order by c.code, c.id, month.month limit :limit
        ),
        compared as ({MONTH_COMPLETENESS_SQL.format(condition=condition)})
        select page.id as cooperative_id, page.code as cooperative_code, page.name_th, page.month,
               compared.closed_on, compared.revision, coalesce(compared.closed, false) as closed, compared.agrees,
               coalesce(compared.closed and compared.agrees, false) as complete,
               coalesce(compared.postings_stated, 0) as postings_stated,
               coalesce(compared.postings_known, 0) as postings_known
          from page left join compared on compared.cooperative_id = page.id and compared.month = page.month
         order by page.code, page.id, page.month
        """,
        first=first,
        last=last,
        after_code=after_code,
        after_id=after_id,
        after_month=after_month,
        limit=limit,
        **({"area": area} if ":area" in within else {}),
    )
