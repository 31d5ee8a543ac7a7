"""Routes of programmes and enrolments."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.registry.auth import CooperativeReader, ProgrammeWriter
from services.registry.errors import (
    EnrolmentInvalid,
    EnrolmentNotFound,
    PhasesInUse,
    ProgrammeNeedsNation,
    ProgrammeNotFound,
    ProgrammeRecorded,
)
from services.registry.programmes import service
from services.registry.programmes.schemas import (
    EnrolmentChange,
    EnrolmentRead,
    EnrolmentsCreate,
    ProgrammeChange,
    ProgrammeCreate,
    ProgrammeList,
    ProgrammeRead,
)
from shared.chassis.http.bulk import BulkResult
from shared.chassis.http.concurrency import IfMatch, etag_of
from shared.chassis.http.idempotency import IdempotentRoute
from shared.chassis.http.pagination import Page, PageParameters
from shared.chassis.http.problems import problem_responses
from shared.chassis.http.sessions import Reading, Writing

router = APIRouter(tags=["programmes"], route_class=IdempotentRoute)


@router.get("/programmes")
async def list_programmes(_caller: CooperativeReader, session: Reading) -> ProgrammeList:
    """The programmes with their phases and targets."""
    return ProgrammeList(items=await service.list_programmes(session))


@router.get("/programmes/{programme_id}", responses=problem_responses(ProgrammeNotFound))
async def read_programme(
    _caller: CooperativeReader, session: Reading, programme_id: UUID, response: Response
) -> ProgrammeRead:
    """One programme."""
    programme = await service.read_programme(session, programme_id)
    response.headers["ETag"] = etag_of(programme.version)
    return programme


@router.post("/programmes", status_code=201, responses=problem_responses(ProgrammeNeedsNation, ProgrammeRecorded))
async def record_programme(
    caller: ProgrammeWriter, session: Writing, new: ProgrammeCreate, response: Response
) -> ProgrammeRead:
    """Record a programme with its phases and targets."""
    programme = await service.record_programme(session, caller, new)
    response.headers["ETag"] = etag_of(programme.version)
    response.headers["Location"] = f"/registry/v1/programmes/{programme.id}"
    return programme


@router.patch(
    "/programmes/{programme_id}",
    responses=problem_responses(ProgrammeNotFound, ProgrammeNeedsNation, PhasesInUse, 412, 428),
)
async def change_programme(
    caller: ProgrammeWriter,
    session: Writing,
    programme_id: UUID,
    change: ProgrammeChange,
    response: Response,
    if_match: IfMatch = None,
) -> ProgrammeRead:
    """Change the name, the phases or the targets of a programme."""
    programme = await service.change_programme(session, caller, programme_id, change, if_match)
    response.headers["ETag"] = etag_of(programme.version)
    return programme


@router.get("/enrolments")
async def list_enrolments(
    _caller: CooperativeReader,
    session: Reading,
    page: PageParameters,
    programme_code: Annotated[str | None, Query(pattern="^[AB]$")] = None,
    cooperative_id: UUID | None = None,
) -> Page[EnrolmentRead]:
    """Enrolments within reach, in the order they were made."""
    return await service.list_enrolments(session, page, programme_code=programme_code, cooperative_id=cooperative_id)


@router.post("/enrolments", status_code=207)
async def enrol(_caller: ProgrammeWriter, session: Writing, new: EnrolmentsCreate) -> BulkResult[EnrolmentRead]:
    """Enrol co-operatives in phases of programmes; every item has its own result."""
    return await service.enrol(session, new)


@router.get("/enrolments/{enrolment_id}", responses=problem_responses(EnrolmentNotFound))
async def read_enrolment(
    _caller: CooperativeReader, session: Reading, enrolment_id: UUID, response: Response
) -> EnrolmentRead:
    """One enrolment."""
    enrolment = await service.read_enrolment(session, enrolment_id)
    response.headers["ETag"] = etag_of(enrolment.version)
    return enrolment


@router.patch("/enrolments/{enrolment_id}", responses=problem_responses(EnrolmentNotFound, EnrolmentInvalid, 412, 428))
async def change_enrolment(
    _caller: ProgrammeWriter,
    session: Writing,
    enrolment_id: UUID,
    change: EnrolmentChange,
    response: Response,
    if_match: IfMatch = None,
) -> EnrolmentRead:
    """Set or clear the last day of an enrolment."""
    enrolment = await service.change_enrolment(session, enrolment_id, change, if_match)
    response.headers["ETag"] = etag_of(enrolment.version)
    return enrolment
