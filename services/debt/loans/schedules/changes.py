"""What may happen to a running loan, each change as the date on which it counts and what it does to the rows.

Rows that are past or paid stay as they are; the rest is levelled again. A change that concerns due dates counts before
the row of its date falls due; one that concerns nights counts from the night that begins on its date.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date
from operator import attrgetter
from typing import Any

from services.debt.errors import LoanTermsInvalid
from services.debt.loans.schedules.calendar_dates import Cell, Harvests, NamedDates, Steps, cells_between
from services.debt.loans.schedules.rows import Row
from services.debt.loans.schedules.running import RunningLoan
from services.debt.loans.schedules.terms import (
    LAST_YEAR,
    ROWS_MAX,
    AddInstalment,
    Change,
    Drawdown,
    DropInstalment,
    Extend,
    InterestPause,
    MoveDueDate,
    PrincipalHoliday,
    RateChange,
    ReAge,
    ReAmortise,
    SetInstalment,
)
from shared.kernel.errors import FieldProblem
from shared.kernel.money import format_baht

FIELDS: Mapping[str, str] = {"from_on": "from", "to_on": "to", "rate": "annual_rate"}
"""Names of fields outside that differ from those inside."""

BY_DUE_DATE = (MoveDueDate, DropInstalment, Extend, PrincipalHoliday, ReAmortise, SetInstalment, AddInstalment)
"""In the order in which they count on one date: amounts set by hand come last, so that no levelling takes them away."""
BY_NIGHT = (InterestPause, RateChange, Drawdown, ReAge)
_RANK = {kind: rank for rank, kind in enumerate((*BY_DUE_DATE, *BY_NIGHT))}


def effective_on(change: Change) -> date:
    """The date on which a change counts."""
    if isinstance(change, MoveDueDate):
        return min(change.from_on, change.to_on)
    if isinstance(change, SetInstalment | AddInstalment | DropInstalment):
        return change.due_on
    if isinstance(change, Drawdown | ReAge | ReAmortise):
        return change.on
    return change.from_on


def order_of(change: Change) -> tuple[date, bool, int, tuple[str, ...]]:
    """The order in which changes count, whatever the order in which they arrived."""
    kind = type(change)
    values = tuple(str(getattr(change, field.name)) for field in fields(change))
    return effective_on(change), kind in BY_NIGHT, _RANK[kind], values


class Refusal(Exception):
    """A change that the loan cannot take: the field, and how to mend it."""

    def __init__(self, field: str, code: str, message_en: str, message_th: str) -> None:
        super().__init__(message_en)
        self.problem = FieldProblem(FIELDS.get(field, field), code, message_en, message_th)


def refused(index: int, refusal: Refusal) -> LoanTermsInvalid:
    """The refusal as what a caller sees, with the place of the change in the input."""
    problem = refusal.problem
    field = f"changes.{index}.{problem.field}"
    return LoanTermsInvalid(
        f"{field}: {problem.message_en}",
        f"{field}: {problem.message_th}",
        [FieldProblem(field, problem.code, problem.message_en, problem.message_th)],
    )


def apply(loan: RunningLoan, change: Change) -> None:
    """Do to the loan what the change says; the loan stands on the change's date. Raises ``Refusal``."""
    _APPLY[type(change)](loan, change)


def note(rows: list[Row], text: str) -> None:
    """Leave a mark on rows for their explanations."""
    for row in rows:
        if text not in row.notes:
            row.notes.append(text)


def no_row_of(field: str) -> Refusal:
    """No row that is not past falls due on the date that the field names."""
    return Refusal(
        field, "not_found", "no instalment falls due on this date; name a due date of the schedule",
        "ไม่มีงวดครบกำหนดวันที่นี้ ให้ระบุวันครบกำหนดในตาราง",
    )  # fmt: skip


