"""How many nights make which part of a rate: exact fractions as (numerator, denominator).

The interest of a date is that of the night that begins on it: a stretch from one date to another holds its first night
and not its last date's. Under 30/360 and per period the stretch is measured by the cells of the calendar.
"""

from calendar import isleap
from collections.abc import Sequence
from datetime import date
from math import gcd

from services.debt.loans.schedules.calendar_dates import MEASURED_BY_CELLS, Calendar, Cell
from services.debt.loans.schedules.terms import DayCount

Factor = tuple[int, int]
"""Interest as a part of the balance: numerator and denominator."""

_DAYS_IN_YEAR = {DayCount.ACTUAL_365: 365, DayCount.ACTUAL_360: 360, DayCount.ACTUAL_364: 364}


def part_of_nights(day_count: DayCount, start: int, end: int) -> Factor:
    """The part of a year of the nights from ``start`` to before ``end`` (ordinals), by their number alone.

    Under actual/actual a night belongs to the year in which it ends, so that of 31 December counts in the later year.
    """
    if day_count is not DayCount.ACTUAL_ACTUAL:
        return end - start, _DAYS_IN_YEAR[day_count]
    common, leap = nights_by_year(start, end)
    if not common:
        return leap, 366
    return (common * 366 + leap * 365, 365 * 366) if leap else (common, 365)


def nights_by_year(start: int, end: int) -> tuple[int, int]:
    """How many nights belong to years of 365 days, and how many to years of 366."""
    year, last_year = date.fromordinal(start + 1).year, date.fromordinal(end).year
    nights = {365: 0, 366: 0}
    while year < last_year:
        year_end = date(year, 12, 31).toordinal()
        nights[366 if isleap(year) else 365] += year_end - start
        start, year = year_end, year + 1
    nights[366 if isleap(year) else 365] += end - start
    return nights[365], nights[366]


def part_of_cell(day_count: DayCount, cell: Cell, nights: int) -> Factor:
    """The part of the rate that some nights of a cell bear."""
    if day_count is DayCount.PER_PERIOD:
        return (1, 1) if nights == cell.nights else (nights, cell.nights)
    return (cell.days, 360) if nights == cell.nights else (cell.days * nights, 360 * cell.nights)


def by_cells(day_count: DayCount) -> bool:
    """Whether the parts of a period come from the calendar's cells instead of from the number of nights alone."""
    return day_count in MEASURED_BY_CELLS


def period_factors(rate: Factor, day_count: DayCount, disbursed_on: date, calendar: Calendar) -> list[Factor]:
    """The factor of each period at one rate; equal periods share one reduced fraction."""
    numerator, denominator = rate
    ordinals = [day.toordinal() for day in calendar.due_on]
    if by_cells(day_count):
        return _factors_by_cells(rate, day_count, ordinals, calendar.cells)
    starts = [disbursed_on.toordinal(), *ordinals[:-1]]
    if day_count is DayCount.ACTUAL_ACTUAL:
        parts = [part_of_nights(day_count, start, end) for start, end in zip(starts, ordinals, strict=True)]
        return [reduced(numerator * nights, denominator * days) for nights, days in parts]
    denominator *= _DAYS_IN_YEAR[day_count]
    known = {nights: reduced(numerator * nights, denominator) for nights in _gaps(starts, ordinals)}
    return [known[end - start] for start, end in zip(starts, ordinals, strict=True)]


def reduced(numerator: int, denominator: int) -> Factor:
    """The fraction in lowest terms."""
    divisor = gcd(numerator, denominator)
    return numerator // divisor, denominator // divisor


def plus(one: Factor, other: Factor) -> Factor:
    """The sum of two fractions, in lowest terms."""
    if one[1] == other[1]:
        return reduced(one[0] + other[0], one[1])
    return reduced(one[0] * other[1] + other[0] * one[1], one[1] * other[1])


def _gaps(starts: Sequence[int], ends: Sequence[int]) -> set[int]:
    return {end - start for start, end in zip(starts, ends, strict=True)}


def _factors_by_cells(rate: Factor, day_count: DayCount, ends: Sequence[int], cells: Sequence[Cell]) -> list[Factor]:
    numerator, denominator = rate
    known: dict[tuple[int, int, int], Factor] = {}
    factors: list[Factor] = []
    pending: Factor | None = None
    place = 0
    for cell in cells:
        start, end, days, nights = cell
        measure = (days, end - start, nights) if end - start != nights else (days, 0, 0)
        factor = known.get(measure)
        if factor is None:
            part = part_of_cell(day_count, cell, end - start)
            factor = known[measure] = reduced(numerator * part[0], denominator * part[1])
        if pending is not None:
            factor = plus(pending, factor)
        if end == ends[place]:
            factors.append(factor)
            pending, place = None, place + 1
        else:
            pending = factor
    return factors
