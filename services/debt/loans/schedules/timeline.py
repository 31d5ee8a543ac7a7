"""The nights of a loan that runs: the rate of each, the part of it that they bear, and how due dates go on.

Nights are ordinals of the dates on which they begin; a stretch from one to another holds its first and not its last.
"""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from operator import attrgetter

from services.debt.loans.schedules.calendar_dates import Cadence, Calendar, Cell, NamedDates, cadence_of, cells_between
from services.debt.loans.schedules.day_counts import (
    Factor,
    by_cells,
    part_of_cell,
    part_of_nights,
    period_factors,
    plus,
    reduced,
)
from services.debt.loans.schedules.rows import NO_INTEREST
from services.debt.loans.schedules.terms import LoanTerms


class Timeline:
    """Rates, pauses and cells of one loan. What they come to is worked out once, until one of them changes."""

    def __init__(self, terms: LoanTerms, calendar: Calendar) -> None:
        first, rate = terms.disbursed_on.toordinal(), terms.rate.as_integer_ratio()
        self.day_count = terms.day_count
        self.cadence: Cadence = cadence_of(terms)
        self.next_number = terms.instalments + 1
        self.cells = list(calendar.cells)
        self.rates: list[tuple[int, Factor]] = [(first, rate)]
        self.pauses: list[tuple[int, int]] = []
        periods = pairwise([first, *[day.toordinal() for day in calendar.due_on]])
        self._factors = dict(zip(periods, period_factors(rate, terms.day_count, calendar), strict=True))
        self._parts: dict[tuple[int, int], Factor] = {}
        self._one_rate_from = first
        self._number_of_last_cell: int | None = None

    # --- What is known of the nights ------------------------------------------------------------------------------

    def stretches(self, start: int, end: int) -> Iterator[tuple[int, int, Factor]]:
        """The nights from ``start`` to before ``end`` in stretches of one rate; paused nights bear none."""
        if start >= self._one_rate_from:
            yield start, end, self.rates[-1][1]
            return
        cuts = {start, end}
        cuts.update(day for day, _ in self.rates if start < day < end)
        cuts.update(day for pause in self.pauses for day in pause if start < day < end)
        ordered = sorted(cuts)
        days = [day for day, _ in self.rates]
        for first, last in pairwise(ordered):
            if any(pause_start <= first < pause_end for pause_start, pause_end in self.pauses):
                yield first, last, NO_INTEREST
            else:
                yield first, last, self.rates[bisect_right(days, first) - 1][1]

    def part(self, start: int, end: int) -> Factor:
        """The part of the rate that the nights from ``start`` to before ``end`` bear."""
        known = self._parts.get((start, end))
        if known is None:
            known = self._parts[(start, end)] = self._measured(start, end)
        return known

    def _measured(self, start: int, end: int) -> Factor:
        if not by_cells(self.day_count):
            return part_of_nights(self.day_count, start, end)
        total: Factor = (0, 1)
        for cell, nights in self.cells_of(start, end):
            part = part_of_cell(self.day_count, cell, nights)
            total = part if not total[0] else plus(total, part)
        return total

    def factor(self, start: int, end: int) -> Factor:
        """The factor of the nights from ``start`` to before ``end`` at the rates known now."""
        if end <= start:
            return NO_INTEREST
        known = self._factors.get((start, end))
        if known is None:
            total: Factor = (0, 1)
            for first, last, rate in self.stretches(start, end):
                if rate[0]:
                    part = self.part(first, last)
                    found = reduced(part[0] * rate[0], part[1] * rate[1])
                    total = found if not total[0] else plus(total, found)
            known = self._factors[(start, end)] = total
        return known

    # --- What changes them ----------------------------------------------------------------------------------------

    def change_rate(self, start: int, rate: Factor) -> None:
        """Another rate for the nights from ``start`` on; rates come in the order of their dates."""
        self.rates = [known for known in self.rates if known[0] != start] + [(start, rate)]
        self._rates_changed()

    def go_on(self, cadence: Cadence, next_number: int) -> None:
        """Due dates after the known ones are those of ``cadence`` from this number on."""
        self.cadence, self.next_number = cadence, next_number
        self._number_of_last_cell = None

    def pause(self, start: int, end: int) -> None:
        """No interest for the nights from ``start`` to before ``end``."""
        self.pauses.append((start, end))
        self._rates_changed()

    def _rates_changed(self) -> None:
        self._factors.clear()
        self._one_rate_from = max(self.rates[-1][0], *(end for _, end in self.pauses), 0)

    # --- The cells by which some day counts measure ---------------------------------------------------------------

    def cells_of(self, start: int, end: int) -> Iterator[tuple[Cell, int]]:
        """The cells in which the nights from ``start`` to before ``end`` lie, each with the number of them in it."""
        self._cover(end)
        index = bisect_right(self.cells, start, key=attrgetter("start")) - 1
        while index < len(self.cells) and self.cells[index].start < end:
            cell = self.cells[index]
            nights = min(end, cell.end) - max(start, cell.start)
            if nights > 0:
                yield cell, nights
            index += 1

    def cell(self, number: int, start: int) -> Cell:
        """The cell of the period that ends on due date ``number`` of the cadence and begins on ``start``."""
        cadence = self.cadence
        if isinstance(cadence, NamedDates):
            raise ValueError("named dates have no full period")
        full_start_on, due_on = cadence.dates(number - 1, 2)
        return Cell(start, due_on.toordinal(), cadence.days(number), (due_on - full_start_on).days)

    def add_cell(self, cell: Cell) -> None:
        """A cell after all others. It begins where they end, also where a row paid ahead falls due between the two."""
        self.cut_cells(cell.start)
        self.cells.append(cell._replace(start=self.cells[-1].end) if self.cells else cell)

    def cut_cells(self, end: int) -> None:
        """No cell goes beyond ``end``, and what was measured by them is measured anew."""
        self.cells = [cell for cell in self.cells if cell.start < end]
        if self.cells and self.cells[-1].end > end:
            self.cells[-1] = self.cells[-1]._replace(end=end)
        self._parts.clear()
        self._factors.clear()  # the same dates may have had another cell
        self._number_of_last_cell = None

    def _cover(self, end: int) -> None:
        """Cells beyond the last due date, where unpaid principal may go on to bear interest."""
        while self.cells[-1].end < end:
            last = date.fromordinal(self.cells[-1].end)
            if isinstance(self.cadence, NamedDates):
                following = min(date.max, date.fromordinal(last.toordinal() + 31))
                self.cells += cells_between(last, following, self.day_count)
                continue
            number = self._next_number_of_cells()
            self.cells.append(self.cell(number, last.toordinal()))
            self._number_of_last_cell = number

    def _next_number_of_cells(self) -> int:
        """The number of the first due date that has no cell yet."""
        if self._number_of_last_cell is not None:
            return self._number_of_last_cell + 1
        number = self.next_number
        while self.cadence.dates(number, 1)[0].toordinal() <= self.cells[-1].end:
            number += 1
        return number
