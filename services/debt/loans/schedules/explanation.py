"""Why a row is what it is: rate, nights, rounding and rule, in English and in Thai.

Texts that many rows share are made once, and those that many contracts share are remembered; only the balance differs
from row to row.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import accumulate, pairwise
from operator import attrgetter, sub
from typing import NamedTuple

from services.debt.loans.schedules.calendar_dates import Cell
from services.debt.loans.schedules.day_counts import Factor, by_cells, part_of_nights
from services.debt.loans.schedules.history import Table
from services.debt.loans.schedules.methods import Rounding, rounding_of
from services.debt.loans.schedules.running import Row, RunningLoan, Stretch
from services.debt.loans.schedules.table import Schedule
from services.debt.loans.schedules.terms import DayCount, LoanTerms, Method
from shared.kernel.money import format_baht

STRETCHES_SHOWN_MAX = 6
TEXTS_REMEMBERED_MAX = 4096  # a megabyte or two; rates and lengths of periods are few


class Bilingual(NamedTuple):
    """One text in both languages."""

    en: str
    th: str


class Explained(NamedTuple):
    """Rows with their explanations, as columns of equal length. Amounts in satang.

    ``balance`` is the principal that remains after a row; ``paid`` is None where no payments were given.
    """

    due_on: Sequence[date]
    principal: Sequence[int]
    interest: Sequence[int]
    balance: Sequence[int]
    paid: Sequence[int] | None
    explain_en: Sequence[str]
    explain_th: Sequence[str]


_RULES: Mapping[Method, Bilingual] = {
    Method.EQUAL_INSTALMENT: Bilingual(
        "Principal = level instalment - interest.", "เงินต้น = ยอดชำระเท่ากันทุกงวด - ดอกเบี้ย"
    ),
    Method.EQUAL_PRINCIPAL: Bilingual(
        "Principal: an equal share of the principal by weight.", "เงินต้น: ส่วนเฉลี่ยเท่ากันของเงินต้นตามน้ำหนัก"
    ),
    Method.FIXED_PRINCIPAL_PERCENT: Bilingual(
        "Principal: a fixed percentage of the principal disbursed.", "เงินต้น: ร้อยละคงที่ของเงินต้นที่จ่าย"
    ),
    Method.FLAT: Bilingual("Principal: a share of the principal.", "เงินต้น: ส่วนเฉลี่ยของเงินต้น"),
    Method.BULLET: Bilingual(
        "Interest only; the principal falls due at the end.", "ชำระเฉพาะดอกเบี้ย เงินต้นครบกำหนดงวดสุดท้าย"
    ),
}
_LAST = Bilingual("The last row takes all that remains.", "งวดสุดท้ายรับยอดคงเหลือทั้งหมด")
_GRACE = Bilingual("Grace: no principal falls due.", "ปลอดชำระเงินต้น: ไม่มีเงินต้นครบกำหนด")
_HELD = Bilingual("The amount was set by hand and stays; interest first.", "ยอดชำระกำหนดเองและคงไว้ ตัดดอกเบี้ยก่อน")
_WAITS = Bilingual(
    "Interest grace: this interest falls due with the first row after it.",
    "ปลอดชำระดอกเบี้ย: ดอกเบี้ยนี้ครบกำหนดพร้อมงวดแรกหลังพ้นระยะ",
)
_NOTES: Mapping[str, Bilingual] = {
    "rate_change": Bilingual("Levelled again at the new rate.", "คำนวณยอดใหม่ตามอัตราใหม่"),
    "interest_pause": Bilingual(
        "Nights of the interest pause bear none; the instalment stays.", "คืนที่พักดอกเบี้ยไม่คิดดอกเบี้ย ยอดชำระคงเดิม"
    ),
    "drawdown": Bilingual("Levelled again after a further drawdown.", "คำนวณยอดใหม่หลังเบิกเงินกู้เพิ่ม"),
    "extend": Bilingual("Levelled again over the longer term.", "คำนวณยอดใหม่ตามระยะเวลาที่ขยาย"),
    "principal_holiday": Bilingual("Principal holiday: no principal falls due.", "พักชำระเงินต้น: ไม่มีเงินต้นครบกำหนด"),
    "move_due_date": Bilingual("Levelled again after the due date moved.", "คำนวณยอดใหม่หลังเลื่อนวันครบกำหนด"),
    "re_age_to_date": Bilingual(
        "Re-aged: an equal share of the unpaid principal and of the interest payable to date.",
        "จัดงวดใหม่: ส่วนเฉลี่ยเท่ากันของเงินต้นค้างและดอกเบี้ยถึงวันจัดงวดใหม่",
    ),
    "re_age_full": Bilingual(
        "Re-aged: an equal share of the unpaid principal and of the full interest of the old schedule.",
        "จัดงวดใหม่: ส่วนเฉลี่ยเท่ากันของเงินต้นค้างและดอกเบี้ยทั้งหมดตามตารางเดิม",
    ),
    "re_age_moved": Bilingual("What was unpaid is in the re-aged rows.", "ยอดค้างย้ายไปงวดที่จัดใหม่"),
    "re_amortise": Bilingual("Overdue amounts are spread over these rows.", "เฉลี่ยยอดค้างชำระในงวดเหล่านี้"),
    "re_amortise_moved": Bilingual("What was unpaid is spread over the later rows.", "ยอดค้างเฉลี่ยไปงวดถัดไป"),
    "set_instalment": _HELD,
    "add_instalment": Bilingual("Added by hand.", "เพิ่มงวดโดยเจ้าหน้าที่"),
    "drop_instalment": Bilingual("Levelled again after a row was dropped.", "คำนวณยอดใหม่หลังตัดงวด"),
}


def percent_of(rate: Decimal) -> str:
    """``8.5`` for 0.085."""
    return format((rate * 100).normalize(), "f")


def explained_schedule(schedule: Schedule) -> Explained:
    """The rows of a contract, each with its explanation."""
    terms = schedule.terms
    tails = _tails(terms, _measures(schedule))
    balances = list(accumulate(schedule.principal, sub, initial=schedule.opening_balance))
    if terms.method is Method.FLAT:
        interest_on = [format_baht(balances[0], thousands=True)] * len(tails)  # the principal disbursed, in every row
    else:
        interest_on = [format_baht(balance, thousands=True) for balance in balances[:-1]]
    return Explained(
        schedule.due_on,
        schedule.principal,
        schedule.interest,
        balances[1:],
        None,
        [shown + tail.en for shown, tail in zip(interest_on, tails, strict=True)],
        [shown + tail.th for shown, tail in zip(interest_on, tails, strict=True)],
    )


class Measure(NamedTuple):
    """The length of a period: its nights, and the part of the rate that they bear."""

    nights: int
    part: str


def _tails(terms: LoanTerms, measures: Sequence[Measure]) -> list[Bilingual]:
    """What follows the balance in each row's explanation, made once for rows of one length under the usual rule."""
    basis = Basis(terms.method, terms.rate, terms.day_count, rounding_of(terms))
    usual = {measure: _tail(basis, measure, (_RULES[terms.method],)) for measure in set(measures)}
    tails = [usual[measure] for measure in measures]
    last = len(measures) - 1
    for index in {*range(min(len(measures), max(terms.principal_grace, terms.interest_grace))), last}:
        rule = _LAST if index == last else _GRACE if index < terms.principal_grace else _RULES[terms.method]
        tails[index] = _tail(basis, measures[index], (rule, _WAITS) if index < terms.interest_grace else (rule,))
    return tails


