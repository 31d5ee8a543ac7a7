"""Measures: what is counted and summed per co-operative and day, month or fiscal year.

A cell is one co-operative's day, month or year: for every measure the sum of what rows contribute, and how many rows
do. All measures of a cell stand in one row, because a figure reads many of them at once. Contributions are added when a
fact is first stored and exchanged when a state changes, so a cell depends on the rows alone and never on their order.
A cell to which no row contributes does not exist.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias
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


class Contribution(NamedTuple):
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


Contribute: TypeAlias = Callable[[Mapping[str, Any]], Iterable[Contribution]]
"""What a row of the read model contributes."""

CooperativeYear: TypeAlias = tuple[UUID, int]
"""A co-operative in a fiscal year."""

CellKey: TypeAlias = tuple[UUID, int, date]
"""Names a cell: its co-operative, its fiscal year, and the first day of what it covers."""

Cells: TypeAlias = dict[CellKey, dict[str, int]]
"""By cell, what is added to its columns."""


def flow(cooperative_id: UUID, measure: Measure, day: date, value: int = 0) -> Contribution:
    """A contribution to the fiscal year in which its day lies."""
    return Contribution(cooperative_id, fiscal_year_be(day), measure, day, value)


def exchanged(
    changes: Iterable[tuple[Mapping[str, Any] | None, Mapping[str, Any]]], contribute: Contribute
) -> list[Contribution]:
    """The contributions that take back what rows gave as they were, and add what they give as they are."""
    contributions: list[Contribution] = []
    for before, after in changes:
        if before is not None:
            contributions += [item.taken_back() for item in contribute(before)]
        contributions += contribute(after)
    return contributions


def cells_of(contributions: Iterable[Contribution]) -> tuple[Cells, Cells, Cells]:
    """What contributions change in the cells of days, of months and of fiscal years.

    They are summed once, to days: a payment makes several contributions to one day, and all but the first find their
    cell there.
    """
    days: Cells = {}
    months: Cells = {}
    years: Cells = {}
    for cooperative_id, year, measure, day, value, rows in contributions:
        is_monthly = measure in MONTHLY_ONLY
        key = (cooperative_id, year, day.replace(day=1) if is_monthly else day)
        changes = (months if is_monthly else days).setdefault(key, {})
        rows_of_measure = _ROWS_COLUMNS[measure]
        changes[rows_of_measure] = changes.get(rows_of_measure, 0) + rows
        if measure not in COUNTED:
            changes[measure] = changes.get(measure, 0) + value
    for (cooperative_id, year, day), changes in days.items():
        _add(months, (cooperative_id, year, day.replace(day=1)), changes)
        _add(years, (cooperative_id, year, fiscal_year_bounds(year)[0]), changes)
    return _changed(days), _changed(months), _changed(years)


def _add(cells: Cells, key: CellKey, changes: dict[str, int]) -> None:
    sums = cells.get(key)
    if sums is None:
        cells[key] = changes.copy()
        return
    for column, by in changes.items():
        sums[column] = sums.get(column, 0) + by


def _changed(cells: Cells) -> Cells:
    """Without what adds up to nothing."""
    changed = ((key, {column: by for column, by in changes.items() if by}) for key, changes in cells.items())
    return {key: changes for key, changes in changed if changes}
