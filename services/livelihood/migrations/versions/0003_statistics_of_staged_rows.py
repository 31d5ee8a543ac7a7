"""The planner is told of the rows of a file.

Revision ID: 0003
"""

from shared.chassis.schema import let_worker_analyse_feed_rows

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Databases made before it was part of the first revision have no such function."""
    let_worker_analyse_feed_rows("livelihood")