class Basis(NamedTuple):
    """What the texts of a contract stand on besides the length of a period."""

    method: Method
    rate: Decimal
    day_count: DayCount
    rounding: Rounding


@lru_cache(maxsize=TEXTS_REMEMBERED_MAX)
def _tail(basis: Basis, measure: Measure, rules: tuple[Bilingual, ...]) -> Bilingual:
    rule_en = " ".join(rule.en for rule in rules)
    rule_th = " ".join(rule.th for rule in rules)
    day_count, percent, rounding = basis.day_count, percent_of(basis.rate), _rounding(basis.rounding)
    unit_en, unit_th = _unit(day_count)
    if basis.method is Method.FLAT:
        return Bilingual(
            f" x {percent} % {unit_en} over the whole term ({day_count}), spread over the rows "
            f"= interest; this one has {measure.nights} nights. {rounding.en} {rule_en}",
            f" x ร้อยละ {percent} {unit_th} ตลอดสัญญา ({day_count}) เฉลี่ยทุกงวด = ดอกเบี้ย "
            f"งวดนี้มี {measure.nights} คืน {rounding.th} {rule_th}",
        )
    return Bilingual(
        f" x {percent} % {unit_en} x {measure.part} ({day_count}, {measure.nights} nights) = "
        f"interest. {rounding.en} {rule_en}",
        f" x ร้อยละ {percent} {unit_th} x {measure.part} ({day_count} รวม {measure.nights} คืน) = "
        f"ดอกเบี้ย {rounding.th} {rule_th}",
    )


