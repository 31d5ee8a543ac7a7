"""A job knows since when its attempts get nowhere.

Revision ID: 0005
"""

from shared.chassis.schema import let_jobs_know_since_when_they_got_nowhere

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Databases made before it was part of the first revision have no such column."""
    let_jobs_know_since_when_they_got_nowhere()
