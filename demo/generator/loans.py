"""Loans with their opening position at the cut-over, in integer satang, consistent with their own schedule.

The arithmetic is the generator's own and simple on purpose: it must not share a mistake with the engine that reads
these files. The opening position of a loan is

* ``opening_principal``: everything outstanding, past due or not;
* ``opening_overdue_principal``: the part past due, always the latest due dates before the cut-over, of which the
  oldest may be partly paid;
* ``opening_interest``: the scheduled interest of those due dates that is unpaid;
* the rest of the principal, which falls due by the schedule after the cut-over.

The overdue principal is always at least half a baht less than the schedule of its due dates, so that a schedule that
rounds otherwise never needs an older due date to hold it. No due date falls on the cut-over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from math import lcm
from random import Random
from typing import Literal

from demo.generator import distributions
from demo.generator.crops import CROPS, NO_CROP_DUE_MONTHS
from demo.generator.households import Household
from demo.generator.people import Member
from demo.generator.randomness import rounded
from shared.kernel.calendar import add_months
from shared.kernel.money import half_up

COLUMNS = (
    "cooperative_code", "member_number", "loan_number", "loan_type", "principal", "annual_rate", "disbursed_on",
    "method", "frequency", "harvest_months", "instalments", "first_due_on", "day_count", "cut_over_on",
    "opening_principal", "opening_interest", "opening_fee", "opening_overdue_principal", "opening_last_paid_on",
)  # fmt: skip

Standing = Literal["performing", "late", "non_performing"]
NON_PERFORMING_DAYS = 90
"""Overdue for more than 90 days is non-performing (S59)."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the contract says. The rate is in basis points a year."""

    loan_type: str
    principal: int
    rate_basis_points: int
    method: str
    frequency: str
    harvest_months: tuple[int, ...]
    instalments: int
    first_due_on: date
    disbursed_on: date
    day_count: str


@dataclass(frozen=True, slots=True)
class Instalment:
    """One due date: principal and interest in satang."""

    due_on: date
    principal: int
    interest: int


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan as the co-operative's system hands it over."""

    number: str
    terms: Terms
    standing: Standing
    overdue: tuple[Instalment, ...]  # what is unpaid of each missed due date, oldest first
    coming: tuple[Instalment, ...]  # after the cut-over
    opening_fee: int
    last_paid_on: date | None

    @property
    def opening_overdue_principal(self) -> int:
        return sum(instalment.principal for instalment in self.overdue)

    @property
    def opening_interest(self) -> int:
        return sum(instalment.interest for instalment in self.overdue)

    @property
    def opening_principal(self) -> int:
        return self.opening_overdue_principal + sum(instalment.principal for instalment in self.coming)


def schedule(terms: Terms) -> list[Instalment]:
    """The due dates of a contract. The principal of all of them is the principal lent, to the satang."""
    days = due_dates(terms)
    rates = period_rates(terms, days)
    flat = flat_interest(terms, rates) if terms.method == "flat" else ()
    level = level_payment(terms, rates) if terms.method == "equal_instalment" else 0
    equal_part = half_up(terms.principal, terms.instalments)
    balance = terms.principal
    instalments: list[Instalment] = []
    for place, (due_on, (numerator, denominator)) in enumerate(zip(days, rates, strict=True)):
        interest = flat[place] if flat else half_up(balance * numerator, denominator)
        part = max(level - interest, 0) if terms.method == "equal_instalment" else equal_part
        principal = balance if due_on == days[-1] else min(part, balance)
        instalments.append(Instalment(due_on, principal, interest))
        balance -= principal
    return instalments


