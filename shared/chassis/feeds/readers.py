"""From the bytes of a file to rows of texts, as a stream of bounded memory.

A CSV file must be UTF-8 (a byte order mark is welcome), comma separated, with the headings in row 1. A workbook is
turned into the same CSV by a process of its own (:mod:`shared.chassis.feeds.xlsx`) and read here too.
"""

import codecs
import csv
from collections import deque
from collections.abc import Iterator, Sequence

from shared.chassis.feeds.kinds import Column, FeedKind
from shared.chassis.feeds.messages import FileRefused

RECORD_CHARACTERS_MAX = 524_288  # one row; more means a quotation mark that is never closed
_OTHER_DELIMITERS = (";", "\t", "|")


class CsvRows:
    """Bytes in, rows out. A row that is not complete yet stays inside until more bytes came."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("strict")
        self._lines: deque[str] = deque()
        self._tail = ""
        self._buffered = 0
        self._ended = False
        self._reader = csv.reader(self._next_lines(), strict=True)
        self.row_number = 0

    def feed(self, data: bytes) -> None:
        """Take more of the file; raises FileRefused when it is not UTF-8."""
        self._take(self._decode(data, final=False))

    def end(self) -> None:
        """There is no more."""
        self._take(self._decode(b"", final=True))
        if self._tail:
            self._lines.append(self._tail)
        self._tail = ""
        self._ended = True

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Number and cells of every row that is surely complete, empty rows too."""
        while self._ended or self._buffered > RECORD_CHARACTERS_MAX:
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error:
                raise self._unreadable() from None
            self.row_number += 1
            yield self.row_number, cells

    def _decode(self, data: bytes, *, final: bool) -> str:
        try:
            text = self._decoder.decode(data, final)
        except UnicodeDecodeError:
            raise FileRefused("wrong_encoding") from None
        if "\x00" in text:
            raise FileRefused("wrong_encoding")
        return text

    def _take(self, text: str) -> None:
        self._buffered += len(text)
        first, *others = (self._tail + text).split("\n")
        if not others:
            self._tail = first
            return
        self._lines.append(first + "\n")
        self._lines.extend(line + "\n" for line in others[:-1])
        self._tail = others[-1]

    def _next_lines(self) -> Iterator[str]:
        while True:
            if self._lines:
                line = self._lines.popleft()
                self._buffered -= len(line)
                yield line
            elif self._ended:
                return
            else:
                raise self._unreadable()

    def _unreadable(self) -> FileRefused:
        row = self.row_number + 1
        return FileRefused("unreadable_csv", f"row {row}", f"แถวที่ {row}")


def match_headings(kind: FeedKind, headings: Sequence[str]) -> list[Column]:
    """The kind's columns in the order of a file's headings, which are English names or Thai headings.

    Raises:
        FileRefused: a heading is unknown, missing or doubled, or the cells are not separated by commas. A heading is
            named by its position: without a heading row, row 1 holds somebody's data.
    """
    known = {column.name: column for column in kind.columns} | {column.heading_th: column for column in kind.columns}
    cells = [heading.strip() for heading in headings]
    while cells and not cells[-1]:
        cells.pop()
    if not cells:
        raise FileRefused("empty_file")
    if len(cells) == 1 and cells[0] not in known and any(mark in cells[0] for mark in _OTHER_DELIMITERS):
        raise FileRefused("wrong_delimiter")
    found: list[Column] = []
    for position, cell in enumerate(cells, 1):
        column = known.get(cell)
        if column is None:
            raise FileRefused("unknown_column", f"column {position}", f"คอลัมน์ที่ {position}")
        if column in found:
            raise FileRefused("duplicate_column", column.name, column.heading_th)
        found.append(column)
    for column in kind.columns:
        if column.required and column not in found:
            raise FileRefused("missing_column", column.name, column.heading_th)
    return found
