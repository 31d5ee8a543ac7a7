"""How much of a deduction each loan takes: the member's overdue instalments, oldest first, over all loans. Satang."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from services.debt.loans.domain import Instalment
from services.debt.payments.domain import LatePolicy, owed


def split_deduction(
    amount: int,
    loans: Mapping[UUID, tuple[Sequence[Instalment], LatePolicy]],
    *,
    value_on: date,
    posted_on: date,
) -> dict[UUID, int]:
    """What each loan takes of `amount`; the rest goes back to the member.

    An instalment counts when it is overdue on the posting date; what it owes, lateness included, is that of the value
    date. Instalments of one due date go by their loan's id.
    """
    claims = sorted(
        (part.due_on, loan_id, part.number, sum(owed(part, value_on, policy)))
        for loan_id, (parts, policy) in loans.items()
        for part in parts
        if part.due_on < posted_on and (part.unpaid_principal or part.unpaid_interest)
    )
    shares: dict[UUID, int] = {}
    for _, loan_id, _, claim in claims:
        taken = min(claim, amount)
        if taken > 0:
            shares[loan_id] = shares.get(loan_id, 0) + taken
            amount -= taken
    return shares
