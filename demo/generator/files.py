"""Writing the feeds: CSV row by row, one file also as XLSX with Thai headings, and what must come out of each.

Nothing is kept: rejects go to a side file line by line and are copied into ``expected.json`` at the end.
"""

import csv
import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from demo.generator.defects import DefectPlanter, FeedFile
from shared.kernel.calendar import parse_date
from shared.kernel.errors import BilingualValueError

FIRST_DATA_ROW = 2
"""The heading is row 1, as a spreadsheet shows it."""

WITH_BYTE_ORDER_MARK = frozenset({"members.csv", "plots.csv"})
"""Files that a spreadsheet program saved: a byte order mark and CR LF."""

XLSX_ROWS_MOST = 1_000_000
"""A sheet holds 1,048,576 rows."""

XLSX_CREATED_AT = datetime(2022, 10, 1)
"""A fixed time of creation, so that the same seed gives the same bytes."""


class FeedWriter:
    """One file: good rows as they come, defective ones among them, and the account of both."""

    def __init__(self, folder: Path, feed: FeedFile, seed: int) -> None:
        self.feed = feed
        self.rows = 0
        self.accepted = 0
        self.duplicates = 0
        self.rejected: Counter[str] = Counter()
        self.mirror: Callable[[Sequence[str]], None] | None = None
        self.rejects_path = folder / f".{feed.name}.rejects"
        self._planter = DefectPlanter(seed, feed)
        spreadsheet = feed.name in WITH_BYTE_ORDER_MARK
        encoding = "utf-8-sig" if spreadsheet else "utf-8"
        self._file: IO[str] = (folder / feed.name).open("w", encoding=encoding, newline="")
        self._csv = csv.writer(self._file, lineterminator="\r\n" if spreadsheet else "\n")
        self._csv.writerow(feed.columns)
        self._rejects: IO[str] = self.rejects_path.open("w", encoding="utf-8")

    def write(self, row: Sequence[str], *, duplicate: bool = False) -> None:
        """A good row, and now and then a defective one behind it. ``duplicate``: the person is known already."""
        self._put(row)
        self.accepted += 1
        self.duplicates += duplicate
        for broken, defect in self._planter.after(row):
            self._put(broken)
            self.rejected[defect.code] += 1
            entry = {"row": self.rows - 1 + FIRST_DATA_ROW, "code": defect.code, "column": defect.column}
            self._rejects.write(json.dumps(entry) + "\n")

    def _put(self, row: Sequence[str]) -> None:
        self._csv.writerow(row)
        self.rows += 1
        if self.mirror is not None:
            self.mirror(row)

    def close(self) -> None:
        """Finish the file; the rejects stay until ``expected.json`` has taken them."""
        self._file.close()
        self._rejects.close()


class HouseholdWorkbook:
    """farm_households.xlsx: the same rows under Thai headings, with numbers and dates as cells of their kind."""

    COLUMN_WIDTHS = (20, 14, 18, 20, 12, 18)

    def __init__(self, path: Path, headings: Sequence[str]) -> None:
        # Only this file needs the library, which is not in the production image.
        import xlsxwriter

        self._workbook: Any = xlsxwriter.Workbook(str(path), {"constant_memory": True})
        self._workbook.set_properties({"created": XLSX_CREATED_AT})
        self._date_format = self._workbook.add_format({"num_format": "yyyy-mm-dd"})
        heading_format = self._workbook.add_format({"bold": True})
        self._sheet = self._workbook.add_worksheet("ครัวเรือนเกษตรกร")
        for place, width in enumerate(self.COLUMN_WIDTHS):
            self._sheet.set_column(place, place, width)
        self._sheet.freeze_panes(1, 0)
        self._sheet.write_row(0, 0, headings, heading_format)
        self._row = 0

    def write(self, row: Sequence[str]) -> None:
        """One row, text as text: codes and numbers of twelve digits must keep their leading zeros."""
        self._row += 1
        *texts, size, district_code, registered_on = row
        for place, text in enumerate(texts):
            self._sheet.write_string(self._row, place, text)
        place = len(texts)
        if size.isdigit():
            self._sheet.write_number(self._row, place, int(size))
        else:
            self._sheet.write_string(self._row, place, size)
        self._sheet.write_string(self._row, place + 1, district_code)
        day = _readable_date(registered_on)
        if day is None:
            self._sheet.write_string(self._row, place + 2, registered_on)
        else:
            midnight = datetime.combine(day, time.min)
            self._sheet.write_datetime(self._row, place + 2, midnight, self._date_format)

    def close(self) -> None:
        """Write the workbook."""
        self._workbook.close()


def _readable_date(text: str) -> date | None:
    try:
        return parse_date(text)
    except BilingualValueError:
        return None


class FeedFolder:
    """All files of a run. Use as a context manager: on leaving, files are closed and expected.json is written."""

    def __init__(self, folder: Path, feeds: dict[str, FeedFile], seed: int, headings_th: Sequence[str],
                 *, workbook: bool) -> None:  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.head: dict[str, Any] = {"seed": seed}
        self._writers = {name: FeedWriter(folder, feed, seed) for name, feed in feeds.items()}
        self._workbook: HouseholdWorkbook | None = None
        if workbook:
            self._workbook = HouseholdWorkbook(folder / "farm_households.xlsx", headings_th)
            self._writers["farm_households.csv"].mirror = self._workbook.write

    def __getitem__(self, name: str) -> FeedWriter:
        return self._writers[name]

    def __enter__(self) -> "FeedFolder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for writer in self._writers.values():
            writer.close()
        if self._workbook is not None:
            self._workbook.close()
        if error is None:
            self._write_expected()
        for writer in self._writers.values():
            writer.rejects_path.unlink()

    def rows(self) -> dict[str, int]:
        """Data rows per file so far."""
        return {name: writer.rows for name, writer in self._writers.items()}

    def _write_expected(self) -> None:
        names = {name: name for name in self._writers}
        if self._workbook is not None:
            names["farm_households.xlsx"] = "farm_households.csv"
        with (self.folder / "expected.json").open("w", encoding="utf-8", newline="") as out:
            head = json.dumps(self.head, ensure_ascii=False, indent=1)
            out.write(head.removesuffix("\n}") + ',\n "files": {')
            for place, (name, source) in enumerate(sorted(names.items())):
                out.write("," if place else "")
                self._write_expected_file(out, name, self._writers[source])
            out.write("\n }\n}\n")

    @staticmethod
    def _write_expected_file(out: IO[str], name: str, writer: FeedWriter) -> None:
        summary = {
            "rows": writer.rows,
            "accepted": writer.accepted,
            "waiting": 0,
            "rejected": dict(sorted(writer.rejected.items())),
            "duplicates": writer.duplicates,
        }
        out.write(f'\n  {json.dumps(name)}: {json.dumps(summary)[:-1]}, "rejects": [')
        with writer.rejects_path.open(encoding="utf-8") as rejects:
            for place, line in enumerate(rejects):
                out.write(("," if place else "") + "\n   " + line.rstrip("\n"))
        out.write("]}")
