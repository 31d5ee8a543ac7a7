"""What goes out about farm households over HTTP."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class PlotRead(BaseModel):
    """One plot and what grows on it."""

    model_config = ConfigDict(from_attributes=True)

    plot_number: str
    crop: str
    area_rai: Decimal
    document: str | None
    planted_on: date | None


class HouseholdRead(BaseModel):
    """A farm household with its plots."""

    id: UUID
    household_number: str
    cooperative_id: UUID
    head_member_id: UUID | None
    size: int
    district_code: str
    registered_on: date | None
    plots: list[PlotRead]
    as_of: date
    version: int
