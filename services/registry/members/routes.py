"""Routes of members."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.registry.auth import MemberReader, MemberRevealer, MemberWriter
from services.registry.errors import CooperativeUnknown, MemberNotFound, MemberNumberTaken
from services.registry.members import service
from services.registry.members.schemas import (
    MemberChange,
    MemberCreate,
    MemberRead,
    MemberSearch,
    MemberSearchResult,
    MemberSummary,
    NationalIdReveal,
    RevealedNationalId,
)
from shared.chassis.http.concurrency import IfMatch, etag_of
from shared.chassis.http.idempotency import IdempotentRoute
from shared.chassis.http.inputs import Code, Text
from shared.chassis.http.pagination import Page, PageParameters
from shared.chassis.http.problems import problem_responses
from shared.chassis.http.sessions import AuditedReading, Writing

router = APIRouter(tags=["members"], route_class=IdempotentRoute)


@router.get("/members")
async def search_members(
    caller: MemberReader,
    session: AuditedReading,
    page: PageParameters,
    cooperative_id: UUID | None = None,
    name_prefix: Annotated[Text | None, Query(min_length=2, max_length=100)] = None,
    member_number: Annotated[Code | None, Query(min_length=1, max_length=40)] = None,
) -> Page[MemberSummary]:
    """Members within reach, in Thai dictionary order, by the beginning of the name, number or co-operative."""
    return await service.search_members(
        session, caller, page, cooperative_id=cooperative_id, name_prefix=name_prefix, member_number=member_number
    )


@router.get("/members/{member_id}", responses=problem_responses(MemberNotFound))
async def read_member(caller: MemberReader, session: AuditedReading, member_id: UUID, response: Response) -> MemberRead:
    """One member with household, plots and other memberships."""
    member = await service.read_member(session, caller, member_id)
    response.headers["ETag"] = etag_of(member.version)
    return member


@router.post("/members", status_code=201, responses=problem_responses(MemberNumberTaken, CooperativeUnknown))
async def record_member(caller: MemberWriter, session: Writing, new: MemberCreate, response: Response) -> MemberRead:
    """Record a membership; the person is found by the national id, or made."""
    member = await service.record_member(session, caller, new)
    response.headers["ETag"] = etag_of(member.version)
    response.headers["Location"] = f"/registry/v1/members/{member.id}"
    return member


@router.patch("/members/{member_id}", responses=problem_responses(MemberNotFound, 412, 428))
async def change_member(
    caller: MemberWriter,
    session: Writing,
    member_id: UUID,
    change: MemberChange,
    response: Response,
    if_match: IfMatch = None,
) -> MemberRead:
    """Change what the co-operative states about the member."""
    member = await service.change_member(session, caller, member_id, change, if_match)
    response.headers["ETag"] = etag_of(member.version)
    return member


@router.post("/member-searches")
async def search_by_national_id(
    caller: MemberReader, session: AuditedReading, search: MemberSearch
) -> MemberSearchResult:
    """Find a person's memberships within reach by the national id."""
    return await service.search_by_national_id(session, caller, search)


@router.post("/members/{member_id}/national-id-reveals", responses=problem_responses(MemberNotFound))
async def reveal_national_id(
    caller: MemberRevealer, session: AuditedReading, member_id: UUID, reveal: NationalIdReveal, response: Response
) -> RevealedNationalId:
    """Show a member's national id in full; who asked and why is recorded."""
    response.headers["Cache-Control"] = "no-store"
    return await service.reveal_national_id(session, caller, member_id, reveal.purpose)
