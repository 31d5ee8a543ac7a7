"""A loan with everything that happened to it: the table it comes to, whatever the order in which that became known.

A change is undone by leaving it out: the table is always computed from the contract, so the one before it returns.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import takewhile
from typing import NamedTuple

from services.debt.errors import LoanTermsInvalid
from services.debt.loans.schedules.calendar_dates import calendar_of
from services.debt.loans.schedules.change_checks import problems_of_change
from services.debt.loans.schedules.changes import (
    BY_NIGHT,
    Refusal,
    apply,
    drop_next,
    effective_on,
    no_row_of,
    order_of,
    refused,
)
from services.debt.loans.schedules.checks import check_terms
from services.debt.loans.schedules.rows import Row
from services.debt.loans.schedules.running import RunningLoan
from services.debt.loans.schedules.terms import (
    CHANGES_MAX,
    PAYMENTS_MAX,
    Change,
    DropInstalment,
    LoanTerms,
    PaymentMade,
    ReAge,
    ReAmortise,
)
from shared.kernel.errors import FieldProblem


class PayOff(NamedTuple):
    """What would settle a loan on a day."""

    principal: int
    interest: int


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a loan as they come to; ``balances`` are the principal that remains after each."""

    loan: RunningLoan
    rows: Sequence[Row]
    balances: Sequence[int]
    drawn: int
    excess: int
    pay_off: PayOff | None


@dataclass(frozen=True, slots=True)
class History:
    """A contract, what changed it, and what was paid.

    ``as_of`` is the day up to which payments are known: what is unpaid then is taken as paid from then on. Without it,
    that day is the last on which money came in or unpaid amounts were arranged anew; without such a day, every row is
    taken as paid when due.
    """

    terms: LoanTerms
    changes: tuple[Change, ...] = ()
    payments: tuple[PaymentMade, ...] = ()
    as_of: date | None = None

    def with_change(self, change: Change) -> "History":
        """The history after one more change."""
        return replace(self, changes=(*self.changes, change))

    def without_change(self, change: Change) -> "History":
        """The history as if the change had never been. Raises ``ValueError`` if it holds no such change."""
        place = self.changes.index(change)
        return replace(self, changes=self.changes[:place] + self.changes[place + 1 :])

    @property
    def known_until(self) -> date | None:
        """The day up to which payments are known."""
        if self.as_of is not None:
            return self.as_of
        days = [payment.on for payment in self.payments]
        days += [change.on for change in self.changes if isinstance(change, ReAge | ReAmortise)]
        return max(days, default=None)


def table_of(history: History) -> Table:
    """The table of a loan. Raises ``LoanTermsInvalid`` naming each field that is wrong and how to mend it."""
    check_terms(history.terms)
    problems = list(_problems(history))
    if problems:
        raise LoanTermsInvalid(problems[0].message_en, problems[0].message_th, problems)
    return _Walk(history).table()


class _Walk:
    """The walk of one loan through the dates of its history."""

    def __init__(self, history: History) -> None:
        self.history = history
        known_until = history.known_until
        self.late_until = None if known_until is None else known_until.toordinal()
        self.loan = RunningLoan(history.terms, calendar_of(history.terms), late_until=self.late_until)
        self.drops: dict[int, int] = {}
        self.by_due_date: dict[int, list[tuple[int, Change]]] = {}
        self.by_night: dict[int, list[tuple[int, Change]]] = {}
        self.payments: dict[int, list[int]] = {}
        for index, change in sorted(enumerate(history.changes), key=lambda entry: order_of(entry[1])):
            day = effective_on(change).toordinal()
            if isinstance(change, DropInstalment):
                self.drops[day] = index
                continue
            phase = self.by_night if isinstance(change, BY_NIGHT) else self.by_due_date
            phase.setdefault(day, []).append((index, change))
        for payment in history.payments:
            self.payments.setdefault(payment.on.toordinal(), []).append(payment.amount)
        self.pay_off: PayOff | None = None

    def table(self) -> Table:
        loan = self.loan
        self._drop(0)
        days = {*self.by_due_date, *self.by_night, *self.payments}
        if self.late_until is not None:
            days.add(self.late_until)
        for day in sorted(days):
            self._until(day)
            self._on(day)
        while self.drops and not loan.matured:
            loan.accrue(loan.rows[loan.at].due)
            self._close()
        if self.drops:
            raise refused(next(iter(self.drops.values())), no_row_of("due_on"))
        loan.project()
        return self._result()

    def _until(self, day: int) -> None:
        loan = self.loan
        while not loan.matured and loan.rows[loan.at].due < day:
            loan.accrue(loan.rows[loan.at].due)
            self._close()
        loan.accrue(day)

    def _on(self, day: int) -> None:
        """What concerns due dates, then payments, the row due today, and what concerns nights.

        So that who pays what a table asks for, on the day on which it asks, leaves the table as it is. To re-amortise
        is for what the payments of its day leave overdue.
        """
        loan = self.loan
        changes = self.by_due_date.get(day, [])
        before = sum(1 for _ in takewhile(lambda entry: not isinstance(entry[1], ReAmortise), changes))
        for index, change in changes[:before]:
            self._apply(index, change)
        self._drop(loan.at)  # a due date that is dropped may be one that the row in progress has just moved to
        if not loan.matured and loan.rows[loan.at].due == day:
            self._drop(loan.at + 1)
        for amount in sorted(self.payments.get(day, ())):
            loan.pay(amount)
        for index, change in changes[before:]:
            self._apply(index, change)
        while not loan.matured and loan.rows[loan.at].due == day:
            self._close()
        for index, change in self.by_night.get(day, ()):
            self._apply(index, change)
        if day == self.late_until and self.history.as_of is not None:
            self.pay_off = PayOff(*loan.pay_off())

    def _close(self) -> None:
        self._drop(self.loan.at + 1)
        self.loan.close()

    def _drop(self, place: int) -> None:
        """Rows dropped by hand fall away as soon as they are next, so that the row before may become the last."""
        rows = self.loan.rows
        while place < len(rows) and rows[place].due in self.drops:
            index = self.drops.pop(rows[place].due)
            try:
                drop_next(self.loan, place)
            except Refusal as refusal:
                raise refused(index, refusal) from None
            self.loan.settle_interest_paid_too_much()

    def _apply(self, index: int, change: Change) -> None:
        try:
            apply(self.loan, change)
        except Refusal as refusal:
            raise refused(index, refusal) from None
        self.loan.settle_interest_paid_too_much()

    def _result(self) -> Table:
        loan = self.loan
        balances = []
        draws = sorted(loan.draws)
        balance = place = 0
        for row in loan.rows:
            while place < len(draws) and draws[place][0] <= row.due:
                balance += draws[place][1]
                place += 1
            balance -= row.principal
            balances.append(balance)
        drawn = sum(amount for _, amount in draws)
        return Table(loan, loan.rows, balances, drawn, loan.excess, self.pay_off)


