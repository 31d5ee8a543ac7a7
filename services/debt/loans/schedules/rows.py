"""The rows of a loan that runs: their figures, what was paid of them, and the nights that bore their interest."""

from fractions import Fraction
from typing import NamedTuple

from services.debt.loans.schedules.day_counts import Factor

Exact = tuple[int, int]
"""An exact amount in satang as numerator and denominator, not always in lowest terms."""

NO_INTEREST: Factor = (0, 1)
NOTHING: Exact = (0, 1)
ZERO = Fraction(0)


class Stretch(NamedTuple):
    """Nights at one rate, and the balances that bore it: what an explanation tells."""

    start: int
    end: int
    rate: Factor
    balance: int
    overdue: int
    flat_base: int


class Row:
    """One row while the loan runs. ``amount`` is what the instalment comes to; None where only interest is due.

    ``planned`` is interest that does not come from the balance: a share of flat or of re-aged interest. ``waits`` says
    that the row's interest falls due with a later row; ``held``, that the amount was set by hand. ``lift`` is interest
    that a small set amount before it left unpaid: it comes on top of the instalment, however often that is levelled.
    ``carried`` is interest of earlier rows that it takes, ``passed`` what of its own it leaves to the next. ``accrued``
    is the exact interest that its figures stand on, and ``late`` the part of it that unpaid principal bore; what its
    nights come to beyond that, when it was paid before a change, is ``corrected`` and falls due with the next row;
    ``absorbed`` tells how much of it which rows have taken that were paid ahead as well, and ``took`` what a row has
    taken of rows that are past.
    ``exceeded`` says that more of its principal was paid than its amount asks for by now.
    """

    __slots__ = (
        "absorbed", "accrued", "amount", "carried", "corrected", "due", "exceeded", "frozen", "held", "interest",
        "late", "lead", "lift", "notes", "number", "opening", "paid_interest", "paid_principal", "passed", "passes",
        "planned", "principal", "start", "stretches", "took", "waits", "weight",
    )  # fmt: skip

    def __init__(self, number: int, start: int, due: int, weight: int) -> None:
        self.number, self.start, self.due, self.weight = number, start, due, weight
        self.amount: int | None = None
        self.planned = self.principal = self.interest = self.paid_principal = self.paid_interest = 0
        self.opening = self.lift = self.carried = self.passed = self.corrected = self.took = 0
        self.absorbed: list[tuple[Row, int]] = []
        self.accrued: Exact = NOTHING
        self.late = ZERO
        self.lead = self.waits = self.held = self.frozen = self.exceeded = False
        self.passes = (0, 0)
        self.stretches: list[Stretch] = []
        self.notes: list[str] = []

    @property
    def is_paid(self) -> bool:
        """Whether it is paid, in whole or in part, or settled with a later one: then it is never changed."""
        return self.frozen or bool(self.paid_principal or self.paid_interest)

    @property
    def open_correction(self) -> int:
        """What of its correction no row has taken yet."""
        return self.corrected - sum(amount for _, amount in self.absorbed)

    @property
    def unpaid(self) -> int:
        return self.unpaid_principal + self.unpaid_interest

    @property
    def unpaid_principal(self) -> int:
        return self.principal - self.paid_principal

    @property
    def unpaid_interest(self) -> int:
        return self.interest - self.paid_interest


class Progress(NamedTuple):
    """What passes from one row to the next: the balance, unpaid interest brought along, and interest that waits."""

    balance: int
    brought: int
    waiting: int


class Projected(NamedTuple):
    """How far the open rows are worked out: the place of the first that is not, and what passes to it.

    ``late`` is what unpaid principal has borne and no row has taken, ``paid_later`` the principal that was paid of that
    row and those after it.
    """

    place: int
    progress: Progress
    late: Fraction
    paid_later: int
