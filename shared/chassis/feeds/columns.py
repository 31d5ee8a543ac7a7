"""From a cell's text to a typed value, or to the code of what is wrong with it."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import Any, TypeAlias

from shared.chassis.feeds.kinds import Column, FeedKind
from shared.kernel.calendar import parse_date, parse_month
from shared.kernel.errors import BilingualValueError
from shared.kernel.identifiers import national_id_is_valid
from shared.kernel.money import TooManyDecimals, parse_baht
from shared.kernel.thai import has_control_characters, to_arabic_digits

NULL = "NULL"  # the explicit text that clears a stored value

_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.(\d+))?")
_NUMBER_CHARACTERS_MAX = 40


class CellRefused(Exception):
    """A cell that cannot be read as its column's kind."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


Parser: TypeAlias = Callable[[str], Any]
Reject: TypeAlias = tuple[str, str]  # column name ("" for the whole row), code


class RowParser:
    """Reads the rows of one file.

    Args:
        kind: the kind of file.
        columns: the kind's columns in the order of this file's headings.
        as_of: the day the file stands for.
        characters_max: bound of a cell.
    """

    def __init__(self, kind: FeedKind, columns: Sequence[Column], as_of: date, characters_max: int) -> None:
        self._cells = [(column.name, _parser(column, as_of, characters_max), column.required) for column in columns]
        self._count = len(columns)
        self._key = tuple(kind.key)
        self._derive = kind.derive

    def parse(self, cells: Sequence[str]) -> tuple[dict[str, Any], list[Reject]]:
        """The typed values of a row, and everything that is wrong with it."""
        data: dict[str, Any] = {}
        rejects: list[Reject] = []
        if len(cells) > self._count and any(cell.strip() for cell in cells[self._count :]):
            return data, [("", "wrong_column_count")]
        for position, (name, parser, required) in enumerate(self._cells):
            text = cells[position].strip() if position < len(cells) else ""
            if not text or text == NULL:
                if required:
                    rejects.append((name, "missing_value"))
                elif text:
                    data[name] = None
                continue
            try:
                data[name] = parser(text)
            except CellRefused as refusal:
                rejects.append((name, refusal.code))
        if not rejects and self._derive is not None:
            data.update(self._derive(data))
        return data, rejects

    def key(self, data: Mapping[str, Any]) -> bytes:
        """A short name of the row's key (16 bytes), equal for equal keys."""
        text = "\x1f".join([str(data[name]) for name in self._key])
        return blake2b(text.encode(), digest_size=16).digest()


def _parser(column: Column, as_of: date, characters_max: int) -> Parser:
    limit = min(column.length_max or characters_max, characters_max)
    if column.kind in ("text", "code"):
        return _text_parser(column, limit)
    if column.kind == "money":
        return _money_parser(column)
    if column.kind in ("integer", "decimal"):
        return _number_parser(column)
    if column.kind == "national_id":
        return _national_id
    read, code = (_iso_date, "invalid_date") if column.kind == "date" else (_iso_month, "invalid_month")
    last = as_of.isoformat() if column.not_after_as_of else None

    def parse_day(text: str) -> str:
        try:
            value = read(text)
        except BilingualValueError:
            raise CellRefused(code) from None
        if last is not None and value > last:
            raise CellRefused("date_after_as_of")
        return value

    return parse_day


def _text_parser(column: Column, limit: int) -> Parser:
    choices = {choice.casefold(): choice for choice in column.choices}
    is_code = column.kind == "code"
    pattern = re.compile(column.pattern, re.ASCII if is_code else 0) if column.pattern else None

    def parse_text(text: str) -> str:
        if len(text) > limit:
            raise CellRefused("too_long")
        if has_control_characters(text):
            raise CellRefused("invalid_text")
        if is_code and not text.isascii():
            text = to_arabic_digits(text)
        if choices:
            text = choices.get(text.casefold(), "")
            if not text:
                raise CellRefused("invalid_code")
        if pattern is not None and not pattern.fullmatch(text):
            raise CellRefused("invalid_code" if is_code else "invalid_text")
        return text

    return parse_text


def _money_parser(column: Column) -> Parser:
    def parse_money(text: str) -> int:
        try:
            value = parse_baht(text)
        except TooManyDecimals:
            raise CellRefused("too_many_decimals") from None
        except BilingualValueError:
            raise CellRefused("invalid_number") from None
        _check_range(column, value)
        return value

    return parse_money


def _number_parser(column: Column) -> Parser:
    places_max = 0 if column.kind == "integer" else column.places_max
    whole = column.kind == "integer"

    def parse_number(text: str) -> int | str:
        cleaned = text if text.isascii() else to_arabic_digits(text)
        match = _NUMBER.fullmatch(cleaned) if len(cleaned) <= _NUMBER_CHARACTERS_MAX else None
        if match is None:
            raise CellRefused("invalid_number")
        if len((match[4] or "").rstrip("0")) > places_max:
            raise CellRefused("too_many_decimals")
        value = Decimal(cleaned.replace(",", ""))
        _check_range(column, value)
        return int(value) if whole else format(value, "f")

    return parse_number


def _check_range(column: Column, value: int | Decimal) -> None:
    if value < 0 and not column.negative:
        raise CellRefused("negative_amount")
    if (column.minimum is not None and value < column.minimum) or (
        column.maximum is not None and value > column.maximum
    ):
        raise CellRefused("out_of_range")


def _national_id(text: str) -> str:
    digits = to_arabic_digits(text).replace("-", "").replace(" ", "")
    if not national_id_is_valid(digits):
        raise CellRefused("invalid_national_id")
    return digits


# A file has far fewer dates than rows.
@lru_cache(maxsize=65_536)
def _iso_date(text: str) -> str:
    return parse_date(text).isoformat()


@lru_cache(maxsize=4_096)
def _iso_month(text: str) -> str:
    return parse_month(text).isoformat()