def flat_interest(terms: Terms, rates: Sequence[tuple[int, int]]) -> list[int]:
    """Interest on the whole principal over the whole term, rounded once, in equal parts; the last takes the residue."""
    common = lcm(*(denominator for _, denominator in rates))
    of_term = half_up(terms.principal * sum(part * (common // whole) for part, whole in rates), common)
    parts = [half_up(of_term, terms.instalments)] * (terms.instalments - 1)
    return [*parts, of_term - sum(parts)]


def due_dates(terms: Terms) -> list[date]:
    """All due dates of a contract, in order."""
    days = [terms.first_due_on]
    while len(days) < terms.instalments:
        days.append(step(terms, days[-1], 1))
    return days


def period_rates(terms: Terms, days: list[date]) -> list[tuple[int, int]]:
    """The interest rate of each period as an exact fraction.

    actual/365 counts nights; 30/360 takes every period as its months of thirty days, but the first in proportion to
    its nights, since it begins with the disbursement.
    """
    rate = terms.rate_basis_points
    starts = [terms.disbursed_on, *days[:-1]]
    if terms.day_count == "actual/365":
        return [(rate * (end - start).days, 10_000 * 365) for start, end in zip(starts, days, strict=True)]
    full_start = step(terms, days[0], -1)
    nights, full_nights = (days[0] - terms.disbursed_on).days, (days[0] - full_start).days
    first = (rate * _months_between(full_start, days[0]) * nights, 10_000 * 12 * full_nights)
    later = pairwise(days)
    return [first, *((rate * _months_between(start, end), 10_000 * 12) for start, end in later)]


def level_payment(terms: Terms, rates: list[tuple[int, int]]) -> int:
    """The payment in satang that is the same on every due date: principal over the sum of the discount factors."""
    factor, factors = Decimal(1), Decimal(0)
    for numerator, denominator in rates:
        factor *= Decimal(denominator) / (denominator + numerator)
        factors += factor
    return int((terms.principal / factors).to_integral_value(ROUND_HALF_UP))


def _months_between(first: date, last: date) -> int:
    return 12 * (last.year - first.year) + last.month - first.month


def step(terms: Terms, due_on: date, direction: int) -> date:
    """The due date after (1) or before (-1) another."""
    if terms.frequency == "monthly":
        return add_months(due_on, direction)
    if terms.frequency == "yearly":
        return add_months(due_on, 12 * direction)
    return step_harvest(due_on, terms.harvest_months, direction)


def step_harvest(due_on: date, harvest_months: tuple[int, ...], direction: int) -> date:
    """The same day of the next, or previous, named harvest month."""
    moved = add_months(due_on, direction)
    while moved.month not in harvest_months:
        moved = add_months(moved, direction)
    return moved


def draw_loan(
    random: Random, member: Member, household: Household | None, nth: int, cut_over_on: date, *, distressed: bool
) -> Loan:
    """The nth loan of a member. A distressed member's loans are mostly non-performing."""
    standing: Standing = "performing"
    if random.random() < (0.92 if distressed else 0.02):
        standing = "non_performing"
    frequency = distributions.LOAN_FREQUENCIES.pick(random)
    if household is None and frequency == "harvest":
        frequency = "yearly"
    loan_type = distributions.LOAN_TYPES.pick(random)
    months = _due_months(random, household, frequency)
    low, high = distributions.INSTALMENTS[loan_type, "monthly" if frequency == "monthly" else "yearly"]
    instalments = random.randint(low, high) * (len(months) if frequency == "harvest" else 1)
    first_due_on, elapsed, missed = _place_in_time(random, standing, frequency, months, instalments, cut_over_on)
    terms = Terms(
        loan_type=loan_type,
        principal=rounded(distributions.principal_baht(random) * 100, 500),
        rate_basis_points=distributions.rate_basis_points(random),
        method=distributions.LOAN_METHODS.pick(random),
        frequency=frequency,
        harvest_months=months if frequency == "harvest" else (),
        instalments=instalments,
        first_due_on=first_due_on,
        disbursed_on=_disbursed_on(random, frequency, first_due_on, cut_over_on),
        day_count=distributions.DAY_COUNTS.pick(random),
    )
    return _opened(random, f"L{member.number}-{nth}", terms, standing, elapsed, missed, cut_over_on)


def _due_months(random: Random, household: Household | None, frequency: str) -> tuple[int, ...]:
    """The months of a crop loan are its crop's; a yearly loan follows the main crop as well when there is one."""
    text = CROPS[household.main_crop].credit_due_months if household else NO_CROP_DUE_MONTHS.pick(random)
    months = tuple(int(month) for month in text.split(";"))
    if frequency == "monthly":
        return tuple(range(1, 13))
    return months if frequency == "harvest" else months[-1:]


def _place_in_time(
    random: Random, standing: Standing, frequency: str, months: tuple[int, ...], instalments: int, cut_over_on: date
) -> tuple[date, int, int]:
    """First due date, due dates passed at the cut-over, and how many of the latest of them were missed."""
    day = random.choice((5, 10, 15, 20, 25, 28))
    latest = cut_over_on.replace(day=1) - timedelta(days=1) if day >= cut_over_on.day else cut_over_on
    latest = latest.replace(day=day)
    while latest.month not in months:
        latest = add_months(latest, -1)
    if standing != "non_performing":
        elapsed = random.randint(0, instalments - 1)
        return _back(latest, months, elapsed - 1), elapsed, 0
    # A matured loan in arrears had its last due date up to five years ago.
    matured = random.random() < (0.85 if instalments <= 2 else 0.25)
    if matured:
        elapsed = instalments
        latest = _back(latest, months, random.randint(0, 3) * len(months))
    else:
        elapsed = random.randint(1, max(instalments - 1, 1))
    missed = 1
    while missed < elapsed and random.random() < distributions.MISSED_MORE_SHARE:
        missed += 1
    # The oldest missed due date must lie more than 90 days back; move the loan into the past until it does.
    while (cut_over_on - _back(latest, months, missed - 1)).days <= NON_PERFORMING_DAYS:
        if missed < elapsed:
            missed += 1
        elif elapsed < instalments:
            missed, elapsed = missed + 1, elapsed + 1
        else:
            latest = _back(latest, months, 1)
    return _back(latest, months, elapsed - 1), elapsed, missed


def _back(due_on: date, months: tuple[int, ...], steps: int) -> date:
    """The due date so many steps before; negative steps go forward."""
    for _ in range(abs(steps)):
        due_on = step_harvest(due_on, months, -1 if steps > 0 else 1)
    return due_on


def _disbursed_on(random: Random, frequency: str, first_due_on: date, cut_over_on: date) -> date:
    if frequency == "monthly":
        disbursed_on = add_months(first_due_on, -1)
    else:
        disbursed_on = first_due_on - timedelta(days=random.randint(170, 360))
    return min(disbursed_on, cut_over_on - timedelta(days=random.randint(3, 20)))


def _opened(
    random: Random, number: str, terms: Terms, standing: Standing, elapsed: int, missed: int, cut_over_on: date
) -> Loan:
    whole = schedule(terms)
    coming = tuple(whole[elapsed:])
    unpaid = whole[elapsed - missed : elapsed]
    last_paid_on = _paid_before(random, whole[elapsed - missed - 1].due_on, cut_over_on) if elapsed > missed else None
    if standing == "performing" and elapsed:
        # The delay of the last instalment decides whether it was still unpaid at the cut-over.
        delay = delay_days(random)
        if whole[elapsed - 1].due_on + timedelta(days=delay) > cut_over_on:
            standing, unpaid = "late", whole[elapsed - 1 : elapsed]
            last_paid_on = _paid_before(random, whole[elapsed - 2].due_on, cut_over_on) if elapsed > 1 else None
    overdue, part_paid = _unpaid_parts(random, terms, unpaid)
    if part_paid:
        last_paid_on = _paid_before(random, overdue[0].due_on, cut_over_on)
    fee = 0
    if standing == "non_performing" and random.random() < 0.12:
        fee = rounded(random.uniform(5_000, 60_000), 50)
    return Loan(number, terms, standing, overdue, coming, fee, last_paid_on)


def delay_days(random: Random) -> int:
    """Days between the due date and the payment of a performing borrower: 0 on time, up to 90."""
    match distributions.LATE_PERFORMING.pick(random):
        case "on_time":
            return 0
        case "month":
            return random.randint(1, 30)
        case _:
            return random.randint(31, 90)


def _paid_before(random: Random, due_on: date, cut_over_on: date) -> date:
    return min(due_on + timedelta(days=random.choice((0, 0, 0, 3, 12, 25))), cut_over_on)


def _unpaid_parts(random: Random, terms: Terms, unpaid: list[Instalment]) -> tuple[tuple[Instalment, ...], bool]:
    """What is unpaid of the missed due dates, and whether the oldest was partly paid.

    A payment goes to the interest of the oldest first, so a partly paid one has no interest left. Where the schedule
    is an equal instalment, another engine may split interest and principal otherwise; there the oldest is always
    partly paid, which leaves room.
    """
    if not unpaid:
        return (), False
    oldest = unpaid[0]
    part_paid = terms.method == "equal_instalment" or random.random() < 0.3
    interest = 0 if part_paid else oldest.interest
    kept = oldest.principal * random.randint(35, 88) // 100 if part_paid else oldest.principal - 50
    # Whole baht, as a clerk would leave it.
    principal = kept // 100 * 100
    if principal <= 0:  # an instalment of a baht or two: there is nothing to round away
        return tuple(unpaid), False
    return (Instalment(oldest.due_on, principal, interest), *unpaid[1:]), part_paid


def loan_row(loan: Loan, member: Member, cut_over_on: date) -> list[str]:
    """The row of loans.csv, in the sender's habits."""
    style, terms = member.institution.style, loan.terms
    return [
        member.institution.code,
        member.number,
        loan.number,
        terms.loan_type,
        style.money(terms.principal),
        f"0.{terms.rate_basis_points:04d}",
        style.date(terms.disbursed_on),
        terms.method,
        terms.frequency,
        ";".join(str(month) for month in sorted(terms.harvest_months)),
        str(terms.instalments),
        style.date(terms.first_due_on),
        terms.day_count,
        style.date(cut_over_on),
        style.money(loan.opening_principal),
        style.money(loan.opening_interest),
        style.money(loan.opening_fee),
        style.money(loan.opening_overdue_principal),
        style.date(loan.last_paid_on) if loan.last_paid_on else "",
    ]
