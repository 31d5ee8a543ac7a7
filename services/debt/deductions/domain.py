"""How much of a deduction each loan takes: the member's overdue instalments, oldest first, over all loans. Satang."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import chain
from typing import NamedTuple
from uuid import UUID

from services.debt.loans.domain import Instalment
from services.debt.loans.schedules.allocation import TransactionType
from services.debt.payments.domain import Entry, LatePolicy, Replay, owed, replay

_DEDUCTION: TransactionType = "produce_deduction"
_LAST_OF_ITS_DAY = UUID(int=2**128 - 1)


class Past(NamedTuple):
    """What a loan is computed again from: its opening instalments and everything booked on it."""

    opening: Sequence[Instalment]
    entries: Sequence[Entry]


class OverdueLoan(NamedTuple):
    """A loan that may take of a deduction. It has a past where something with a later value date is booked on it."""

    instalments: Sequence[Instalment]
    policy: LatePolicy
    past: Past | None = None


def split_deduction(
    amount: int, loans: Mapping[UUID, OverdueLoan], *, value_on: date, posted_on: date
) -> dict[UUID, int]:
    """What each loan takes of `amount`; the rest goes back to the member.

    An instalment counts when it is overdue on the posting date; what it owes, lateness included, is that of the value
    date. Instalments of one due date go by their loan's id.

    Back-dated, a deduction spares lateness that later payments have settled, and moves these on; others then settle
    lateness that nobody owed before. Such a loan takes at most what leaves everything that is not overdue as it is, and
    all of that where the amount allows.
    """
    claims = sorted(
        (part.due_on, loan_id, part.number, sum(owed(part, value_on, loan.policy)))
        for loan_id, loan in loans.items()
        for part in loan.instalments
        if part.due_on < posted_on and (part.unpaid_principal or part.unpaid_interest)
    )
    rooms = {
        loan_id: _room(amount, loan.past, loan.policy, value_on, posted_on)
        for loan_id in dict.fromkeys(loan_id for _, loan_id, _, _ in claims)
        if (loan := loans[loan_id]).past is not None
    }
    claims += [(date.max, loan_id, 0, room) for loan_id, room in sorted(rooms.items())]
    shares: dict[UUID, int] = {}
    for _, loan_id, _, claim in claims:
        taken = min(claim, amount, rooms.get(loan_id, amount))
        if taken > 0:
            shares[loan_id] = shares.get(loan_id, 0) + taken
            amount -= taken
            if loan_id in rooms:
                rooms[loan_id] -= taken
    return shares


def _room(amount: int, past: Past, policy: LatePolicy, value_on: date, posted_on: date) -> int:
    """The most of `amount` that a back-dated deduction can take without reaching what is not overdue.

    The more it takes, the more reaches further, so the bound is found by halving; what is returned has been tried.
    """
    before = _not_overdue(replay(past.opening, past.entries, date.max, policy), posted_on)

    def reaches_further(taken: int) -> bool:
        entry = Entry(_LAST_OF_ITS_DAY, "payment", value_on, taken, transaction=_DEDUCTION)
        after = _not_overdue(replay(past.opening, [*past.entries, entry], date.max, policy), posted_on)
        return any(paid > paid_before for paid, paid_before in zip(after, before, strict=True))

    return bisect_left(range(1, amount + 1), True, key=reaches_further)


def _not_overdue(loan: Replay, posted_on: date) -> list[int]:
    """What is paid of each part of each instalment not overdue on the posting date, and beyond everything owed."""
    excess = sum(payment.excess for payment in loan.payments.values())
    return [
        excess,
        *chain.from_iterable(
            (
                part.paid_fee,
                part.paid_default_interest,
                part.paid_late_interest,
                part.paid_interest,
                part.paid_principal,
            )
            for part in loan.instalments
            if part.due_on >= posted_on
        ),
    ]
