"""An independent calculator of schedules: exact rationals, written apart from the engine and sharing no code with it.

It is slow and literal. The level instalment comes from present values, not from the engine's recurrence; dates come
from counting months; every rounding is floor(x + 1/2) of a Fraction.
"""

import calendar
import math
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction


@dataclass(frozen=True)
class Contract:
    """A contract in plain values. ``every`` is months between due dates; ``harvest`` maps months to weights instead."""

    principal: int
    rate: Fraction
    disbursed_on: date
    method: str
    day_count: str
    instalments: int
    every: int = 1
    harvest: dict[int, int] = field(default_factory=dict)
    first_due_on: date | None = None


@dataclass(frozen=True)
class Row:
    due_on: date
    principal: int
    interest: int
    balance: int


def rounded(value: Fraction) -> int:
    return math.floor(value + Fraction(1, 2))


def table(contract: Contract) -> list[Row]:
    dates, weights, factors = _periods(contract)
    principal = contract.principal
    if contract.method == "equal_instalment":
        parts = _annuity(principal, factors, weights)
    elif contract.method == "equal_principal":
        parts = []
        balance = principal
        for share, factor in zip(_shares(principal, weights), factors, strict=True):
            parts.append((share, rounded(balance * factor)))
            balance -= share
    else:
        interest = rounded(principal * sum(factors, Fraction(0)))
        parts = list(zip(_shares(principal, weights), _shares(interest, weights), strict=True))
    rows = []
    balance = principal
    for due_on, (share, interest) in zip(dates, parts, strict=True):
        balance -= share
        rows.append(Row(due_on, share, interest, balance))
    return rows


def _day(months: int, day: int) -> date:
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def _count(day: date) -> int:
    return day.year * 12 + day.month - 1


def _periods(contract: Contract) -> tuple[list[date], list[int], list[Fraction]]:
    if contract.harvest:
        dates, gaps, full_start = _harvest_dates(contract)
        weights = [contract.harvest[day.month] for day in dates]
    else:
        start, step = contract.disbursed_on, contract.every
        if contract.first_due_on in (None, _day(_count(start) + step, start.day)):
            dates = [_day(_count(start) + step * k, start.day) for k in range(1, contract.instalments + 1)]
            full_start = start
        else:
            first = contract.first_due_on
            assert first is not None
            dates = [_day(_count(first) + step * k, first.day) for k in range(contract.instalments)]
            full_start = _day(_count(first) - step, first.day)
        gaps, weights = [step] * len(dates), [1] * len(dates)
    factors = []
    for index, due_on in enumerate(dates):
        begin = dates[index - 1] if index else contract.disbursed_on
        if contract.day_count == "actual/365":
            factors.append(contract.rate * (due_on - begin).days / 365)
        else:
            full_begin = dates[index - 1] if index else full_start
            proportion = Fraction((due_on - begin).days, (due_on - full_begin).days)
            factors.append(contract.rate * gaps[index] / 12 * proportion)
    return dates, weights, factors


def _harvest_dates(contract: Contract) -> tuple[list[date], list[int], date]:
    if contract.first_due_on is None:
        day, cursor = 31, _count(contract.disbursed_on) + 1
    else:
        day, cursor = contract.first_due_on.day, _count(contract.first_due_on)
    found: list[int] = []
    while len(found) < contract.instalments:
        if cursor % 12 + 1 in contract.harvest:
            found.append(cursor)
        cursor += 1
    before = found[0] - 1
    while before % 12 + 1 not in contract.harvest:
        before -= 1
    gaps = [here - there for there, here in zip([before, *found], found, strict=False)]
    return [_day(months, day) for months in found], gaps, _day(before, day)


def _shares(total: int, weights: list[int]) -> list[int]:
    shares: list[int] = []
    for weight in weights[:-1]:
        shares.append(min(rounded(Fraction(total * weight, sum(weights))), total - sum(shares)))
    return [*shares, total - sum(shares)]


def _annuity(principal: int, factors: list[Fraction], weights: list[int]) -> list[tuple[int, int]]:
    discount, present = Fraction(1), Fraction(0)
    for factor, weight in zip(factors, weights, strict=True):
        discount /= 1 + factor
        present += weight * discount
    level = principal / present
    wanted = [rounded(level * weight) for weight in weights]
    first = _run(principal, factors, wanted)
    difference = sum(first[-1]) - wanted[-1]
    if abs(difference) > len(factors) // 2:
        moved = [
            amount + _half_away(Fraction(difference * weight, sum(weights)))
            for amount, weight in zip(wanted, weights, strict=True)
        ]
        second = _run(principal, factors, moved)
        if abs(sum(second[-1]) - moved[-1]) < abs(difference):
            return second
    return first


def _half_away(value: Fraction) -> int:
    return rounded(value) if value >= 0 else -rounded(-value)


def _run(principal: int, factors: list[Fraction], instalments: list[int]) -> list[tuple[int, int]]:
    rows = []
    balance = principal
    for factor, instalment in zip(factors, instalments, strict=True):
        interest = rounded(balance * factor)
        share = max(0, min(instalment - interest, balance))
        rows.append((share, interest))
        balance -= share
    share, interest = rows[-1]
    rows[-1] = (share + balance, interest)
    return rows
