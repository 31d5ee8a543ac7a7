"""Routes of officers' assignments."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from services.registry.auth import AssignmentWriter
from services.registry.errors import AssignmentBeyondReach, AssignmentsOverlap, CooperativeUnknown
from services.registry.officers import service
from services.registry.officers.schemas import AssignmentsPut, AssignmentsRead
from shared.chassis.http.concurrency import IfMatch, etag_of
from shared.chassis.http.inputs import Text
from shared.chassis.http.problems import problem_responses
from shared.chassis.http.sessions import Reading, Writing

router = APIRouter(prefix="/officers", tags=["officers"])

OfficerPath = Annotated[Text, Path(min_length=1, max_length=200, description="The subject of the officer's tokens.")]


@router.get("/{officer_id}/assignments", response_model_by_alias=True)
async def read_assignments(
    _caller: AssignmentWriter, session: Reading, officer_id: OfficerPath, response: Response
) -> AssignmentsRead:
    """The co-operatives assigned to an officer, as far as they lie within reach."""
    found = await service.read_assignments(session, officer_id)
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.put(
    "/{officer_id}/assignments",
    response_model_by_alias=True,
    responses=problem_responses(AssignmentBeyondReach, AssignmentsOverlap, CooperativeUnknown, 412, 428),
)
async def put_assignments(
    _caller: AssignmentWriter,
    session: Writing,
    officer_id: OfficerPath,
    wanted: AssignmentsPut,
    response: Response,
    if_match: IfMatch = None,
) -> AssignmentsRead:
    """Replace the whole list of co-operatives assigned to an officer."""
    found = await service.put_assignments(session, officer_id, wanted, if_match)
    response.headers["ETag"] = etag_of(found.version)
    return found
