"""Why a delivery was undone.

Revision ID: 0002
"""

from shared.chassis.schema import run_sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep the reason that whoever reverses a delivery states."""
    run_sql("alter table produce_delivery add column reversal_reason text;")
