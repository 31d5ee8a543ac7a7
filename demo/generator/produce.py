"""Deliveries of produce to the co-operative, after the harvests of the household's crops."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from demo.generator.crops import CROPS
from demo.generator.households import Household, Plot
from demo.generator.institutions import Institution
from demo.generator.people import Member
from shared.kernel.calendar import add_months

COLUMNS = (
    "cooperative_code", "member_number", "delivery_number", "delivered_on", "crop", "kilograms",
    "price_per_kilogram", "savings_share",
)  # fmt: skip

DELIVERER_SHARE_OVERDUE, DELIVERER_SHARE_OTHERS = 0.6, 0.06
KILOGRAMS_LEAST, KILOGRAMS_MOST = 40, 12_000
"""ASSUMPTION: the least worth a journey, and the most that one household brings at once."""
SAVINGS_SHARES = ("0.00", "0.02", "0.03", "0.05")
PRICE_SHOCK_PERCENT = 20
"""Prices move by plus or minus 20 % from year to year (domain reference §8, ASSUMPTION)."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A load of produce. Kilograms are whole; the price is in satang a kilogram."""

    delivered_on: date
    crop: str
    kilograms: int
    price_per_kilogram: int
    savings_share: str


def draw_deliveries(random: Random, household: Household, first: date, last: date) -> list[Delivery]:
    """What one household brings from ``first`` to ``last``, by date."""
    savings_share = random.choice(SAVINGS_SHARES)
    drawn = [delivery for plot in household.plots for delivery in _of_plot(random, plot, savings_share, first, last)]
    return sorted(drawn, key=lambda delivery: delivery.delivered_on)


def _of_plot(random: Random, plot: Plot, savings_share: str, first: date, last: date) -> Iterator[Delivery]:
    crop = CROPS[plot.crop]
    # A crop cut every month is brought in a few times a year; a season's crop once, in one of its months.
    continuous = len(crop.harvest_months) > 4
    months = random.sample(crop.harvest_months, 3) if continuous else [random.choice(crop.harvest_months)]
    for month in sorted(months):
        harvested = plot.area_hundredths_rai * random.randint(*crop.yield_kilograms) // 100
        harvested *= 3 if continuous else 1
        kilograms = min(int(harvested * random.uniform(*crop.sold_through_cooperative)), KILOGRAMS_MOST)
        delivered_on = _day_in_year(random, month, first)
        if kilograms < KILOGRAMS_LEAST or not first <= delivered_on <= last:
            continue
        price = random.randint(*crop.price_satang) * random.randint(
            100 - PRICE_SHOCK_PERCENT // 2, 100 + PRICE_SHOCK_PERCENT // 2
        )
        yield Delivery(delivered_on, crop.code, kilograms, price // 100, savings_share)


def _day_in_year(random: Random, month: int, first: date) -> date:
    """A day of the named month, in the twelve months that begin with ``first`` (a first day of a month)."""
    begins_on = add_months(first, (month - first.month) % 12)
    return begins_on + timedelta(days=random.randint(0, 27))


def delivery_row(institution: Institution, member: Member, delivery: Delivery, number: str) -> list[str]:
    """The row of produce.csv, in the sender's habits."""
    return [
        institution.code,
        member.number,
        number,
        institution.style.date(delivery.delivered_on),
        delivery.crop,
        f"{delivery.kilograms}.00",
        institution.style.money(delivery.price_per_kilogram),
        delivery.savings_share,
    ]