def drop_next(loan: RunningLoan, index: int) -> None:
    """The row at ``index`` falls away; its nights go to the row after it. Raises ``Refusal``."""
    row = loan.rows[index]
    if len(loan.rows) == 1:
        raise Refusal(
            "due_on", "out_of_range", "the only instalment cannot be dropped; move it instead",
            "ไม่สามารถตัดงวดเดียวที่มีอยู่ได้ ให้เลื่อนวันแทน",
        )  # fmt: skip
    if row.is_paid:
        raise _is_paid("due_on", row)
    if all(other.frozen for other in loan.rows[loan.at :] if other is not row):
        raise Refusal(
            "due_on", "not_allowed", "every other instalment is paid, so none can take this one; extend the term first",
            "งวดอื่นชำระครบแล้ว ไม่มีงวดรับยอดแทน ให้ขยายเวลาก่อน",
        )  # fmt: skip
    for following in loan.free_rows(index + 1)[:1]:
        following.start, following.stretches = row.start, row.stretches + following.stretches
        # Of a row with an amount set by hand, what it left to the next one is left no more.
        following.lifted_by = row.lifted_by if row.held else following.lifted_by + row.lifted_by
    del loan.rows[index]
    loan.rows_changed()
    start = max(min(index, len(loan.rows) - 1), loan.free_from())
    loan.relevel(start, brought=0 if loan.shares_interest else row.planned)
    note(loan.rows[index:], "drop_instalment")


def _rate_change(loan: RunningLoan, change: RateChange) -> None:
    if not loan.overdue:
        _must_be_before_the_end(loan, "from_on")
    loan.timeline.change_rate(change.from_on.toordinal(), change.rate.as_integer_ratio())
    loan.rows_changed()
    loan.relevel(loan.free_from())
    note(loan.free_rows(loan.at), "rate_change")


def _interest_pause(loan: RunningLoan, change: InterestPause) -> None:
    if not loan.overdue:
        _must_be_before_the_end(loan, "from_on")
    start = loan.free_from()
    loan.timeline.pause(change.from_on.toordinal(), change.to_on.toordinal() + 1)
    loan.rows_changed()
    if loan.shares_interest and start < len(loan.rows):
        # The amounts stay, so the interest that falls away is missing at the end.
        left = loan.interest_left(start)
        *rows, last = loan.free_rows(start)
        for row in rows:
            row.planned = min(row.planned, left)
            left -= row.planned
        last.planned = left
    note([row for row in loan.open_rows() if row.start <= change.to_on.toordinal()], "interest_pause")


def _drawdown(loan: RunningLoan, change: Drawdown) -> None:
    _must_be_before_the_end(loan, "on")
    loan.balance += change.amount
    loan.draws.append((change.on.toordinal(), change.amount))
    if loan.shares_interest:
        loan.flat_base += change.amount
    loan.relevel(loan.free_from())
    note(loan.free_rows(loan.at), "drawdown")


def _extend(loan: RunningLoan, change: Extend) -> None:
    _must_be_before_the_end(loan, "from_on")
    _append_rows(loan, change.instalments)
    loan.relevel(loan.free_from())
    note(loan.free_rows(loan.at), "extend")


def _principal_holiday(loan: RunningLoan, change: PrincipalHoliday) -> None:
    _must_be_before_the_end(loan, "from_on")
    start = loan.free_from()
    left = len(loan.free_rows(start))
    if change.instalments > left:
        raise Refusal(
            "instalments", "out_of_range", f"only {left} instalments are left; name at most as many",
            f"เหลือเพียง {left} งวด ให้ระบุไม่เกินจำนวนนี้",
        )  # fmt: skip
    _append_rows(loan, change.instalments)
    resting = loan.free_rows(start)[: change.instalments]
    for row in resting:
        row.lead = True
    loan.relevel(start)
    note(resting, "principal_holiday")


