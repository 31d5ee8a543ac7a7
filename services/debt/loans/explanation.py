"""Why a row of a schedule is what it is: rate, nights, rounding and rule, in English and in Thai.

Built only when somebody asks for it: a schedule of a whole book never pays for its explanations.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from services.debt.loans.schedule import DAYS_IN_YEAR, DayCount, Frequency, Method, Schedule
from shared.kernel.money import format_baht
from shared.kernel.thai import format_thai_date


@dataclass(frozen=True, slots=True)
class Explanation:
    """One row, explained. ``factor`` is the exact part of the balance that is this period's interest."""

    number: int
    starts_on: date
    due_on: date
    nights: int
    annual_rate: Decimal
    day_count: DayCount
    factor: Fraction
    method: Method
    is_last: bool
    text_en: str
    text_th: str


def explain(schedule: Schedule, number: int) -> Explanation:
    """The explanation of row ``number`` (from 1). Raises ``IndexError`` if there is no such row."""
    if not 1 <= number <= len(schedule.due_on):
        raise IndexError(f"the schedule has no row {number}")
    index = number - 1
    starts_on = schedule.due_on[index - 1] if index else schedule.starts_on
    due_on = schedule.due_on[index]
    interest_en, interest_th = _interest(schedule, index, starts_on)
    principal_en, principal_th = _principal(schedule, index)
    return Explanation(
        number=number,
        starts_on=starts_on,
        due_on=due_on,
        nights=(due_on - starts_on).days,
        annual_rate=schedule.terms.annual_rate,
        day_count=schedule.terms.day_count,
        factor=Fraction(*schedule.factors[index]),
        method=schedule.terms.method,
        is_last=number == len(schedule.due_on),
        text_en=f"{interest_en} {principal_en}",
        text_th=f"{interest_th} {principal_th}",
    )


def _interest(schedule: Schedule, index: int, starts_on: date) -> tuple[str, str]:
    terms, due_on = schedule.terms, schedule.due_on[index]
    amount = format_baht(schedule.interest[index], thousands=True)
    percent = format((terms.annual_rate * 100).normalize(), "f")
    if terms.method is Method.FLAT:
        principal = format_baht(terms.principal, thousands=True)
        return (
            f"Interest {amount}: a share of {percent} % a year on the original {principal} over the whole term "
            f"({terms.day_count}), rounded half up once and spread over the rows.",
            f"ดอกเบี้ย {amount}: ส่วนเฉลี่ยของดอกเบี้ยร้อยละ {percent} ต่อปีจากเงินต้นเดิม {principal} ตลอดสัญญา "
            f"({terms.day_count}) ปัดเศษครึ่งขึ้นครั้งเดียวแล้วเฉลี่ยทุกงวด",
        )
    balance = format_baht(schedule.opening_balance - sum(schedule.principal[:index]), thousands=True)
    nights = (due_on - starts_on).days
    part_en, part_th = _part_of_year(schedule, index, nights)
    return (
        f"Interest {amount} = {balance} x {percent} % x {part_en}, {nights} nights from {starts_on} to {due_on}, "
        "rounded half up to the satang.",
        f"ดอกเบี้ย {amount} = {balance} x ร้อยละ {percent} x {part_th} รวม {nights} คืน "
        f"ตั้งแต่ {format_thai_date(starts_on)} ถึง {format_thai_date(due_on)} ปัดเศษครึ่งสตางค์ขึ้น",
    )


def _part_of_year(schedule: Schedule, index: int, nights: int) -> tuple[str, str]:
    if schedule.terms.day_count is DayCount.ACTUAL_365:
        return f"{nights}/{DAYS_IN_YEAR} (actual/365)", f"{nights}/{DAYS_IN_YEAR} (จำนวนวันจริง/365)"
    months = schedule.calendar.months[index]
    full_nights = (schedule.due_on[index] - schedule.calendar.full_start_on).days
    if index or nights == full_nights:
        return f"{months}/12 (30/360, a full period)", f"{months}/12 (30/360 เต็มงวด)"
    return (
        f"{months}/12 x {nights}/{full_nights} (30/360, the first period prorated by its nights)",
        f"{months}/12 x {nights}/{full_nights} (30/360 งวดแรกคิดตามสัดส่วนจำนวนคืน)",
    )


def _principal(schedule: Schedule, index: int) -> tuple[str, str]:
    principal = format_baht(schedule.principal[index], thousands=True)
    total = format_baht(schedule.principal[index] + schedule.interest[index], thousands=True)
    if index == len(schedule.due_on) - 1:
        return (
            f"Principal {principal}: the last row takes all that remains, so the instalment is {total}.",
            f"เงินต้น {principal}: งวดสุดท้ายรับเงินต้นคงเหลือทั้งหมด ยอดชำระ {total}",
        )
    by_weight_en, by_weight_th = "", ""
    if schedule.terms.frequency is Frequency.HARVEST and len(set(schedule.calendar.weights)) > 1:
        weight, weights = schedule.calendar.weights[index], sum(schedule.calendar.weights)
        by_weight_en = f" (weight {weight} of {weights} by expected income)"
        by_weight_th = f" (น้ำหนัก {weight} จาก {weights} ตามรายได้ที่คาด)"
    if schedule.terms.method is Method.EQUAL_INSTALMENT:
        return (
            f"Principal {principal} = instalment {total}{by_weight_en} - interest.",
            f"เงินต้น {principal} = ยอดชำระต่องวด {total}{by_weight_th} - ดอกเบี้ย",
        )
    opening = format_baht(schedule.opening_balance, thousands=True)
    return (
        f"Principal {principal}: an equal share of {opening}{by_weight_en}, rounded half up; instalment {total}.",
        f"เงินต้น {principal}: ส่วนเฉลี่ยของ {opening}{by_weight_th} ปัดเศษครึ่งขึ้น ยอดชำระ {total}",
    )
