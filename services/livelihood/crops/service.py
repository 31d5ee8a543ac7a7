"""Use case of the crop calendar: read it as of a date."""

from datetime import date

from services.livelihood.crops import repository
from services.livelihood.crops.schemas import CropCalendarRead
from shared.chassis.database import ReadSession


async def list_crop_calendars(session: ReadSession, as_of: date) -> list[CropCalendarRead]:
    """The crops with their months and economics as of a date."""
    return [
        CropCalendarRead.model_validate(
            {
                **row,
                "price_per_kilogram": row["price_satang_per_kilogram"],
                "cash_cost_per_rai": row["cash_cost_satang_per_rai"],
            }
        )
        for row in await repository.list_crop_economics(session, as_of)
    ]
