"""How many nights make which part of a rate: exact fractions as (numerator, denominator).

The interest of a date is that of the night that begins on it: a stretch from one date to another holds its first night
and not its last date's. Under 30/360 and per period the stretch is measured by the cells of the calendar.
"""

from functools import reduce
from math import gcd

from services.debt.loans.schedules.calendar_dates import MEASURED_BY_CELLS, Calendar, Cell, Period, nights_by_year
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
    return _part_by_year(*nights_by_year(start, end))


def _part_by_year(common: int, leap: int) -> Factor:
    """Under actual/actual: of nights in years of 365 days, and of those in years of 366."""
    if not leap:
        return common, 365
    return (common * 366 + leap * 365, 365 * 366) if common else (leap, 366)


def part_of_cell(day_count: DayCount, cell: Cell, nights: int) -> Factor:
    """The part of the rate that some nights of a cell bear."""
    if day_count is DayCount.PER_PERIOD:
        return (1, 1) if nights == cell.nights else (nights, cell.nights)
    return (cell.days, 360) if nights == cell.nights else (cell.days * nights, 360 * cell.nights)


def by_cells(day_count: DayCount) -> bool:
    """Whether the parts of a period come from the calendar's cells instead of from the number of nights alone."""
    return day_count in MEASURED_BY_CELLS


def period_factors(rate: Factor, day_count: DayCount, calendar: Calendar) -> list[Factor]:
    """The factor of each row's period at one rate; equal periods share one reduced fraction."""
    numerator, denominator = rate
    parts = [part_of_period(day_count, period) for period in calendar.periods]
    factors = [reduced(numerator * part[0], denominator * part[1]) for part in parts]
    return [factors[place] for place in calendar.period_of]


def part_of_period(day_count: DayCount, period: Period) -> Factor:
    """The part of the rate that a whole period bears."""
    if by_cells(day_count):
        return reduce(plus, [part_of_cell(day_count, cell, cell.end - cell.start) for cell in period.cells])
    if day_count is DayCount.ACTUAL_ACTUAL:
        return _part_by_year(period.nights - period.leap_nights, period.leap_nights)
    return period.nights, _DAYS_IN_YEAR[day_count]


def reduced(numerator: int, denominator: int) -> Factor:
    """The fraction in lowest terms."""
    divisor = gcd(numerator, denominator)
    return numerator // divisor, denominator // divisor


def plus(one: Factor, other: Factor) -> Factor:
    """The sum of two fractions, in lowest terms."""
    if one[1] == other[1]:
        return reduced(one[0] + other[0], one[1])
    return reduced(one[0] * other[1] + other[0] * one[1], one[1] * other[1])
