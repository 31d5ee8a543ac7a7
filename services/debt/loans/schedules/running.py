"""A loan that runs: its rows, what accrues night by night, what was paid, and what happened on the way.

The loan walks through its dates in order. Interest of the row in progress is kept as an exact fraction and rounded once
when the row falls due; rows that are due or paid are never touched again. ``own`` is interest on the balance as
scheduled, ``late`` that on principal of past rows which is still unpaid; neither bears interest itself.
"""

from collections.abc import Sequence
from fractions import Fraction
from operator import attrgetter

from services.debt.loans.schedules.allocation import HORIZONTAL, Open, allocate
from services.debt.loans.schedules.calendar_dates import Calendar
from services.debt.loans.schedules.day_counts import Factor, by_cells, plus
from services.debt.loans.schedules.methods import (
    Ground,
    flat,
    level,
    principal_shares,
    rounding_of,
    shares_of_brought,
    spread,
)
from services.debt.loans.schedules.rows import NOTHING, ZERO, Exact, Progress, Projected, Row, Stretch
from services.debt.loans.schedules.terms import LoanTerms, Method
from services.debt.loans.schedules.timeline import Timeline

ROWS_AT_ONCE = 12
"""Rows that a payment looks at together: few payments reach further."""


class RunningLoan:
    """The state of a loan on a day. Events move it forward; nothing moves it back."""

    def __init__(self, terms: LoanTerms, calendar: Calendar, *, late_until: int | None) -> None:
        self.terms = terms
        self.rounding = rounding_of(terms)
        self.percent = None if terms.principal_percent is None else Fraction(terms.principal_percent)
        self.timeline = Timeline(terms, calendar)
        self.now = terms.disbursed_on.toordinal()
        self.late_until = late_until

        # Rows before ``at`` are due, those from it on are open; the residue falls on the last that is not paid.
        self.rows = _rows_of(terms, calendar)
        self.at = self.first_unpaid = 0
        self.residue_row = self.rows[-1]
        self._projected: Projected | None = None

        # Principal: what was drawn, what no due row has taken, what is overdue, and what was paid of open rows.
        self.draws: list[tuple[int, int]] = [(self.now, terms.principal)]
        self.balance = terms.principal
        self.overdue = self.paid_ahead = self.excess = 0

        # Interest since the last row fell due, exact; ``closed`` is what a row in progress that is measured again
        # begins with, ``last_exact`` the interest of the last row once that is due and late.
        self.own = self.late = self.late_closed = ZERO
        self.last_exact: Fraction | None = None

        # Interest that passes to the next row: unpaid, deferred, and corrections of rows that were paid ahead.
        self.brought = self.waiting = self.corrections = 0
        self.corrected_rows: list[Row] = []

        # Interest agreed for the term, of flat and re-aged loans: a pool that the rows from ``pool_from`` on share, and
        # what the nights add to it on ``flat_base``.
        self.re_aged_on: int | None = None  # the first time
        self.pool = self.pool_from = 0
        self.flat_base = terms.principal if terms.method is Method.FLAT else 0
        self.flat_exact = self.flat_closed = ZERO

        self.relevel(0)

    # --- Time -----------------------------------------------------------------------------------------------------

    @property
    def shares_interest(self) -> bool:
        """Whether interest is a share of a sum agreed for the term, and not that of the balance."""
        return self.re_aged or self.terms.method is Method.FLAT

    @property
    def re_aged(self) -> bool:
        return self.re_aged_on is not None

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
        for start, end, rate in self.timeline.stretches(self.now, to):
            part = self.timeline.part(start, end)
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
            factor = Fraction(*self.timeline.part(start, end)) * Fraction(*rate)
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
        comes_to = row.interest + row.passed_on + self.rounding.figure(*self.last_exact.as_integer_ratio()) - before
        row.interest = max(comes_to, row.paid_interest)
        row.passed_on = comes_to - row.interest

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
        level instalments take it, as much as fits into them, so that the amounts stay level; other methods spread it.
        """
        rows = self.free_rows(start)
        if not rows:
            return
        if start > self.at:
            self.project(start)
        balance = self.balance - sum(row.principal for row in self.rows[self.at : start])
        balance -= sum(row.principal for row in self.rows[start:] if row.frozen)
        lead = next((index for index, row in enumerate(rows) if not row.lead), len(rows))
        factors = [self.timeline.factor(row.start, row.due) for row in rows]
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
            rest = Fraction(*self.timeline.factor(self.now, rows[0].due)) * self.balance
            first_interest = (self.own + self.late + rest).as_integer_ratio()
        agreed = brought + sum(row.planned for row in rows)
        ground = Ground(
            ground.factors, ground.weights, ground.lead, ground.rounding, first_interest, agreed if is_level else 0
        )
        principal, interest = level(method, balance, ground, self.percent, sum(amount for _, amount in self.draws))
        last = len(rows) - 1
        if is_level:
            shares = shares_of_brought(balance, ground, (principal, interest)) if agreed else [0] * len(rows)
        else:
            shares = spread(agreed, [1] * len(rows), ground.rounding.currency)
        for index, (row, paid, due, share) in enumerate(zip(rows, principal, interest, shares, strict=True)):
            row.planned, row.share = share, paid
            only_interest = index < ground.lead or (method is Method.BULLET and index != last)
            row.amount = None if only_interest else paid + due + (0 if is_level else share) + row.lifted_by
            row.held = False

    def _level_shares(self, rows: Sequence[Row], start: int, balance: int, ground: Ground) -> None:
        percent = None if self.re_aged else self.percent
        shares = principal_shares(
            Method.FLAT, balance, ground, percent, sum(amount for _, amount in self.draws)
        )  # fmt: skip
        principal, interest = flat(balance, self.interest_left(start), ground, shares)
        for index, (row, paid, due) in enumerate(zip(rows, principal, interest, strict=True)):
            row.planned, row.share = due, paid
            row.amount = None if index < ground.lead else paid + due + row.lifted_by
            row.held = False

    def interest_left(self, start: int) -> int:
        """What of the interest agreed for the term is left for the rows from ``start`` on."""
        exact = self.flat_exact
        last_due = self.rows[self._residue()].due
        if self.flat_base and last_due > self.now:
            exact += self.flat_base * Fraction(*self.timeline.factor(self.now, last_due))
        taken = sum(row.planned for row in self.rows[self.pool_from : start])
        return max(0, self.pool + self.rounding.figure(*exact.as_integer_ratio()) - taken)

    def re_age(self, kept: Sequence[Row], new: Sequence[Row], principal: int, interest: int) -> None:
        """All that is unpaid is agreed anew: it falls due with the ``new`` rows, spread equally, the residue last.

        Rows that are paid ahead, ``kept``, stay as they were paid, wherever they fall due. What has accrued is part of
        ``interest`` or forgiven; the new rows bear none.
        """
        for row in kept:
            row.frozen, row.carried, row.planned = True, row.carried + row.planned, 0
            row.accrued, row.late = NOTHING, ZERO
        multiple, equal = self.rounding.currency, [1] * len(new)
        for row, share, due in zip(
            new, spread(principal, equal, multiple), spread(interest, equal, multiple), strict=True
        ):
            row.planned, row.amount = due, share + due
        self.rows[self.at :] = sorted([*kept, *new], key=attrgetter("due"))
        self.balance, self.overdue = principal + sum(row.principal for row in kept), 0
        self.own = self.late = self.late_closed = self.flat_exact = self.flat_closed = ZERO
        self.brought = self.waiting = self.corrections = self.flat_base = 0
        self.residue_row, self.last_exact = self.rows[-1], None
        self.pool, self.pool_from = interest, self.at
        if self.re_aged_on is None:
            self.re_aged_on = self.now
        self.rows_changed()

    def rows_changed(self) -> None:
        """What the open rows come to has to be worked out again."""
        self._projected = None

    def close(self) -> None:
        """The row in progress falls due: its figures are final, and what is unpaid of its principal is overdue."""
        row = self.rows[self.at]
        is_last = self.at == self._residue()
        row.opening = self.balance
        if row.frozen:
            row.corrected = self._correction(row, self.own.as_integer_ratio())
            self.balance, self.corrections = self.balance - row.principal, self.corrections + row.open_correction
            for taker, amount in row.takers:
                taker.taken += amount
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
            row.after, late = progress, ZERO
        self._projected = Projected(end, progress, late, paid_later)

    def _own_interest(self, row: Row, balance: int) -> Exact:
        """The exact interest of an open row on its balance: of the row in progress, what has accrued and the rest."""
        accrued = self.own.as_integer_ratio() if row is self.rows[self.at] else NOTHING
        if self.shares_interest:
            return accrued
        numerator, denominator = self.timeline.factor(max(row.start, self.now), row.due)
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
        row.passed_on = brought
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
        owed = [Open(0, 0, 0, row.unpaid_interest, row.unpaid_principal) for row in rows]
        taken, left = allocate(owed, amount, HORIZONTAL)
        for index, (_, _, _, interest, principal) in taken:
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
            self.brought, self.waiting = row.after.brought, row.after.waiting
            self.late = self.late_closed = ZERO

    def _count_as_principal(self, row: Row, amount: int) -> None:
        """Of what was paid of an open row, ``amount`` is principal and not interest."""
        row.paid_interest -= amount
        row.paid_principal += amount
        self.paid_ahead += amount

    def settle_interest_paid_too_much(self) -> None:
        """What was paid of the last row's interest beyond what a change leaves of it is principal from that day on."""
        if not self.matured and self.rows[self._residue()].paid_interest:
            self.project()

    def _absorb_corrections(self, taker: Row) -> None:
        """A row that is paid as it stands has paid what changes made of the nights of the rows before it."""
        taker.taken += self.corrections
        self.corrections = 0
        for row in self.corrected_rows:
            row.takers.append((taker, row.open_correction))
        self.corrected_rows = []

    def pay_off(self) -> tuple[int, int]:
        """Principal and interest that would settle the loan today: interest to this day, none of later nights.

        Interest that was paid ahead comes off, so that a payment lowers the pay-off of its day by its whole amount.
        """
        principal = sum(row.unpaid_principal for row in self.rows[: self.at])
        interest = sum(row.unpaid_interest for row in self.rows[: self.at])
        if self.matured:
            # Of the last row, as much as was paid or credited beyond what it came to is left over.
            return principal, max(interest + self.residue_row.passed_on, -principal)
        principal += self.balance - self.paid_ahead
        interest += self._interest_to_date()
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
            agreed = self.corrections + sum(other.planned + other.taken for other in later)
            if row.frozen:
                # It stands as it was settled, with the late and the deferred interest of that day.
                correction = self._correction(row, self.own.as_integer_ratio())
                return row.interest + correction + row.after.brought + row.after.waiting + agreed
            exact, agreed = self.own + self.late, row.planned + agreed
        return self.rounding.figure(*exact.as_integer_ratio()) + agreed + self.brought + self.waiting


def _rows_of(terms: LoanTerms, calendar: Calendar) -> list[Row]:
    rows, start = [], terms.disbursed_on.toordinal()
    for number, (day, weight) in enumerate(zip(calendar.due_on, calendar.weights, strict=True), start=1):
        row = Row(number, start, day.toordinal(), weight)
        row.lead = number <= terms.principal_grace
        row.waits = number <= terms.interest_grace
        rows.append(row)
        start = row.due
    return rows
