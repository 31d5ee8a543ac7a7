"""The schedules of a whole book at once, in int64: identical to the readable path to the satang, on any input.

Loans of one method, number of rows, rounding and grace go through the rows side by side. An int64 holds less than
Python's integers, so a loan goes through the readable path instead where

* 2 x principal x numerator + denominator of one of its factors, or of a row's share of principal, reaches 2**60, or
* the float estimate of its level instalment cannot prove which way the exact one is rounded.

The float decides nothing that it cannot prove: it carries a bound of its own error (a few ulps a row), and a level
whose rounding lies within that bound is worked out exactly.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from services.debt.loans.schedules.calendar_dates import calendar_of
from services.debt.loans.schedules.checks import check_terms
from services.debt.loans.schedules.day_counts import period_factors
from services.debt.loans.schedules.methods import (
    Columns,
    Ground,
    Rounding,
    deferred,
    flat,
    flat_interest,
    level,
    principal_shares,
    rounding_of,
)
from services.debt.loans.schedules.terms import LoanTerms, Method

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

INTERMEDIATE_MAX = 2**60
"""No product of the int64 path reaches it, so that a sum of a few does not overflow."""

CHUNK_LOANS = 2_048
"""Loans side by side at once: their working columns stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Book:
    """Loans that share everything but principal and factors.

    ``numerators`` and ``denominators`` are the factors of the rows, of shape (rows, loans); a first dimension of 1
    says that a loan bears the same factor in every row.
    """

    method: Method
    rows: int
    principal: Ints
    numerators: Ints
    denominators: Ints
    weights: tuple[int, ...]
    rounding: Rounding = field(default_factory=Rounding)
    lead: int = 0
    interest_grace: int = 0
    percent: Fraction | None = None


@dataclass(frozen=True, slots=True)
class BookSchedule:
    """Principal and interest of every row, of shape (rows, loans), in satang."""

    principal: Ints
    interest: Ints
    read: int
    """How many loans went through the readable path."""


def schedule_book(book: Book) -> BookSchedule:
    """The schedules of all loans of a book."""
    loans = len(book.principal)
    principal = np.empty((book.rows, loans), dtype=np.int64)
    interest = np.empty((book.rows, loans), dtype=np.int64)
    read = 0
    for start in range(0, loans, CHUNK_LOANS):
        chunk = slice(start, min(start + CHUNK_LOANS, loans))
        part = _Chunk(book, book.principal[chunk], book.numerators[:, chunk], book.denominators[:, chunk])
        read += part.fill(principal[:, chunk], interest[:, chunk])
    _defer(interest, book.interest_grace)
    return BookSchedule(principal, interest, read)


def schedule_terms(terms: Sequence[LoanTerms]) -> list[Columns]:
    """Principal and interest of each loan, in the order given; loans of one shape side by side.

    Raises ``LoanTermsInvalid`` as the readable path does.
    """
    shapes: dict[tuple[object, ...], list[int]] = defaultdict(list)
    prepared = []
    for place, loan in enumerate(terms):
        check_terms(loan)
        calendar = calendar_of(loan)
        factors = period_factors(loan.rate.as_integer_ratio(), loan.day_count, calendar)
        prepared.append(factors)
        shape = (loan.method, loan.instalments, calendar.weights, rounding_of(loan), loan.principal_grace,
                 loan.interest_grace, loan.principal_percent)  # fmt: skip
        shapes[shape].append(place)
    found: list[Columns] = [([], [])] * len(terms)
    for places in shapes.values():
        first = terms[places[0]]
        fits = [place for place in places if _fits(terms[place].principal, prepared[place])]
        for place in set(places) - set(fits):
            found[place] = _readable(_book_of(first, prepared[place], 1), terms[place].principal, prepared[place])
        if fits:
            book = _book_of(first, prepared[fits[0]], len(fits))
            book.principal[:] = [terms[place].principal for place in fits]
            book.numerators[:] = np.array([[factor[0] for factor in prepared[place]] for place in fits]).T
            book.denominators[:] = np.array([[factor[1] for factor in prepared[place]] for place in fits]).T
            done = schedule_book(book)
            for column, place in enumerate(fits):
                found[place] = (done.principal[:, column].tolist(), done.interest[:, column].tolist())
    return found


