"""What is wrong with a change before the loan is looked at: its dates and figures alone."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import date

from services.debt.loans.schedules.changes import FIELDS, effective_on
from services.debt.loans.schedules.terms import (
    EVERY_MAX,
    LAST_YEAR,
    ROWS_MAX,
    AddInstalment,
    Change,
    DayCount,
    Drawdown,
    Extend,
    InterestPause,
    LoanTerms,
    MoveDueDate,
    PrincipalHoliday,
    RateChange,
    ReAge,
    ReAmortise,
    SetInstalment,
)
from shared.kernel.errors import FieldProblem

_LAST_DAY = date(LAST_YEAR, 12, 31)


def problems_of_change(
    index: int, change: Change, terms: LoanTerms, as_of: date | None
) -> Iterator[FieldProblem]:  # fmt: skip
    """One problem per field that is wrong."""
    first = terms.disbursed_on
    for field, day in _dates(change):
        wire = f"changes.{index}.{FIELDS.get(field, field)}"
        if not first <= day <= _LAST_DAY:
            yield FieldProblem(
                wire, "out_of_order", f"from the day of disbursement, {first}, to the end of {LAST_YEAR}",
                f"ต้องอยู่ระหว่างวันจ่ายเงินกู้ {first} ถึงสิ้นปี ค.ศ. {LAST_YEAR}",
            )  # fmt: skip
    if isinstance(change, ReAge) and change.start_on == first:
        yield FieldProblem(
            f"changes.{index}.start_on", "out_of_order", f"after the day of disbursement, {first}",
            f"ต้องอยู่หลังวันจ่ายเงินกู้ {first}",
        )  # fmt: skip
    yield from _problems_of_figures(index, change, terms)
    yield from _problems_of_order(index, change, as_of)


def _dates(change: Change) -> Iterator[tuple[str, date]]:
    for field in fields(change):
        value = getattr(change, field.name)
        if isinstance(value, date):
            yield field.name, value


def _problems_of_figures(index: int, change: Change, terms: LoanTerms) -> Iterator[FieldProblem]:
    if isinstance(change, RateChange):
        per_period = terms.day_count is DayCount.PER_PERIOD
        if not 0 <= change.rate <= 1:
            yield FieldProblem(
                f"changes.{index}.{'period_rate' if per_period else 'annual_rate'}", "out_of_range",
                "a rate lies from 0 to 1: 0.0850 is 8.5 %", "อัตราต้องอยู่ระหว่าง 0 ถึง 1 เช่น 0.0850 คือร้อยละ 8.5",
            )  # fmt: skip
    if isinstance(change, Extend | PrincipalHoliday | ReAge) and not 1 <= change.instalments <= ROWS_MAX:
        yield FieldProblem(
            f"changes.{index}.instalments", "out_of_range", f"from 1 to {ROWS_MAX} instalments",
            f"ต้องอยู่ระหว่าง 1 ถึง {ROWS_MAX} งวด",
        )  # fmt: skip
    if isinstance(change, ReAge) and not 1 <= change.every.count <= EVERY_MAX[change.every.unit]:
        most = EVERY_MAX[change.every.unit]
        yield FieldProblem(
            f"changes.{index}.every.count", "out_of_range", f"from 1 to {most} {change.every.unit}s",
            f"ต้องอยู่ระหว่าง 1 ถึง {most}",
        )  # fmt: skip
    if isinstance(change, Drawdown) and change.amount <= 0:
        yield FieldProblem(
            f"changes.{index}.amount", "out_of_range", "a drawdown is more than nothing", "จำนวนเงินต้องมากกว่าศูนย์"
        )
    if isinstance(change, SetInstalment | AddInstalment) and change.amount < 0:
        yield FieldProblem(
            f"changes.{index}.amount", "out_of_range", "an instalment is not negative", "ยอดชำระต้องไม่ติดลบ"
        )


def _problems_of_order(index: int, change: Change, as_of: date | None) -> Iterator[FieldProblem]:
    if isinstance(change, InterestPause) and change.to_on < change.from_on:
        yield FieldProblem(
            f"changes.{index}.to", "out_of_order", "the last day of the pause must not be before its first",
            "วันสุดท้ายที่พักดอกเบี้ยต้องไม่ก่อนวันแรก",
        )  # fmt: skip
    if isinstance(change, MoveDueDate) and change.to_on == change.from_on:
        yield FieldProblem(
            f"changes.{index}.to", "out_of_order", "name another date than the one it moves from",
            "ต้องเป็นวันอื่นที่ไม่ใช่วันเดิม",
        )  # fmt: skip
    if isinstance(change, ReAge) and change.start_on < change.on:
        yield FieldProblem(
            f"changes.{index}.start_on", "out_of_order", "must not lie before the re-ageing",
            "งวดใหม่งวดแรกต้องไม่ครบกำหนดก่อนวันจัดงวดใหม่",
        )  # fmt: skip
    if isinstance(change, ReAge | ReAmortise) and as_of is not None and effective_on(change) > as_of:
        yield FieldProblem(
            f"changes.{index}.on", "out_of_order",
            f"what is unpaid is known up to as_of, {as_of}; name a day up to it, or a later as_of",
            f"ทราบยอดค้างชำระถึง as_of คือ {as_of} ให้ระบุวันไม่หลังวันนั้นหรือเลื่อน as_of",
        )  # fmt: skip
