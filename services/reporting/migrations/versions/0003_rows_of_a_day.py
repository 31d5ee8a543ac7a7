"""Rows of closes and cells by their date: a figure of the nation at a date reads all of a day or month together.

Revision ID: 0003
"""

from shared.chassis.schema import run_sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_INDEXES = """
create index ix_close_statement_closed_on on read_model.close_statement (closed_on);
create index ix_close_cohort_fiscal_year_be_closed_on on read_model.close_cohort (fiscal_year_be, closed_on);
create index ix_measure_cell_fiscal_year_be_month on read_model.measure_cell (fiscal_year_be, month);
create index ix_measure_day_fiscal_year_be_day on read_model.measure_day (fiscal_year_be, day);
"""


def upgrade() -> None:
    run_sql(_INDEXES)
