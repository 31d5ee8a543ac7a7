"""The route of schedule previews, with worked examples that the engine works itself."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Body, Response
from fastapi.openapi.models import Example as OpenApiExample

from services.debt.auth import LoanReader
from services.debt.errors import LoanTermsInvalid
from services.debt.loans.schedules import service
from services.debt.loans.schedules.examples import EXAMPLES
from services.debt.loans.schedules.schemas import SchedulePreview, ScheduleRead
from shared.chassis.http.problems import problem_responses
from shared.chassis.http.turns import beside, in_turn

router = APIRouter(tags=["schedules"])

_BODIES: dict[str, OpenApiExample] = {
    example.name: {
        "summary": f"{example.title_en} / {example.title_th}",
        "description": example.shows_en,
        "value": example.body,
    }
    for example in EXAMPLES
}


def _answers() -> dict[str, Any]:
    return {
        example.name: {
            "summary": f"{example.title_en} / {example.title_th}",
            "value": orjson.loads(service.preview_schedule(SchedulePreview.model_validate(example.body))),
        }
        for example in EXAMPLES
    }


@router.post(
    "/schedule-previews",
    response_model=ScheduleRead,
    responses={
        200: {"content": {"application/json": {"examples": _answers()}}},
        **problem_responses(LoanTermsInvalid),
    },
)
async def preview_schedule(
    _caller: LoanReader, preview: Annotated[SchedulePreview, Body(openapi_examples=_BODIES)]
) -> Response:
    """The schedule that terms and what happened since would give, every row explained; nothing is stored."""
    work_out = beside if service.is_long(preview) else in_turn
    answer = await work_out(service.preview_schedule, preview)
    return Response(answer, media_type="application/json")
