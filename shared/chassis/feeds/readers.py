"""From the bytes of a file to rows of texts, as a stream of bounded memory.

A CSV file must be UTF-8 (a byte order mark is welcome), comma separated, with the headings in row 1. A workbook is
turned into the same CSV by a process of its own (:mod:`shared.chassis.feeds.xlsx`) and read here too. NDJSON is a JSON
object a line, and gives the same rows of texts, so that everything after the reading is the same for every format.
"""

import codecs
import csv
import json
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from shared.chassis.feeds.kinds import Column, FeedKind
from shared.chassis.feeds.messages import FileRefused

RECORD_CHARACTERS_MAX = 524_288  # one row; more means a quotation mark that is never closed
_OTHER_DELIMITERS = (";", "\t", "|")


class _Utf8:
    """Bytes in, text out; raises FileRefused for what is not UTF-8, or holds a character that text may not hold."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("strict")

    def decode(self, data: bytes, *, final: bool = False) -> str:
        try:
            text = self._decoder.decode(data, final)
        except UnicodeDecodeError:
            raise FileRefused("wrong_encoding") from None
        if "\x00" in text:
            raise FileRefused("wrong_encoding")
        return text


class CsvRows:
    """Bytes in, rows out. A row that is not complete yet stays inside until more bytes came."""

    def __init__(self) -> None:
        self._text = _Utf8()
        self._lines: deque[str] = deque()
        self._tail = ""
        self._buffered = 0
        self._ended = False
        self._reader = csv.reader(self._next_lines(), strict=True)
        self.row_number = 0

    def feed(self, data: bytes) -> None:
        """Take more of the file; raises FileRefused when it is not UTF-8."""
        self._take(self._text.decode(data))

    def end(self) -> None:
        """There is no more."""
        self._take(self._text.decode(b"", final=True))
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


class NdjsonRows:
    """Bytes in, rows out: first a row of headings with the number 0, then a row a line, in the order of the columns.

    A number is taken as the text that stands in the file, so that no amount becomes a float.
    """

    def __init__(self, kind: FeedKind) -> None:
        self._text = _Utf8()
        self._headings = [column.name for column in kind.columns]
        self._places = {column.name: place for place, column in enumerate(kind.columns)}
        self._places |= {column.heading_th: place for place, column in enumerate(kind.columns)}
        self._lines: deque[str] = deque()
        self._tail = ""
        self._began = False
        self.row_number = 0

    def feed(self, data: bytes) -> None:
        """Take more of the file; raises FileRefused when it is not UTF-8 or a line does not end."""
        *lines, self._tail = (self._tail + self._text.decode(data)).split("\n")
        self._lines.extend(lines)
        if len(self._tail) > RECORD_CHARACTERS_MAX:
            raise self._refused("unreadable_ndjson", self.row_number + len(self._lines) + 1)

    def end(self) -> None:
        """There is no more."""
        self._lines.append(self._tail + self._text.decode(b"", final=True))
        self._tail = ""

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Number and cells of every line that is complete; a line without anything is a row without cells."""
        if not self._began:
            self._began = True
            yield 0, self._headings
        while self._lines:
            line = self._lines.popleft()
            self.row_number += 1
            yield self.row_number, self._cells(line) if line.strip() else []

    def _cells(self, line: str) -> list[str]:
        if len(line) > RECORD_CHARACTERS_MAX:
            raise self._refused("unreadable_ndjson")
        try:
            fields = json.loads(
                line, object_pairs_hook=_Fields, parse_int=str, parse_float=str, parse_constant=self._not_a_number
            )
        except (ValueError, RecursionError):
            raise self._refused("unreadable_ndjson") from None
        if not isinstance(fields, _Fields):
            raise self._refused("unreadable_ndjson")
        cells = [""] * len(self._headings)
        named: set[int] = set()
        for name, value in fields:
            place = self._places.get(name)
            if place is None:
                raise self._refused("unknown_field")
            if place in named:
                raise self._refused("duplicate_field")
            named.add(place)
            if value is not None:
                cells[place] = self._cell(value)
        return cells

    def _cell(self, value: Any) -> str:
        # An escape may say what UTF-8 cannot: a zero character, or half of a surrogate pair.
        if not isinstance(value, str) or "\x00" in value or not _is_encodable(value):
            raise self._refused("unreadable_ndjson")
        return value

    def _not_a_number(self, _name: str) -> str:
        raise self._refused("unreadable_ndjson")

    def _refused(self, code: str, row: int | None = None) -> FileRefused:
        row = row or self.row_number
        return FileRefused(code, f"row {row}", f"แถวที่ {row}")


class _Fields(list[tuple[str, Any]]):
    """The fields of a JSON object as they stand, twice the same name too; a JSON list is another kind of list."""


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


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
