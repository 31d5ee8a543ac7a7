"""What the latest figures read: a row for each co-operative and fiscal year.

The rows are made by the statement that keeps them. A later revision that changes what is kept makes all rows again, and
takes the filling out of this one.

Revision ID: 0002
"""

from alembic import op
from sqlalchemy import text

from services.reporting.latest.repository import REFRESH_SQL
from shared.chassis.schema import grant, protect_by, run_sql
from shared.kernel.calendar import fiscal_year_bounds

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SUMMED = (
    "cohort_baseline",
    "cohort_overdue",
    "cash",
    "produce",
    "set_off",
    "waived",
    "written_off",
    "rescheduled",
    "left_cohort",
    "newly_overdue",
    "cohort_loans",
    "cohort_loans_cured",
    "participants_debt_baseline",
    "participants_debt",
    "all_baseline",
    "all_overdue",
    "overdue_amount",
    "outstanding_principal",
    "npl_principal",
    "members_overdue",
    "members_overdue_with_plan",
    "cash_since",
    "produce_since",
    "set_off_since",
    "all_since",
    "cohort_rows_since",
    "all_rows_since",
    "collected_rows_since",
    "cases_rows_since",
    "released_rows_since",
    "gain_rows_since",
    "participants",
    "released",
    "collected",
    "collected_produce",
    "gain_units",
    "gain_pairs",
)
_LATEST = f"""
create table read_model.latest (
    cooperative_id uuid not null,
    fiscal_year_be integer not null,
    stated_on date,
    newest_on date,
    {", ".join(f"{name} bigint not null default 0" for name in _SUMMED)},
    primary key (cooperative_id, fiscal_year_be)
);
"""

# As the other tables of the read model: who reaches the whole country is not asked row by row.
_IN_REACH = (
    "(select current_setting('plodnee.everything', true)) = 'on'"
    " or exists (select 1 from read_model.cooperative reached where reached.id = latest.cooperative_id)"
)
_FILL = """
insert into latest (cooperative_id, fiscal_year_be)
select cooperative_id, fiscal_year_be from standing
union select cooperative_id, fiscal_year_be from baseline
union select cooperative_id, fiscal_year_be from measure_year
returning cooperative_id, fiscal_year_be
"""


def upgrade() -> None:
    run_sql(_LATEST)
    protect_by("reporting", "latest", _IN_REACH, schema="read_model")
    grant("reporting", "latest", api="select", schema="read_model")
    run_sql("set local search_path = public, read_model")  # the owner's, which a first migration has only just set
    keys = op.get_bind().execute(text(_FILL)).all()
    if keys:
        values = {
            "cooperative_ids": [cooperative_id for cooperative_id, _ in keys],
            "fiscal_years": [fiscal_year for _, fiscal_year in keys],
            "bounds": [fiscal_year_bounds(fiscal_year)[1] for _, fiscal_year in keys],
        }
        op.get_bind().execute(text(REFRESH_SQL), values)
