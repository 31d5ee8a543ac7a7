"""What goes out about the crop calendar over HTTP."""

from datetime import date
from decimal import Decimal

from pydantic import BaseModel

from shared.kernel.money import Money


class CropCalendarRead(BaseModel):
    """When a crop is planted and harvested, and what a rai of it yields, costs and earns. Says if it is assumed."""

    crop: str
    name_th: str
    name_en: str
    effective_from: date
    planting_months: list[int]
    harvest_months: list[int]
    yield_kilograms_per_rai: Decimal
    price_per_kilogram: Money
    cash_cost_per_rai: Money
    source: str
    is_assumption: bool
