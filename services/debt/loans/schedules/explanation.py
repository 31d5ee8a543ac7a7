"""Why a row is what it is: rate, nights, rounding and rule, in English and in Thai.

Texts that many rows share are made once, and those that many contracts share are remembered; only the balance differs
from row to row.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache, reduce
from itertools import accumulate
from operator import sub
from typing import NamedTuple

from services.debt.loans.schedules.calendar_dates import Cell, Period, nights_by_year
from services.debt.loans.schedules.day_counts import (
    Factor,
    by_cells,
    part_of_cell,
    part_of_nights,
    part_of_period,
    plus,
    reduced,
)
from services.debt.loans.schedules.history import Table
from services.debt.loans.schedules.methods import Rounding, rounding_of
from services.debt.loans.schedules.rows import Row, Stretch
from services.debt.loans.schedules.running import RunningLoan
from services.debt.loans.schedules.table import Schedule
from services.debt.loans.schedules.terms import DayCount, LoanTerms, Method
from shared.kernel.money import format_all_baht, format_baht

TEXTS_REMEMBERED_MAX = 4096  # of a kilobyte or two each; rates and lengths of periods are few
SUMMANDS_MAX = 12
"""More different parts of a rate than these are told as one fraction: nobody adds up a hundred of them by hand."""


class Bilingual(NamedTuple):
    """One text in both languages."""

    en: str
    th: str


class Explained(NamedTuple):
    """Rows with their explanations, as columns of equal length. Amounts in satang.

    ``balance`` is the principal that remains after a row; ``paid`` is None where no payments were given. An explanation
    is the figure that it ``begins`` with, if any, and the text after it, which many rows share.
    """

    due_on: Sequence[date]
    principal: Sequence[int]
    interest: Sequence[int]
    balance: Sequence[int]
    paid: Sequence[int] | None
    begins: Sequence[str]
    texts: Sequence[Bilingual]


_RULES: Mapping[Method, Bilingual] = {
    Method.EQUAL_INSTALMENT: Bilingual(
        "Principal = level instalment - interest.", "เงินต้น = ยอดชำระเท่ากันทุกงวด - ดอกเบี้ย"
    ),
    Method.EQUAL_PRINCIPAL: Bilingual(
        "Principal: an equal share of the principal by weight.", "เงินต้น: ส่วนเฉลี่ยเท่ากันของเงินต้นตามน้ำหนัก"
    ),
    Method.FLAT: Bilingual("Principal: a share of the principal.", "เงินต้น: ส่วนเฉลี่ยของเงินต้น"),
    Method.BULLET: Bilingual(
        "Interest only; the principal falls due at the end.", "ชำระเฉพาะดอกเบี้ย เงินต้นครบกำหนดงวดสุดท้าย"
    ),
}
_BY_WEIGHT = Bilingual(
    "Principal = level instalment by its weight - interest.", "เงินต้น = ยอดชำระตามน้ำหนักของงวด - ดอกเบี้ย"
)
_LAST = Bilingual("The last row takes all that remains.", "งวดสุดท้ายรับยอดคงเหลือทั้งหมด")
_GRACE = Bilingual("Grace: no principal falls due.", "ปลอดชำระเงินต้น: ไม่มีเงินต้นครบกำหนด")
_COVERED = Bilingual(
    "The interest takes the whole instalment: no principal falls due.", "ดอกเบี้ยเต็มยอดชำระ: ไม่มีเงินต้นครบกำหนด"
)
_STAYS = Bilingual(
    "The instalment stays: interest first, the rest of it is principal.", "ยอดชำระคงเดิม ตัดดอกเบี้ยก่อน ส่วนที่เหลือเป็นเงินต้น"
)
_KEPT = Bilingual("What was paid before the change stays.", "ส่วนที่ชำระก่อนการเปลี่ยนแปลงคงไว้")
_NOTHING_LEFT = Bilingual("Nothing is left to be paid.", "ไม่มียอดคงเหลือให้ชำระ")
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
    "re_age_kept": _KEPT,
    "re_age_moved": Bilingual("What was unpaid is in the re-aged rows.", "ยอดค้างย้ายไปงวดที่จัดใหม่"),
    "re_amortise": Bilingual("Overdue amounts are spread over these rows.", "เฉลี่ยยอดค้างชำระในงวดเหล่านี้"),
    "re_amortise_moved": Bilingual("What was unpaid is spread over the later rows.", "ยอดค้างเฉลี่ยไปงวดถัดไป"),
    "set_instalment": _HELD,
    "add_instalment": Bilingual("Added by hand.", "เพิ่มงวดโดยเจ้าหน้าที่"),
    "drop_instalment": Bilingual("Levelled again after a row was dropped.", "คำนวณยอดใหม่หลังตัดงวด"),
}


def explained_schedule(schedule: Schedule) -> Explained:
    """The rows of a contract, each with its explanation."""
    balances = list(accumulate(schedule.principal, sub, initial=schedule.opening_balance))
    tails = _tails(schedule, balances)
    if schedule.terms.method is Method.FLAT:
        interest_on = [format_baht(balances[0], thousands=True)] * len(tails)  # the principal disbursed, in every row
    else:
        interest_on = format_all_baht(balances[:-1], thousands=True)
    return Explained(
        schedule.due_on, schedule.principal, schedule.interest, balances[1:], None, interest_on, tails
    )  # fmt: skip


class Measure(NamedTuple):
    """What a row's interest is measured by: its nights, and the part of the rate.

    The part is that of the row's nights; for a flat loan that of the whole term, of which the row takes its ``share``.
    """

    nights: int
    part: str
    share: str = ""


class Basis(NamedTuple):
    """What the texts of a contract stand on besides the length of a period."""

    method: Method
    rate: Factor
    day_count: DayCount
    rounding: Rounding


def _tails(schedule: Schedule, balances: Sequence[int]) -> list[Bilingual]:
    """What follows the balance in each row's explanation, made once for rows of one length under the usual rule."""
    terms = schedule.terms
    usual_rule, rounding = _rule(terms), rounding_of(terms)
    to_currency = Rounding(rounding.currency, rounding.currency)
    exact = Basis(terms.method, terms.rate.as_integer_ratio(), terms.day_count, to_currency)
    basis = exact if terms.method is Method.BULLET else exact._replace(rounding=rounding)
    measures = _measures(schedule)
    places: Sequence[int] = schedule.calendar.period_of
    if terms.method is Method.FLAT:
        measures, places = _shares_of_term(schedule, measures), range(len(places))
    tail_of = {measure: _usual_tail(basis, measure, (usual_rule,)) for measure in set(measures)}
    usual = [tail_of[measure] for measure in measures]
    tails = [usual[place] for place in places]
    for index in _unusual(schedule):
        measure, rule = measures[places[index]], _rule_of_row(schedule, index, balances[index])
        if index == len(places) - 1 and measure.share:
            measure = measure._replace(share="")
        waits = index < terms.interest_grace
        carried = schedule.deferred if index == terms.interest_grace else 0
        rules = (rule or usual_rule, _WAITS) if waits else (rule or usual_rule,)
        is_multiple = index <= terms.interest_grace or _is_multiple(schedule, index)
        tails[index] = _tail(basis if is_multiple and not rule else exact, measure, rules, carried)
    return tails


