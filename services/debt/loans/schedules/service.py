"""The use case of schedule previews: terms in, rows with their explanations out, nothing stored."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from operator import add
from typing import Any

import orjson
from pydantic import BaseModel

from services.debt.errors import LoanTermsInvalid
from services.debt.loans.schedules.explanation import Explained, explained_schedule, explained_table
from services.debt.loans.schedules.history import History, table_of
from services.debt.loans.schedules.schemas import (
    AddInstalmentIn,
    DrawdownIn,
    DropInstalmentIn,
    EveryIn,
    ExtendIn,
    InterestPauseIn,
    MoveDueDateIn,
    PrincipalHolidayIn,
    RateChangeIn,
    ReAgeIn,
    ReAmortiseIn,
    SchedulePreview,
    SetInstalmentIn,
)
from services.debt.loans.schedules.table import build_schedule
from services.debt.loans.schedules.terms import (
    MONTHLY,
    AddInstalment,
    Change,
    DayCount,
    Drawdown,
    DropInstalment,
    Every,
    Extend,
    HarvestMonth,
    InterestPause,
    LoanTerms,
    Method,
    MonthEnd,
    MoveDueDate,
    PaymentMade,
    PrincipalHoliday,
    RateChange,
    ReAge,
    ReAmortise,
    SetInstalment,
    Unit,
)
from shared.kernel.errors import FieldProblem
from shared.kernel.money import format_all_baht, format_baht

# Rows times what happened to them. A table with a history costs as much as four events before the first of them.
_SHORT_MAX = 2_000
_EVENTS_OF_ANY_HISTORY = 4
_DAYS_OF = {"day": 1, "week": 7, "month": 30, "year": 365}


def preview_schedule(preview: SchedulePreview) -> bytes:
    """The answer as JSON; raises LoanTermsInvalid naming each field that is wrong and how to mend it."""
    history = history_of(preview)
    if not (history.changes or history.payments or history.as_of):
        return _answer(explained_schedule(build_schedule(history.terms)), 0, None)
    table = table_of(history)
    pay_off = None if table.pay_off is None else sum(table.pay_off)
    return _answer(explained_table(table, with_payments=bool(history.payments)), table.excess, pay_off)


def is_long(preview: SchedulePreview) -> bool:
    """Whether the preview may take longer than other requests should wait: some ten milliseconds."""
    events = len(preview.changes) + len(preview.payments)
    if not events and preview.as_of is None:
        return False
    rows = preview.instalments or len(preview.due_dates)
    rows += sum(getattr(change, "instalments", 0) for change in preview.changes)
    return max(rows, _periods_until_known(preview)) * (events + _EVENTS_OF_ANY_HISTORY) > _SHORT_MAX


def _periods_until_known(preview: SchedulePreview) -> int:
    """About how many periods lie before the last day that is told of; what is late is measured by each of them."""
    days = [payment.on for payment in preview.payments]
    days += [change.on for change in preview.changes if isinstance(change, ReAgeIn | ReAmortiseIn)]
    last_on = preview.as_of or max(days, default=preview.disbursed_on)
    step_days = 30 if preview.every is None else preview.every.count * _DAYS_OF[preview.every.unit]
    return (last_on - preview.disbursed_on).days // step_days


def history_of(preview: SchedulePreview) -> History:
    """What the engine takes; raises LoanTermsInvalid for combinations that say two things or nothing."""
    problems = list(_problems(preview))
    if problems:
        raise LoanTermsInvalid(problems[0].message_en, problems[0].message_th, problems)
    return History(
        terms_of_preview(preview),
        tuple(_CHANGES[type(change)](change) for change in preview.changes),
        tuple(PaymentMade(payment.on, payment.amount) for payment in preview.payments),
        preview.as_of,
    )


def terms_of_preview(preview: SchedulePreview) -> LoanTerms:
    """The contract of a preview, with the defaults filled in."""
    by_period = preview.period_rate is not None
    every = None if preview.every is None else _every(preview.every)
    if every is None and not preview.harvest_months and not preview.due_dates:
        every = MONTHLY
    day_count = preview.day_count or ("per_period" if by_period else "30/360")
    return LoanTerms(
        principal=preview.principal,
        annual_rate=preview.annual_rate or Decimal(0),
        period_rate=preview.period_rate,
        disbursed_on=preview.disbursed_on,
        method=Method(preview.method),
        day_count=DayCount(day_count),
        every=every,
        instalments=len(preview.due_dates) if preview.instalments is None else preview.instalments,
        first_due_on=preview.first_due_on,
        harvest_months=tuple(HarvestMonth(harvest.month, harvest.weight) for harvest in preview.harvest_months),
        due_dates=tuple(preview.due_dates),
        month_end=MonthEnd(preview.month_end),
        principal_percent=preview.principal_percent,
        principal_grace=preview.principal_grace,
        interest_grace=preview.interest_grace,
        instalment_multiple=preview.instalment_multiple,
        currency_multiple=preview.currency_multiple,
    )


def _problems(preview: SchedulePreview) -> Iterator[FieldProblem]:
    if (preview.annual_rate is None) == (preview.period_rate is None):
        yield FieldProblem(
            "annual_rate", "missing_value" if preview.annual_rate is None else "not_allowed",
            "give one rate: annual_rate, or period_rate with the day count per_period",
            "ให้ระบุอัตราเดียว: annual_rate หรือ period_rate คู่กับวิธีนับวัน per_period",
        )  # fmt: skip
    if preview.instalments is None and not preview.due_dates:
        yield FieldProblem(
            "instalments", "missing_value", "give the number of instalments, or name the due dates",
            "ให้ระบุจำนวนงวดหรือวันครบกำหนด",
        )  # fmt: skip
    for index, change in enumerate(preview.changes):
        if isinstance(change, RateChangeIn):
            wanted = "annual_rate" if preview.period_rate is None else "period_rate"
            other = "period_rate" if wanted == "annual_rate" else "annual_rate"
            if getattr(change, wanted) is None or getattr(change, other) is not None:
                yield FieldProblem(
                    f"changes.{index}.{wanted}", "missing_value", f"give the new rate as {wanted}, as the loan has it",
                    f"ให้ระบุอัตราใหม่ด้วย {wanted} เช่นเดียวกับสัญญา",
                )  # fmt: skip


def _every(every: EveryIn) -> Every:
    return Every(every.count, Unit(every.unit))


def _rate_change(change: RateChangeIn) -> Change:
    rate = change.annual_rate if change.period_rate is None else change.period_rate
    return RateChange(change.from_on, Decimal(0) if rate is None else rate)


def _re_age(change: ReAgeIn) -> Change:
    return ReAge(change.on, change.start_on, change.instalments, _every(change.every), change.interest)


_CHANGES: Mapping[type[BaseModel], Any] = {
    RateChangeIn: _rate_change,
    ExtendIn: lambda change: Extend(change.from_on, change.instalments),
    MoveDueDateIn: lambda change: MoveDueDate(change.from_on, change.to_on),
    PrincipalHolidayIn: lambda change: PrincipalHoliday(change.from_on, change.instalments),
    InterestPauseIn: lambda change: InterestPause(change.from_on, change.to_on),
    DrawdownIn: lambda change: Drawdown(change.on, change.amount),
    ReAgeIn: _re_age,
    ReAmortiseIn: lambda change: ReAmortise(change.on),
    SetInstalmentIn: lambda change: SetInstalment(change.due_on, change.amount),
    AddInstalmentIn: lambda change: AddInstalment(change.due_on, change.amount),
    DropInstalmentIn: lambda change: DropInstalment(change.due_on),
}


def _answer(explained: Explained, excess: int, pay_off: int | None) -> bytes:
    """Rows as JSON without a model a row: they are the bulk of the answer."""
    total = list(map(add, explained.principal, explained.interest))
    text_of_total = {amount: format_baht(amount) for amount in set(total)}  # a level instalment is written once
    columns = zip(
        explained.due_on,
        format_all_baht(explained.principal),
        format_all_baht(explained.interest),
        map(text_of_total.__getitem__, total),
        format_all_baht(explained.balance),
        _explanations(explained),
        strict=True,
    )
    rows = [
        {
            "due_on": due_on,
            "principal": principal,
            "interest": interest,
            "total": row_total,
            "balance": balance,
            "explain": explain,
        }
        for due_on, principal, interest, row_total, balance, explain in columns
    ]
    totals = {"principal": sum(explained.principal), "interest": sum(explained.interest), "total": sum(total)}
    if explained.paid is not None:
        for row, paid in zip(rows, format_all_baht(explained.paid), strict=True):
            row |= {"paid": paid, "explain": row.pop("explain")}  # figures stand before words
        totals |= {"paid": sum(explained.paid), "excess": excess}
    answer: dict[str, Any] = {"rows": rows, "totals": {name: format_baht(sum_) for name, sum_ in totals.items()}}
    if pay_off is not None:
        answer["pay_off"] = format_baht(pay_off)
    return orjson.dumps(answer)


def _explanations(explained: Explained) -> list[orjson.Fragment]:
    """The explanation of each row as JSON: a text is encoded once, however many rows share it."""
    encoded = {
        text: (orjson.dumps(text.en)[1:] + b',"th":"', orjson.dumps(text.th)[1:] + b"}")
        for text in set(explained.texts)
    }
    begins = map(str.encode, explained.begins)  # figures: nothing in them needs an escape
    texts = map(encoded.__getitem__, explained.texts)
    return [
        orjson.Fragment(b"".join((b'{"en":"', begin, en, begin, th)))
        for begin, (en, th) in zip(begins, texts, strict=True)
    ]
