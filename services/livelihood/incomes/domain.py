"""Expected farm income and cost by month from what grows on a household's plots. Pure; satang."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from shared.kernel.calendar import add_months, fiscal_year_bounds


@dataclass(frozen=True)
class CropEconomics:
    """A rai of one crop: satang and kilograms, and the months (1 to 12) of its work."""

    planting_months: tuple[int, ...]
    harvest_months: tuple[int, ...]
    yield_kilograms_per_rai: Decimal
    price_satang_per_kilogram: int
    cash_cost_satang_per_rai: int


@dataclass(frozen=True)
class PlotArea:
    crop: str
    area_rai: Decimal


@dataclass(frozen=True)
class MonthExpectation:
    """Expected cash income and cost of one month, named by its first day; satang."""

    month: date
    income: int
    cost: int


def expect_months(
    plots: Sequence[PlotArea], crops: Mapping[str, CropEconomics], fiscal_year_be: int
) -> list[MonthExpectation]:
    """The twelve months of a fiscal year: income spread evenly over harvest months, cost over planting months.

    A crop without planting months (rubber) costs evenly through the year. A crop that is not in the calendar earns
    nothing here: an income that nobody can found is not expected. The last month takes the residue of a division.
    """
    first, _ = fiscal_year_bounds(fiscal_year_be)
    months = [add_months(first, number) for number in range(12)]
    income = dict.fromkeys(months, 0)
    cost = dict.fromkeys(months, 0)
    for plot in plots:
        crop = crops.get(plot.crop)
        if crop is None:
            continue
        earned = _rounded(plot.area_rai * crop.yield_kilograms_per_rai * crop.price_satang_per_kilogram)
        spent = _rounded(plot.area_rai * crop.cash_cost_satang_per_rai)
        _spread(income, [month for month in months if month.month in crop.harvest_months], earned)
        _spread(cost, [month for month in months if month.month in crop.planting_months] or months, spent)
    return [MonthExpectation(month, income[month], cost[month]) for month in months]


def _rounded(satang: Decimal) -> int:
    return int(satang.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _spread(totals: dict[date, int], months: Sequence[date], amount: int) -> None:
    """Add an amount to the months in equal parts, the residue to the last."""
    if not months:
        return
    part = amount // len(months)
    for month in months:
        totals[month] += part
    totals[months[-1]] += amount - part * len(months)