def _unusual(schedule: Schedule) -> set[int]:
    """The rows that not all is usual of: in or just after a grace, without principal, no multiple, and the last."""
    terms, rows = schedule.terms, len(schedule.principal)
    found = {*range(min(rows, max(terms.principal_grace, terms.interest_grace + bool(schedule.deferred)))), rows - 1}
    if terms.method is not Method.BULLET and 0 in schedule.principal:
        found.update(index for index, principal in enumerate(schedule.principal) if not principal)
    if terms.instalment_multiple > 1:
        found.update(index for index in range(rows) if not _is_multiple(schedule, index))
    return found


def _is_multiple(schedule: Schedule, index: int) -> bool:
    """Whether the instalment could be rounded to its multiple; that of a small one would leave nothing of it."""
    return (schedule.principal[index] + schedule.interest[index]) % rounding_of(schedule.terms).instalment == 0


def _rule_of_row(schedule: Schedule, index: int, balance: int) -> Bilingual | None:
    """The rule of a row that its method's does not hold for; its instalment is then no multiple."""
    if index == len(schedule.principal) - 1:
        return _LAST
    if index < schedule.terms.principal_grace:
        return _GRACE
    if not balance:
        return _NOTHING_LEFT
    if schedule.terms.method is Method.EQUAL_INSTALMENT and not schedule.principal[index]:
        return _COVERED
    return None