def _append_rows(loan: RunningLoan, count: int) -> None:
    _check_rows(len(loan.rows) + count, "instalments")
    cadence = loan.timeline.cadence
    if isinstance(cadence, NamedDates):
        raise Refusal(
            "type", "not_allowed",
            "a loan with named due dates does not go on by itself; name the further dates in due_dates",
            "สัญญาที่ระบุวันครบกำหนดเองไม่มีงวดถัดไป ให้ระบุวันเพิ่มใน due_dates",
        )  # fmt: skip
    for number in range(loan.timeline.next_number, loan.timeline.next_number + count):
        start = loan.rows[-1].due
        cell = loan.timeline.cell(number, start)
        _check_year(date.fromordinal(cell.end), "instalments")
        if cell.end <= start:
            raise _is_paid("from_on", loan.rows[-1])
        loan.timeline.add_cell(cell)
        loan.rows.append(Row(number, start, cell.end, cadence.weights(number, 1)[0]))
    loan.timeline.go_on(cadence, loan.timeline.next_number + count)
    loan.rows_changed()


def _move_due_date(loan: RunningLoan, change: MoveDueDate) -> None:
    index = _index_of(loan, change.from_on, "from_on")
    row, to = loan.rows[index], change.to_on.toordinal()
    if row.is_paid:
        raise _is_paid("from_on", row)
    if to <= row.start:
        before = date.fromordinal(row.start)
        raise Refusal(
            "to_on", "out_of_order", f"the instalment must fall due after {before}",
            f"งวดนี้ต้องครบกำหนดหลังวันที่ {before}",
        )  # fmt: skip
    later = loan.free_rows(index + 1)
    cadence = loan.timeline.cadence.moved(row.number, change.to_on)
    due_on = cadence.dates(row.number + 1, len(later))
    if due_on and due_on[0] <= change.to_on:
        raise Refusal(
            "to_on", "out_of_order", f"the next instalment falls due on {due_on[0]}; move this one to a day before it",
            f"งวดถัดไปครบกำหนดวันที่ {due_on[0]} ให้เลื่อนมาก่อนวันนั้น",
        )  # fmt: skip
    if due_on:
        _check_year(due_on[-1], "to_on")
    loan.timeline.go_on(cadence, row.number + len(later) + 1)
    start = row.start
    for number, (moved, due) in enumerate(zip([row, *later], [change.to_on, *due_on], strict=True), start=row.number):
        moved.number, moved.start, moved.due = number, start, due.toordinal()
        if isinstance(cadence, NamedDates):
            for cell in cells_between(date.fromordinal(start), due, loan.terms.day_count):
                loan.timeline.add_cell(cell)
        else:
            loan.timeline.add_cell(_moved_cell(loan, cadence, number, start, moved.due))
        start = moved.due
    loan.rows[index:] = sorted(loan.rows[index:], key=attrgetter("due"))
    loan.rows_changed()
    if index == loan.at:
        loan.accrue_again()
    loan.relevel(index)
    note([row, *later], "move_due_date")


def _moved_cell(loan: RunningLoan, cadence: Steps | Harvests, number: int, start: int, due: int) -> Cell:
    """The first moved row may end off the cadence; its full period ends on the same date."""
    full_start_on, due_on = cadence.dates(number - 1, 2)
    nights = (due_on - full_start_on).days
    return loan.timeline.cell(number, start)._replace(end=due, nights=nights)


def _re_age(loan: RunningLoan, change: ReAge) -> None:
    on = change.on.toordinal()
    kept = [row for row in loan.open_rows() if row.paid_principal or row.paid_interest]
    loan.project()
    principal, interest = loan.pay_off()
    if change.interest == "full":
        interest = sum(row.unpaid_interest for row in loan.rows)
    interest = max(interest, 0)
    if not principal and not interest:
        raise Refusal(
            "on", "out_of_range", "nothing is left to be paid on this date; name an earlier one",
            "ไม่มียอดเหลือให้ชำระ ณ วันที่นี้ ให้ระบุวันก่อนหน้า",
        )  # fmt: skip
    _settle_as_paid([*loan.rows[: loan.at], *kept], "re_age")
    _check_rows(loan.at + len(kept) + change.instalments, "instalments")
    new = _new_rows(loan, change, on)
    note(kept, "re_age_kept")
    loan.re_age(kept, new, principal, interest)
    note(new, f"re_age_{change.interest}")


