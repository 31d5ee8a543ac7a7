"""The schedule engine: what falls due on which date, exact to the satang.

Amounts are integer satang. Interest of a period is balance x factor, where the factor is an exact fraction:

* 30/360: rate x months/12; a first period that is shorter or longer than usual is prorated by its nights over the
  nights of the full period that ends on the same due date.
* actual/365: rate x nights/365.

Rounding is half up, once per figure; the last row takes the whole residue, so the principal of all rows is the
principal disbursed. Inner loops use plain integers; rows and explanations are built only when somebody looks at them.
"""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from math import gcd
from typing import NamedTuple

from services.debt.errors import LoanTermsInvalid
from shared.kernel.calendar import add_months
from shared.kernel.errors import FieldProblem
from shared.kernel.money import half_up

ROWS_MAX = 600
HARVEST_MONTHS_MAX = 4
DAYS_IN_YEAR = 365

Factor = tuple[int, int]
"""Interest of a period as numerator and denominator of the balance."""


class Method(StrEnum):
    """How principal and interest spread over the rows."""

    EQUAL_INSTALMENT = "equal_instalment"
    EQUAL_PRINCIPAL = "equal_principal"
    FLAT = "flat"


class DayCount(StrEnum):
    """How a period's length becomes a part of a year."""

    THIRTY_360 = "30/360"
    ACTUAL_365 = "actual/365"


class Frequency(StrEnum):
    """How due dates follow each other."""

    MONTHLY = "monthly"
    YEARLY = "yearly"
    HARVEST = "harvest"


class HarvestMonth(NamedTuple):
    """A month of the crop calendar in which an instalment falls due, weighted by the income expected in it."""

    month: int
    weight: int = 1


@dataclass(frozen=True, slots=True)
class LoanTerms:
    """What the contract says. ``principal`` in satang, ``annual_rate`` as 0.085 for 8.5 % a year.

    Without ``first_due_on`` the first instalment falls due one period after disbursement, or on the last day of the
    first harvest month that begins after it. Later due dates keep the day of the month, clamped to the month's end.
    """

    principal: int
    annual_rate: Decimal
    disbursed_on: date
    method: Method
    day_count: DayCount
    frequency: Frequency
    instalments: int
    first_due_on: date | None = None
    harvest_months: tuple[HarvestMonth, ...] = ()


class Calendar(NamedTuple):
    """Due dates, the months of each period, the relative weight of each row, and where a full first period begins."""

    due_on: tuple[date, ...]
    months: tuple[int, ...]
    weights: tuple[int, ...]
    full_start_on: date


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
    """The rows of a loan, as columns of equal length. ``starts_on`` is the night from which the first row accrues."""

    terms: LoanTerms
    starts_on: date
    opening_balance: int
    calendar: Calendar
    factors: tuple[Factor, ...]
    principal: tuple[int, ...]
    interest: tuple[int, ...]

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
    calendar = due_calendar(terms)
    factors = period_factors(terms, calendar)
    principal, interest = _LEVELLERS[terms.method](terms.principal, factors, calendar.weights)
    return Schedule(
        terms, terms.disbursed_on, terms.principal, calendar, tuple(factors), tuple(principal), tuple(interest)
    )


def relevel(schedule: Schedule, from_row: int, balance: int) -> Schedule:
    """The rows from index ``from_row`` on, levelled again for another ``balance`` of principal at their start.

    The method and the due dates stay. Interest of a flat loan stands on the original principal, so it stays too.
    """
    terms, calendar = schedule.terms, schedule.calendar
    rest = Calendar(
        calendar.due_on[from_row:],
        calendar.months[from_row:],
        calendar.weights[from_row:],
        calendar.due_on[from_row - 1] if from_row else calendar.full_start_on,
    )
    factors = schedule.factors[from_row:]
    starts_on = calendar.due_on[from_row - 1] if from_row else schedule.starts_on
    if terms.method is Method.FLAT:
        principal, interest = spread(balance, rest.weights), list(schedule.interest[from_row:])
    else:
        principal, interest = _LEVELLERS[terms.method](balance, factors, rest.weights)
    return Schedule(terms, starts_on, balance, rest, factors, tuple(principal), tuple(interest))