def _rule(terms: LoanTerms) -> Bilingual:
    """Where the principal of a usual row comes from."""
    if terms.principal_percent is not None:
        percent = format(terms.principal_percent.normalize(), "f")
        return Bilingual(f"Principal: {percent} % of the principal disbursed.", f"เงินต้น: ร้อยละ {percent} ของเงินต้นที่จ่าย")
    if terms.method is Method.EQUAL_INSTALMENT and len({harvest.weight for harvest in terms.harvest_months}) > 1:
        return _BY_WEIGHT
    return _RULES[terms.method]


def _tail(basis: Basis, measure: Measure, rules: tuple[Bilingual, ...], carried: int = 0) -> Bilingual:
    """What follows a balance: the part of the rate, interest that earlier rows left, rounding and rules."""
    times, summand = _times(basis.rate, basis.day_count, measure.part), _moved(carried, 0)
    if basis.method is Method.FLAT:
        share_en = f"takes {measure.share} of it" if measure.share else "takes the rest of it"
        share_th = f"รับ {measure.share} ของดอกเบี้ย" if measure.share else "รับดอกเบี้ยส่วนที่เหลือ"
        rounding, rule = _rounding(basis.rounding), _one_after_another(rules)
        return Bilingual(
            f"{times.en} ({basis.day_count}) = interest of the whole term; this row has "
            f"{measure.nights} nights and {share_en}{summand.en}. {rounding.en} {rule.en}",
            f"{times.th} ({basis.day_count}) = ดอกเบี้ยตลอดสัญญา "
            f"งวดนี้มี {measure.nights} คืน {share_th}{summand.th} {rounding.th} {rule.th}",
        )
    end = _end(basis.day_count, measure.nights, basis.rounding, rules)
    return Bilingual(f"{times.en}{summand.en}{end.en}", f"{times.th}{summand.th}{end.th}")


_usual_tail = lru_cache(maxsize=TEXTS_REMEMBERED_MAX)(_tail)
"""Without an amount that only one loan has."""


@lru_cache(maxsize=TEXTS_REMEMBERED_MAX)
def _times(rate: Factor, day_count: DayCount, part: str) -> Bilingual:
    """What a balance is multiplied by."""
    percent, unit = _percent(rate), _unit(day_count)
    return Bilingual(f" x {percent} % {unit.en} x {part}", f" x ร้อยละ {percent} {unit.th} x {part}")


def _percent(rate: Factor) -> str:
    return format((100 * Decimal(rate[0]) / rate[1]).normalize(), "f")


def _unit(day_count: DayCount) -> Bilingual:
    return Bilingual("a period", "ต่องวด") if day_count is DayCount.PER_PERIOD else Bilingual("a year", "ต่อปี")


