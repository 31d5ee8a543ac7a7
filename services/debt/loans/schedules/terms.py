"""What a contract says, and what may happen to it while it runs. Amounts in satang, rates as decimals (0.085)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal, NamedTuple

ROWS_MAX = 600
LAST_YEAR = 2200
CHANGES_MAX = 50
PAYMENTS_MAX = 1_000
HARVEST_MONTHS_MAX = 4
EVERY_MAX: Mapping[str, int] = {"day": 3660, "week": 520, "month": 120, "year": 10}


class Method(StrEnum):
    """How principal and interest spread over the rows."""

    EQUAL_INSTALMENT = "equal_instalment"
    EQUAL_PRINCIPAL = "equal_principal"
    FIXED_PRINCIPAL_PERCENT = "fixed_principal_percent"
    FLAT = "flat"
    BULLET = "bullet"


class DayCount(StrEnum):
    """How the length of a period becomes the part of the rate that it bears."""

    THIRTY_360 = "30/360"
    ACTUAL_365 = "actual/365"
    ACTUAL_360 = "actual/360"
    ACTUAL_364 = "actual/364"
    ACTUAL_ACTUAL = "actual/actual"
    PER_PERIOD = "per_period"


class Unit(StrEnum):
    """The unit in which due dates are counted."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class MonthEnd(StrEnum):
    """Where a due date goes in a month that is too short for it."""

    CLAMP = "clamp"
    ROLL = "roll"


@dataclass(frozen=True, slots=True)
class Every:
    """The distance between two due dates."""

    count: int
    unit: Unit


MONTHLY = Every(1, Unit.MONTH)
YEARLY = Every(1, Unit.YEAR)


class HarvestMonth(NamedTuple):
    """A month of the crop calendar in which an instalment falls due, weighted by the income expected in it."""

    month: int
    weight: int | Decimal = 1


@dataclass(frozen=True, slots=True)
class LoanTerms:
    """What the contract says.

    Due dates come from exactly one of ``every``, ``harvest_months`` and ``due_dates``. Without ``first_due_on`` the
    first instalment falls due one period after disbursement, or on the last day of the first harvest month that begins
    after it. ``period_rate`` belongs to the day count per period and takes the place of ``annual_rate``.
    ``principal_percent`` is 5 for 5 %. Multiples are satang: 100 rounds to the baht.
    """

    principal: int
    annual_rate: Decimal
    disbursed_on: date
    method: Method
    day_count: DayCount
    every: Every | None
    instalments: int
    first_due_on: date | None = None
    harvest_months: tuple[HarvestMonth, ...] = ()
    due_dates: tuple[date, ...] = ()
    month_end: MonthEnd = MonthEnd.CLAMP
    period_rate: Decimal | None = None
    principal_percent: Decimal | None = None
    principal_grace: int = 0
    interest_grace: int = 0
    instalment_multiple: int = 1
    currency_multiple: int = 1

    @property
    def rate(self) -> Decimal:
        """The rate in the unit of the day count: a year's, or a period's."""
        return self.annual_rate if self.period_rate is None else self.period_rate


# Changes are classes and not tuples, of which two of different kinds with the same figures would be equal.
@dataclass(frozen=True, slots=True)
class RateChange:
    """Another rate from the night that begins on a date."""

    from_on: date
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Extend:
    """More rows; those due from a date on are levelled again."""

    from_on: date
    instalments: int


@dataclass(frozen=True, slots=True)
class MoveDueDate:
    """An instalment moves to another date, and the later ones follow it."""

    from_on: date
    to_on: date


@dataclass(frozen=True, slots=True)
class PrincipalHoliday:
    """Rows due from a date on pay no principal, and as many rows follow at the end."""

    from_on: date
    instalments: int


@dataclass(frozen=True, slots=True)
class InterestPause:
    """No interest for the nights of a stretch of dates, both included."""

    from_on: date
    to_on: date


@dataclass(frozen=True, slots=True)
class Drawdown:
    """More principal, bearing interest from the night of its date on."""

    on: date
    amount: int


@dataclass(frozen=True, slots=True)
class ReAge:
    """All that is unpaid on a date goes into new rows."""

    on: date
    start_on: date
    instalments: int
    every: Every
    interest: Literal["to_date", "full"]


@dataclass(frozen=True, slots=True)
class ReAmortise:
    """What is overdue on a date goes into the remaining rows."""

    on: date


@dataclass(frozen=True, slots=True)
class SetInstalment:
    """The instalment of a date becomes an amount and stays it."""

    due_on: date
    amount: int


@dataclass(frozen=True, slots=True)
class AddInstalment:
    """One more instalment, of an amount that stays."""

    due_on: date
    amount: int


@dataclass(frozen=True, slots=True)
class DropInstalment:
    """The instalment of a date falls away."""

    due_on: date


Change = (
    RateChange
    | Extend
    | MoveDueDate
    | PrincipalHoliday
    | InterestPause
    | Drawdown
    | ReAge
    | ReAmortise
    | SetInstalment
    | AddInstalment
    | DropInstalment
)


class PaymentMade(NamedTuple):
    """Money that came in on a date."""

    on: date
    amount: int
