"""What no schedule can be made of: a problem for every field that is wrong, with the way to mend it."""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from services.debt.errors import LoanTermsInvalid
from services.debt.loans.schedules.calendar_dates import cadence_of
from services.debt.loans.schedules.terms import (
    EVERY_MAX,
    HARVEST_MONTHS_MAX,
    LAST_YEAR,
    ROWS_MAX,
    DayCount,
    LoanTerms,
    Method,
)
from shared.kernel.errors import FieldProblem

MULTIPLE_MAX = 1_000_000
DISBURSED_FROM = date(1900, 1, 1)


def check_terms(terms: LoanTerms) -> None:
    """Raises ``LoanTermsInvalid`` with one problem per field that no schedule can be made of."""
    problems = list(_problems(terms))
    if not problems:
        problems = list(_problems_of_dates(terms))
    if problems:
        raise LoanTermsInvalid(problems[0].message_en, problems[0].message_th, problems)


def _problems(terms: LoanTerms) -> Iterator[FieldProblem]:
    if terms.principal <= 0:
        yield FieldProblem("principal", "out_of_range", "the principal must be positive", "เงินต้นต้องมากกว่าศูนย์")
    yield from _problems_of_rates(terms)
    if not 1 <= terms.instalments <= ROWS_MAX:
        yield FieldProblem(
            "instalments", "out_of_range", f"the number of instalments lies from 1 to {ROWS_MAX}",
            f"จำนวนงวดต้องอยู่ระหว่าง 1 ถึง {ROWS_MAX}",
        )  # fmt: skip
    if terms.first_due_on is not None and terms.first_due_on <= terms.disbursed_on:
        yield FieldProblem(
            "first_due_on", "out_of_order", "the first instalment falls due after the day of disbursement",
            "งวดแรกต้องครบกำหนดหลังวันจ่ายเงินกู้",
        )  # fmt: skip
    yield from _problems_of_graces(terms)
    yield from _problems_of_percent(terms)
    yield from _problems_of_multiples(terms)
    yield from _problems_of_calendar(terms)


def _problems_of_rates(terms: LoanTerms) -> Iterator[FieldProblem]:
    if not 0 <= terms.annual_rate <= 1:
        yield FieldProblem(
            "annual_rate", "out_of_range", "the rate per year lies from 0 to 1: 0.0850 is 8.5 %",
            "อัตราต่อปีต้องอยู่ระหว่าง 0 ถึง 1 เช่น 0.0850 คือร้อยละ 8.5",
        )  # fmt: skip
    if terms.period_rate is not None and not 0 <= terms.period_rate <= 1:
        yield FieldProblem(
            "period_rate", "out_of_range", "the rate per period lies from 0 to 1: 0.0100 is 1 % a period",
            "อัตราต่องวดต้องอยู่ระหว่าง 0 ถึง 1 เช่น 0.0100 คือร้อยละ 1 ต่องวด",
        )  # fmt: skip
    if (terms.day_count is DayCount.PER_PERIOD) != (terms.period_rate is not None):
        yield FieldProblem(
            "period_rate", "not_allowed", "a rate per period and the day count per_period belong together: give both",
            "อัตราต่องวดใช้คู่กับวิธีนับวัน per_period เท่านั้น ให้ระบุทั้งสองอย่าง",
        )  # fmt: skip


def _problems_of_graces(terms: LoanTerms) -> Iterator[FieldProblem]:
    for field, grace in (("principal_grace", terms.principal_grace), ("interest_grace", terms.interest_grace)):
        if not 0 <= grace < max(terms.instalments, 1):
            yield FieldProblem(
                field, "out_of_range", "a grace leaves at least one instalment: name fewer rows than instalments",
                "จำนวนงวดปลอดชำระต้องน้อยกว่าจำนวนงวดทั้งหมด",
            )  # fmt: skip


def _problems_of_percent(terms: LoanTerms) -> Iterator[FieldProblem]:
    percent = terms.principal_percent
    if terms.method is Method.FIXED_PRINCIPAL_PERCENT and percent is None:
        yield FieldProblem(
            "principal_percent", "missing_value", "this method needs the part of the principal that each row pays",
            "วิธีนี้ต้องระบุร้อยละของเงินต้นที่ชำระต่องวด",
        )  # fmt: skip
    if percent is None:
        return
    if terms.method not in (Method.FIXED_PRINCIPAL_PERCENT, Method.FLAT):
        yield FieldProblem(
            "principal_percent", "not_allowed",
            "it belongs to the methods fixed_principal_percent and flat; leave it out, or change the method",
            "ใช้ได้เฉพาะวิธี fixed_principal_percent และ flat ให้ตัดออกหรือเปลี่ยนวิธี",
        )  # fmt: skip
    paying = terms.instalments - 1 - terms.principal_grace
    if not 0 < percent <= 100 or percent * paying > 100:
        yield FieldProblem(
            "principal_percent", "out_of_range",
            f"more than 0, and at most 100 over the {paying} rows before the last: 5 is 5 % of the principal a row",
            f"ต้องมากกว่า 0 และ {paying} งวดก่อนงวดสุดท้ายรวมกันไม่เกิน 100 เช่น 5 คือร้อยละ 5 ของเงินต้นต่องวด",
        )  # fmt: skip


