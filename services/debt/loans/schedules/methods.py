"""How principal and interest spread over the rows: integer loops, one half up per figure, residue in the last row.

Every function takes the balance at the start of the first row and returns two columns, principal and interest. The
first ``lead`` rows pay interest alone. ``Rounding`` says to which multiples: of the currency for every figure, of the
instalment for what is to be paid.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm

from services.debt.loans.schedules.day_counts import Factor
from services.debt.loans.schedules.terms import LoanTerms, Method
from shared.kernel.money import half_up

Columns = tuple[list[int], list[int]]
"""Principal and interest of the rows."""


@dataclass(frozen=True, slots=True)
class Rounding:
    """Multiples in satang: of every figure, and of an instalment."""

    currency: int = 1
    instalment: int = 1

    def figure(self, numerator: int, denominator: int) -> int:
        """A quotient rounded half up to the multiple of the currency."""
        return self.currency * half_up(numerator, denominator * self.currency)

    @property
    def share(self) -> int:
        """The multiple of a share of principal: exact to the satang where the instalment it goes into is rounded."""
        return 1 if self.instalment > self.currency else self.currency

    def payable(self, numerator: int, denominator: int) -> int:
        """A quotient rounded half up to the multiple of the instalment; to the currency's, if nothing would be left."""
        amount = self.instalment * half_up(numerator, denominator * self.instalment)
        return amount or self.figure(numerator, denominator)


def rounding_of(terms: LoanTerms) -> Rounding:
    """An instalment is a multiple of the currency's multiple too, so that it is rounded once."""
    return Rounding(terms.currency_multiple, lcm(terms.currency_multiple, terms.instalment_multiple))


@dataclass(frozen=True, slots=True)
class Ground:
    """What rows are levelled on: their factors and weights, and what the first row bears besides its factor.

    ``first_interest`` is the exact interest of the first row where its balance changed within it. ``brought`` is unpaid
    interest that the first rows have to take before any principal, as it fits into their instalments; it bears none.
    """

    factors: Sequence[Factor]
    weights: Sequence[int]
    lead: int
    rounding: Rounding
    first_interest: Factor | None = None
    brought: int = 0