@lru_cache(maxsize=TEXTS_REMEMBERED_MAX)
def _end(day_count: DayCount, nights: int, rounding: Rounding, rules: tuple[Bilingual, ...]) -> Bilingual:
    """What follows the sum of a row's interest."""
    rounded, rule = _rounding(rounding), _one_after_another(rules)
    return Bilingual(
        f" ({day_count}, {nights} nights) = interest. {rounded.en} {rule.en}",
        f" ({day_count} รวม {nights} คืน) = ดอกเบี้ย {rounded.th} {rule.th}",
    )


def _one_after_another(rules: Sequence[Bilingual]) -> Bilingual:
    return Bilingual(" ".join(rule.en for rule in rules), " ".join(rule.th for rule in rules))


def _moved(carried: int, passed: int) -> Bilingual:
    """Interest that came from earlier rows, and what goes to a later one, as summands."""
    if not (carried or passed):
        return Bilingual("", "")
    came, goes = _summand(carried, "carried over", "ยกมา"), _summand(-passed, "carried forward", "ยกไป")
    return Bilingual(came.en + goes.en, came.th + goes.th)


def _summand(amount: int, en: str, th: str) -> Bilingual:
    if not amount:
        return Bilingual("", "")
    shown = f" {'-' if amount < 0 else '+'} {format_baht(abs(amount), thousands=True)}"
    return Bilingual(f"{shown} {en}", f"{shown} {th}")


def _shares_of_term(schedule: Schedule, measures: Sequence[Measure]) -> list[Measure]:
    """The measures of a flat loan's rows, one a row: the part of the rate is that of the whole term."""
    day_count, calendar = schedule.terms.day_count, schedule.calendar
    measures = [measures[place] for place in calendar.period_of]
    if by_cells(day_count):
        parts = [(_part_of_period(day_count, period), part_of_period(day_count, period)) for period in calendar.periods]
        part = _sum([parts[place] for place in calendar.period_of])
    else:
        part = _by_nights(day_count, schedule.starts_on.toordinal(), schedule.due_on[-1].toordinal())
    weights, rounding = calendar.weights, rounding_of(schedule.terms)
    sum_of_weights = sum(weights)
    whole = left = sum(schedule.interest)
    shares = []
    for measure, weight in zip(measures, weights, strict=True):
        share = rounding.figure(whole * weight, sum_of_weights)
        shares.append(Measure(measure.nights, part, f"{weight}/{sum_of_weights}" if share <= left else ""))
        left = max(0, left - share)
    return shares


def _measures(schedule: Schedule) -> list[Measure]:
    """What each period of the calendar is measured by, in words."""
    day_count = schedule.terms.day_count
    return [Measure(period.nights, _part_of_period(day_count, period)) for period in schedule.calendar.periods]


def _part_of_period(day_count: DayCount, period: Period) -> str:
    if by_cells(day_count):
        return _sum([_by_cell(day_count, cell, cell.end - cell.start) for cell in period.cells])
    if day_count is DayCount.ACTUAL_ACTUAL:
        return _by_year(period.nights - period.leap_nights, period.leap_nights)
    nights, days = part_of_period(day_count, period)
    return f"{nights}/{days}"


def _sum(parts: Sequence[tuple[str, Factor]]) -> str:
    """Parts, each as text and as a fraction, as one factor: equal ones once, with their number."""
    if len(parts) == 1:
        return parts[0][0]
    counted = Counter(parts)
    if len(counted) > SUMMANDS_MAX:
        numerator, denominator = reduce(plus, [reduced(times * of, by) for (_, (of, by)), times in counted.items()])
        return f"{numerator}/{denominator}"
    return _together([f"{times} x {text}" if times > 1 else text for (text, _), times in counted.items()])


def _together(parts: Sequence[str]) -> str:
    """Parts as one factor."""
    return parts[0] if len(parts) == 1 else f"({' + '.join(parts)})"


