"""What each crop yields, sells for and when it is cut: the seasons behind instalments, deliveries and incomes."""

from dataclasses import dataclass

from demo.generator.randomness import Weighted


@dataclass(frozen=True, slots=True)
class Crop:
    """A crop of the feeds. Yields are kilograms per rai and harvest; prices baht per kilogram."""

    code: str
    harvest_months: tuple[int, ...]
    planted_months_before: tuple[int, int]  # months before the cut-over at which the standing crop was planted
    yield_kilograms: tuple[int, int]
    price_satang: tuple[int, int]
    sold_through_cooperative: tuple[float, float]  # share of the harvest
    credit_due_months: str  # harvest months in a loan contract


CROPS = {
    crop.code: crop
    for crop in (
        # Yield and price: one study of ordinary wet-season rice 2564/65 found 868.78 kg and 6,567.98 baht a rai (S14);
        # the lower end is an ASSUMPTION. Harvest October to November, in the North to January (S102-S104).
        Crop("rice_wet", (11, 12), (2, 3), (430, 869), (700, 920), (0.25, 0.7), "12"),
        # November to April season, harvest May to June (S102, S103); yield and price ASSUMPTION.
        Crop("rice_dry", (5, 6), (9, 10), (480, 780), (680, 880), (0.25, 0.7), "6;12"),
        # Sown from April (S105); harvest, yield and price ASSUMPTION.
        Crop("maize", (10, 11), (4, 5), (560, 860), (740, 980), (0.3, 0.8), "11"),
        # December to March; yield and price ASSUMPTION.
        Crop("cassava", (12, 1, 2, 3), (4, 7), (2600, 3700), (220, 310), (0.1, 0.4), "2"),
        # Crush December to April; 7,534-11,620 kg a rai (S106). Cane goes to the mills, hardly through a co-op.
        Crop("sugarcane", (1, 2, 3), (7, 10), (7534, 11620), (95, 120), (0.0, 0.1), "3"),
        # July to August; yield and price ASSUMPTION.
        Crop("longan", (7, 8), (60, 220), (480, 900), (1200, 2400), (0.3, 0.8), "8"),
        # Tapping May to January, sold all the time (ASSUMPTION).
        Crop("rubber", (5, 6, 7, 8, 9, 10, 11, 12, 1), (84, 260), (18, 30), (4200, 5200), (0.4, 0.9), "1;6"),
        # Several cuts a year (ASSUMPTION).
        Crop("vegetable", (11, 1, 3), (1, 2), (500, 1100), (700, 1500), (0.1, 0.4), "3"),
    )
}

NO_CROP_DUE_MONTHS = Weighted({"3": 70, "1": 15, "9": 15})
"""ASSUMPTION: when a yearly instalment of a household without a registered crop falls due (mostly in March)."""