def _problems(history: History) -> Iterable[FieldProblem]:
    disbursed_on, as_of = history.terms.disbursed_on, history.as_of
    if len(history.changes) > CHANGES_MAX:
        yield FieldProblem(
            "changes", "too_long", f"at most {CHANGES_MAX} changes", f"เปลี่ยนแปลงได้ไม่เกิน {CHANGES_MAX} รายการ"
        )
    if len(history.payments) > PAYMENTS_MAX:
        yield FieldProblem(
            "payments", "too_long", f"at most {PAYMENTS_MAX} payments", f"ชำระได้ไม่เกิน {PAYMENTS_MAX} รายการ"
        )
    if as_of is not None and as_of < disbursed_on:
        yield FieldProblem(
            "as_of", "out_of_order", f"on or after the day of disbursement, {disbursed_on}",
            f"ต้องไม่ก่อนวันจ่ายเงินกู้ {disbursed_on}",
        )  # fmt: skip
    for index, payment in enumerate(history.payments):
        yield from _problems_of_payment(index, payment, disbursed_on, as_of)
    yield from _problems_of_changes(history)


def _problems_of_payment(
    index: int, payment: PaymentMade, disbursed_on: date, as_of: date | None
) -> Iterable[FieldProblem]:
    if payment.amount <= 0:
        yield FieldProblem(
            f"payments.{index}.amount", "out_of_range", "a payment is more than nothing", "จำนวนเงินต้องมากกว่าศูนย์"
        )
    if payment.on < disbursed_on:
        yield FieldProblem(
            f"payments.{index}.on", "out_of_order", f"on or after the day of disbursement, {disbursed_on}",
            f"ต้องไม่ก่อนวันจ่ายเงินกู้ {disbursed_on}",
        )  # fmt: skip
    elif as_of is not None and payment.on > as_of:
        yield FieldProblem(
            f"payments.{index}.on", "out_of_order", f"on or before as_of, {as_of}; or leave as_of out",
            f"ต้องไม่หลัง as_of คือ {as_of} หรือไม่ต้องระบุ as_of",
        )  # fmt: skip


def _problems_of_changes(history: History) -> Iterable[FieldProblem]:
    seen: dict[tuple[type, date], int] = {}
    for index, change in enumerate(history.changes):
        problems = list(problems_of_change(index, change, history.terms, history.as_of))
        yield from problems
        key = (type(change), effective_on(change))
        if key in seen and not problems:
            yield FieldProblem(
                f"changes.{index}", "duplicate",
                f"changes.{seen[key]} is of the same type and date; keep one of them, of drawdowns one with their sum",
                f"ชนิดและวันที่ซ้ำกับ changes.{seen[key]} ให้คงไว้เพียงรายการเดียว ถ้าเบิกเงินกู้เพิ่มให้รวมยอดไว้ในรายการเดียว",
            )  # fmt: skip
        seen.setdefault(key, index)
