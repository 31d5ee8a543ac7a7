"""When instalments fall due: every n days, weeks, months or years, in named harvest months, or on dates that are named.

A cadence numbers its due dates from 1; number 0 is where a full first period begins. It can always go on, so that a
longer term needs no other rule.
"""

from calendar import isleap, monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from math import gcd
from typing import NamedTuple

from services.debt.loans.schedules.terms import DayCount, Every, HarvestMonth, LoanTerms, MonthEnd, Unit
from shared.kernel.calendar import add_months
from shared.kernel.calendar import month_end as month_end_of

_DAYS_OF_360 = {Unit.DAY: 1, Unit.WEEK: 7, Unit.MONTH: 30, Unit.YEAR: 360}
MEASURED_BY_CELLS = frozenset({DayCount.THIRTY_360, DayCount.PER_PERIOD})
_MONTHS = {Unit.MONTH: 1, Unit.YEAR: 12}
CALENDARS_REMEMBERED_MAX = 128  # of 600 rows, fifteen to forty megabytes


class Cell(NamedTuple):
    """A stretch of nights with one measure: each is ``days`` of a year of 360, or one period, over ``nights``.

    Nights from ``start`` to the one before ``end``, as ordinals; ``nights`` are those of the full period.
    """

    start: int
    end: int
    days: int
    nights: int


class Period(NamedTuple):
    """What the interest of a row is measured by, wherever it lies: rows of one length share it.

    ``leap_nights`` are those of years of 366 days, told under actual/actual alone; ``cells`` begin at 0.
    """

    nights: int
    leap_nights: int = 0
    cells: tuple[Cell, ...] = ()


_PeriodKey = tuple[int, int, tuple[tuple[int, int, int, int], ...]]


class Calendar(NamedTuple):
    """Due dates, the relative weight of each row, the cells that cover the term, and the different periods in it.

    ``period_of`` holds the place of each row's period in ``periods``: what depends on it is worked out once for each.
    """

    due_on: tuple[date, ...]
    weights: tuple[int, ...]
    cells: tuple[Cell, ...]
    periods: tuple[Period, ...]
    period_of: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Steps:
    """Every n units from an anchor, which has a number of its own (0 for the disbursement, 1 for a first due date)."""

    anchor: date
    anchor_number: int
    every: Every
    month_end: MonthEnd

    def dates(self, first: int, count: int) -> list[date]:
        """``count`` due dates from number ``first`` on."""
        step, unit = self.every.count, self.every.unit
        numbers = range(first - self.anchor_number, first - self.anchor_number + count)
        if unit in _MONTHS:
            months = step * _MONTHS[unit]
            return _dates_by_month(self.anchor, [number * months for number in numbers], self.month_end)
        days = step * _DAYS_OF_360[unit]
        return [self.anchor + timedelta(days=number * days) for number in numbers]

    def days(self, _number: int) -> int:
        """The length of a full period in days of a year of 360."""
        return self.every.count * _DAYS_OF_360[self.every.unit]

    def weights(self, _first: int, count: int) -> tuple[int, ...]:
        """Every row weighs the same."""
        return (1,) * count

    def moved(self, number: int, to_on: date) -> "Steps":
        """The same steps, counted from the date to which row ``number`` has moved."""
        return replace(self, anchor=to_on, anchor_number=number)


@dataclass(frozen=True, slots=True)
class Harvests:
    """A day of the month in the named months; None is the last day of any month."""

    named: tuple[int, ...]
    weight_of: tuple[int, ...]
    year: int
    place: int
    day: int | None
    month_end: MonthEnd

    def dates(self, first: int, count: int) -> list[date]:
        """``count`` due dates from number ``first`` on."""
        day, month_end = (31, MonthEnd.CLAMP) if self.day is None else (self.day, self.month_end)
        found = []
        for number in range(first, first + count):
            years, place = divmod(self.place + number - 1, len(self.named))
            found.append(_on_day(self.year + years, self.named[place], day, month_end))
        return found

    def days(self, number: int) -> int:
        """The length of a full period in days of a year of 360: the months since the harvest month before."""
        place = (self.place + number - 1) % len(self.named)
        return 30 * ((self.named[place] - self.named[place - 1]) % 12 or 12)

    def weights(self, first: int, count: int) -> tuple[int, ...]:
        """The weights of the harvest months of ``count`` rows from number ``first`` on."""
        places = range(self.place + first - 1, self.place + first - 1 + count)
        return tuple([self.weight_of[place % len(self.named)] for place in places])

    def moved(self, _number: int, to_on: date) -> "Harvests":
        """The later rows stay in their months and take the day of the month to which a row has moved."""
        return replace(self, day=to_on.day)