def explained_table(table: Table, *, with_payments: bool) -> Explained:
    """The rows of a loan with a history, each with its explanation."""
    rows, usual_rule = table.rows, _rule(table.loan.terms)
    last = [row for row in rows if not _is_kept(row)][-1]
    explained = [
        ("", _kept(table.loan, row)) if _is_kept(row) else _explain(table.loan, row, usual_rule, is_last=row is last)
        for row in rows
    ]
    return Explained(
        [date.fromordinal(row.due) for row in rows],
        [row.principal for row in rows],
        [row.interest for row in rows],
        table.balances,
        [row.paid_principal + row.paid_interest for row in rows] if with_payments else None,
        [begin for begin, _ in explained],
        [text for _, text in explained],
    )


def _is_kept(row: Row) -> bool:
    """Whether it was paid, in whole or in part, before the others were re-aged."""
    return "re_age_kept" in row.notes


def _kept(loan: RunningLoan, row: Row) -> Bilingual:
    paid = format_baht(row.interest, thousands=True)
    end = _end(loan.terms.day_count, row.due - row.start, Rounding(), tuple(_NOTES[note] for note in row.notes))
    return Bilingual(f"{paid} paid before the re-ageing{end.en}", f"{paid} ชำระก่อนจัดงวดใหม่{end.th}")


def _explain(loan: RunningLoan, row: Row, usual_rule: Bilingual, *, is_last: bool) -> tuple[str, Bilingual]:
    """The balance that an explanation begins with, where it stands on one, and what follows."""
    rule = _LAST if is_last else _rule_of_open_row(loan.terms.method, row, usual_rule)
    rules = [_NOTES[note] for note in row.notes if not (note == "principal_holiday" and row.principal)]
    if rule is not None:
        rules.append(_STAYS if rule == usual_rule and _gives_way(loan.terms.method, row) else rule)
    if row.waits and not is_last:
        rules.append(_WAITS)
    stretches = list(row.stretches)
    passed_until = row.stretches[-1].end if row.stretches else row.start
    if passed_until < row.due:
        balance = 0 if loan.shares_interest else row.opening
        ahead = loan.timeline.stretches(passed_until, row.due)
        stretches += [Stretch(start, end, rate, balance, 0, 0) for start, end, rate in ahead]
    currency = loan.rounding.currency
    is_multiple = rule == usual_rule and row.amount is not None and row.amount % loan.rounding.instalment == 0
    rounding = loan.rounding if is_multiple else Rounding(currency, currency)
    # The nights of the last row go on while it is late.
    nights = max(row.due, stretches[-1].end if stretches else row.due) - row.start
    day_count, stretches = loan.terms.day_count, _joined(stretches)
    if _stands_on_one_balance(row, stretches):
        [stretch] = stretches
        basis = Basis(loan.terms.method, stretch.rate, day_count, rounding)
        measure = Measure(nights, _part(loan, stretch))
        return format_baht(stretch.balance, thousands=True), _usual_tail(basis, measure, tuple(rules))
    sums, end = _sums(loan, row, stretches), _end(day_count, nights, rounding, tuple(rules))
    return "", Bilingual(sums.en + end.en, sums.th + end.th)


def _stands_on_one_balance(row: Row, stretches: Sequence[Stretch]) -> bool:
    """Whether nothing but one balance at one rate bore the interest: most rows, with texts that others share."""
    if len(stretches) > 1 or row.planned or row.carried or row.passed_on or row.corrected:
        return False
    return any(stretch.balance and not stretch.overdue for stretch in stretches)


def _rule_of_open_row(method: Method, row: Row, usual_rule: Bilingual) -> Bilingual | None:
    """The rule of a row that is not the last; None where what was done to it says all."""
    if any(note.endswith("_moved") or note.startswith("re_age") for note in row.notes):
        return None
    if row.exceeded:
        return _KEPT
    if row.held:
        return None if "set_instalment" in row.notes else _HELD
    if row.lead:
        return None if "principal_holiday" in row.notes else _GRACE
    if not row.opening:
        return _NOTHING_LEFT
    if method is Method.EQUAL_INSTALMENT and not row.principal:
        return _COVERED
    return usual_rule


