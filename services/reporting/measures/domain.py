"""Measures: what is counted and summed per co-operative and day, month or fiscal year.

A cell is one co-operative's day, month or year: for every measure the sum of what rows contribute, and how many rows
do. All measures of a cell stand in one row, because a figure reads many of them at once. Contributions are added when a
fact is first stored and exchanged when a state changes, so a cell depends on the rows alone and never on their order.
A cell to which no row contributes does not exist.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from shared.kernel.calendar import fiscal_year_be, fiscal_year_bounds


class Measure(StrEnum):
    """What is measured. Values are satang unless the label says otherwise; counts are rows."""

    PAYMENTS = "payments"
    REVERSALS = "reversals"
    COLLECTED_CASH = "collected_cash"
    COLLECTED_PRODUCE = "collected_produce"
    COLLECTED_SET_OFF = "collected_set_off"
    OVERDUE_REDUCED = "overdue_reduced"
    COHORT_CASH = "cohort_cash"
    COHORT_PRODUCE = "cohort_produce"
    COHORT_SET_OFF = "cohort_set_off"
    DEFAULT_INTEREST_WAIVED = "default_interest_waived"
    DEDUCTIONS_SETTLED = "deductions_settled"
    DEDUCTIONS_UNDONE = "deductions_undone"
    DEDUCTIONS_REFUSED = "deductions_refused"
    PRODUCE_GROSS = "produce_gross"
    PRODUCE_TO_DEBT = "produce_to_debt"
    PRODUCE_TO_SAVINGS = "produce_to_savings"
    PRODUCE_TO_MEMBERS = "produce_to_members"
    CASES_OPENED = "cases_opened"
    CASES_RELEASED = "cases_released"
    PLANS_SIGNED = "plans_signed"
    ATTENDANCES = "attendances"
    LEARNING_GAIN = "learning_gain"
    LEDGER_MONTHS_CLOSED = "ledger_months_closed"
    LEDGER_ACTIVE = "ledger_active"
    SAVINGS_PLEDGED = "savings_pledged"


"""Thai and English label of every measure."""

COUNTED = frozenset(
    {
        Measure.DEDUCTIONS_REFUSED,
        Measure.CASES_OPENED,
        Measure.CASES_RELEASED,
        Measure.ATTENDANCES,
        Measure.LEDGER_MONTHS_CLOSED,
        Measure.LEDGER_ACTIVE,
    }
)
"""Measures of which only the rows mean something; they have no column for a sum."""

MONTHLY_ONLY = frozenset({Measure.LEDGER_MONTHS_CLOSED, Measure.LEDGER_ACTIVE})
"""Measures of whole months, which no day has and no year sums up."""

POINT_UNITS = 10_000
"""A cell holds whole numbers; a point of a test is kept as 10,000 units, so that four decimal places stay exact."""


def rows_column(measure: Measure) -> str:
    """The column that counts the rows which contribute to a measure; their sum stands in the one named like it."""
    return _ROWS_COLUMNS[measure]


_ROWS_COLUMNS = {measure: f"{measure}_rows" for measure in Measure}


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one row adds to a measure on a day (for monthly measures: the month's first day).

    `rows` is 1 for a row that counts and -1 for one that no longer does.
    """

    cooperative_id: UUID
    fiscal_year_be: int
    measure: Measure
    day: date
    value: int
    rows: int = 1

    def taken_back(self) -> "Contribution":
        """The contribution that undoes this one."""
        return Contribution(self.cooperative_id, self.fiscal_year_be, self.measure, self.day, -self.value, -self.rows)


class CellKey(NamedTuple):
    """Names a cell; the order in which batches lock cells."""

    cooperative_id: UUID
    fiscal_year_be: int
    period: date


Cells = dict[CellKey, dict[str, int]]
"""By cell, what is added to its columns."""


def flow(cooperative_id: UUID, measure: Measure, day: date, value: int = 0) -> Contribution:
    """A contribution to the fiscal year in which its day lies."""
    return Contribution(cooperative_id, fiscal_year_be(day), measure, day, value)


def by_day(contributions: Iterable[Contribution]) -> Cells:
    """What contributions change in the cells of days."""
    return _summed((item, item.day) for item in contributions if item.measure not in MONTHLY_ONLY)


def by_month(contributions: Iterable[Contribution]) -> Cells:
    """What contributions change in the cells of months, named by their first day."""
    return _summed((item, item.day.replace(day=1)) for item in contributions)


def by_year(contributions: Iterable[Contribution]) -> Cells:
    """What contributions change in the cells of fiscal years, named by their first day."""
    return _summed(
        (item, fiscal_year_bounds(item.fiscal_year_be)[0]) for item in contributions if item.measure not in MONTHLY_ONLY
    )


def _summed(items: Iterable[tuple[Contribution, date]]) -> Cells:
    cells: defaultdict[CellKey, dict[str, int]] = defaultdict(dict)
    for item, period in items:
        changes, measure = cells[CellKey(item.cooperative_id, item.fiscal_year_be, period)], item.measure
        rows = _ROWS_COLUMNS[measure]
        changes[rows] = changes.get(rows, 0) + item.rows
        if measure not in COUNTED:
            changes[measure] = changes.get(measure, 0) + item.value
    changed = ((key, {column: by for column, by in cells[key].items() if by}) for key in sorted(cells))
    return {key: changes for key, changes in changed if changes}
