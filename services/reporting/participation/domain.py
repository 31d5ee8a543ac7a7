"""Who of a fiscal year's participants keeps a household account (K20)."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from services.reporting.measures.domain import Contribution, Measure
from shared.kernel.calendar import add_months, fiscal_year_bounds

WINDOW_MONTHS: Final = 6
CLOSED_MONTHS_MIN: Final = 3


def case_text(fiscal_year_be: int, opened_on: date) -> str:
    """A case as the row keeps it."""
    return f"{fiscal_year_be} {opened_on.isoformat()}"


def of_participation(row: Mapping[str, Any]) -> Iterator[Contribution]:
    """One contribution for each month in which the member, with a case of that fiscal year, is active.

    Active in a month: at least 3 of the 6 months that end with it are closed. It depends on the months alone, not on
    the day they were closed, so an account that is handed in late counts for the months it describes.
    """
    closed = {date.fromisoformat(month) for month in row["closed_months"].values()}
    if len(closed) < CLOSED_MONTHS_MIN:
        return
    for fiscal_year_be, opened_on in _first_cases(row["cases"]).items():
        first, last = fiscal_year_bounds(fiscal_year_be)
        month = max(first, opened_on.replace(day=1))
        while month <= last:
            if _closed_in_window(closed, month) >= CLOSED_MONTHS_MIN:
                yield Contribution(row["cooperative_id"], fiscal_year_be, Measure.LEDGER_ACTIVE, month, 0)
            month = add_months(month, 1)


def _closed_in_window(closed: set[date], month: date) -> int:
    return sum(add_months(month, -back) in closed for back in range(WINDOW_MONTHS))


def _first_cases(cases: Mapping[str, str]) -> dict[int, date]:
    first: dict[int, date] = {}
    for text in cases.values():
        year_text, _, day_text = text.partition(" ")
        year, opened_on = int(year_text), date.fromisoformat(day_text)
        first[year] = min(first.get(year, opened_on), opened_on)
    return first
