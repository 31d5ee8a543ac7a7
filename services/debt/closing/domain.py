"""What the close of a business date states of a loan: what is overdue, since when, its class, and why it changed.

An instalment is overdue at the close of day t when it fell due before t and principal or scheduled interest of it is
unpaid. Fees and interest for lateness are kept apart and never part of the overdue amount. Amounts in satang.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import Literal, NamedTuple

from services.debt.business_days.domain import ONE_DAY
from services.debt.loans.domain import Instalment
from shared.kernel.calendar import add_months, fiscal_year_be, fiscal_year_bounds, month_end

LoanClass = Literal["normal", "substandard", "doubtful", "doubtful_loss", "loss"]

CLASSES: tuple[LoanClass, ...] = ("normal", "substandard", "doubtful", "doubtful_loss", "loss")
"""From the best to the worst."""

CLASS_LABELS_TH: Mapping[LoanClass, str] = {
    "normal": "ปกติ",
    "substandard": "ต่ำกว่ามาตรฐาน",
    "doubtful": "สงสัย",
    "doubtful_loss": "สงสัยจะสูญ",
    "loss": "สูญ",
}

NPL_DAYS_PAST_DUE = 90
"""More than this many days past due is a non-performing loan (Bank of Thailand, by analogy)."""

EARLIEST_FISCAL_YEAR_BE = 2560
"""Two years before the programme began. No baseline is of an earlier year, and no first close lies before its day."""

MOVEMENT_PARTS = ("cash", "produce", "set_off", "waived", "written_off", "rescheduled", "left", "newly_overdue")
"""Why overdue debt changes. Positive takes overdue debt away; newly_overdue is negative."""


class Overdue(NamedTuple):
    """What is overdue of a loan at the close of a day, and the oldest due date with something unpaid."""

    principal: int
    interest: int
    oldest_due_on: date | None
    instalments: int

    @property
    def amount(self) -> int:
        return self.principal + self.interest


@dataclass(frozen=True, slots=True)
class ClassThreshold:
    """A class begins when the oldest unpaid due date lies more than ``months_over`` months back (None: never by time).

    ``provision`` is the allowance as a share of the outstanding principal.
    """

    loan_class: LoanClass
    months_over: int | None
    provision: Decimal


@dataclass(frozen=True, slots=True)
class ClassTable:
    """The thresholds from a day on. ``assumption``: no source confirms it."""

    effective_from: date
    thresholds: tuple[ClassThreshold, ...]
    source: str
    assumption: bool


CLASS_TABLES: tuple[ClassTable, ...] = (
    ClassTable(
        date.min,
        (
            ClassThreshold("normal", 0, Decimal("0.00")),
            ClassThreshold("substandard", 3, Decimal("0.20")),
            ClassThreshold("doubtful", 6, Decimal("0.50")),
            ClassThreshold("doubtful_loss", 12, Decimal("1.00")),
            ClassThreshold("loss", None, Decimal("1.00")),
        ),
        "Registrar's Regulation on loan classification B.E. 2544 names five classes, the worst counts (cl. 7-12); "
        "the months are those of Thai banks, the provisions are assumed",
        True,
    ),
)


def baseline_day(year_be: int) -> date:
    """The day as of which the cohort of a fiscal year is frozen: the last one before the year."""
    return fiscal_year_bounds(year_be)[0] - ONE_DAY


def earliest_first_close(opened_on: date | None) -> date:
    """The first day to which a co-operative may be closed first: the baseline of the fiscal year in which its oldest
    loan was opened here (None: it has no loan).

    Everything after a first close is stated month by month, for ever: an earlier day adds only months without debt.
    """
    year = EARLIEST_FISCAL_YEAR_BE if opened_on is None else fiscal_year_be(opened_on)
    return baseline_day(max(year, EARLIEST_FISCAL_YEAR_BE))


def next_day_to_state(closed_on: date | None, close_to: date) -> date:
    """The next month-end that is not closed, or the day to close when that comes first. A first close states its day
    alone."""
    return close_to if closed_on is None else min(month_end(closed_on + ONE_DAY), close_to)


def overdue_at(instalments: Iterable[Instalment], closed_on: date) -> Overdue:
    """What is overdue at the close of ``closed_on``."""
    principal = interest = count = 0
    oldest: date | None = None
    for instalment in instalments:
        if instalment.due_on >= closed_on:
            continue
        unpaid_principal, unpaid_interest = instalment.unpaid_principal, instalment.unpaid_interest
        if unpaid_principal or unpaid_interest:
            principal += unpaid_principal
            interest += unpaid_interest
            count += 1
            if oldest is None or instalment.due_on < oldest:
                oldest = instalment.due_on
    return Overdue(principal, interest, oldest, count)


def days_past_due(oldest_due_on: date | None, closed_on: date) -> int:
    """Days from the oldest unpaid due date to the close; 0 if nothing is overdue."""
    return 0 if oldest_due_on is None else max(0, (closed_on - oldest_due_on).days)


def class_table(closed_on: date) -> ClassTable:
    """The table in force on a day: the newest one."""
    in_force = [table for table in CLASS_TABLES if table.effective_from <= closed_on]
    return max(in_force, key=attrgetter("effective_from"))


def classify(oldest_due_on: date | None, closed_on: date, table: ClassTable) -> LoanClass:
    """The class of a loan by time: of all that fit, the worst (Registrar's Regulation B.E. 2544, clause 12).

    A threshold of m months is passed the day after the due date moved by m months, which in SQL is
    ``oldest_due_on + make_interval(months => m) < closed_on``. The ledger knows neither postponements, of which a
    missed date is substandard at least, nor what the law holds uncollectable, which is a loss.
    """
    fitting: list[LoanClass] = ["normal"]
    if oldest_due_on is not None:
        fitting += [
            threshold.loan_class
            for threshold in table.thresholds
            if threshold.months_over is not None and closed_on > add_months(oldest_due_on, threshold.months_over)
        ]
    return max(fitting, key=CLASSES.index)


def identity_gap(overdue_at_start: int, overdue_at_end: int, parts: Mapping[str, int]) -> int:
    """OD(t0) - OD(t) - Σ parts, in satang: 0 if the parts explain the whole change. Unknown parts are an error."""
    unknown = set(parts) - set(MOVEMENT_PARTS)
    if unknown:
        raise ValueError(f"not a part of the change of overdue debt: {', '.join(sorted(unknown))}")
    return overdue_at_start - overdue_at_end - sum(parts.values())