def spread(total: int, weights: Sequence[int]) -> list[int]:
    """``total`` in shares by weight, each rounded half up and never more than what is left; the last takes the rest.

    ``total`` and the weights are not negative; if every weight is 0, the shares are equal.
    """
    sum_of_weights = sum(weights)
    if sum_of_weights == 0:
        weights, sum_of_weights = [1] * len(weights), len(weights)
    left = total
    shares = []
    for weight in weights[:-1]:
        share = min((2 * total * weight + sum_of_weights) // (2 * sum_of_weights), left)
        shares.append(share)
        left -= share
    if weights:
        shares.append(left)
    return shares


def check_terms(terms: LoanTerms) -> None:
    """Raises ``LoanTermsInvalid`` with one problem per field that no schedule can be made of."""
    problems = list(_problems(terms))
    if problems:
        raise LoanTermsInvalid(problems[0].message_en, problems[0].message_th, problems)


def due_calendar(terms: LoanTerms) -> Calendar:
    """Due dates and periods of checked terms."""
    if terms.frequency is Frequency.HARVEST:
        return _harvest_calendar(terms)
    step = 1 if terms.frequency is Frequency.MONTHLY else 12
    if terms.first_due_on is None or terms.first_due_on == add_months(terms.disbursed_on, step):
        # Counted from the disbursement, so that 31 January is followed by 28 February and then by 31 March.
        anchor, offset, full_start_on = terms.disbursed_on, 1, terms.disbursed_on
    else:
        anchor, offset, full_start_on = terms.first_due_on, 0, add_months(terms.first_due_on, -step)
    count = terms.instalments
    months = range(offset * step, (offset + count) * step, step)
    return Calendar(_dates_after(anchor, months), (step,) * count, (1,) * count, full_start_on)


def period_factors(terms: LoanTerms, calendar: Calendar) -> list[Factor]:
    """The factor of each period; denominators stay small because equal periods share one reduced fraction."""
    rate_numerator, rate_denominator = terms.annual_rate.as_integer_ratio()
    if terms.day_count is DayCount.ACTUAL_365:
        denominator = rate_denominator * DAYS_IN_YEAR
        previous = terms.disbursed_on.toordinal()
        factors = []
        for due_on in calendar.due_on:
            ordinal = due_on.toordinal()
            factors.append((rate_numerator * (ordinal - previous), denominator))
            previous = ordinal
        return factors
    full_period = {months: _reduced(rate_numerator * months, rate_denominator * 12) for months in set(calendar.months)}
    factors = [full_period[months] for months in calendar.months]
    nights = (calendar.due_on[0] - terms.disbursed_on).days
    full_nights = (calendar.due_on[0] - calendar.full_start_on).days
    if nights != full_nights:
        numerator, denominator = factors[0]
        factors[0] = _reduced(numerator * nights, denominator * full_nights)
    return factors


def _problems(terms: LoanTerms) -> Iterator[FieldProblem]:
    if terms.principal <= 0:
        yield FieldProblem("principal", "out_of_range", "the principal must be positive", "เงินต้นต้องมากกว่าศูนย์")
    if not 0 <= terms.annual_rate <= 1:
        yield FieldProblem(
            "annual_rate", "out_of_range", "the rate per year lies from 0 to 1: 0.0850 is 8.5 %",
            "อัตราต่อปีต้องอยู่ระหว่าง 0 ถึง 1 เช่น 0.0850 คือร้อยละ 8.5",
        )  # fmt: skip
    if not 1 <= terms.instalments <= ROWS_MAX:
        yield FieldProblem(
            "instalments", "out_of_range", f"the number of instalments lies from 1 to {ROWS_MAX}",
            f"จำนวนงวดต้องอยู่ระหว่าง 1 ถึง {ROWS_MAX}",
        )  # fmt: skip
    if terms.first_due_on is not None and terms.first_due_on <= terms.disbursed_on:
        yield FieldProblem(
            "first_due_on", "out_of_order", "the first instalment falls due after the day of disbursement",
            "งวดแรกต้องครบกำหนดหลังวันจ่ายเงินกู้",
        )  # fmt: skip
    if terms.frequency is Frequency.HARVEST:
        yield from _harvest_problems(terms)
    elif terms.harvest_months:
        yield FieldProblem(
            "harvest_months", "not_allowed", "harvest months belong to the frequency harvest only",
            "ระบุเดือนเก็บเกี่ยวได้เฉพาะงวดชำระแบบ harvest",
        )  # fmt: skip


def _harvest_problems(terms: LoanTerms) -> Iterator[FieldProblem]:
    months = [harvest.month for harvest in terms.harvest_months]
    if not 1 <= len(months) <= HARVEST_MONTHS_MAX or len(set(months)) != len(months):
        yield FieldProblem(
            "harvest_months", "out_of_range", f"name one to {HARVEST_MONTHS_MAX} different harvest months",
            f"ระบุเดือนเก็บเกี่ยวที่ไม่ซ้ำกันหนึ่งถึง {HARVEST_MONTHS_MAX} เดือน",
        )  # fmt: skip
    if not all(1 <= harvest.month <= 12 and harvest.weight >= 1 for harvest in terms.harvest_months):
        yield FieldProblem(
            "harvest_months", "invalid_code", "a harvest month is a number from 1 to 12 with a positive weight",
            "เดือนเก็บเกี่ยวเป็นเลข 1 ถึง 12 และน้ำหนักต้องมากกว่าศูนย์",
        )  # fmt: skip
    elif terms.first_due_on is not None and months and terms.first_due_on.month not in months:
        yield FieldProblem(
            "first_due_on", "not_a_harvest_month", "the first instalment falls due in a harvest month",
            "งวดแรกต้องครบกำหนดในเดือนเก็บเกี่ยว",
        )  # fmt: skip


def _harvest_calendar(terms: LoanTerms) -> Calendar:
    weight_of = {harvest.month: harvest.weight for harvest in terms.harvest_months}
    divisor = gcd(*weight_of.values())
    named = sorted(weight_of)
    if terms.first_due_on is None:
        day = 31
        year, month = terms.disbursed_on.year, terms.disbursed_on.month
        later = [candidate for candidate in named if candidate > month]
        year, month = (year, later[0]) if later else (year + 1, named[0])
    else:
        day = terms.first_due_on.day
        year, month = terms.first_due_on.year, terms.first_due_on.month
    place = named.index(month)
    due_on, months, weights = [], [], []
    for _ in range(terms.instalments):
        due_on.append(_on_day(year, named[place], day))
        months.append((named[place] - named[place - 1]) % 12 or 12)
        weights.append(weight_of[named[place]] // divisor)
        place += 1
        if place == len(named):
            place, year = 0, year + 1
    first = due_on[0]
    start_year, start_month = divmod(first.year * 12 + first.month - 1 - months[0], 12)
    return Calendar(tuple(due_on), tuple(months), tuple(weights), _on_day(start_year, start_month + 1, day))


def _dates_after(anchor: date, months: Sequence[int]) -> tuple[date, ...]:
    base, day = anchor.year * 12 + anchor.month - 1, anchor.day
    return tuple([_on_day((base + count) // 12, (base + count) % 12 + 1, day) for count in months])


def _on_day(year: int, month: int, day: int) -> date:
    return date(year, month, day if day <= 28 else min(day, monthrange(year, month)[1]))


def _reduced(numerator: int, denominator: int) -> Factor:
    divisor = gcd(numerator, denominator)
    return numerator // divisor, denominator // divisor


def _equal_instalment(balance: int, factors: Sequence[Factor], weights: Sequence[int]) -> tuple[list[int], list[int]]:
    """Annuity. With weights, each instalment is its weight times one exact level amount.

    The level is P·Π(1+r_k)/f_n with f_1 = w_1 and f_k = w_k + f_{k-1}·(1+r_k), here over common denominators. One
    improvement pass moves the level when the last row differs from it by more than half a satang a row.
    """
    growth = factors[0][0] + factors[0][1]
    accumulated, scale = weights[0], 1
    for (numerator, denominator), weight in zip(factors[1:], weights[1:], strict=True):
        growth_factor = numerator + denominator
        scale *= denominator
        accumulated = accumulated * growth_factor + weight * scale
        growth *= growth_factor
    level_numerator, level_denominator = balance * growth, factors[0][1] * accumulated
    level_of = {weight: half_up(level_numerator * weight, level_denominator) for weight in set(weights)}
    principal, interest = _pay_down(balance, factors, [level_of[weight] for weight in weights])

    residue = principal[-1] + interest[-1] - level_of[weights[-1]]
    if abs(residue) <= len(factors) // 2:
        return principal, interest
    sum_of_weights = sum(weights)
    moved = {weight: level + half_up(residue * weight, sum_of_weights) for weight, level in level_of.items()}
    better_principal, better_interest = _pay_down(balance, factors, [moved[weight] for weight in weights])
    if abs(better_principal[-1] + better_interest[-1] - moved[weights[-1]]) < abs(residue):
        return better_principal, better_interest
    return principal, interest


def _pay_down(balance: int, factors: Sequence[Factor], instalments: Sequence[int]) -> tuple[list[int], list[int]]:
    """Interest on the balance first, the rest of the instalment to principal, all that remains in the last row.

    An instalment smaller than its interest pays the interest alone: unpaid interest is never added to principal.
    """
    principal: list[int] = []
    interest: list[int] = []
    for (numerator, denominator), instalment in zip(factors, instalments, strict=True):
        due = (2 * balance * numerator + denominator) // (2 * denominator)
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


def _equal_principal(balance: int, factors: Sequence[Factor], weights: Sequence[int]) -> tuple[list[int], list[int]]:
    principal = spread(balance, weights)
    interest = []
    for (numerator, denominator), paid in zip(factors, principal, strict=True):
        interest.append((2 * balance * numerator + denominator) // (2 * denominator))
        balance -= paid
    return principal, interest


def _flat(balance: int, factors: Sequence[Factor], weights: Sequence[int]) -> tuple[list[int], list[int]]:
    """Interest on the original principal over the whole term, rounded once and spread like the principal."""
    common = 1
    for _, denominator in set(factors):
        common = common * denominator // gcd(common, denominator)
    of_term = sum(numerator * (common // denominator) for numerator, denominator in factors)
    return spread(balance, weights), spread(half_up(balance * of_term, common), weights)


_LEVELLERS = {
    Method.EQUAL_INSTALMENT: _equal_instalment,
    Method.EQUAL_PRINCIPAL: _equal_principal,
    Method.FLAT: _flat,
}
