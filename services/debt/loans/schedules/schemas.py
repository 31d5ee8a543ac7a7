"""What goes in and out of schedule previews over HTTP."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, WithJsonSchema, model_validator

from services.debt.loans.schedules.terms import CHANGES_MAX, HARVEST_MONTHS_MAX, PAYMENTS_MAX, ROWS_MAX
from shared.chassis.http.field_problems import SHAPE
from shared.chassis.http.inputs import Day
from shared.kernel.errors import BilingualValueError
from shared.kernel.money import Money, MoneyIn, Rate
from shared.kernel.thai import to_arabic_digits

_NUMBER = r"^\d+(\.\d+)?$"
_WRITTEN = re.compile(r"-?\d+(\.\d+)?", re.ASCII)  # one below nothing is refused by its bound


def _decimal_text(value: object) -> object:
    cleaned = to_arabic_digits(value).strip() if isinstance(value, str) else ""
    if not _WRITTEN.fullmatch(cleaned):
        raise BilingualValueError('send a decimal number as text, as in "12.5"', 'ต้องเป็นเลขทศนิยมในรูปข้อความ เช่น "12.5"')
    return cleaned


_Text = BeforeValidator(_decimal_text)


def _number(description: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": _NUMBER, "description": description})


PeriodRate = Annotated[
    Decimal, _Text, Field(ge=0, le=1, max_digits=13, decimal_places=12),
    _number("A rate per period, a decimal string: 0.0100 is 1 % a period"),
]  # fmt: skip
Percent = Annotated[
    Decimal, _Text, Field(gt=0, le=100, max_digits=9, decimal_places=6),
    _number("Of the principal, a decimal string: 5 is 5 % a row"),
]  # fmt: skip
Weight = Annotated[
    Decimal, _Text, Field(gt=0, max_digits=15, decimal_places=4),
    _number("By expected income, a decimal string; only the proportions count"),
]  # fmt: skip
Count = Annotated[int, Field(strict=True, ge=1, le=ROWS_MAX)]
Grace = Annotated[int, Field(strict=True, ge=0, le=ROWS_MAX)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class EveryIn(BaseModel):
    """The distance between two due dates."""

    # Not by ``extra="forbid"``, whose error repeats the name that was sent.
    @model_validator(mode="before")
    @classmethod
    def _nothing_else(cls, value: object) -> object:
        if isinstance(value, dict) and not value.keys() <= {"count", "unit"}:
            raise BilingualValueError("give count and unit alone", "ระบุได้เฉพาะ count และ unit")
        return value

    count: Annotated[int, Field(strict=True, ge=1, le=3660)] = 1
    unit: Literal["day", "week", "month", "year"]


class HarvestMonthIn(_In):
    """A month of the crop calendar in which an instalment falls due."""

    month: Annotated[int, Field(strict=True, ge=1, le=12)]
    weight: Weight = Decimal(1)


class RateChangeIn(_In):
    """Another rate from the night that begins on a date, also inside a period."""

    type: Literal["rate_change"]
    from_on: Annotated[Day, Field(alias="from")]
    annual_rate: Rate | None = None
    period_rate: PeriodRate | None = None


class ExtendIn(_In):
    """More instalments; those due from a date on are levelled again."""

    type: Literal["extend"]
    from_on: Annotated[Day, Field(alias="from")]
    instalments: Count


class MoveDueDateIn(_In):
    """An instalment moves, and the later ones follow it."""

    type: Literal["move_due_date"]
    from_on: Annotated[Day, Field(alias="from")]
    to_on: Annotated[Day, Field(alias="to")]


class PrincipalHolidayIn(_In):
    """Instalments due from a date on pay interest only, and as many follow at the end."""

    type: Literal["principal_holiday"]
    from_on: Annotated[Day, Field(alias="from")]
    instalments: Count = 1


class InterestPauseIn(_In):
    """No interest for the nights of these dates, both included; instalments stay."""

    type: Literal["interest_pause"]
    from_on: Annotated[Day, Field(alias="from")]
    to_on: Annotated[Day, Field(alias="to")]


class DrawdownIn(_In):
    """More principal from a date on."""

    type: Literal["drawdown"]
    on: Day
    amount: MoneyIn


class ReAgeIn(_In):
    """All that is unpaid goes into new instalments, principal and interest each in equal shares."""

    type: Literal["re_age"]
    on: Day
    start_on: Day
    instalments: Count
    every: EveryIn = EveryIn(unit="month")
    interest: Literal["to_date", "full"] = "to_date"


class ReAmortiseIn(_In):
    """What is overdue goes into the remaining instalments."""

    type: Literal["re_amortise"]
    on: Day


class SetInstalmentIn(_In):
    """The instalment of a date becomes an amount and stays it."""

    type: Literal["set_instalment"]
    due_on: Day
    amount: MoneyIn


class AddInstalmentIn(_In):
    """One more instalment, of an amount that stays."""

    type: Literal["add_instalment"]
    due_on: Day
    amount: MoneyIn


class DropInstalmentIn(_In):
    """The instalment of a date falls away."""

    type: Literal["drop_instalment"]
    due_on: Day


_SHAPES: tuple[type[_In], ...] = (
    RateChangeIn, ExtendIn, MoveDueDateIn, PrincipalHolidayIn, InterestPauseIn, DrawdownIn, ReAgeIn, ReAmortiseIn,
    SetInstalmentIn, AddInstalmentIn, DropInstalmentIn,
)  # fmt: skip
_TYPES = {get_args(shape.model_fields["type"].annotation)[0]: shape for shape in _SHAPES}


def _shape_of(change: object) -> str | None:
    kind = change.get("type") if isinstance(change, dict) else getattr(change, "type", None)
    return f"{SHAPE}{kind}" if isinstance(kind, str) and kind in _TYPES else None


ChangeIn = Annotated[
    Annotated[RateChangeIn, Tag(f"{SHAPE}rate_change")]
    | Annotated[ExtendIn, Tag(f"{SHAPE}extend")]
    | Annotated[MoveDueDateIn, Tag(f"{SHAPE}move_due_date")]
    | Annotated[PrincipalHolidayIn, Tag(f"{SHAPE}principal_holiday")]
    | Annotated[InterestPauseIn, Tag(f"{SHAPE}interest_pause")]
    | Annotated[DrawdownIn, Tag(f"{SHAPE}drawdown")]
    | Annotated[ReAgeIn, Tag(f"{SHAPE}re_age")]
    | Annotated[ReAmortiseIn, Tag(f"{SHAPE}re_amortise")]
    | Annotated[SetInstalmentIn, Tag(f"{SHAPE}set_instalment")]
    | Annotated[AddInstalmentIn, Tag(f"{SHAPE}add_instalment")]
    | Annotated[DropInstalmentIn, Tag(f"{SHAPE}drop_instalment")],
    Discriminator(
        _shape_of,
        custom_error_type="unknown_type",
        custom_error_message="the type of change is not known",
        custom_error_context={"discriminator": "type", "expected_tags": ", ".join(_TYPES)},
    ),
]


class PaymentIn(_In):
    """Money that came in."""

    on: Day
    amount: MoneyIn


class SchedulePreview(_In):
    """Terms to see a schedule of, with what has happened since. Nothing is stored.

    Due dates come from one of `every` (a month unless told), `harvest_months` and `due_dates`.
    """

    principal: MoneyIn
    annual_rate: Rate | None = None
    period_rate: PeriodRate | None = None
    method: Literal["equal_instalment", "equal_principal", "fixed_principal_percent", "flat", "bullet"]
    principal_percent: Percent | None = None
    day_count: (
        Literal["30/360", "actual/365", "actual/360", "actual/364", "actual/actual", "per_period"] | None
    ) = None  # fmt: skip
    disbursed_on: Day
    instalments: Count | None = None
    every: EveryIn | None = None
    harvest_months: Annotated[list[HarvestMonthIn], Field(default_factory=list, max_length=HARVEST_MONTHS_MAX)]
    due_dates: Annotated[list[Day], Field(default_factory=list, max_length=ROWS_MAX)]
    first_due_on: Day | None = None
    month_end: Literal["clamp", "roll"] = "clamp"
    principal_grace: Grace = 0
    interest_grace: Grace = 0
    instalment_multiple: MoneyIn = 1
    currency_multiple: MoneyIn = 1
    changes: Annotated[list[ChangeIn], Field(default_factory=list, max_length=CHANGES_MAX)]
    payments: Annotated[list[PaymentIn], Field(default_factory=list, max_length=PAYMENTS_MAX)]
    as_of: Day | None = None


class ExplanationRead(BaseModel):
    """How a figure came about: rate, nights, rounding and rule."""

    en: str
    th: str


class ScheduleRowRead(BaseModel):
    """What falls due on a date, and the principal that remains after it."""

    due_on: date
    principal: Money
    interest: Money
    total: Money
    balance: Money
    paid: Annotated[Money | None, Field(description="Only where payments were given.")] = None
    explain: ExplanationRead


class ScheduleTotals(BaseModel):
    """Sums over all rows; `excess` is paid beyond everything owed."""

    principal: Money
    interest: Money
    total: Money
    paid: Money | None = None
    excess: Money | None = None


class ScheduleRead(BaseModel):
    """A schedule with its sums. `pay_off` settles the loan on `as_of`: interest to that day."""

    rows: list[ScheduleRowRead]
    totals: ScheduleTotals
    pay_off: Money | None = None
