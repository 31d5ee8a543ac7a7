"""The schedule of a contract: what falls due on which date, exact to the satang.

Amounts are integer satang. Interest of a period is balance x factor, where the factor is an exact fraction of the rate
(``day_counts.py``). Rounding is half up, once per figure; the last row takes the whole residue, so the principal of all
rows is the principal disbursed. Columns of plain integers; rows and explanations are made only where they are shown.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from services.debt.loans.schedules.calendar_dates import Calendar, calendar_of
from services.debt.loans.schedules.checks import check_terms
from services.debt.loans.schedules.day_counts import Factor, period_factors
from services.debt.loans.schedules.methods import (
    Columns,
    Ground,
    deferred,
    flat,
    flat_interest,
    level,
    principal_shares,
    rounding_of,
)
from services.debt.loans.schedules.terms import LoanTerms, Method


class ScheduleRow(NamedTuple):
    """One row as people read it; ``balance`` is the principal that remains after it. Amounts in satang."""

    number: int
    starts_on: date
    due_on: date
    principal: int
    interest: int
    total: int
    balance: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """The rows of a loan, as columns of equal length.

    ``starts_on`` is the night from which the first row accrues; ``deferred``, the interest that an interest grace moved
    to the first row after it.
    """

    terms: LoanTerms
    starts_on: date
    opening_balance: int
    calendar: Calendar
    factors: tuple[Factor, ...]
    principal: tuple[int, ...]
    interest: tuple[int, ...]
    deferred: int = 0

    @property
    def due_on(self) -> tuple[date, ...]:
        return self.calendar.due_on

    def rows(self) -> Iterator[ScheduleRow]:
        """The rows in order of their due dates."""
        balance, starts_on = self.opening_balance, self.starts_on
        for number, (due_on, principal, interest) in enumerate(
            zip(self.due_on, self.principal, self.interest, strict=True), start=1
        ):
            balance -= principal
            yield ScheduleRow(number, starts_on, due_on, principal, interest, principal + interest, balance)
            starts_on = due_on


def build_schedule(terms: LoanTerms) -> Schedule:
    """The whole schedule of a loan. Raises ``LoanTermsInvalid`` naming every field that is wrong."""
    check_terms(terms)
    calendar = calendar_of(terms)
    factors = period_factors(terms.rate.as_integer_ratio(), terms.day_count, calendar)
    principal, interest = _columns(terms, terms.principal, factors, calendar.weights, terms.principal_grace, None)
    later = sum(interest[: terms.interest_grace])
    interest = deferred(interest, terms.interest_grace)
    return Schedule(
        terms, terms.disbursed_on, terms.principal, calendar, tuple(factors), tuple(principal), tuple(interest), later
    )


def relevel(schedule: Schedule, from_row: int, balance: int) -> Schedule:
    """The rows from index ``from_row`` on, levelled again for another ``balance`` of principal at their start.

    The method and the due dates stay. Interest of a flat loan stands on the original principal, so it stays too.
    """
    terms, calendar = schedule.terms, schedule.calendar
    starts_on = calendar.due_on[from_row - 1] if from_row else schedule.starts_on
    rest = calendar._replace(
        due_on=calendar.due_on[from_row:], weights=calendar.weights[from_row:], period_of=calendar.period_of[from_row:]
    )
    factors = schedule.factors[from_row:]
    grace = max(0, terms.principal_grace - from_row)
    flat_left = sum(schedule.interest[from_row:]) if terms.method is Method.FLAT else None
    principal, interest = _columns(terms, balance, factors, rest.weights, grace, flat_left)
    if terms.method is Method.FLAT:
        interest = list(schedule.interest[from_row:])
    else:
        interest = deferred(interest, max(0, terms.interest_grace - from_row))
    return Schedule(terms, starts_on, balance, rest, factors, tuple(principal), tuple(interest))


def _columns(
    terms: LoanTerms,
    balance: int,
    factors: list[Factor] | tuple[Factor, ...],
    weights: tuple[int, ...],
    lead: int,
    flat_left: int | None,
) -> Columns:
    rounding = rounding_of(terms)
    ground = Ground(factors, weights, lead, rounding)
    percent = None if terms.principal_percent is None else Fraction(terms.principal_percent)
    if terms.method is Method.FLAT:
        shares = principal_shares(terms.method, balance, ground, percent, terms.principal)
        whole = flat_interest(balance, factors, rounding) if flat_left is None else flat_left
        return flat(balance, whole, ground, shares)
    return level(terms.method, balance, ground, percent, terms.principal)
