"""Who of a fiscal year's participants keeps a household account (K20)."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from services.reporting.measures.domain import Contribution, Measure
from shared.kernel.calendar import add_months, fiscal_year_bounds

WINDOW_MONTHS: Final = 6
CLOSED_MONTHS_MIN: Final = 3


class Entry(NamedTuple):
    """What one side says of a member's participation: an entry by its id, or None for one that no longer counts."""

    member_id: UUID
    cooperative_id: UUID
    column: Literal["cases", "closed_months"]
    name: str
    text: str | None


def entry_of_case(row: Mapping[str, Any]) -> Entry:
    """A case makes its member a participant of its fiscal year."""
    text = f"{row['fiscal_year_be']} {row['opened_on'].isoformat()}"
    return Entry(row["member_id"], row["cooperative_id"], "cases", str(row["id"]), text)


def entry_of_ledger_month(row: Mapping[str, Any]) -> Entry:
    """A month of a household account; an open one counts no more."""
    text = row["month"].isoformat() if row["status"] == "closed" else None
    return Entry(row["member_id"], row["cooperative_id"], "closed_months", str(row["id"]), text)


def with_entries(row: Mapping[str, Any], entries: Iterable[Entry]) -> dict[str, Any]:
    """A participation row as it is once these entries are set or removed."""
    after = dict(row)
    for entry in entries:
        after[entry.column] = after[entry.column] | {entry.name: entry.text}
    return after | {
        column: {name: text for name, text in after[column].items() if text is not None}
        for column in ("cases", "closed_months")
    }


def of_participation(row: Mapping[str, Any]) -> Iterator[Contribution]:
    """One contribution for each month in which the member, with a case of that fiscal year, is active.

    Active in a month: at least 3 of the 6 months that end with it are closed. It depends on the months alone, not on
    the day they were closed, so an account that is handed in late counts for the months it describes.

    Until the first month of a fiscal year ends, the last whole month is the one before the year: it counts for whoever
    takes part from the year's first day on.
    """
    closed = {date.fromisoformat(month) for month in row["closed_months"].values()}
    if len(closed) < CLOSED_MONTHS_MIN:
        return
    for fiscal_year_be, opened_on in _first_cases(row["cases"]).items():
        first, last = fiscal_year_bounds(fiscal_year_be)
        month = add_months(first, -1) if opened_on <= first else opened_on.replace(day=1)
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
