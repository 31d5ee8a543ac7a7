"""A year's file in monthly deliveries, as a sender would hand it over after each month-end.

A row goes to the month of its date. A row whose date cannot be read, or lies before the fiscal year, goes to the first
month; one after the year to the last. Rows keep their order, so the second of two equal keys stays the second.
"""

import csv
import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from demo.generator.defects import FEED_FILES
from demo.generator.files import FIRST_DATA_ROW
from shared.kernel.calendar import fiscal_year_bounds, month_end, month_ends, parse_date, parse_month
from shared.kernel.errors import BilingualValueError


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that must be rejected: the row as a spreadsheet shows it, the code and the column."""

    row: int
    code: str
    column: str


@dataclass(frozen=True, slots=True)
class MonthlyPart:
    """One month's delivery. ``original_rows`` holds, for each of its data rows, the row in the year's file."""

    feed: str
    path: Path
    as_of: date
    original_rows: "array[int]"
    rejects: list[Reject] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return len(self.original_rows)

    @property
    def accepted(self) -> int:
        return self.rows - len(self.rejects)

    def original_row(self, row: int) -> int:
        """The row of the year's file that stands in this row of the part."""
        return self.original_rows[row - FIRST_DATA_ROW]


def split_by_month(folder: Path, name: str, out: Path) -> list[MonthlyPart]:
    """Split one file of a generated folder into twelve files in ``out``, with the rejects expected of each.

    Raises ValueError for a file that is not dated (only payments, produce, training and household accounts are).
    """
    feed = FEED_FILES.get(name)
    if feed is None or feed.date_column is None:
        dated = ", ".join(feed.name for feed in FEED_FILES.values() if feed.date_column)
        raise ValueError(f"{name} has no date to split by; these have: {dated}")
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    month_ends_of_year = list(month_ends(*fiscal_year_bounds(expected["fiscal_year_be"])))
    out.mkdir(parents=True, exist_ok=True)
    parts = [
        MonthlyPart(name, out / f"{Path(name).stem}-{day:%Y-%m}.csv", day, array("q")) for day in month_ends_of_year
    ]
    place_of_row = _copy_rows(folder / name, feed.date_column, parts)
    rejects = {reject.row: reject for reject in rejects_of(expected, name)}
    for row, part, row_in_part in place_of_row:
        if row in rejects:
            part.rejects.append(Reject(row_in_part, rejects[row].code, rejects[row].column))
    return parts


def rejects_of(expected: dict[str, Any], name: str) -> Iterator[Reject]:
    """The rejects that ``expected.json`` lists for a file."""
    for entry in expected["files"][name]["rejects"]:
        yield Reject(entry["row"], entry["code"], entry["column"])


def _copy_rows(source: Path, date_column: str, parts: Sequence[MonthlyPart]) -> Iterable[tuple[int, MonthlyPart, int]]:
    """Write the parts; yields for each row of the source its part and its row there."""
    with ExitStack() as files:
        rows = csv.reader(files.enter_context(source.open(encoding="utf-8-sig", newline="")))
        heading = next(rows)
        place = heading.index(date_column)
        writers = []
        for part in parts:
            writer = csv.writer(
                files.enter_context(part.path.open("w", encoding="utf-8", newline="")), lineterminator="\n"
            )
            writer.writerow(heading)
            writers.append(writer)
        for number, row in enumerate(rows, start=FIRST_DATA_ROW):
            month = month_place(row[place], date_column, parts[0].as_of, len(parts))
            writers[month].writerow(row)
            parts[month].original_rows.append(number)
            yield number, parts[month], parts[month].rows - 1 + FIRST_DATA_ROW


def month_place(text: str, date_column: str, first_month_end: date, months: int) -> int:
    """The place of a row's month in the year; the first for what cannot be read or comes before."""
    try:
        day = parse_month(text) if date_column == "month" else parse_date(text)
    except BilingualValueError:
        return 0
    end = month_end(day)
    place = 12 * (end.year - first_month_end.year) + end.month - first_month_end.month
    return min(max(place, 0), months - 1)
