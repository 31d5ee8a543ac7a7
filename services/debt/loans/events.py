"""A loan as other services hear of it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from shared.contracts.debt import LoanRecorded


def loan_recorded(loan: Mapping[str, Any]) -> tuple[LoanRecorded, int, date]:
    """The event of a loan's present state, its version and business date, for the outbox."""
    event = LoanRecorded.model_construct(
        loan_id=loan["id"],
        cooperative_id=loan["cooperative_id"],
        member_id=loan["member_id"],
        disbursed_on=loan["disbursed_on"],
        principal=loan["principal"],
        annual_rate=loan["annual_rate"],
        outstanding_principal=loan["outstanding_principal"],
        overdue_principal=loan["overdue_principal"],
        overdue_interest=loan["overdue_interest"],
        oldest_unpaid_due_on=loan["oldest_unpaid_due_on"],
        loan_class=loan["loan_class"],
        status=loan["status"],
    )
    return event, loan["version"], loan["as_of"]
