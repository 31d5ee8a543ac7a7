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


class Progress(NamedTuple):
    """What passes from one row to the next: the balance, unpaid interest brought along, and interest that waits."""

    balance: int
    brought: int
    waiting: int


class Row:
    """One row while the loan runs: what it asks for, what it comes to, and what was paid of it. Amounts in satang."""

    __slots__ = (
        "accrued", "after", "amount", "carried", "corrected", "due", "exceeded", "frozen", "held", "interest", "late",
        "lead", "lifted_by", "notes", "number", "opening", "paid_interest", "paid_principal", "passed_on", "planned",
        "principal", "share", "start", "stretches", "taken", "takers", "waits", "weight",
    )  # fmt: skip

    def __init__(self, number: int, start: int, due: int, weight: int) -> None:
        self.number, self.start, self.due, self.weight = number, start, due, weight

        # What it asks for. None: interest alone. ``planned`` is interest that does not come from the balance, a share
        # of flat or re-aged interest; ``lifted_by`` is interest that a small set amount before it left unpaid, on top
        # of the instalment however often that is levelled; ``share`` is the principal that it was levelled with.
        self.amount: int | None = None
        self.planned = self.lifted_by = self.share = 0
        self.lead = False  # no principal falls due
        self.waits = False  # its interest falls due with a later row
        self.held = False  # the amount was set by hand

        # What it comes to. ``opening`` is the balance before it; ``exceeded`` says that more of its principal was paid
        # than its amount asks for by now; ``frozen``, that it is paid in full, or settled with a later row that is.
        self.opening = self.principal = self.interest = self.paid_principal = self.paid_interest = 0
        self.exceeded = self.frozen = False

        # Where its interest comes from and goes to: the nights, their exact interest, the part of it that unpaid
        # principal bore, what it takes of earlier rows, what of its own it leaves to the next, and all that is left.
        self.stretches: list[Stretch] = []
        self.accrued: Exact = NOTHING
        self.late = ZERO
        self.carried = self.passed_on = 0
        self.after = Progress(0, 0, 0)

        # What a change made of its nights after it was paid falls due with the next row, or with those that were paid
        # ahead as well: ``takers`` tells how much each has taken of it, ``taken`` what it has itself of rows before it.
        self.corrected = self.taken = 0
        self.takers: list[tuple[Row, int]] = []

        self.notes: list[str] = []  # what was done to it, for its explanation

    @property
    def is_paid(self) -> bool:
        """Whether it is paid, in whole or in part, or settled with a later one: then it is never changed."""
        return self.frozen or bool(self.paid_principal or self.paid_interest)

    @property
    def open_correction(self) -> int:
        """What of its correction no row has taken yet."""
        return self.corrected - sum(amount for _, amount in self.takers)

    @property
    def unpaid(self) -> int:
        return self.unpaid_principal + self.unpaid_interest

    @property
    def unpaid_principal(self) -> int:
        return self.principal - self.paid_principal

    @property
    def unpaid_interest(self) -> int:
        return self.interest - self.paid_interest


class Projected(NamedTuple):
    """How far the open rows are worked out: the place of the first that is not, and what passes to it.

    ``late`` is what unpaid principal has borne and no row has taken, ``paid_later`` the principal that was paid of that
    row and those after it.
    """

    place: int
    progress: Progress
    late: Fraction
    paid_later: int
