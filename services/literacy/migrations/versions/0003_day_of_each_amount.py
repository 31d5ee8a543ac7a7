"""The day that each amount of a household's month stands for.

Revision ID: 0003
"""

from shared.chassis.schema import run_sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep a day for each category: {"food": "2022-12-31"}. Null, as in rows of before: all stand for ``as_of``."""
    run_sql("alter table ledger_month add column stated_on jsonb;")
