"""Who keeps an account counts in the month before a fiscal year too, when he takes part from the year's first day on.

It is the last whole month until the first of the year ends. What there is now is counted here; the worker goes on.

Revision ID: 0004
"""

from shared.chassis.schema import run_sql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# A worker that still runs the code before this must not change what is being counted.
_HOLD = "lock table read_model.participation in share mode"
_COUNT = """
insert into read_model.measure_cell as cell (cooperative_id, fiscal_year_be, month, ledger_active_rows)
select p.cooperative_id, taking_part.fiscal_year_be, cast(year.starts_on - interval '1 month' as date), count(*)
  from read_model.participation p
 cross join lateral (
       select cast(split_part(text, ' ', 1) as integer) as fiscal_year_be,
              min(cast(split_part(text, ' ', 2) as date)) as opened_on
         from jsonb_each_text(p.cases) as one (id, text) group by 1) taking_part
 cross join lateral (select make_date(taking_part.fiscal_year_be - 544, 10, 1) as starts_on) year
 where taking_part.opened_on <= year.starts_on
   and (select count(distinct text) from jsonb_each_text(p.closed_months) as one (id, text)
         where cast(text as date) >= year.starts_on - interval '6 months' and cast(text as date) < year.starts_on) >= 3
 group by 1, 2, 3
on conflict (cooperative_id, fiscal_year_be, month)
do update set ledger_active_rows = cell.ledger_active_rows + excluded.ledger_active_rows
"""


def upgrade() -> None:
    run_sql(_HOLD)
    run_sql(_COUNT)
