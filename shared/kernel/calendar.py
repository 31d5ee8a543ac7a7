"""Dates as Thai files and people write them, the fiscal year, and months. Dates are Common Era inside."""

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache

from shared.kernel.errors import BilingualValueError
from shared.kernel.thai import to_arabic_digits

BUDDHIST_YEARS = range(2400, 2701)
COMMON_YEARS = range(1900, 2201)
BUDDHIST_OFFSET = 543

MONTHS_SHORT = (
    "ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย.", "ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค.",
)  # fmt: skip

_YEAR_FIRST = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_DAY_FIRST = re.compile(r"([0-9]{1,2})([/\-.])([0-9]{1,2})\2([0-9]{1,4})")
_MONTH = re.compile(r"([0-9]{4})-([0-9]{1,2})")


def buddhist_year(day: date) -> int:
    """The Buddhist-era year of a date. Until BE 2483 the year began on 1 April, so January to March belong to the
    year before; BE 2484 began on 1 January 1941."""
    if day.year <= 1940 and day.month <= 3:
        return day.year + BUDDHIST_OFFSET - 1
    return day.year + BUDDHIST_OFFSET


def format_thai_date(day: date) -> str:
    """``30 ก.ย. 2565``."""
    return f"{day.day} {MONTHS_SHORT[day.month - 1]} {buddhist_year(day)}"


def parse_date(text: str) -> date:
    """A date from ``2022-09-30``, ``2565-09-30``, ``30/09/2565``, ``30-9-2565`` or the same in Thai digits.

    Years 2400–2700 are Buddhist, 1900–2200 Common Era. Every other year ("0066", "66") is refused with a
    ``BilingualValueError``, because a two-digit year can be either era.
    """
    cleaned = to_arabic_digits(text).strip()
    if match := _YEAR_FIRST.fullmatch(cleaned):
        year_text, month_text, day_text = match.groups()
    elif match := _DAY_FIRST.fullmatch(cleaned):
        day_text, _, month_text, year_text = match.groups()
    else:
        raise BilingualValueError(
            f"{text!r} is not a date; write 2022-09-30 or 30/09/2565",
            f"{text!r} ไม่ใช่วันที่ ให้เขียน 2022-09-30 หรือ 30/09/2565",
        )
    year = _common_year(year_text, int(month_text), text)
    try:
        return date(year, int(month_text), int(day_text))
    except ValueError:
        raise BilingualValueError(
            f"{text!r} is a day that the calendar does not have",
            f"{text!r} เป็นวันที่ที่ไม่มีในปฏิทิน",
        ) from None


def parse_month(text: str) -> date:
    """The first day of a month written ``2022-11`` or ``2565-11``. Raises ``BilingualValueError``."""
    cleaned = to_arabic_digits(text).strip()
    match = _MONTH.fullmatch(cleaned)
    if match is None or not 1 <= int(match[2]) <= 12:
        raise BilingualValueError(
            f"{text!r} is not a month; write 2022-11 or 2565-11",
            f"{text!r} ไม่ใช่เดือน ให้เขียน 2022-11 หรือ 2565-11",
        )
    return date(_common_year(match[1], int(match[2]), text), int(match[2]), 1)


def fiscal_year_be(day: date) -> int:
    """The fiscal year (October to September), named by the Buddhist year in which it ends."""
    return day.year + BUDDHIST_OFFSET + (1 if day.month >= 10 else 0)


@lru_cache(maxsize=256)
def fiscal_year_bounds(year_be: int) -> tuple[date, date]:
    """First and last day of a fiscal year: 2566 is 2022-10-01 to 2023-09-30."""
    year = year_be - BUDDHIST_OFFSET
    return date(year - 1, 10, 1), date(year, 9, 30)


def month_end(day: date) -> date:
    """The last day of the month of ``day``."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def month_ends(first: date, last: date) -> Iterator[date]:
    """The month-ends from ``first`` to ``last``, both included, in order."""
    current = month_end(first)
    while current <= last:
        yield current
        current = month_end(current + timedelta(days=1))


def add_months(day: date, months: int) -> date:
    """The same day of the month ``months`` later (or earlier), clamped to that month's last day."""
    year, month_index = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month_index + 1, min(day.day, monthrange(year, month_index + 1)[1]))


def _common_year(year_text: str, month: int, text: str) -> int:
    year = int(year_text)
    if len(year_text) == 4 and year in COMMON_YEARS:
        return year
    if len(year_text) == 4 and year in BUDDHIST_YEARS:
        return _from_buddhist(year, month, text)
    raise BilingualValueError(
        f"{text!r}: the year {year_text} is neither Buddhist era (2400-2700) nor Common Era (1900-2200); "
        "write all four digits, as in 2565 or 2022",
        f"{text!r}: ปี {year_text} ไม่ใช่ทั้ง พ.ศ. (2400-2700) และ ค.ศ. (1900-2200) ให้เขียนปีสี่หลัก เช่น 2565 หรือ 2022",
    )


def _from_buddhist(year: int, month: int, text: str) -> int:
    if year > 2483 or month > 3:
        return year - BUDDHIST_OFFSET
    if year == 2483:
        raise BilingualValueError(
            f"{text!r}: B.E. 2483 ran from April to December only; the first months of 1940 belong to B.E. 2482",
            f"{text!r}: พ.ศ. 2483 มีเพียงเดือนเมษายนถึงธันวาคม เดือนมกราคมถึงมีนาคม ค.ศ. 1940 คือ พ.ศ. 2482",
        )
    return year - BUDDHIST_OFFSET + 1
