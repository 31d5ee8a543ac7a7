"""A loan that runs: its rows, what accrues night by night, what was paid, and what happened on the way.

The loan walks through its dates in order. Interest of the row in progress is kept as an exact fraction and rounded once
when the row falls due; rows that are due or paid are never touched again. ``own`` is interest on the balance as
scheduled, ``late`` that on principal of past rows which is still unpaid; neither bears interest itself.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date
from fractions import Fraction
from itertools import pairwise
from operator import attrgetter

from services.debt.loans.schedules.allocation import HORIZONTAL, Open, allocate
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
from services.debt.loans.schedules.methods import (
    Ground,
    flat,
    level,
    principal_shares,
    rounding_of,
    spread,
)
from services.debt.loans.schedules.rows import NO_INTEREST, NOTHING, ZERO, Exact, Progress, Projected, Row, Stretch
from services.debt.loans.schedules.terms import LoanTerms, Method

ROWS_AT_ONCE = 12
"""Rows that a payment looks at together: few payments reach further."""


class RunningLoan:
    """The state of a loan on a day. Events move it forward; nothing moves it back."""

    def __init__(self, terms: LoanTerms, calendar: Calendar, *, late_until: int | None) -> None:
        self.terms = terms
        self.rounding = rounding_of(terms)
        self.percent = None if terms.principal_percent is None else Fraction(terms.principal_percent)
        self.cadence: Cadence = cadence_of(terms)
        self.next_number = terms.instalments + 1
        self.cells = list(calendar.cells)
        numerator, denominator = terms.rate.as_integer_ratio()
        self.now = terms.disbursed_on.toordinal()
        self.rates: list[tuple[int, Factor]] = [(self.now, (numerator, denominator))]
        self.pauses: list[tuple[int, int]] = []
        self.draws: list[tuple[int, int]] = [(self.now, terms.principal)]
        self.rows: list[Row] = []
        start = self.now
        for number, (day, weight) in enumerate(zip(calendar.due_on, calendar.weights, strict=True), start=1):
            row = Row(number, start, day.toordinal(), weight)
            row.lead = number <= terms.principal_grace
            row.waits = number <= terms.interest_grace
            self.rows.append(row)
            start = row.due
        self.at = 0
        self.first_unpaid = 0
        self.balance = terms.principal
        self.paid_ahead = 0  # principal that was paid of open rows
        self.overdue = 0
        self.late_until = late_until
        self.excess = 0
        self.own = self.late = self.late_closed = ZERO
        self.brought = self.waiting = self.corrections = 0
        self.corrected_rows: list[Row] = []
        self.re_aged = False
        self.flat_base = terms.principal if terms.method is Method.FLAT else 0
        self.flat_exact = self.flat_closed = ZERO
        self.pool = 0
        self.pool_from = 0
        factors = period_factors((numerator, denominator), terms.day_count, calendar)
        self._factors = {(row.start, row.due): factor for row, factor in zip(self.rows, factors, strict=True)}
        self._parts: dict[tuple[int, int], Factor] = {}
        self._number_of_last_cell: int | None = None
        self._one_rate_from = self.now
        self._projected: Projected | None = None
        self.last_exact: Fraction | None = None
        self.residue_row = self.rows[-1]
        self.relevel(0)

    # --- Time -----------------------------------------------------------------------------------------------------

    @property
    def shares_interest(self) -> bool:
        """Whether interest is a share of a sum agreed for the term, and not that of the balance."""
        return self.re_aged or self.terms.method is Method.FLAT

    @property
    def matured(self) -> bool:
        return self.at == len(self.rows)

    def accrue(self, to: int) -> None:
        """Interest of the nights from now to before ``to``."""
        if to <= self.now:
            return
        if self.late_until is not None and self.now < self.late_until < to:
            self._accrue(self.late_until)
        self._accrue(to)

    def _accrue(self, to: int) -> None:
        overdue = self.overdue if self.late_until is not None and self.now < self.late_until else 0
        row = self._bearer()
        balance = 0 if self.shares_interest or self.matured else self.balance
        for start, end, rate in self.stretches(self.now, to):
            part = self.part(start, end)
            numerator, denominator = part[0] * rate[0], part[1] * rate[1]
            if balance:
                self.own += Fraction(balance * numerator, denominator)
            if overdue:
                self.late += Fraction(overdue * numerator, denominator)
                self._projected = None
            if self.flat_base and not self.matured:
                self.flat_exact += Fraction(self.flat_base * numerator, denominator)
            if not self.matured or overdue:
                row.stretches.append(Stretch(start, end, rate, balance, overdue, self.flat_base))
        self.now = to
        if self.last_exact is not None and overdue:
            self._extend_last_row()

    def _bearer(self) -> Row:
        """The row that the interest of tonight counts into.

        A row that was kept when the others were re-aged bears none: what is late meanwhile is the next one's.
        """
        row = self.residue_row if self.matured else self.rows[self.at]
        if self.re_aged and row.frozen:
            return next((row for row in self.open_rows() if not row.frozen), self.residue_row)
        return row

    def accrue_again(self) -> None:
        """The nights of the row in progress, measured by cells that have changed: a period is prorated as one."""
        if not by_cells(self.terms.day_count):
            return
        self.own, self.late = ZERO, self.late_closed
        self.flat_exact = self.flat_closed
        last_due = self.rows[self.at - 1].due if self.at else 0
        for start, end, rate, balance, overdue, flat_base in self.rows[self.at].stretches:
            if start < last_due:
                continue  # late interest that came from kept rows is in what they closed with
            factor = Fraction(*self.part(start, end)) * Fraction(*rate)
            self.own += balance * factor
            self.late += overdue * factor
            self.flat_exact += flat_base * factor

    def _extend_last_row(self) -> None:
        """What accrues after the last due date belongs to the last row, rounded together with the rest of it."""
        if self.last_exact is None:
            return
        before = self.rounding.figure(*self.last_exact.as_integer_ratio())
        self.last_exact += self.late
        self.late = ZERO
        row = self.residue_row
        comes_to = row.interest + row.passed + self.rounding.figure(*self.last_exact.as_integer_ratio()) - before
        row.interest = max(comes_to, row.paid_interest)
        row.passed = comes_to - row.interest

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
        day_count = self.terms.day_count
        if not by_cells(day_count):
            return part_of_nights(day_count, start, end)
        self._cover(end)
        index = bisect_right(self.cells, start, key=attrgetter("start")) - 1
        total: Factor = (0, 1)
        while index < len(self.cells) and self.cells[index].start < end:
            cell = self.cells[index]
            nights = min(end, cell.end) - max(start, cell.start)
            if nights > 0:
                part = part_of_cell(day_count, cell, nights)
                total = part if not total[0] else plus(total, part)
            index += 1
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

    def cut_cells(self, end: int) -> None:
        """No cell goes beyond ``end``, and what was measured by them is measured anew."""
        self.cells = [cell for cell in self.cells if cell.start < end]
        if self.cells and self.cells[-1].end > end:
            self.cells[-1] = self.cells[-1]._replace(end=end)
        self._parts.clear()
        self._number_of_last_cell = None

    def forget_factors(self) -> None:
        """Rates, pauses or cells have changed."""
        self._factors.clear()
        self._one_rate_from = max(self.rates[-1][0], *(end for _, end in self.pauses), 0)
        self._projected = None

    def _cover(self, end: int) -> None:
        """Cells beyond the last due date, where unpaid principal may go on to bear interest."""
        while self.cells[-1].end < end:
            last = date.fromordinal(self.cells[-1].end)
            if isinstance(self.cadence, NamedDates):
                following = min(date(9999, 12, 31), date.fromordinal(last.toordinal() + 31))
                self.cells += cells_between(last, following, self.terms.day_count)
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

    def cell(self, number: int, start: int) -> Cell:
        """The cell of the period that ends on due date ``number`` of the cadence and begins on ``start``."""
        cadence = self.cadence
        if isinstance(cadence, NamedDates):
            raise ValueError("named dates have no full period")
        full_start_on, due_on = cadence.dates(number - 1, 2)
        return Cell(start, due_on.toordinal(), cadence.days(number), (due_on - full_start_on).days)

    # --- Rows -----------------------------------------------------------------------------------------------------

    def open_rows(self) -> list[Row]:
        return self.rows[self.at :]

    def free_from(self) -> int:
        """The first open row that nobody has paid in full."""
        index = self.at
        while index < len(self.rows) and self.rows[index].frozen:
            index += 1
        return index

    def free_rows(self, start: int) -> list[Row]:
        """Rows from index ``start`` on that nobody has paid in full; those paid before a re-ageing may lie between."""
        return [row for row in self.rows[start:] if not row.frozen]

    def relevel(self, start: int, *, brought: int = 0) -> None:
        """Level the free rows from index ``start`` on for the principal that will remain at their beginning.

        ``brought`` is unpaid interest that these rows take over, with what of it they had to take already: the first of
        level instalments takes it all, so that the amounts stay level; other methods spread it.
        """
        rows = self.free_rows(start)
        if not rows:
            return
        if start > self.at:
            self.project(start)
        balance = self.balance - sum(row.principal for row in self.rows[self.at : start])
        balance -= sum(row.principal for row in self.rows[start:] if row.frozen)
        lead = next((index for index, row in enumerate(rows) if not row.lead), len(rows))
        factors = [self.factor(row.start, row.due) for row in rows]
        ground = Ground(factors, [row.weight for row in rows], min(lead, len(rows) - 1), self.rounding)
        if self.shares_interest:
            self.pool += brought
            self._level_shares(rows, start, balance, ground)
        else:
            self._level_balance(rows, start, balance, ground, brought)
        self._projected = None
        self._keep_what_was_paid(rows)

    def _keep_what_was_paid(self, rows: Sequence[Row]) -> None:
        """A row of which more was paid than it asks for by now keeps it; those after it are levelled over the rest."""
        place = next((index for index, row in enumerate(rows) if row.paid_principal), len(rows))
        if place + 1 >= len(rows):
            return
        self.project()
        if rows[place].exceeded:
            rows[place].amount = None
            self._projected = None
            self.relevel(self.rows.index(rows[place + 1]))

    def _level_balance(self, rows: Sequence[Row], start: int, balance: int, ground: Ground, brought: int) -> None:
        method = self.terms.method
        is_level = method is Method.EQUAL_INSTALMENT
        first_interest: Factor | None = None
        if start == self.at and self.now > rows[0].start:
            rest = Fraction(*self.factor(self.now, rows[0].due)) * self.balance
            first_interest = (self.own + self.late + rest).as_integer_ratio()
        agreed = brought + sum(row.planned for row in rows)
        ground = Ground(
            ground.factors, ground.weights, ground.lead, ground.rounding, first_interest, agreed if is_level else 0
        )
        principal, interest = level(method, balance, ground, self.percent, sum(amount for _, amount in self.draws))
        shares = (
            [agreed, *[0] * (len(rows) - 1)] if is_level else _equal_shares(agreed, len(rows), ground.rounding.currency)
        )
        last = len(rows) - 1
        for index, (row, paid, due, share) in enumerate(zip(rows, principal, interest, shares, strict=True)):
            row.planned = share
            only_interest = index < ground.lead or (method is Method.BULLET and index != last)
            row.amount = None if only_interest else paid + due + (0 if is_level else share) + row.lift
            row.held = False

    def _level_shares(self, rows: Sequence[Row], start: int, balance: int, ground: Ground) -> None:
        percent = None if self.re_aged else self.percent
        shares = principal_shares(
            Method.FLAT, balance, ground, percent, sum(amount for _, amount in self.draws)
        )  # fmt: skip
        principal, interest = flat(balance, self.interest_left(start), ground, shares)
        for index, (row, paid, due) in enumerate(zip(rows, principal, interest, strict=True)):
            row.planned = due
            row.amount = None if index < ground.lead else paid + due + row.lift
            row.held = False

    def interest_left(self, start: int) -> int:
        """What of the interest agreed for the term is left for the rows from ``start`` on."""
        exact = self.flat_exact
        last_due = self.rows[self._residue()].due
        if self.flat_base and last_due > self.now:
            exact += self.flat_base * Fraction(*self.factor(self.now, last_due))
        taken = sum(row.planned for row in self.rows[self.pool_from : start])
        return max(0, self.pool + self.rounding.figure(*exact.as_integer_ratio()) - taken)

    def close(self) -> None:
        """The row in progress falls due: its figures are final, and what is unpaid of its principal is overdue."""
        row = self.rows[self.at]
        is_last = self.at == self._residue()
        row.opening = self.balance
        if row.frozen:
            row.corrected = self._correction(row, self.own.as_integer_ratio())
            self.balance, self.corrections = self.balance - row.principal, self.corrections + row.open_correction
            for taker, amount in row.absorbed:
                taker.took += amount
        else:
            own = self.own.as_integer_ratio()
            paid_later = self.paid_ahead - row.paid_principal
            progress = self._settle(row, own, self.late, self._progress(), paid_later, is_last=is_last)
            self.balance, self.brought, self.waiting = progress
            self.corrections = 0
            if is_last:
                self.last_exact, self.residue_row = self.own + self.late, row
            self.late = ZERO
        self.at += 1
        self.paid_ahead -= row.paid_principal
        self.own = ZERO
        self.late_closed, self.flat_closed = self.late, self.flat_exact
        if self.late_until is not None and row.due < self.late_until:
            self.overdue += row.unpaid_principal
        self._projected = None

    def project(self, end: int | None = None) -> None:
        """The figures of the open rows, if everything unpaid were paid now and nothing else happened.

        Those before index ``end`` are enough for who looks no further; a later call goes on from there. Until then the
        figures of later rows are old, but for those that are paid in full.
        """
        if self.matured:
            return
        if self._projected is None:
            self._projected = Projected(self.at, self._progress(), self.late, self.paid_ahead)
            self.corrected_rows = []
        begin, progress, late, paid_later = self._projected
        end = len(self.rows) if end is None else max(begin, min(end, len(self.rows)))
        last = self._residue()
        for index in range(begin, end):
            row = self.rows[index]
            row.opening = progress.balance
            paid_later -= row.paid_principal
            own = self._own_interest(row, progress.balance)
            if row.frozen:
                row.corrected = self._correction(row, own)
                correction = row.open_correction
                if correction:
                    self.corrected_rows.append(row)
                progress = Progress(progress.balance - row.principal, progress.brought + correction, progress.waiting)
                continue
            progress = self._settle(row, own, late, progress, paid_later, is_last=index == last)
            row.passes, late = progress[1:], ZERO
        self._projected = Projected(end, progress, late, paid_later)

    def _own_interest(self, row: Row, balance: int) -> Exact:
        """The exact interest of an open row on its balance: of the row in progress, what has accrued and the rest."""
        accrued = self.own.as_integer_ratio() if row is self.rows[self.at] else NOTHING
        if self.shares_interest:
            return accrued
        numerator, denominator = self.factor(max(row.start, self.now), row.due)
        rest = numerator * balance, denominator
        return plus(accrued, rest) if accrued[0] else rest

    def _residue(self) -> int:
        """The place of the row that takes the residue: the last that nobody has paid in full."""
        index = len(self.rows) - 1
        while index > self.at and self.rows[index].frozen:
            index -= 1
        return index

    def _progress(self) -> Progress:
        return Progress(self.balance, self.brought + self.corrections, self.waiting)

    def _correction(self, row: Row, own: Exact) -> int:
        """What ``own``, the interest of a row that was paid ahead, comes to beyond what the row's figures stand on.

        A paid row is never changed: what a later change made of its nights falls due with the next one.
        """
        if self.shares_interest:
            return 0
        borne = plus(own, row.late.as_integer_ratio()) if row.late else own
        return self.rounding.figure(*borne) - self.rounding.figure(*row.accrued)

    def _settle(
        self, row: Row, own: Exact, late: Fraction, progress: Progress, paid_later: int, *, is_last: bool
    ) -> Progress:  # fmt: skip
        """The figures of one row from its exact interest: instalment amounts stay, the last row takes the residue.

        ``paid_later`` is the principal that was paid of rows after it: it takes none of that.
        """
        figure, left = self.rounding.figure, progress.balance - paid_later
        accrued = plus(own, late.as_integer_ratio()) if late else own
        due = row.planned + figure(*accrued) + progress.brought
        # A correction may be more than a row's interest: what is left of it is the next one's.
        due, less = max(due, 0), min(due, 0)
        waiting, brought = progress.waiting, 0
        if is_last:
            principal, interest = left, due + less + waiting
            interest, less, waiting = max(interest, 0), min(interest, 0), 0
            # No row comes after it that could take what was paid of its interest beyond what that is by now.
            self._count_as_principal(row, max(0, min(row.paid_interest - interest, principal - row.paid_principal)))
        elif row.held:
            # A set amount stays: interest first, and what it does not cover goes to the next row.
            owed, amount = due + waiting, row.amount or 0
            interest = min(owed, amount)
            principal, brought, waiting = min(amount - interest, left), owed - interest, 0
        elif row.amount is None:
            principal, interest = 0, due
        else:
            # Unpaid interest of late rows never lifts the instalment: what does not fit goes to the next row.
            most = max(row.amount, row.planned + figure(*own))
            interest = min(due, most)
            brought = due - interest
            paid = row.paid_interest - (0 if row.waits else waiting)
            principal = min(max(row.amount - max(interest, paid), 0), left)
        row.accrued, row.late, row.carried = accrued, late, progress.brought + progress.waiting
        if not is_last and not row.held:
            if row.waits:
                waiting, interest = waiting + interest, 0
                row.carried = progress.brought
            else:
                interest, waiting = interest + waiting, 0
        # As much of what was paid as is more than its interest by now comes off the next row's.
        brought += less + min(interest - row.paid_interest, 0)
        row.passed = brought
        row.exceeded = principal < row.paid_principal
        row.principal = max(principal, row.paid_principal)
        row.interest = max(interest, row.paid_interest)
        return Progress(progress.balance - row.principal, brought, waiting)

    # --- Money ----------------------------------------------------------------------------------------------------

    def pay(self, amount: int) -> None:
        """A payment of today: past rows first, then the row due today, then rows in advance."""
        rows = self.rows
        while self.first_unpaid < self.at and not rows[self.first_unpaid].unpaid:
            self.first_unpaid += 1
        left, start = amount, self.first_unpaid
        while left and start < self.at:
            left = self._share_out(left, rows[start : min(start + ROWS_AT_ONCE, self.at)], is_past=True)
            start += ROWS_AT_ONCE
        if left and not self.matured:
            first = start = self.free_from()
            while left and start < len(rows):
                self.project(start + ROWS_AT_ONCE)
                left = self._share_out(left, rows[start : start + ROWS_AT_ONCE], is_past=False)
                start += ROWS_AT_ONCE
            self._settle_in_advance(rows[first:start])
        self.excess += left

    def _share_out(self, amount: int, rows: Sequence[Row], *, is_past: bool) -> int:
        owed = [Open(0, 0, row.unpaid_interest, row.unpaid_principal) for row in rows]
        taken, left = allocate(owed, amount, HORIZONTAL)
        for index, (_, _, interest, principal) in taken:
            row = rows[index]
            row.paid_interest += interest
            row.paid_principal += principal
            if is_past:
                self.overdue -= principal
            else:
                self.paid_ahead += principal
        return left

    def _settle_in_advance(self, rows: Sequence[Row]) -> None:
        """Rows paid in full are settled as they stand, and so are the rows of nothing that lie before them."""
        open_rows = [row for row in rows if not row.frozen]
        while open_rows and (open_rows[-1].unpaid or not open_rows[-1].is_paid):
            open_rows.pop()
        for row in open_rows:
            self._absorb_corrections(row)
            row.frozen = True
            self.brought, self.waiting = row.passes
            self.late = self.late_closed = ZERO

    def _count_as_principal(self, row: Row, amount: int) -> None:
        """Of what was paid of an open row, ``amount`` is principal and not interest."""
        row.paid_interest -= amount
        row.paid_principal += amount
        self.paid_ahead += amount

    def _absorb_corrections(self, taker: Row) -> None:
        """A row that is paid as it stands has paid what changes made of the nights of the rows before it."""
        taker.took += self.corrections
        self.corrections = 0
        for row in self.corrected_rows:
            row.absorbed.append((taker, row.open_correction))
        self.corrected_rows = []

    def pay_off(self) -> tuple[int, int]:
        """Principal and interest that would settle the loan today: interest to this day, none of later nights.

        Interest that was paid ahead comes off, so that a payment lowers the pay-off of its day by its whole amount.
        """
        principal = sum(row.unpaid_principal for row in self.rows[: self.at])
        interest = sum(row.unpaid_interest for row in self.rows[: self.at])
        if self.matured:
            # Of the last row, as much as was paid or credited beyond what it came to is left over.
            return principal, max(interest + self.residue_row.passed, -principal)
        principal += self.balance - self.paid_ahead
        interest += self._interest_to_date()
        if self.shares_interest:
            # What rows that were due took of the interest agreed for the term stays theirs.
            interest = max(interest, 0)
        return principal, max(interest - self._interest_paid_ahead(), -principal)

    def _interest_paid_ahead(self) -> int:
        """Interest that is paid of rows not yet due."""
        return sum(row.paid_interest for row in self.open_rows())

    def _interest_to_date(self) -> int:
        """Interest from the last due date up to this day, paid or not. May be negative."""
        row, later = self.rows[self.at], self.rows[self.at + 1 :]
        if self.shares_interest:
            # What was agreed when the loan was re-aged is owed whole; flat interest runs with the nights.
            taken = sum(other.planned for other in self.rows[self.pool_from : self.at])
            frozen = [other for other in self.open_rows() if other.frozen]
            late = sum((Fraction(*other.accrued) for other in frozen), self.late)
            counted = sum(self.rounding.figure(*other.accrued) for other in frozen)
            settled = sum(other.interest - other.planned for other in frozen) - counted
            exact, agreed = self.flat_exact + late, self.pool + settled - taken
        else:
            agreed = self.corrections + sum(other.planned + other.took for other in later)
            if row.frozen:
                # It stands as it was settled, with the late and the deferred interest of that day.
                correction = self._correction(row, self.own.as_integer_ratio())
                return row.interest + correction + sum(row.passes) + agreed
            exact, agreed = self.own + self.late, row.planned + agreed
        return self.rounding.figure(*exact.as_integer_ratio()) + agreed + self.brought + self.waiting


def _equal_shares(total: int, count: int, multiple: int) -> list[int]:
    return spread(total, [1] * count, multiple) if total else [0] * count