def _gives_way(method: Method, row: Row) -> bool:
    """Whether late interest, or nights without any, made a row's principal another than the share agreed."""
    return method not in (Method.EQUAL_INSTALMENT, Method.BULLET) and row.principal not in (row.share, row.opening)


def _sums(loan: RunningLoan, row: Row, stretches: Sequence[Stretch]) -> Bilingual:
    parts_en, parts_th = [], []
    if row.planned:
        planned, terms = format_baht(row.planned, thousands=True), _agreed_terms(loan, row)
        parts_en.append(f"{planned} agreed{terms.en}")
        parts_th.append(f"{planned} ตามที่ตกลง{terms.th}")
    for stretch in stretches:
        times = _times(stretch.rate, loan.terms.day_count, _part(loan, stretch))
        if stretch.balance:
            shown = format_baht(stretch.balance, thousands=True)
            parts_en.append(shown + times.en)
            parts_th.append(shown + times.th)
        if stretch.overdue:
            shown = format_baht(stretch.overdue, thousands=True)
            parts_en.append(f"unpaid {shown}{times.en}")
            parts_th.append(f"เงินต้นค้าง {shown}{times.th}")
    moved = _moved(row.carried, row.passed_on + row.corrected)
    return Bilingual((" + ".join(parts_en) or "0.00") + moved.en, (" + ".join(parts_th) or "0.00") + moved.th)


def _agreed_terms(loan: RunningLoan, row: Row) -> Bilingual:
    """What the interest agreed for the term of a flat loan was worked out from, as far as it was known by then."""
    is_flat = loan.terms.method is Method.FLAT and (loan.re_aged_on is None or row.start < loan.re_aged_on)
    if not is_flat:
        return Bilingual("", "")
    drawn = format_baht(sum(amount for day, amount in loan.draws if day < row.due), thousands=True)
    percents = dict.fromkeys(_percent(rate) for day, rate in loan.timeline.rates if day < row.due)
    unit = _unit(loan.terms.day_count)
    return Bilingual(
        f" at {' and '.join(f'{percent} %' for percent in percents)} {unit.en} on {drawn}",
        f" ร้อยละ {' และ '.join(percents)} {unit.th} ของ {drawn}",
    )


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
    cells = loan.timeline.cells_of(stretch.start, stretch.end)
    return _sum([_by_cell(day_count, cell, nights) for cell, nights in cells])


def _by_nights(day_count: DayCount, start: int, end: int) -> str:
    if day_count is not DayCount.ACTUAL_ACTUAL:
        nights, days = part_of_nights(day_count, start, end)
        return f"{nights}/{days}"
    return _by_year(*nights_by_year(start, end))


def _by_year(common: int, leap: int) -> str:
    return _together([f"{nights}/{days}" for nights, days in ((common, 365), (leap, 366)) if nights] or ["0"])


def _by_cell(day_count: DayCount, cell: Cell, nights: int) -> tuple[str, Factor]:
    whole = "1" if day_count is DayCount.PER_PERIOD else f"{cell.days}/360"
    text = whole if nights == cell.nights else f"{whole} x {nights}/{cell.nights}"
    return text, part_of_cell(day_count, cell, nights)


def _rounding(rounding: Rounding) -> Bilingual:
    currency, instalment = format_baht(rounding.currency), format_baht(rounding.instalment)
    if rounding.instalment == rounding.currency:
        return Bilingual(f"Rounded half up to {currency}.", f"ปัดเศษครึ่งขึ้นเป็นหน่วย {currency}")
    return Bilingual(
        f"Rounded half up to {currency}, the instalment to a multiple of {instalment}.",
        f"ปัดเศษครึ่งขึ้นเป็นหน่วย {currency} ยอดชำระเป็นจำนวนเท่าของ {instalment}",
    )
