"""Routes of farm households."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.registry.auth import MemberReader
from services.registry.errors import HouseholdNotFound
from services.registry.households import service
from services.registry.households.schemas import HouseholdRead
from shared.chassis.http.concurrency import etag_of
from shared.chassis.http.problems import problem_responses
from shared.chassis.http.sessions import AuditedReading

router = APIRouter(prefix="/households", tags=["farm households"])


@router.get("/{household_id}", responses=problem_responses(HouseholdNotFound))
async def read_household(
    caller: MemberReader, session: AuditedReading, household_id: UUID, response: Response
) -> HouseholdRead:
    """One farm household with its plots."""
    household = await service.read_household(session, caller, household_id)
    response.headers["ETag"] = etag_of(household.version)
    return household