def _new_rows(loan: RunningLoan, change: ReAge, on: int) -> list[Row]:
    cadence = Steps(change.start_on, 1, change.every, loan.terms.month_end)
    try:
        due_on = cadence.dates(1, change.instalments)
    except (ValueError, OverflowError):
        due_on = [date(9999, 12, 31)]
    _check_year(due_on[-1], "instalments")
    loan.timeline.go_on(cadence, change.instalments + 1)
    # A first row that is due at once has no period, and what is late is measured by the new steps.
    loan.timeline.cut_cells(on)
    new, start = [], on
    for number, day in enumerate(due_on, start=1):
        due = day.toordinal()
        if due > start:
            loan.timeline.add_cell(loan.timeline.cell(number, start))
        new.append(Row(number, start, due, 1))
        start = due
    return new


def _re_amortise(loan: RunningLoan, change: ReAmortise) -> None:
    past = loan.rows[: loan.at]
    principal = sum(row.unpaid_principal for row in past)
    interest = sum(row.unpaid_interest for row in past)
    if not principal and not interest:
        raise Refusal(
            "on", "out_of_range", "nothing is overdue on this date; name a date after an instalment was missed",
            "ไม่มียอดค้างชำระ ณ วันที่นี้ ให้ระบุวันหลังงวดที่ผิดนัด",
        )  # fmt: skip
    start = loan.free_from()
    if start == len(loan.rows):
        raise Refusal(
            "on", "out_of_range", "no instalment is left to take the overdue amounts; use re_age",
            "ไม่มีงวดเหลือให้เฉลี่ยยอดค้าง ให้ใช้ re_age",
        )  # fmt: skip
    _settle_as_paid(past, "re_amortise")
    loan.balance += principal
    loan.overdue = 0
    loan.relevel(start, brought=interest)
    note(loan.rows[start:], "re_amortise")


def _settle_as_paid(rows: list[Row], mark: str) -> None:
    """A partly paid row is due what was paid; a row that nobody paid becomes zero."""
    for row in rows:
        if row.unpaid_principal or row.unpaid_interest:
            row.passed_on += row.unpaid_interest
            row.principal, row.interest = row.paid_principal, row.paid_interest
            note([row], f"{mark}_moved")


def _set_instalment(loan: RunningLoan, change: SetInstalment) -> None:
    index = _index_of(loan, change.due_on, "due_on")
    row = loan.rows[index]
    if index == len(loan.rows) - 1:
        raise Refusal(
            "due_on", "not_allowed", "the last instalment takes the residue; set an earlier one, or add one after it",
            "งวดสุดท้ายรับยอดคงเหลือทั้งหมด ให้กำหนดงวดก่อนหน้า",
        )  # fmt: skip
    if row.is_paid:
        raise _is_paid("due_on", row)
    _hold(loan, index, change.amount)
    note([row], "set_instalment")


def _add_instalment(loan: RunningLoan, change: AddInstalment) -> None:
    day = change.due_on.toordinal()
    if loan.matured or loan.rows[-1].due <= day:
        last = date.fromordinal(loan.rows[-1].due)
        raise Refusal(
            "due_on", "out_of_range", f"add an instalment before the last one, which is due on {last}; or use extend",
            f"ให้เพิ่มงวดก่อนงวดสุดท้ายวันที่ {last} หรือใช้ extend",
        )  # fmt: skip
    following = loan.rows[loan.at]
    if following.due == day:
        raise Refusal(
            "due_on", "duplicate", "an instalment falls due on this date already; use set_instalment",
            "มีงวดครบกำหนดวันนี้อยู่แล้ว ให้ใช้ set_instalment",
        )  # fmt: skip
    if day <= following.start:
        raise Refusal(
            "due_on", "out_of_order", "an instalment falls due after the day of disbursement; name a later day",
            "งวดต้องครบกำหนดหลังวันจ่ายเงินกู้ ให้ระบุวันหลังจากนั้น",
        )  # fmt: skip
    if following.is_paid:
        raise _is_paid("due_on", following)
    _check_rows(len(loan.rows) + 1, "type")
    row = Row(following.number, following.start, day, following.weight)
    row.lead, row.waits = following.lead, following.waits
    row.stretches, following.stretches = following.stretches, []
    loan.rows.insert(loan.at, row)
    following.start = day
    loan.rows_changed()
    if loan.shares_interest:
        loan.relevel(loan.at)
    _hold(loan, loan.at, change.amount)
    note([row], "add_instalment")


