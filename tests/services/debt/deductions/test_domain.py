"""Goal: a deduction settles what is overdue of a member's loans, all of it where it suffices, and nothing else."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import example, given
from hypothesis import strategies as st

from services.debt.deductions.domain import OverdueLoan, Past, split_deduction
from services.debt.loans.domain import Instalment
from services.debt.payments.domain import Entry, Replay, late_policy, replay

CUT_OVER = date(2022, 9, 30)
POLICY = late_policy(Decimal("0.06"))
LOANS = (UUID(int=1), UUID(int=2))
PAYMENTS = st.lists(
    st.tuples(st.integers(0, 250), st.sampled_from((1, 50_00, 1_000_00, 2_800_00, 9_000_00))), max_size=4
)


def opening() -> list[Instalment]:
    """Twelve months of 1,000.00 and some interest from July on; three were missed before the loan came to us."""
    months = [(number, date(2022 + (6 + number) // 12, (6 + number) % 12 + 1, 15)) for number in range(12)]
    return [
        Instalment(number, due_on, 1_000_00, 50_00, accrued_to=CUT_OVER if due_on < CUT_OVER else None)
        for number, due_on in months
    ]


def booked(payments: list[tuple[int, int]]) -> list[Entry]:
    return [
        Entry(UUID(int=number), "payment", CUT_OVER + timedelta(days=day), amount)
        for number, (day, amount) in enumerate(payments, 1)
    ]


def not_overdue(loan: Replay, posted_on: date) -> int:
    """What is paid of instalments that are not overdue, and beyond everything owed."""
    return sum(payment.excess for payment in loan.payments.values()) + sum(
        part.paid_fee + part.paid_default_interest + part.paid_late_interest + part.paid_interest + part.paid_principal
        for part in loan.instalments
        if part.due_on >= posted_on
    )


def overdue(loan: Replay, posted_on: date) -> int:
    return sum(part.unpaid_principal + part.unpaid_interest for part in loan.instalments if part.due_on < posted_on)


@given(
    payments=st.tuples(PAYMENTS, PAYMENTS),
    amount=st.integers(1, 12_000_00),
    value_day=st.integers(0, 250),
    open_for=st.integers(0, 200),
)
@example(payments=([(182, 2_800_00)], [(182, 2_800_00)]), amount=100_000_00, value_day=10, open_for=183)
def test_nothing_that_is_not_overdue_is_settled_and_nothing_overdue_is_left_while_money_goes_back(
    payments: tuple[list[tuple[int, int]], list[tuple[int, int]]], amount: int, value_day: int, open_for: int
) -> None:
    value_on = CUT_OVER + timedelta(days=value_day)
    posted_on = value_on + timedelta(days=open_for)
    entries = {loan_id: booked(own) for loan_id, own in zip(LOANS, payments, strict=True)}
    before = {loan_id: replay(opening(), own, date.max, POLICY) for loan_id, own in entries.items()}
    loans = {
        loan_id: OverdueLoan(
            before[loan_id].instalments,
            POLICY,
            Past(opening(), own) if any(entry.value_on > value_on for entry in own) else None,
        )
        for loan_id, own in entries.items()
    }

    shares = split_deduction(amount, loans, value_on=value_on, posted_on=posted_on)

    assert sum(shares.values()) <= amount
    assert all(share > 0 for share in shares.values())

    def after(loan_id: UUID, share: int) -> Replay:
        deduction = Entry(UUID(int=99), "payment", value_on, share, transaction="produce_deduction")
        return replay(opening(), [*entries[loan_id], deduction], date.max, POLICY)

    for loan_id, share in shares.items():
        assert not_overdue(after(loan_id, share), posted_on) <= not_overdue(before[loan_id], posted_on)
    if sum(shares.values()) < amount:
        for loan_id in LOANS:
            share = shares.get(loan_id, 0)
            left = overdue(after(loan_id, share) if share else before[loan_id], posted_on)
            # A satang more would spare lateness enough to reach further.
            more = after(loan_id, share + 1)
            assert not left or not_overdue(more, posted_on) > not_overdue(before[loan_id], posted_on)