def _book_of(terms: LoanTerms, factors: Sequence[tuple[int, int]], loans: int) -> Book:
    rows = len(factors)
    return Book(
        method=terms.method,
        rows=rows,
        principal=np.empty(loans, dtype=np.int64),
        numerators=np.empty((rows, loans), dtype=np.int64),
        denominators=np.empty((rows, loans), dtype=np.int64),
        weights=calendar_of(terms).weights,
        rounding=rounding_of(terms),
        lead=terms.principal_grace,
        interest_grace=terms.interest_grace,
        percent=None if terms.principal_percent is None else Fraction(terms.principal_percent),
    )


def _fits(principal: int, factors: Sequence[tuple[int, int]]) -> bool:
    """Whether the loan can be held in int64 columns at all."""
    return all(principal < 2**62 and top < 2**62 and bottom < 2**62 for top, bottom in set(factors))


def _readable(book: Book, principal: int, factors: Sequence[tuple[int, int]]) -> Columns:
    """One loan through the readable path."""
    found = _one(book, principal, factors)
    return found[0], deferred(found[1], book.interest_grace)


def _one(book: Book, principal: int, factors: Sequence[tuple[int, int]]) -> Columns:
    ground = Ground(factors, book.weights, book.lead, book.rounding)
    if book.method is Method.FLAT:
        shares = principal_shares(book.method, principal, ground, book.percent, principal)
        return flat(principal, flat_interest(principal, factors, book.rounding), ground, shares)
    return level(book.method, principal, ground, book.percent, principal)


def _defer(interest: Ints, grace: int) -> None:
    if grace:
        interest[grace] += interest[:grace].sum(axis=0)
        interest[:grace] = 0


