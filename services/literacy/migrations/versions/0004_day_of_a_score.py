"""The day on which a score was stated.

Revision ID: 0004
"""

from shared.chassis.schema import run_sql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep the day that a score's file stands for. Null, as in rows of before: the day of the test."""
    run_sql("alter table assessment add column as_of date;")
