"""What the year's payments must have settled, worked out again from the agreements and from what was paid.

Exact fractions, night by night, sharing nothing with the debt service: what it books is held against this.

**Order.** The oldest due date first; of an instalment the fee, default interest, late interest, scheduled interest,
then principal; what is over goes to the next instalment, and what no instalment needs is an excess.

**Lateness.** Unpaid principal bears simple interest for each night after its due date (after the cut-over, where that
is later), a year having 365. The contract's rate is late interest; what default adds, three points up to 15 % in all,
is default interest, and spares the first 15 nights. Each is rounded half up once, over the whole time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

from demo.story.recompute import rounded_quotient

PARTS = ("fee", "default_interest", "late_interest", "interest", "principal")
DEFAULT_POINTS, CEILING, GRACE = Fraction(3, 100), Fraction(15, 100), timedelta(days=15)
DAYS_IN_YEAR = 365

Settled = Mapping[int, Sequence[int]]
"""By the number of an instalment: what was settled of each of ``PARTS``."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """An instalment as agreed; lateness counts from ``late_from``."""

    number: int
    due_on: date
    principal: int
    interest: int
    fee: int
    late_from: date


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment that was not undone; ``payment_id`` orders those of one day."""

    value_on: date
    payment_id: str
    amount: int


@dataclass(slots=True)
class LoanYear:
    """A loan: its rate, what was agreed, what was paid, when default interest was waived, and what the books say."""

    loan_id: str
    rate: Fraction
    agreed: list[Agreed] = field(default_factory=list)
    paid: list[Paid] = field(default_factory=list)
    waived_on: list[date] = field(default_factory=list)
    booked: dict[int, Sequence[int]] = field(default_factory=dict)


@dataclass(slots=True)
class _Standing:
    """An instalment on its way through the year."""

    agreed: Agreed
    late_since: date
    late: Fraction = Fraction(0)
    default: Fraction = Fraction(0)
    waived: int = 0
    settled: list[int] = field(default_factory=lambda: [0] * len(PARTS))

    def accrue(self, on: date, rate: Fraction) -> None:
        """Count the nights up to a day."""
        if on <= self.late_since:
            return
        unpaid = self.agreed.principal - self.settled[PARTS.index("principal")]
        contract = min(rate, CEILING)
        default_since = max(self.late_since, self.agreed.due_on + GRACE)
        self.late += unpaid * contract * (on - self.late_since).days / DAYS_IN_YEAR
        self.default += (
            unpaid
            * (max(contract, min(rate + DEFAULT_POINTS, CEILING)) - contract)
            * max((on - default_since).days, 0)
            / DAYS_IN_YEAR
        )
        self.late_since = on

    def owed(self) -> list[int]:
        """What is unpaid of each part, in the order of payment."""
        whole = (
            self.agreed.fee,
            _rounded(self.default) - self.waived,
            _rounded(self.late),
            self.agreed.interest,
            self.agreed.principal,
        )
        return [part - settled for part, settled in zip(whole, self.settled, strict=True)]


def settle(loan: LoanYear) -> Settled:
    """What every payment of the loan together must have settled, by instalment; untouched ones are left out."""
    order = sorted(loan.agreed, key=lambda one: (one.due_on, one.number))
    standing = [_Standing(one, max(one.due_on, one.late_from)) for one in order]
    # A waiver counts from the start of its day, before that day's payments.
    days = [(day, 0, "", 0) for day in loan.waived_on]
    days += [(one.value_on, 1, one.payment_id, one.amount) for one in loan.paid]
    for day, is_payment, _, amount in sorted(days):
        left = amount
        for one in standing:
            if is_payment and not left:
                break
            one.accrue(day, loan.rate)
            owed = one.owed()
            if not is_payment:
                one.waived += owed[PARTS.index("default_interest")]
                continue
            for place, part in enumerate(owed):
                taken = min(part, left)
                one.settled[place] += taken
                left -= taken
    return {one.agreed.number: one.settled for one in standing if any(one.settled)}


def faults_of_loan(loan: LoanYear) -> list[str]:
    """Where the books of a loan differ from what its payments must have settled."""
    expected = settle(loan)
    nothing = [0] * len(PARTS)
    return [
        f"{part} of instalment {number}: {found} satang settled and not {wanted}"
        for number in sorted({*expected, *loan.booked})
        for part, wanted, found in zip(
            PARTS, expected.get(number, nothing), loan.booked.get(number, nothing), strict=True
        )
        if wanted != found
    ]


def count_payments(loans: Iterable[LoanYear]) -> int:
    """How many payments stand in the books of these loans."""
    return sum(len(loan.paid) for loan in loans)


def _rounded(amount: Fraction) -> int:
    return rounded_quotient(amount.numerator, amount.denominator)