def _problems_of_multiples(terms: LoanTerms) -> Iterator[FieldProblem]:
    for field, multiple in (
        ("instalment_multiple", terms.instalment_multiple),
        ("currency_multiple", terms.currency_multiple),
    ):
        if not 1 <= multiple <= MULTIPLE_MAX:
            yield FieldProblem(
                field, "out_of_range", "a multiple lies from 0.01 to 10000.00 baht: 0.01, 1, 20 and 100 are usual",
                "ต้องอยู่ระหว่าง 0.01 ถึง 10000.00 บาท เช่น 0.01 1 20 หรือ 100",
            )  # fmt: skip


def _problems_of_calendar(terms: LoanTerms) -> Iterator[FieldProblem]:
    if terms.harvest_months and terms.every is not None:
        yield FieldProblem(
            "harvest_months", "not_allowed",
            "due dates come from harvest months or from every (in a file, the frequency); keep one of them",
            "ให้ระบุอย่างใดอย่างหนึ่งเท่านั้น: เดือนเก็บเกี่ยว หรือ every (ในไฟล์คือความถี่ของงวด)",
        )  # fmt: skip
    elif terms.due_dates and (terms.every is not None or terms.harvest_months):
        yield FieldProblem(
            "due_dates", "not_allowed", "due dates come from one of every, harvest_months and due_dates; keep one",
            "ให้ระบุอย่างใดอย่างหนึ่งเท่านั้น: every harvest_months หรือ due_dates",
        )  # fmt: skip
    elif terms.due_dates:
        yield from _problems_of_due_dates(terms)
    elif terms.every is None:
        yield from _problems_of_harvests(terms)
    elif not 1 <= terms.every.count <= EVERY_MAX[terms.every.unit]:
        most = EVERY_MAX[terms.every.unit]
        yield FieldProblem(
            "every.count", "out_of_range", f"from 1 to {most} {terms.every.unit}s",
            f"ต้องอยู่ระหว่าง 1 ถึง {most}",
        )  # fmt: skip


def _problems_of_due_dates(terms: LoanTerms) -> Iterator[FieldProblem]:
    dates = terms.due_dates
    if dates[0] <= terms.disbursed_on or any(later <= earlier for earlier, later in pairwise(dates)):
        yield FieldProblem(
            "due_dates", "out_of_order", "after the day of disbursement, each later than the one before",
            "ต้องอยู่หลังวันจ่ายเงินกู้และเรียงจากก่อนไปหลังโดยไม่ซ้ำกัน",
        )  # fmt: skip
    if len(dates) != terms.instalments:
        yield FieldProblem(
            "instalments", "mismatch", f"{len(dates)} due dates are named; give the same number or leave it out",
            f"ระบุวันครบกำหนดไว้ {len(dates)} วัน จำนวนงวดต้องตรงกันหรือไม่ต้องระบุ",
        )  # fmt: skip
    if terms.first_due_on is not None and terms.first_due_on != dates[0]:
        yield FieldProblem(
            "first_due_on", "mismatch", "it is the first of the due dates; leave it out",
            "ต้องตรงกับวันแรกใน due_dates หรือไม่ต้องระบุ",
        )  # fmt: skip


def _problems_of_harvests(terms: LoanTerms) -> Iterator[FieldProblem]:
    months = [harvest.month for harvest in terms.harvest_months]
    if not 1 <= len(months) <= HARVEST_MONTHS_MAX or len(set(months)) != len(months):
        yield FieldProblem(
            "harvest_months", "out_of_range", f"name one to {HARVEST_MONTHS_MAX} different harvest months",
            f"ระบุเดือนเก็บเกี่ยวที่ไม่ซ้ำกันหนึ่งถึง {HARVEST_MONTHS_MAX} เดือน",
        )  # fmt: skip
    if not all(1 <= harvest.month <= 12 and harvest.weight > 0 for harvest in terms.harvest_months):
        yield FieldProblem(
            "harvest_months", "invalid_code", "a harvest month is a number from 1 to 12 with a positive weight",
            "เดือนเก็บเกี่ยวเป็นเลข 1 ถึง 12 และน้ำหนักต้องมากกว่าศูนย์",
        )  # fmt: skip
    elif terms.first_due_on is not None and months and terms.first_due_on.month not in months:
        yield FieldProblem(
            "first_due_on", "not_a_harvest_month", "the first instalment falls due in a harvest month",
            "งวดแรกต้องครบกำหนดในเดือนเก็บเกี่ยว",
        )  # fmt: skip


def _problems_of_dates(terms: LoanTerms) -> Iterator[FieldProblem]:
    """Dates that no calendar of ours holds, once everything else is right."""
    if not DISBURSED_FROM <= terms.disbursed_on <= date(LAST_YEAR, 12, 31):
        yield FieldProblem(
            "disbursed_on", "out_of_range", f"a day from {DISBURSED_FROM} to the end of {LAST_YEAR}",
            f"ต้องอยู่ระหว่าง {DISBURSED_FROM} ถึงสิ้นปี {LAST_YEAR}",
        )  # fmt: skip
        return
    try:
        last = cadence_of(terms).dates(terms.instalments, 1)[0]
    except (ValueError, OverflowError):
        last = date.max
    if last.year > LAST_YEAR:
        yield FieldProblem(
            "instalments", "out_of_range", f"the last due date lies after the year {LAST_YEAR}; name fewer instalments",
            f"งวดสุดท้ายเกินปี ค.ศ. {LAST_YEAR} ให้ลดจำนวนงวด",
        )  # fmt: skip