def _measures(schedule: Schedule) -> list[Measure]:
    """The length of each period; those of equal lengths share one."""
    day_count = schedule.terms.day_count
    ends = [day.toordinal() for day in schedule.due_on]
    if not by_cells(day_count):
        periods = list(pairwise([schedule.starts_on.toordinal(), *ends]))
        if day_count is DayCount.ACTUAL_ACTUAL:
            return [Measure(end - begin, _by_nights(day_count, begin, end)) for begin, end in periods]
        of_nights = {end - begin: Measure(end - begin, _by_nights(day_count, begin, end)) for begin, end in periods}
        return [of_nights[end - begin] for begin, end in periods]
    of_cell: dict[tuple[int, int, int], Measure] = {}
    measures: list[Measure] = []
    pending: list[Measure] = []
    for cell in schedule.calendar.cells:
        start, end, days, full_nights = cell
        key = (days, end - start, full_nights)
        measure = of_cell.get(key)
        if measure is None:
            measure = of_cell[key] = Measure(end - start, _by_cell(day_count, cell, end - start))
        pending.append(measure)
        if end == ends[len(measures)]:
            measures.append(measure if len(pending) == 1 else _together(pending))
            pending = []
    return measures


def _together(measures: Sequence[Measure]) -> Measure:
    return Measure(sum(one.nights for one in measures), f"({' + '.join(one.part for one in measures)})")


def explained_table(table: Table, *, with_payments: bool) -> Explained:
    """The rows of a loan with a history, each with its explanation."""
    rows, last = table.rows, len(table.rows) - 1
    texts = [_explain(table.loan, row, is_last=index == last) for index, row in enumerate(rows)]
    return Explained(
        [date.fromordinal(row.due) for row in rows],
        [row.principal for row in rows],
        [row.interest for row in rows],
        table.balances,
        [row.paid_principal + row.paid_interest for row in rows] if with_payments else None,
        [text.en for text in texts],
        [text.th for text in texts],
    )


def _explain(loan: RunningLoan, row: Row, *, is_last: bool) -> Bilingual:
    terms = loan.terms
    re_arranged = any(note.endswith("_moved") or note.startswith("re_age") for note in row.notes)
    rules = [_NOTES[note] for note in row.notes]
    if not re_arranged or is_last:
        rules.append(_LAST if is_last else _HELD if row.held else _GRACE if row.lead else _RULES[terms.method])
    if row.waits:
        rules.append(_WAITS)
    stretches = row.stretches
    if not stretches or stretches[-1].end < row.due:
        begin = stretches[-1].end if stretches else row.start
        balance = 0 if loan.shares_interest else row.opening
        stretches = [
            *stretches,
            *(Stretch(start, end, rate, balance, 0, 0) for start, end, rate in loan.stretches(begin, row.due)),
        ]
    sums = _sums(loan, row, stretches)
    rounding = _rounding(loan.rounding)
    nights = row.due - row.start
    rules_en, rules_th = " ".join(rule.en for rule in rules), " ".join(rule.th for rule in rules)
    return Bilingual(
        f"{sums.en} ({terms.day_count}, {nights} nights) = interest. {rounding.en} {rules_en}",
        f"{sums.th} ({terms.day_count} รวม {nights} คืน) = ดอกเบี้ย {rounding.th} {rules_th}",
    )


