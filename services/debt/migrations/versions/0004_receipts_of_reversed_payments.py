"""A receipt number whose payment was reversed is free for the payment as it should have been.

Revision ID: 0004
"""

from shared.chassis.schema import run_sql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_REVERSED = """
alter table payment add column is_reversed boolean not null default false;
update payment set is_reversed = true from payment undoing where undoing.reverses = payment.id;
drop index uq_payment_receipt_number;
create unique index uq_payment_receipt_number on payment (cooperative_id, receipt_number)
    where kind = 'payment' and not is_reversed;
create index ix_payment_reversed_receipt on payment (cooperative_id, receipt_number)
    where kind = 'payment' and is_reversed;
"""


def upgrade() -> None:
    """An index cannot look at another row, so a payment knows itself that it was reversed."""
    run_sql(_REVERSED)