class _Chunk:
    """Some loans of a book, side by side; where every row bears the same factor, its divisor is made once."""

    def __init__(self, book: Book, opening: Ints, numerators: Ints, denominators: Ints) -> None:
        self.book, self.opening, self.numerators, self.denominators = book, opening, numerators, denominators
        self.same: tuple[Ints, Ints, Ints] | None = None
        if len(numerators) == 1:
            half = denominators[0] * book.rounding.currency
            self.same = (2 * numerators[0], half, 2 * half)

    def small(self) -> Bools:
        """Which loans stay within an int64 on their way."""
        book = self.book
        most = self.numerators.max(axis=0).astype(np.float64) * self.opening * 2 + self.denominators.max(axis=0)
        weight_most = max(*book.weights, 1) * 2.0 * sum(book.weights) * book.rounding.instalment
        percent = Fraction(0) if book.percent is None else book.percent / 100
        share_most = self.opening * 2.0 * percent.numerator + percent.denominator * book.rounding.share
        within: Bools = (
            (most * book.rounding.currency < INTERMEDIATE_MAX)
            & (self.opening * weight_most < INTERMEDIATE_MAX)
            & (share_most < INTERMEDIATE_MAX)
        )
        return within

    def factor(self, row: int) -> tuple[Ints, Ints]:
        """The factors of a row."""
        place = row if self.numerators.shape[0] > 1 else 0
        return self.numerators[place], self.denominators[place]

    def fill(self, principal: Ints, interest: Ints) -> int:
        """Fill in the columns of these loans; returns how many went through the readable path."""
        method = self.book.method
        certain = self.small()
        with np.errstate(all="ignore"):
            if method is Method.EQUAL_INSTALMENT:
                certain &= self.fill_annuity(principal, interest)
            elif method is Method.FLAT:
                certain &= self.fill_flat(principal, interest)
            else:
                self.fill_declining(principal, interest)
        doubtful = np.flatnonzero(~certain)
        for loan in doubtful.tolist():
            factors = [self.of_loan(row, loan) for row in range(self.book.rows)]
            principal[:, loan], interest[:, loan] = _one(self.book, int(self.opening[loan]), factors)
        return len(doubtful)

    def of_loan(self, row: int, loan: int) -> tuple[int, int]:
        numerators, denominators = self.factor(row)
        return int(numerators[loan]), int(denominators[loan])

    def interest_of(self, balance: Ints, row: int) -> Ints:
        """Interest of a row on the balances, half up."""
        currency = self.book.rounding.currency
        if self.same is not None:
            doubled, half, divisor = self.same
        else:
            half = self.denominators[row] if currency == 1 else self.denominators[row] * currency
            doubled, divisor = self.numerators[row] << 1, half << 1
        due: Ints = balance * doubled
        due += half
        due //= divisor
        return due if currency == 1 else due * currency

    def levels(self) -> tuple[Floats, Floats]:
        """The level amount of weight 1, and a bound of its error."""
        rows, lead, weights = self.book.rows, self.book.lead, self.book.weights
        growth = np.ones(len(self.opening))
        accumulated = np.zeros(len(self.opening))
        for row in range(lead, rows):
            if row == lead or self.numerators.shape[0] > 1:
                numerators, denominators = self.factor(row)
                step = 1.0 + numerators / denominators
            growth *= step
            if row > lead:
                accumulated *= step
            accumulated += weights[row]
        amount: Floats = self.opening * growth / accumulated
        return amount, amount * ((rows - lead + 2) * 8 * np.finfo(np.float64).eps)

    def fill_annuity(self, principal: Ints, interest: Ints) -> Bools:
        """Level instalments, with the one improvement pass; which loans are certain."""
        book, lead = self.book, self.book.lead
        amount, error = self.levels()
        certain: Bools = np.ones(len(self.opening), dtype=np.bool_)
        amounts: dict[int, Ints] = {}
        multiple = book.rounding.instalment
        for weight in sorted(set(book.weights[lead:])):
            steps, doubt = amount * weight / multiple, error * weight / multiple
            rounded = np.floor(steps + 0.5)
            certain &= (np.abs(steps + 0.5 - np.round(steps + 0.5)) > doubt) & (rounded >= 1) & (steps < 2**52)
            amounts[weight] = rounded.astype(np.int64) * multiple
        self.pay_down(principal, interest, amounts, self.opening)
        last = book.weights[-1]
        paying = book.rows - lead
        residue = principal[-1] + interest[-1] - amounts[last]
        again = np.flatnonzero(certain & (np.abs(residue) > paying // 2))
        if len(again):
            certain[again] &= self.improve(again, principal, interest, amounts, residue[again])
        return certain

    def improve(
        self, again: NDArray[np.intp], principal: Ints, interest: Ints, amounts: dict[int, Ints], residue: Ints
    ) -> Bools:
        """Move the level of some loans by their residue's share a row; keep it where the residue gets smaller."""
        book = self.book
        sum_of_weights = sum(book.weights[book.lead :])
        moved: dict[int, Ints] = {}
        certain: Bools = np.ones(len(again), dtype=np.bool_)
        for weight, amount in amounts.items():
            shift = np.sign(residue) * ((2 * np.abs(residue) * weight + sum_of_weights) // (2 * sum_of_weights))
            multiple = book.rounding.instalment
            changed = (2 * (amount[again] + shift) + multiple) // (2 * multiple) * multiple
            certain &= changed > 0
            moved[weight] = changed
        other = _Chunk(book, self.opening[again], self.numerators[:, again], self.denominators[:, again])
        better_principal = np.empty((book.rows, len(again)), dtype=np.int64)
        better_interest = np.empty_like(better_principal)
        other.pay_down(better_principal, better_interest, moved, other.opening)
        off = better_principal[-1] + better_interest[-1] - moved[book.weights[-1]]
        kept = np.abs(off) < np.abs(residue)
        principal[:, again[kept]] = better_principal[:, kept]
        interest[:, again[kept]] = better_interest[:, kept]
        return certain

    def pay_down(self, principal: Ints, interest: Ints, amounts: dict[int, Ints], opening: Ints) -> None:
        """Interest first, the rest of the instalment to principal, all that remains in the last row."""
        balance = opening.copy()
        for row in range(self.book.rows):
            due = self.interest_of(balance, row)
            interest[row] = due
            if row < self.book.lead:
                principal[row] = 0
                continue
            paid = np.subtract(amounts[self.book.weights[row]], due, out=due)
            np.maximum(paid, 0, out=paid)
            np.minimum(paid, balance, out=paid)
            principal[row] = paid
            balance -= paid
        principal[-1] += balance

    def fill_declining(self, principal: Ints, interest: Ints) -> None:
        """Given shares of principal, and interest on the balance."""
        book, rounding = self.book, self.book.rounding
        balance, left = self.opening.copy(), self.opening.copy()
        last = book.rows - 1
        for row in range(book.rows):
            due = self.interest_of(balance, row)
            share = self.share(row, left)
            left = left - share
            paid = share
            if rounding.instalment > rounding.currency:
                multiple = rounding.instalment
                payable = (2 * (share + due) + multiple) // (2 * multiple) * multiple
                small = rounding.currency * ((2 * (share + due) + rounding.currency) // (2 * rounding.currency))
                payable = np.where(payable == 0, small, payable)
                paid = np.where(share > 0, np.maximum(payable - due, 0), 0)
            paid = balance.copy() if row == last else np.minimum(paid, balance)
            principal[row], interest[row] = paid, due
            balance -= paid

    def fill_flat(self, principal: Ints, interest: Ints) -> Bools:
        """Interest on the original principal over the whole term, spread like the weights; which loans are certain.

        Certain are loans whose factors have one denominator, so that they add up without one that is larger.
        """
        book, rounding = self.book, self.book.rounding
        certain: Bools = (self.denominators == self.denominators[0]).all(axis=0)
        of_term = self.numerators.sum(axis=0) * (book.rows if len(self.numerators) == 1 else 1)
        certain &= self.opening * of_term.astype(np.float64) * 2 < INTERMEDIATE_MAX
        divisor = self.denominators[0] * rounding.currency
        whole = rounding.currency * ((2 * self.opening * of_term + divisor) // (2 * divisor))
        sum_of_weights = sum(book.weights)
        certain &= whole.astype(np.float64) * max(book.weights) * 2 < INTERMEDIATE_MAX
        balance, left, due_left = self.opening.copy(), self.opening.copy(), whole.copy()
        last = book.rows - 1
        half = sum_of_weights * rounding.currency
        for row in range(book.rows):
            due = rounding.currency * ((2 * whole * book.weights[row] + half) // (2 * half))
            due = due_left if row == last else np.minimum(due, due_left)
            share = self.share(row, left)
            due_left, left = due_left - due, left - share
            paid = share
            if rounding.instalment > rounding.currency:
                multiple = rounding.instalment
                rounded = (2 * share + multiple) // (2 * multiple) + (2 * due + multiple) // (2 * multiple)
                to_currency = rounding.currency * ((2 * (share + due) + rounding.currency) // (2 * rounding.currency))
                instalment = np.where(rounded > 0, rounded * multiple, to_currency)
                paid = np.where(share > 0, np.clip(instalment - due, 0, balance), 0)
            paid = balance if row == last else paid
            principal[row], interest[row] = paid, due
            balance = balance - paid
        return certain

    def share(self, row: int, left: Ints) -> Ints:
        """The share of a row before its instalment is rounded, never more than what is left."""
        book, multiple = self.book, self.book.rounding.share
        if row == book.rows - 1:
            return left
        if row < book.lead or book.method is Method.BULLET:
            return np.zeros_like(left)
        if book.percent is None:
            part = Fraction(book.weights[row], sum(book.weights[book.lead :]))
        else:
            part = book.percent / 100
        divisor = part.denominator * multiple
        share = multiple * ((2 * self.opening * part.numerator + divisor) // (2 * divisor))
        return np.minimum(share, left)