def _sums(loan: RunningLoan, row: Row, stretches: Sequence[Stretch]) -> Bilingual:
    unit_en, unit_th = _unit(loan.terms.day_count)
    parts_en, parts_th = [], []
    if row.planned:
        planned = format_baht(row.planned, thousands=True)
        parts_en.append(f"{planned} agreed")
        parts_th.append(f"{planned} ตามที่ตกลง")
    for stretch in _joined(stretches)[:STRETCHES_SHOWN_MAX]:
        percent = _percent(stretch.rate)
        part = _part(loan, stretch)
        if stretch.balance:
            shown = format_baht(stretch.balance, thousands=True)
            parts_en.append(f"{shown} x {percent} % {unit_en} x {part}")
            parts_th.append(f"{shown} x ร้อยละ {percent} {unit_th} x {part}")
        if stretch.overdue:
            shown = format_baht(stretch.overdue, thousands=True)
            parts_en.append(f"unpaid {shown} x {percent} % {unit_en} x {part}")
            parts_th.append(f"เงินต้นค้าง {shown} x ร้อยละ {percent} {unit_th} x {part}")
    if len(_joined(stretches)) > STRETCHES_SHOWN_MAX:
        parts_en.append("…")
        parts_th.append("…")
    return Bilingual(" + ".join(parts_en) or "0.00", " + ".join(parts_th) or "0.00")


def _joined(stretches: Sequence[Stretch]) -> list[Stretch]:
    """Stretches that follow each other with the same rate and balances are one."""
    joined: list[Stretch] = []
    for stretch in stretches:
        if joined and joined[-1].end == stretch.start and joined[-1][2:] == stretch[2:]:
            joined[-1] = joined[-1]._replace(end=stretch.end)
        else:
            joined.append(stretch)
    return joined


def _part(loan: RunningLoan, stretch: Stretch) -> str:
    day_count = loan.terms.day_count
    if not by_cells(day_count):
        return _by_nights(day_count, stretch.start, stretch.end)
    parts = []
    index = bisect_right(loan.cells, stretch.start, key=attrgetter("start")) - 1
    while index < len(loan.cells) and loan.cells[index].start < stretch.end:
        cell = loan.cells[index]
        nights = min(stretch.end, cell.end) - max(stretch.start, cell.start)
        if nights > 0:
            parts.append(_by_cell(day_count, cell, nights))
        index += 1
    return parts[0] if len(parts) == 1 else f"({' + '.join(parts)})"


def _by_nights(day_count: DayCount, start: int, end: int) -> str:
    nights, days = part_of_nights(day_count, start, end)
    return f"{nights}/{days}"


def _by_cell(day_count: DayCount, cell: Cell, nights: int) -> str:
    whole = "1" if day_count is DayCount.PER_PERIOD else f"{cell.days}/360"
    return whole if nights == cell.nights else f"{whole} x {nights}/{cell.nights}"


def _percent(rate: Factor) -> str:
    return percent_of(Decimal(rate[0]) / Decimal(rate[1]))


def _unit(day_count: DayCount) -> Bilingual:
    if day_count is DayCount.PER_PERIOD:
        return Bilingual("a period", "ต่องวด")
    return Bilingual("a year", "ต่อปี")


def _rounding(rounding: Rounding) -> Bilingual:
    currency, instalment = format_baht(rounding.currency), format_baht(rounding.instalment)
    if rounding.instalment == rounding.currency:
        return Bilingual(f"Rounded half up to {currency}.", f"ปัดเศษครึ่งขึ้นเป็นหน่วย {currency}")
    return Bilingual(
        f"Rounded half up to {currency}, the instalment to a multiple of {instalment}.",
        f"ปัดเศษครึ่งขึ้นเป็นหน่วย {currency} ยอดชำระเป็นจำนวนเท่าของ {instalment}",
    )
