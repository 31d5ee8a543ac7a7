"""Goal: what a household may expect follows from its plots to the satang, in the months of harvest and planting."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from services.livelihood.incomes.domain import CropEconomics, PlotArea, expect_months

RICE = CropEconomics((5, 6, 7), (11, 12), Decimal("868.78"), 756, 342_400)
RUBBER = CropEconomics((), (5, 6, 7), Decimal("230"), 4_800, 400_000)


def test_rice_earns_in_november_and_december_and_costs_from_may() -> None:
    months = {
        month.month: month for month in expect_months([PlotArea("rice_wet", Decimal(10))], {"rice_wet": RICE}, 2566)
    }
    earning = {day.month: month.income for day, month in months.items() if month.income}
    spending = {day.month: month.cost for day, month in months.items() if month.cost}
    assert sum(earning.values()) == 6_567_977  # 10 rai x 868.78 kg x 7.56 baht = 65,679.768 baht
    assert set(earning) == {11, 12}
    assert (sum(spending.values()), set(spending)) == (3_424_000, {5, 6, 7})


@given(area=st.decimals(min_value=0, max_value=500, places=2), year=st.integers(2560, 2600))
def test_no_satang_is_lost_in_spreading(area: Decimal, year: int) -> None:
    months = expect_months([PlotArea("rubber", area)], {"rubber": RUBBER}, year)
    assert len(months) == 12
    assert sum(month.income for month in months) == round(area * 230 * 4_800)
    assert sum(month.cost for month in months) == round(area * 400_000)


def test_a_crop_that_is_not_in_the_calendar_is_not_expected_to_earn() -> None:
    assert all(
        month.income == 0 for month in expect_months([PlotArea("saffron", Decimal(9))], {"rice_wet": RICE}, 2566)
    )
