"""A plan knows at which close its standing became what it is, so that the days of grace in force then can be named.

Revision ID: 0005
"""

from shared.chassis.schema import run_sql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Until now the days of grace had one version: the last close of the co-operative names the same.
_JUDGED = """
alter table plan add column judged_on date;
update plan set judged_on = business_day.closed_on from business_day
 where business_day.cooperative_id = plan.cooperative_id and plan.standing is not null;
"""


def upgrade() -> None:
    run_sql(_JUDGED)
