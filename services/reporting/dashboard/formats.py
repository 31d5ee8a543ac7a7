"""How figures and dates are written for people: one place, so that a page says a thing one way."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from services.reporting.dashboard.texts import Language
from services.reporting.kpis.domain import Unit
from shared.kernel.calendar import MONTHS_SHORT, format_thai_date
from shared.kernel.money import SATANG_PER_BAHT, format_baht, half_up, parse_baht

_MILLION = 1_000_000
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MINUS = "−"


def format_day(day: date, language: Language) -> str:
    """`30 ก.ย. 2565`, or `30 Sep 2022` in English."""
    return language.pick(format_thai_date(day), f"{day.day} {_MONTHS_EN[day.month - 1]} {day.year}")


def format_month(day: date, language: Language) -> str:
    """`ก.ย. 65` or `Sep 22`: short enough for an axis."""
    month = day.month - 1
    return language.pick(
        f"{MONTHS_SHORT[month]} {(day.year + 543) % 100:02d}", f"{_MONTHS_EN[month]} {day.year % 100:02d}"
    )


def format_count(count: int) -> str:
    """`1,234`, with a true minus sign."""
    return f"{count:,}".replace("-", MINUS)


def format_hundredths(hundredths: int) -> str:
    """A percentage or points kept in hundredths: `12.84`."""
    whole, rest = divmod(abs(hundredths), 100)
    return f"{MINUS if hundredths < 0 else ''}{whole:,}.{rest:02d}"


def format_money(satang: int) -> str:
    """`1,234.50`, for tables."""
    return format_baht(satang, thousands=True).replace("-", MINUS)


def format_money_short(satang: int, language: Language) -> str:
    """`12.35 ล้านบาท` or `812,345 บาท`: for reading, the table has the satang."""
    baht = half_up(satang, SATANG_PER_BAHT)
    if abs(baht) < _MILLION:
        return f"{format_count(baht)} {language('baht')}"
    return f"{format_millions(satang)} {language('million_baht')}"


def format_millions(satang: int) -> str:
    """Millions of baht with two places, without the unit."""
    return format_hundredths(half_up(satang, _MILLION))


def to_satang(amount: str | int | None) -> int:
    """The satang of an amount that the KPIs give as text."""
    return 0 if amount is None else parse_baht(str(amount))


def to_hundredths(amount: str | int | None) -> int | None:
    """Hundredths of a percentage or points that the KPIs give as text."""
    return None if amount is None else int(Decimal(str(amount)).scaleb(2))


def format_amount(amount: str | int, unit: Unit, language: Language) -> str:
    """A numerator, denominator or part with its unit, short."""
    if unit == "baht":
        return format_money_short(to_satang(amount), language)
    if unit == "points":
        return format_hundredths(int(Decimal(str(amount)).scaleb(2).to_integral_value(ROUND_HALF_UP)))
    return f"{format_count(int(amount))} {language('unit_' + unit)}"


def format_lag(seconds: float, language: Language) -> str:
    """`0.3 วินาที`, `4 นาที`: how far the figures may be behind."""
    if seconds < 10:
        return f"{seconds:.1f} {language('seconds')}"
    if seconds < 120:
        return f"{seconds:.0f} {language('seconds')}"
    return f"{format_count(int(seconds // 60))} {language('minutes')}"
