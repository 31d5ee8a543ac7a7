"""Routes of co-operatives and farmer groups."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.registry.auth import CooperativeReader, CooperativeWriter
from services.registry.cooperatives import service
from services.registry.cooperatives.schemas import CooperativeChange, CooperativeCreate, CooperativeRead
from services.registry.errors import CooperativeNotFound
from shared.chassis.http.concurrency import IfMatch, etag_of
from shared.chassis.http.idempotency import IdempotentRoute
from shared.chassis.http.pagination import Page, PageParameters
from shared.chassis.http.problems import Refused, problem_responses
from shared.chassis.http.sessions import Reading, Writing

router = APIRouter(prefix="/cooperatives", tags=["co-operatives"], route_class=IdempotentRoute)


@router.get("")
async def list_cooperatives(
    _caller: CooperativeReader,
    session: Reading,
    page: PageParameters,
    province: Annotated[str | None, Query(pattern=r"^[0-9]{2}$")] = None,
) -> Page[CooperativeRead]:
    """Co-operatives and farmer groups within reach, in Thai dictionary order."""
    return await service.list_cooperatives(session, page, province)


@router.get("/{cooperative_id}", responses=problem_responses(CooperativeNotFound))
async def read_cooperative(
    _caller: CooperativeReader, session: Reading, cooperative_id: UUID, response: Response
) -> CooperativeRead:
    """One co-operative or farmer group."""
    cooperative = await service.read_cooperative(session, cooperative_id)
    response.headers["ETag"] = etag_of(cooperative.version)
    return cooperative


@router.post("", status_code=201, responses=problem_responses(Refused))
async def record_cooperative(
    _caller: CooperativeWriter, session: Writing, new: CooperativeCreate, response: Response
) -> CooperativeRead:
    """Record a co-operative or farmer group."""
    cooperative = await service.record_cooperative(session, new)
    response.headers["ETag"] = etag_of(cooperative.version)
    response.headers["Location"] = f"/registry/v1/cooperatives/{cooperative.id}"
    return cooperative


@router.patch("/{cooperative_id}", responses=problem_responses(CooperativeNotFound, 412, 428))
async def change_cooperative(
    _caller: CooperativeWriter,
    session: Writing,
    cooperative_id: UUID,
    change: CooperativeChange,
    response: Response,
    if_match: IfMatch = None,
) -> CooperativeRead:
    """Change the name, strength level or status that was read."""
    cooperative = await service.change_cooperative(session, cooperative_id, change, if_match)
    response.headers["ETag"] = etag_of(cooperative.version)
    return cooperative
