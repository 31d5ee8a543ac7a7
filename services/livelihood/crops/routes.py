"""Routes of the crop calendar."""

from fastapi import APIRouter

from services.livelihood.auth import LivelihoodReader
from services.livelihood.crops import service
from services.livelihood.crops.schemas import CropCalendarRead
from shared.chassis.http.inputs import Day
from shared.chassis.http.sessions import Reading

router = APIRouter(tags=["crop calendar"])


@router.get("/crop-calendars")
async def list_crop_calendars(_caller: LivelihoodReader, session: Reading, as_of: Day) -> list[CropCalendarRead]:
    """List the crops with their months and economics as of a date, each with its source."""
    return await service.list_crop_calendars(session, as_of)
