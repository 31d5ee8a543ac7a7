"""Postings as other services hear of them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from shared.contracts.debt import CohortPart, PaymentPosted, PaymentReversed, WaiverBooked

_SHARED = (
    "loan_id", "cooperative_id", "member_id", "posted_on", "value_on", "channel", "amount", "fee", "default_interest",
    "late_interest", "interest", "principal", "excess", "overdue_reduced", "delivery_id",
)  # fmt: skip


def payment_event(
    row: Mapping[str, Any], cohort_years: Sequence[int]
) -> tuple[PaymentPosted | PaymentReversed, int, date]:
    """The event of a posting, for the outbox; `cohort_years` are the cohorts its loan belongs to.

    A correction speaks as a payment of its own with no amount.
    """
    values = {name: row[name] for name in _SHARED}
    values["cohorts"] = tuple(
        CohortPart(fiscal_year_be=year, overdue_reduced=row["overdue_reduced"])
        for year in cohort_years
        if row["overdue_reduced"]
    )
    event: PaymentPosted | PaymentReversed
    if row["kind"] == "reversal":
        event = PaymentReversed.model_construct(payment_id=row["reverses"], reversal_id=row["id"], **values)
    else:
        event = PaymentPosted.model_construct(payment_id=row["id"], **values)
    return event, 1, row["posted_on"]


def waiver_event(row: Mapping[str, Any]) -> tuple[WaiverBooked, int, date]:
    """The event of a waiver, or of a correction of one, for the outbox."""
    event = WaiverBooked.model_construct(
        waiver_id=row["id"],
        loan_id=row["loan_id"],
        cooperative_id=row["cooperative_id"],
        member_id=row["member_id"],
        plan_id=row["plan_id"],
        posted_on=row["posted_on"],
        default_interest=row["default_interest"],
    )
    return event, 1, row["posted_on"]
