"""Money is integer satang inside and a decimal string of baht with two places outside. No float touches it.

``Money``, ``MoneyIn`` and ``Rate`` are Pydantic types; Pydantic itself is imported only when a model is built.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

from shared.kernel.errors import BilingualValueError
from shared.kernel.thai import to_arabic_digits

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema

SATANG_PER_BAHT = 100
MONEY_MAX_SATANG = 10**15
"""Ten trillion baht, more than all co-operatives of the country hold together: a larger figure is a mistake."""

RATE_MAX = Decimal(1)
RATE_PLACES_MAX = 6

# Looked up, because a table of a hundred rows writes five hundred amounts, and a format of ":02d" costs three look-ups.
_PLACES = tuple(f".{satang:02d}" for satang in range(SATANG_PER_BAHT))
_HUNDREDS = tuple(f",{baht:03d}" for baht in range(1000))
_PLAIN = re.compile(r"[+-]?[0-9]+(\.[0-9]{1,2})?")
# As we write it ourselves, in events and stored rows: read without a second look, and too short to be out of bounds.
_AS_WRITTEN = re.compile(r"-?[0-9]{1,13}\.[0-9]{2}")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]{1,2})?")
_MANY_PLACES = re.compile(r"[+-]?[0-9,]+\.[0-9]{3,}")
_RATE = re.compile(r"[0-9]+(\.[0-9]+)?")
_CHARACTERS_MAX = 100
"""Nobody writes an amount or a rate longer, and of thousands of digits Python itself makes no number."""


def half_up(numerator: int, denominator: int) -> int:
    """The exact quotient rounded to the nearest integer, a half away from zero. The denominator is positive."""
    if denominator <= 0:
        raise ValueError("the denominator must be positive")
    if numerator < 0:
        return -((-2 * numerator + denominator) // (2 * denominator))
    return (2 * numerator + denominator) // (2 * denominator)


def parse_baht(text: str) -> int:
    """Satang from a decimal text of baht; accepts thousands commas, Thai digits, a leading ฿ and spaces around.

    Raises ``BilingualValueError`` on anything else: exponents, NaN, more than two places, misplaced commas,
    amounts beyond ``MONEY_MAX_SATANG``.
    """
    if text == "0.00":
        return 0  # half of the amounts of an event
    if _AS_WRITTEN.fullmatch(text):
        return int(text[:-3] + text[-2:])
    cleaned = to_arabic_digits(text).strip().removeprefix("฿").strip()
    is_readable = len(cleaned) <= _CHARACTERS_MAX
    if is_readable and _MANY_PLACES.fullmatch(cleaned):
        raise TooManyDecimals(
            f"{text!r} has more than two decimal places; write satang as two digits, as in 1234.50",
            f"{text!r} มีทศนิยมเกินสองตำแหน่ง ให้เขียนสตางค์สองหลัก เช่น 1234.50",
        )
    if not (is_readable and (_PLAIN.fullmatch(cleaned) or _GROUPED.fullmatch(cleaned))):
        raise BilingualValueError(
            f"{text!r} is not an amount of money; write baht as in 1234.50",
            f"{text!r} ไม่ใช่จำนวนเงิน ให้เขียนเป็นบาท เช่น 1234.50",
        )
    whole, _, places = cleaned.replace(",", "").lstrip("+-").partition(".")
    satang = int(whole) * SATANG_PER_BAHT + int(places.ljust(2, "0") or 0)
    return _within_bounds(-satang if cleaned.startswith("-") else satang)


def format_baht(satang: int, *, thousands: bool = False) -> str:
    """``"1234.50"`` as it goes out over HTTP and in files; ``"1,234.50"`` for people when ``thousands``."""
    if satang < 0:
        return "-" + format_baht(-satang, thousands=thousands)
    places = _PLACES[satang % SATANG_PER_BAHT]
    return f"{satang // SATANG_PER_BAHT:,}{places}" if thousands else f"{satang // SATANG_PER_BAHT}{places}"


def format_all_baht(amounts: Iterable[int], *, thousands: bool = False) -> list[str]:
    """Each amount as :func:`format_baht` writes it; in a long table a call for each amount is a quarter of the time."""
    if thousands:
        return [
            f"{satang // 100_000}{_HUNDREDS[satang // SATANG_PER_BAHT % 1000]}{_PLACES[satang % SATANG_PER_BAHT]}"
            if 100_000 <= satang < 100_000_000  # of one comma
            else format_baht(satang, thousands=True)
            for satang in amounts
        ]
    return [
        f"{satang // SATANG_PER_BAHT}{_PLACES[satang % SATANG_PER_BAHT]}" if satang >= 0 else format_baht(satang)
        for satang in amounts
    ]


def parse_rate(text: str) -> Decimal:
    """An interest rate per year from a decimal text: ``"0.0850"`` is 8.5 % a year. From 0 to 1, six places at most."""
    cleaned = to_arabic_digits(text).strip()
    if len(cleaned) > _CHARACTERS_MAX or not _RATE.fullmatch(cleaned):
        raise _bad_rate(text)
    return _checked_rate(Decimal(cleaned), text)


def format_rate(rate: Decimal) -> str:
    """``"0.0850"``: at least four places, more only when they are needed. Equal rates give equal texts."""
    text = format(rate.normalize(), "f")
    whole, _, places = text.partition(".")
    return f"{whole}.{places.ljust(4, '0')}"


class TooManyDecimals(BilingualValueError):
    """An amount finer than a satang. A type of its own, because feeds report it with a code of its own."""


def _within_bounds(satang: int) -> int:
    if abs(satang) > MONEY_MAX_SATANG:
        raise BilingualValueError(
            f"the amount is larger than {format_baht(MONEY_MAX_SATANG, thousands=True)} baht",
            f"จำนวนเงินเกิน {format_baht(MONEY_MAX_SATANG, thousands=True)} บาท",
        )
    return satang


def _bad_rate(value: object) -> BilingualValueError:
    return BilingualValueError(
        f"{value!r} is not a rate per year; write a decimal from 0 to 1 with at most six places: 0.0850 is 8.5 %",
        f"{value!r} ไม่ใช่อัตราต่อปี ให้เขียนทศนิยมตั้งแต่ 0 ถึง 1 ไม่เกินหกตำแหน่ง เช่น 0.0850 คือร้อยละ 8.5",
    )


def _checked_rate(rate: Decimal, value: object) -> Decimal:
    if not rate.is_finite() or not 0 <= rate <= RATE_MAX:
        raise _bad_rate(value)
    if rate != round(rate, RATE_PLACES_MAX):
        raise _bad_rate(value)
    return rate


def _money_from_text(value: object) -> int:
    if not isinstance(value, str):
        raise BilingualValueError(
            'money is a decimal string of baht, as in "1234.50", not a number',
            'จำนวนเงินต้องเป็นข้อความทศนิยมหน่วยบาท เช่น "1234.50" ไม่ใช่ตัวเลข',
        )
    return parse_baht(value)


def _money_from_python(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return _within_bounds(value)
    return _money_from_text(value)


def _rate_from_text(value: object) -> Decimal:
    if not isinstance(value, str):
        raise _bad_rate(value)
    return parse_rate(value)


def _rate_from_python(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return _checked_rate(value, value)
    if isinstance(value, int) and not isinstance(value, bool):
        return _checked_rate(Decimal(value), value)
    return _rate_from_text(value)


class _MoneyType:
    """How Pydantic reads and writes money. ``text_only`` refuses integers, which JSON bodies must never carry."""

    def __init__(self, *, text_only: bool) -> None:
        self.text_only = text_only

    def __get_pydantic_core_schema__(self, source: Any, handler: "GetCoreSchemaHandler") -> "CoreSchema":
        from pydantic_core import core_schema

        from_text = core_schema.no_info_plain_validator_function(_money_from_text)
        from_python = core_schema.no_info_plain_validator_function(_money_from_python)
        return core_schema.json_or_python_schema(
            json_schema=from_text,
            python_schema=from_text if self.text_only else from_python,
            serialization=core_schema.plain_serializer_function_ser_schema(
                format_baht, return_schema=core_schema.str_schema(), when_used="json"
            ),
        )

    def __get_pydantic_json_schema__(self, schema: "CoreSchema", handler: "GetJsonSchemaHandler") -> dict[str, Any]:
        return {
            "type": "string",
            "pattern": r"^-?\d+\.\d{1,2}$|^-?\d+$",
            "description": "Baht, a decimal string with two places",
            "examples": ["1234.50"],
        }


class _RateType:
    """How Pydantic reads and writes rates."""

    def __get_pydantic_core_schema__(self, source: Any, handler: "GetCoreSchemaHandler") -> "CoreSchema":
        from pydantic_core import core_schema

        return core_schema.json_or_python_schema(
            json_schema=core_schema.no_info_plain_validator_function(_rate_from_text),
            python_schema=core_schema.no_info_plain_validator_function(_rate_from_python),
            serialization=core_schema.plain_serializer_function_ser_schema(
                format_rate, return_schema=core_schema.str_schema(), when_used="json"
            ),
        )

    def __get_pydantic_json_schema__(self, schema: "CoreSchema", handler: "GetJsonSchemaHandler") -> dict[str, Any]:
        return {
            "type": "string",
            "pattern": r"^\d+(\.\d{1,6})?$",
            "description": "A rate per year, a decimal string: 0.0850 is 8.5 %",
            "examples": ["0.0850"],
        }


Money = Annotated[int, _MoneyType(text_only=False)]
"""Satang in Python, ``"1234.50"`` in JSON. In Python an integer is satang and a string is baht."""

MoneyIn = Annotated[int, _MoneyType(text_only=True)]
"""Money in a request body: only the decimal string. The web framework hands parsed JSON to Pydantic as Python values,
where ``Money`` would read the JSON number 100 as 100 satang."""

Rate = Annotated[Decimal, _RateType()]
"""A rate per year: a ``Decimal`` in Python, ``"0.0850"`` in JSON."""
