"""All SQL of exports: COPY writes the file, so money is made decimal here."""

from typing import Final

from services.reporting.completeness.repository import MONTH_COMPLETENESS_SQL
from services.reporting.measures.domain import COUNTED, POINT_UNITS, Measure, rows_column
from shared.chassis.http.csv_stream import csv_text


def _baht(expression: str, name: str) -> str:
    return f"cast(cast({expression} as numeric) / 100 as numeric(20, 2)) as {name}"


def _measure_columns() -> str:
    columns = []
    for measure in Measure:
        rows = rows_column(measure)
        if measure is Measure.LEARNING_GAIN:
            points = f"cast(cast({measure} as numeric) / {POINT_UNITS} as numeric(20, 4))"
            columns += [f"{points} as learning_gain_points", f"{rows} as learning_pairs"]
        elif measure in COUNTED:
            columns.append(rows)
        else:
            columns += [_baht(measure, f"{measure}_baht"), rows]
    return ", ".join(columns)


_CLOSE_COUNTS: Final = (
    "loans",
    "loans_overdue",
    "members_borrowing",
    "members_overdue",
    "members_overdue_with_plan",
    "cases_active",
)
_CLOSE_AMOUNTS: Final = (
    "outstanding_principal",
    "overdue_principal",
    "overdue_interest",
    "npl_principal",
)
_COHORT_AMOUNTS: Final = (
    "overdue_at_baseline",
    "overdue",
    "cash",
    "produce",
    "set_off",
    "waived",
    "written_off",
    "rescheduled",
    "left_cohort",
    "newly_overdue",
    "participants_debt_at_baseline",
    "participants_debt",
)

_CLOSE_COLUMNS: Final = ", ".join(
    [
        *(f"k.{name}" for name in _CLOSE_COUNTS),
        *(_baht(f"k.{name}_satang", f"{name}_baht") for name in _CLOSE_AMOUNTS),
        "h.loans as cohort_loans, h.loans_cured as cohort_loans_cured",
        *(_baht(f"h.{name}_satang", f"cohort_{name}_baht") for name in _COHORT_AMOUNTS),
    ]
)
_YEAR_OF_CLOSE: Final = "cast(extract(year from k.closed_on + interval '3 months') as integer) + 543"

COOPERATIVE_MONTHS_SQL: Final = f"""
with flow as (
    select cooperative_id, fiscal_year_be, month, {_measure_columns()}
      from measure_cell
     where $1::integer is null or fiscal_year_be = $1
),
compared as ({MONTH_COMPLETENESS_SQL.format(condition=f"($1::integer is null or {_YEAR_OF_CLOSE} = $1)")}),
closed as (
    select compared.month, compared.closed and compared.agrees as complete, {_YEAR_OF_CLOSE} as fiscal_year_be,
           k.cooperative_id, k.closed_on, k.revision, {_CLOSE_COLUMNS}
      from compared
      join close_statement k using (cooperative_id, closed_on, revision)
      left join close_cohort h
        on h.cooperative_id = k.cooperative_id and h.closed_on = k.closed_on and h.revision = k.revision
       and h.fiscal_year_be = {_YEAR_OF_CLOSE}
),
joined as (
    select * from flow full join closed using (cooperative_id, fiscal_year_be, month)
)
select {csv_text("c.code", "cooperative_code")}, c.kind, c.cooperative_type, {csv_text("c.name_th", "name_th")},
       {csv_text("c.name_en", "name_en")}, c.region_code, c.province_code, c.district_code, c.strength_level,
       to_char(joined.month, 'YYYY-MM') as calendar_month, joined.*
  from joined join cooperative c on c.id = joined.cooperative_id
 order by c.code, joined.fiscal_year_be, joined.month
"""
"""One row per co-operative and month: flows by posting date, and what the last close in the month states."""
