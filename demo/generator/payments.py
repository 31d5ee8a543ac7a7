"""Payments of one fiscal year: who pays, when, and how much, so that overdue debt falls by about what is aimed at.

Performing borrowers pay each due date with the documented delays. A borrower in long arrears behaves in one of four
ways: *cured* pays everything past due, *recovering* a good part of it, *serving* keeps up with what falls due now,
*stuck* pays hardly anything. Late payers bring the late interest along, reckoned here with the highest rate that the
reference allows, so that the principal of the instalment is met.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from demo.generator import distributions
from demo.generator.institutions import Institution
from demo.generator.loans import Instalment, Loan, delay_days

COLUMNS = ("cooperative_code", "loan_number", "receipt_number", "paid_on", "amount", "channel")

TEN_BAHT, HUNDRED_BAHT = 1_000, 10_000
LATE_POINTS, RATE_MOST = 300, 1500
"""Late rate in basis points: contract plus three points, fifteen per cent at most (domain reference §4.3)."""


@dataclass(frozen=True, slots=True)
class Payment:
    """Money received for a loan, in satang."""

    paid_on: date
    amount: int
    channel: str


def draw_payments(random: Random, loan: Loan, first: date, last: date) -> list[Payment]:
    """The payments of one loan from ``first`` to ``last``, by date. None is dated outside."""
    due = [instalment for instalment in loan.coming if instalment.due_on <= last]
    if loan.standing == "non_performing":
        drawn = _of_non_performing(random, loan, due, first, last)
    else:
        drawn = _of_performing(random, loan, due, first, last)
    return sorted(drawn, key=lambda payment: payment.paid_on)


def _of_performing(random: Random, loan: Loan, due: Sequence[Instalment], first: date, last: date) -> Iterator[Payment]:
    distressed_from = last + timedelta(days=1)
    if random.random() < distributions.NEWLY_DISTRESSED_SHARE:
        distressed_from = first + timedelta(days=random.randint(0, 300))
    for overdue in loan.overdue:
        # Unpaid at the cut-over, paid within the ninety days that the delay allows.
        latest = max(overdue.due_on + timedelta(days=90), first + timedelta(days=5))
        paid_on = first + timedelta(days=random.randint(1, (latest - first).days))
        if paid_on < distressed_from:
            yield _payment(random, loan, (overdue,), paid_on, first)
    for instalment in due:
        delay = delay_days(random)
        days = delay or -random.choice((0, 0, 0, 1, 2, 5))
        paid_on = max(instalment.due_on + timedelta(days=days), first)
        if paid_on <= last and instalment.due_on < distressed_from:
            yield _payment(random, loan, (instalment,), paid_on, first)


def _of_non_performing(
    random: Random, loan: Loan, due: Sequence[Instalment], first: date, last: date
) -> Iterator[Payment]:
    behaviour = distributions.NON_PERFORMING_BEHAVIOURS.pick(random)
    if behaviour == "cured":
        yield from _of_cured(random, loan, due, first, last)
        return
    past_due = sum(instalment.principal + instalment.interest for instalment in loan.overdue)
    newly_due = sum(instalment.principal + instalment.interest for instalment in due)
    match behaviour:
        case "recovering":
            to_pay = loan.opening_fee + newly_due + past_due * random.randint(*distributions.RECOVERED_PERCENT) // 100
        case "serving":
            to_pay = newly_due * random.randint(85, 100) // 100 + past_due * random.randint(3, 15) // 100
        case _:
            to_pay = (newly_due + past_due) * random.choice((0, 0, 0, 3, 6)) // 100
    shares = [random.randint(50, 150) for _ in range(random.randint(1, 4))]
    for share in shares:
        amount = to_pay * share // sum(shares) // HUNDRED_BAHT * HUNDRED_BAHT
        if amount > 0:
            yield Payment(_after_harvest(random, first, last), amount, _channel(random))


def _of_cured(random: Random, loan: Loan, due: Sequence[Instalment], first: date, last: date) -> Iterator[Payment]:
    """Everything past due at once, after a harvest; from then on every due date on its day."""
    cured_on = _after_harvest(random, first, last)
    past = [*loan.overdue, *(instalment for instalment in due if instalment.due_on <= cured_on)]
    payment = _payment(random, loan, past, cured_on, first)
    yield Payment(cured_on, payment.amount + loan.opening_fee, payment.channel)
    for instalment in due:
        if instalment.due_on > cured_on:
            yield _payment(random, loan, (instalment,), instalment.due_on, first)


def _after_harvest(random: Random, first: date, last: date) -> date:
    """Money comes after the harvests: from the third week of the year on, mostly from December to March."""
    span = (last - first).days
    return first + timedelta(days=int(random.triangular(20, span - 5, span * 0.35)))


def _payment(random: Random, loan: Loan, settled: Sequence[Instalment], paid_on: date, first: date) -> Payment:
    """What a payer brings for instalments: what is due and the late interest since, rounded up to ten baht.

    What accrued before the cut-over is part of the opening interest.
    """
    late_rate = min(loan.terms.rate_basis_points + LATE_POINTS, RATE_MOST)
    amount = 0
    for instalment in settled:
        days_late = max((paid_on - max(instalment.due_on, first)).days + 1, 0) if paid_on > instalment.due_on else 0
        amount += instalment.principal + instalment.interest
        amount += instalment.principal * late_rate * days_late // (10_000 * 365)
    return Payment(paid_on, -(-amount // TEN_BAHT) * TEN_BAHT, _channel(random))


def _channel(random: Random) -> str:
    return distributions.PAYMENT_CHANNELS.pick(random)


def payment_row(institution: Institution, loan: Loan, payment: Payment, receipt_number: str) -> list[str]:
    """The row of payments.csv, in the sender's habits."""
    return [
        institution.code,
        loan.number,
        receipt_number,
        institution.style.date(payment.paid_on),
        institution.style.money(payment.amount),
        payment.channel,
    ]