@dataclass(frozen=True, slots=True)
class NamedDates:
    """Dates that the contract names; they do not go on."""

    named: tuple[date, ...]
    disbursed_on: date

    def dates(self, first: int, count: int) -> list[date]:
        """``count`` due dates from number ``first`` on."""
        return list((self.disbursed_on, *self.named)[first : first + count])

    def weights(self, _first: int, count: int) -> tuple[int, ...]:
        """Every row weighs the same."""
        return (1,) * count

    def moved(self, number: int, to_on: date) -> "NamedDates":
        """Row ``number`` moves, and the later rows by as many days."""
        days = to_on - self.named[number - 1]
        return replace(self, named=(*self.named[: number - 1], *(day + days for day in self.named[number - 1 :])))


Cadence = Steps | Harvests | NamedDates


def cadence_of(terms: LoanTerms) -> Cadence:
    """The due dates of checked terms."""
    if terms.due_dates:
        return NamedDates(terms.due_dates, terms.disbursed_on)
    if terms.harvest_months:
        return _harvests(terms)
    if terms.every is None:
        raise ValueError("checked terms name their due dates")
    # Counted from the disbursement, so that 31 January is followed by 28 February and then by 31 March.
    usual = Steps(terms.disbursed_on, 0, terms.every, terms.month_end)
    if terms.first_due_on is None or terms.first_due_on == usual.dates(1, 1)[0]:
        return usual
    return Steps(terms.first_due_on, 1, terms.every, terms.month_end)


def calendar_of(terms: LoanTerms) -> Calendar:
    """The calendar of checked terms; nights that are only counted need no cells.

    Remembered: the loans of a day have few calendars between them.
    """
    return _calendar(cadence_of(terms), terms.disbursed_on, terms.instalments, terms.day_count)


@lru_cache(maxsize=CALENDARS_REMEMBERED_MAX)
def _calendar(cadence: Cadence, disbursed_on: date, instalments: int, day_count: DayCount) -> Calendar:
    full_start_on, *due_on = cadence.dates(0, instalments + 1)
    cells: tuple[Cell, ...] = ()
    if day_count in MEASURED_BY_CELLS:
        cells = _cells(cadence, disbursed_on, full_start_on, due_on, day_count)
    ends = [day.toordinal() for day in due_on]
    keys = _period_keys(disbursed_on.toordinal(), ends, cells, by_year=day_count is DayCount.ACTUAL_ACTUAL)
    places: dict[_PeriodKey, int] = {}
    period_of = [places.setdefault(key, len(places)) for key in keys]
    periods = [Period(nights, leap, tuple([Cell(*cell) for cell in of_row])) for nights, leap, of_row in places]
    return Calendar(tuple(due_on), cadence.weights(1, instalments), cells, tuple(periods), tuple(period_of))


def _period_keys(start: int, ends: Sequence[int], cells: Sequence[Cell], *, by_year: bool) -> Iterator[_PeriodKey]:
    """The period of each row as plain tuples, because few of them differ."""
    place = 0
    for end in ends:
        of_row: tuple[tuple[int, int, int, int], ...] = ()
        while place < len(cells) and cells[place].end <= end:
            cell_start, cell_end, days, nights = cells[place]
            of_row += ((cell_start - start, cell_end - start, days, nights),)
            place += 1
        yield end - start, nights_by_year(start, end)[1] if by_year else 0, of_row
        start = end


def nights_by_year(start: int, end: int) -> tuple[int, int]:
    """How many nights belong to years of 365 days, and how many to years of 366: each to the year in which it ends."""
    year, last_year = date.fromordinal(start + 1).year, date.fromordinal(end).year
    nights = {365: 0, 366: 0}
    while year < last_year:
        year_end = date(year, 12, 31).toordinal()
        nights[366 if isleap(year) else 365] += year_end - start
        start, year = year_end, year + 1
    nights[366 if isleap(year) else 365] += end - start
    return nights[365], nights[366]


