"""Routes of debts to other lenders."""

from uuid import UUID

from fastapi import APIRouter

from services.registry.auth import MemberReader
from services.registry.errors import MemberNotFound
from services.registry.external_debts import service
from services.registry.external_debts.schemas import ExternalDebts
from shared.chassis.http.pagination import LargestPage
from shared.chassis.http.problems import problem_responses
from shared.chassis.http.sessions import AuditedReading

router = APIRouter(tags=["external debts"])


@router.get("/members/{member_id}/external-debts", responses=problem_responses(MemberNotFound))
async def read_external_debts(
    caller: MemberReader, session: AuditedReading, page: LargestPage, member_id: UUID
) -> ExternalDebts:
    """What the member owes to the Bank for Agriculture and to village funds."""
    return await service.read_of_member(session, caller, page, member_id)
