"""Routes of exports: complete files of what the caller reaches."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import StreamingResponse

from services.reporting.auth import ReportExporter
from services.reporting.exports.repository import COOPERATIVE_MONTHS_SQL
from shared.chassis.http.csv_stream import csv_stream
from shared.chassis.http.sessions import SlowPlace

router = APIRouter(prefix="/exports", tags=["exports"])


@router.get(
    "/cooperative-months.csv",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def export_cooperative_months(
    request: Request,
    caller: ReportExporter,
    _place: SlowPlace,
    fiscal_year_be: Annotated[int | None, Query(ge=2500, le=2700, description="All years unless told")] = None,
) -> StreamingResponse:
    """Every co-operative and month within reach as CSV; the last line holds the count of rows and a checksum."""
    return csv_stream(request, caller.reach, COOPERATIVE_MONTHS_SQL, fiscal_year_be, filename="cooperative-months.csv")