def _cells(
    cadence: Cadence, disbursed_on: date, full_start_on: date, due_on: Sequence[date], day_count: DayCount
) -> tuple[Cell, ...]:
    if isinstance(cadence, NamedDates):
        periods = pairwise([disbursed_on, *due_on])
        return tuple([cell for start, end in periods for cell in cells_between(start, end, day_count)])
    ends = [day.toordinal() for day in due_on]
    days = cadence.days(1)
    first = Cell(disbursed_on.toordinal(), ends[0], days, ends[0] - full_start_on.toordinal())
    if isinstance(cadence, Steps):
        return (first, *[Cell(start, end, days, end - start) for start, end in pairwise(ends)])
    later = enumerate(pairwise(ends), start=2)
    return (first, *[Cell(start, end, cadence.days(number), end - start) for number, (start, end) in later])


def cells_between(start: date, end: date, day_count: DayCount) -> list[Cell]:
    """The period between two named dates: one period, or its months.

    Whole months count back from its end; the rest is prorated by its nights over the nights of the month that ends
    where the whole ones begin.
    """
    if day_count is DayCount.PER_PERIOD:
        return [Cell(start.toordinal(), end.toordinal(), 0, (end - start).days)]
    months = (end.year - start.year) * 12 + end.month - start.month
    if add_months(start, months) == end and months:
        return [Cell(start.toordinal(), end.toordinal(), 30 * months, (end - start).days)]
    while add_months(end, -months) < start:
        months -= 1
    whole_start = add_months(end, -months)
    cells = []
    if whole_start > start:
        nights = (whole_start - add_months(end, -months - 1)).days
        cells.append(Cell(start.toordinal(), whole_start.toordinal(), 30, nights))
    if months:
        cells.append(Cell(whole_start.toordinal(), end.toordinal(), 30 * months, (end - whole_start).days))
    return cells


def harvest_ends(months: Sequence[HarvestMonth], after: date, count: int) -> list[tuple[date, int]]:
    """The last days of the next ``count`` harvest months that end after a date, each with its relative weight."""
    named, weights = _named_months(months)
    end = month_end_of(after)
    first = end if end > after else month_end_of(add_months(end.replace(day=1), 1))
    later = [month for month in named if month >= first.month]
    year, month = (first.year, later[0]) if later else (first.year + 1, named[0])
    harvests = Harvests(named, weights, year, named.index(month), None, MonthEnd.CLAMP)
    return list(zip(harvests.dates(1, count), harvests.weights(1, count), strict=True))


def _harvests(terms: LoanTerms) -> Harvests:
    named, weights = _named_months(terms.harvest_months)
    if terms.first_due_on is None:
        day = None
        year, month = terms.disbursed_on.year, terms.disbursed_on.month
        later = [candidate for candidate in named if candidate > month]
        year, month = (year, later[0]) if later else (year + 1, named[0])
    else:
        day = terms.first_due_on.day
        year, month = terms.first_due_on.year, terms.first_due_on.month
    return Harvests(named, weights, year, named.index(month), day, terms.month_end)


def _named_months(months: Sequence[HarvestMonth]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The months in the order of the calendar, and their weights as the smallest whole numbers."""
    weight_of = {harvest.month: Fraction(harvest.weight) for harvest in months}
    common = 1
    for weight in weight_of.values():
        common = common * weight.denominator // gcd(common, weight.denominator)
    scaled = {month: int(weight * common) for month, weight in weight_of.items()}
    divisor = gcd(*scaled.values())
    named = sorted(scaled)
    return tuple(named), tuple(scaled[month] // divisor for month in named)


def _dates_by_month(anchor: date, months: Sequence[int], month_end: MonthEnd) -> list[date]:
    base, day = anchor.year * 12 + anchor.month - 1, anchor.day
    if day <= 28:
        return [date((base + count) // 12, (base + count) % 12 + 1, day) for count in months]
    return [_on_day((base + count) // 12, (base + count) % 12 + 1, day, month_end) for count in months]


def _on_day(year: int, month: int, day: int, month_end: MonthEnd) -> date:
    if day <= 28 or day <= (last := monthrange(year, month)[1]):
        return date(year, month, day)
    if month_end is MonthEnd.CLAMP:
        return date(year, month, last)
    return date(year + month // 12, month % 12 + 1, 1)
