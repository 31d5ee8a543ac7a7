"""A program of its own: an Excel workbook on standard input, its first sheet as CSV on standard output.

It is started by :mod:`shared.chassis.feeds.xlsx` with its bounds as arguments and imports nothing of Plodnee, so that
it starts quickly and holds no secrets. It ends with 3 when the input is no workbook, with 4 when it is too large; when
the operating system stops it, with whatever code that gives.
"""

import csv
import io
import resource
import sys
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import python_calamine

EXIT_UNREADABLE = 3
EXIT_TOO_LARGE = 4


def text_of(cell: Any) -> str:
    """A cell as a person would have typed it into a CSV file: dates as ISO text, numbers without an exponent."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        # Fifteen digits are what Excel itself keeps and shows: 0.1 + 0.2 is 0.3 there.
        return str(int(cell)) if cell.is_integer() else format(Decimal(f"{cell:.15g}"), "f")
    if isinstance(cell, datetime):
        return cell.date().isoformat() if (cell.hour, cell.minute, cell.second) == (0, 0, 0) else cell.isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)


def convert(content: bytes, rows_max: int) -> int:
    """Write the sheet; returns the exit code."""
    try:
        sheet = python_calamine.load_workbook(io.BytesIO(content)).get_sheet_by_index(0)
    except (python_calamine.CalamineError, OSError, ValueError, IndexError):
        return EXIT_UNREADABLE
    if sheet.end is not None and sheet.end[0] > rows_max:
        return EXIT_TOO_LARGE
    output = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="", write_through=False)
    writer = csv.writer(output, lineterminator="\n")
    # The reader gives the empty rows above the first cell, but not the empty columns left of it.
    margin = [""] * (sheet.start or (0, 0))[1]
    for row in sheet.iter_rows():
        writer.writerow(margin + [text_of(cell) for cell in row])
    output.flush()
    return 0


def main() -> int:
    memory_bytes_max, seconds_max, rows_max = map(int, sys.argv[1:4])
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes_max, memory_bytes_max))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds_max, seconds_max))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        return convert(sys.stdin.buffer.read(), rows_max)
    except MemoryError:
        return EXIT_TOO_LARGE


if __name__ == "__main__":
    sys.exit(main())