def _hold(loan: RunningLoan, index: int, amount: int) -> None:
    """A row keeps an amount; the later free rows are levelled again."""
    row = loan.rows[index]
    row.amount, row.held = amount, True
    row.lead = row.waits = False
    loan.rows_changed()
    loan.project()
    if row.principal + row.interest != amount:
        most = format_baht(row.principal + row.interest)
        raise Refusal(
            "amount", "out_of_range", f"all that is left to pay on this date is {most}; name at most as much",
            f"ยอดที่เหลือทั้งหมด ณ วันนี้คือ {most} ให้ระบุไม่เกินยอดนี้",
        )  # fmt: skip
    # Interest that a small set amount leaves unpaid lifts the next instalment, so that it is paid as early.
    owed = row.planned + loan.rounding.figure(*(loan.own + loan.late).as_integer_ratio())
    owed += loan.brought + loan.corrections + loan.waiting
    loan.free_rows(index + 1)[0].lifted_by = max(0, owed - row.interest)
    loan.relevel(index + 1)


def _index_of(loan: RunningLoan, day: date, field: str) -> int:
    ordinal = day.toordinal()
    for index in range(loan.at, len(loan.rows)):
        if loan.rows[index].due == ordinal:
            return index
    raise no_row_of(field)


def _must_be_before_the_end(loan: RunningLoan, field: str) -> None:
    if loan.free_from() == len(loan.rows):
        last = date.fromordinal(loan.rows[-1].due)
        raise Refusal(
            field, "out_of_range", f"no unpaid instalment is left on this date; name a date before {last}",
            f"ไม่มีงวดที่ยังไม่ชำระเหลือ ณ วันที่นี้ ให้ระบุวันก่อน {last}",
        )  # fmt: skip


def _check_rows(count: int, field: str) -> None:
    if count > ROWS_MAX:
        by_number = field == "instalments"
        mend_en = "name fewer instalments" if by_number else "drop one of its instalments first"
        mend_th = "ให้ลดจำนวนงวด" if by_number else "ให้ตัดงวดอื่นออกก่อน"
        raise Refusal(
            field, "out_of_range", f"a schedule has at most {ROWS_MAX} rows; {mend_en}",
            f"ตารางมีได้ไม่เกิน {ROWS_MAX} งวด {mend_th}",
        )  # fmt: skip


def _check_year(day: date, field: str) -> None:
    if day.year > LAST_YEAR:
        raise Refusal(
            field, "out_of_range", f"the last due date lies after the year {LAST_YEAR}; name fewer instalments",
            f"งวดสุดท้ายเกินปี ค.ศ. {LAST_YEAR} ให้ลดจำนวนงวด",
        )  # fmt: skip


def _is_paid(field: str, row: Row) -> Refusal:
    day = date.fromordinal(row.due)
    return Refusal(
        field, "not_allowed",
        f"the instalment of {day} is paid, in whole or in part; paid rows are never changed, so name a later one",
        f"งวดวันที่ {day} ชำระแล้วทั้งหมดหรือบางส่วน งวดที่ชำระแล้วเปลี่ยนไม่ได้ ให้ระบุงวดถัดไป",
    )  # fmt: skip


_APPLY: Mapping[type, Callable[[RunningLoan, Any], None]] = {
    RateChange: _rate_change,
    InterestPause: _interest_pause,
    Drawdown: _drawdown,
    Extend: _extend,
    PrincipalHoliday: _principal_holiday,
    MoveDueDate: _move_due_date,
    ReAge: _re_age,
    ReAmortise: _re_amortise,
    SetInstalment: _set_instalment,
    AddInstalment: _add_instalment,
}