def spread(total: int, weights: Sequence[int], multiple: int = 1) -> list[int]:
    """``total`` in shares by weight, each rounded half up and never more than what is left; the last takes the rest.

    ``total`` and the weights are not negative; if every weight is 0, the shares are equal.
    """
    sum_of_weights = sum(weights)
    if sum_of_weights == 0:
        weights, sum_of_weights = [1] * len(weights), len(weights)
    left = total
    shares = []
    divisor = 2 * sum_of_weights * multiple
    half = sum_of_weights * multiple
    for weight in weights[:-1]:
        share = min(multiple * ((2 * total * weight + half) // divisor), left)
        shares.append(share)
        left -= share
    if weights:
        shares.append(left)
    return shares


def level(method: Method, balance: int, ground: Ground, percent: Fraction | None, base: int) -> Columns:
    """The rows of a loan whose interest falls with its balance. ``percent`` of ``base`` is a row's fixed principal."""
    if method is Method.EQUAL_INSTALMENT:
        return equal_instalment(balance, ground)
    return declining(balance, ground, principal_shares(method, balance, ground, percent, base))


def principal_shares(
    method: Method, balance: int, ground: Ground, percent: Fraction | None, base: int
) -> list[int]:  # fmt: skip
    """The principal of each row before its instalment is rounded."""
    rows, lead = len(ground.factors), ground.lead
    if method is Method.BULLET:
        return [0] * (rows - 1) + [balance]
    if percent is None:
        return [0] * lead + spread(balance, ground.weights[lead:], ground.rounding.share)
    multiple = ground.rounding.share
    share = multiple * half_up(base * percent.numerator, percent.denominator * 100 * multiple)
    shares = [0] * lead
    left = balance
    for _ in range(rows - lead - 1):
        shares.append(min(share, left))
        left -= shares[-1]
    return [*shares, left]


def equal_instalment(balance: int, ground: Ground) -> Columns:
    """Annuity. With weights, each instalment is its weight times one exact level amount.

    The level is P·Π(1+r_k)/f_n with f_1 = w_1 and f_k = w_k + f_{k-1}·(1+r_k), here over common denominators. One
    improvement pass moves the level when the last row differs from it by more than half a satang a row.
    """
    lead, weights, rounding = ground.lead, ground.weights[ground.lead :], ground.rounding
    brought = 0 if lead else ground.brought
    numerator, denominator = _level_that_takes(brought, balance, ground.factors[lead:], weights)
    amounts = {weight: rounding.payable(numerator * weight, denominator) for weight in set(weights)}
    rows = [0] * lead + [amounts[weight] for weight in weights]
    principal, interest = pay_down(balance, ground, rows)

    residue = principal[-1] + interest[-1] - rows[-1]
    if abs(residue) <= len(weights) // 2:
        return principal, interest
    sum_of_weights = sum(weights)
    moved = {
        weight: rounding.payable(amount + half_up(residue * weight, sum_of_weights), 1)
        for weight, amount in amounts.items()
    }
    if moved == amounts:
        return principal, interest
    better = pay_down(balance, ground, [0] * lead + [moved[weight] for weight in weights])
    if abs(better[0][-1] + better[1][-1] - moved[weights[-1]]) < abs(residue):
        return better
    return principal, interest


def _level_that_takes(brought: int, balance: int, factors: Sequence[Factor], weights: Sequence[int]) -> Factor:
    """The exact level amount of weight 1 where the first rows pay ``brought`` before any principal.

    With as many rows of interest alone as it takes, and their own interest on the whole balance, the next one pays what
    is left: their sum is the level times their weights, so the level is the solution of a linear equation.
    """

    def level_after(rows: int) -> Factor:
        if not rows:
            return exact_level(balance, factors, weights, brought)
        own = sum((Fraction(*factor) for factor in factors[:rows]), Fraction(0)) * balance
        of_balance, of_one = (
            Fraction(*exact_level(*amounts))
            for amounts in ((balance, factors[rows:], weights[rows:], 0), (0, factors[rows:], weights[rows:], 1))
        )
        return ((of_balance + of_one * (brought + own)) / (1 + of_one * sum(weights[:rows]))).as_integer_ratio()

    def fits(rows: int) -> bool:
        """Whether the row after so many has room for the rest."""
        whole = brought + sum((Fraction(*factor) for factor in factors[: rows + 1]), Fraction(0)) * balance
        return Fraction(*level_after(rows)) * sum(weights[: rows + 1]) >= whole

    if not brought:
        return exact_level(balance, factors, weights)
    return level_after(bisect_left(range(len(factors) - 1), True, key=fits))


def exact_level(balance: int, factors: Sequence[Factor], weights: Sequence[int], brought: int = 0) -> Factor:
    """The exact level amount of weight 1; the first row pays ``brought`` too, which has borne nothing until then."""
    rows, (interest, whole), weight = len(factors), factors[0], weights[0]
    growth = balance * (interest + whole) + brought * whole
    if interest and factors.count(factors[0]) == rows and weights.count(weight) == rows:
        # Periods of one length, as most loans have: the sum of a geometric series, which is the same fraction.
        growth_factor = interest + whole
        accumulated = weight * (growth_factor**rows - whole**rows) // interest
        return growth * growth_factor ** (rows - 1), whole * accumulated
    accumulated, scale = weight, 1
    for (numerator, denominator), weight in zip(factors[1:], weights[1:], strict=True):
        growth_factor = numerator + denominator
        scale *= denominator
        accumulated = accumulated * growth_factor + weight * scale
        growth *= growth_factor
    return growth, whole * accumulated


def pay_down(balance: int, ground: Ground, instalments: Sequence[int]) -> Columns:
    """Interest on the balance first, the rest of the instalment to principal, all that remains in the last row.

    An instalment smaller than its interest pays the interest alone: unpaid interest is never added to principal.
    """
    principal: list[int] = []
    interest: list[int] = []
    currency = ground.rounding.currency
    first = ground.first_interest
    brought = ground.brought
    last = len(instalments) - 1
    for (numerator, denominator), instalment in zip(ground.factors, instalments, strict=True):
        divisor = denominator * currency
        due = currency * ((2 * balance * numerator + divisor) // (2 * divisor))
        if first is not None:
            due, first = ground.rounding.figure(*first), None
        if brought:
            row = len(interest)
            taken = brought if row < ground.lead or row == last else min(brought, max(instalment - due, 0))
            due, brought = due + taken, brought - taken
        paid = instalment - due
        if paid < 0:
            paid = 0
        elif paid > balance:
            paid = balance
        principal.append(paid)
        interest.append(due)
        balance -= paid
    principal[-1] += balance
    return principal, interest


def shares_of_brought(balance: int, ground: Ground, columns: Columns) -> list[int]:
    """How much of the interest brought each row takes beside its own."""
    shares = []
    exact = ground.first_interest
    for factor, paid, due in zip(ground.factors, *columns, strict=True):
        numerator, denominator = exact or (balance * factor[0], factor[1])
        shares.append(due - ground.rounding.figure(numerator, denominator))
        balance, exact = balance - paid, None
    return shares


def declining(balance: int, ground: Ground, shares: Sequence[int]) -> Columns:
    """Given shares of principal, and interest on the balance; the sum is rounded to the instalment's multiple."""
    rounding = ground.rounding
    principal: list[int] = []
    interest: list[int] = []
    first = ground.first_interest
    last = len(shares) - 1
    for row, ((numerator, denominator), share) in enumerate(zip(ground.factors, shares, strict=True)):
        due = rounding.figure(balance * numerator, denominator)
        if first is not None:
            due, first = rounding.figure(*first), None
        paid = share
        if rounding.instalment > rounding.currency and share and row != last:
            paid = max(0, rounding.payable(share + due, 1) - due)
        paid = balance if row == last else min(paid, balance)
        principal.append(paid)
        interest.append(due)
        balance -= paid
    return principal, interest


def flat(balance: int, total_interest: int, ground: Ground, shares: Sequence[int]) -> Columns:
    """Given shares of principal, and an interest for the whole term, spread like the weights.

    To a multiple, principal and interest are rounded apart and added; the exact interest is then taken out again. Where
    both would be nothing, their sum is rounded to the currency's multiple.
    """
    rounding = ground.rounding
    interest = spread(total_interest, ground.weights, rounding.currency)
    if rounding.instalment == rounding.currency:
        return list(shares), interest
    principal: list[int] = []
    for share, due in zip(shares[:-1], interest[:-1], strict=True):
        paid = 0
        if share:
            instalment = _multiple(share, rounding) + _multiple(due, rounding) or rounding.figure(share + due, 1)
            paid = min(max(instalment - due, 0), balance)
        principal.append(paid)
        balance -= paid
    return [*principal, balance], interest


def flat_interest(balance: int, factors: Sequence[Factor], rounding: Rounding) -> int:
    """Interest on the original principal over the whole term, rounded once."""
    common = 1
    for _, denominator in set(factors):
        common = common * denominator // gcd(common, denominator)
    of_term = sum(numerator * (common // denominator) for numerator, denominator in factors)
    return rounding.figure(balance * of_term, common)


def deferred(interest: Sequence[int], grace: int) -> list[int]:
    """The interest of the first ``grace`` rows falls due with that of the row after them."""
    if not grace:
        return list(interest)
    return [0] * grace + [sum(interest[: grace + 1])] + list(interest[grace + 1 :])


def _multiple(amount: int, rounding: Rounding) -> int:
    return rounding.instalment * half_up(amount, rounding.instalment)
