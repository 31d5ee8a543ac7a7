"""The day on which a savings pledge came to its state.

Revision ID: 0005
"""

from shared.chassis.schema import run_sql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep the day of the last change. Null, as in rows of before and of pledges as they were made: ``starts_on``."""
    run_sql("alter table savings_pledge add column changed_on date;")
