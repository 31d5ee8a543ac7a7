"""Routes of produce deliveries."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.livelihood.auth import LivelihoodReader, ProduceRecorder
from services.livelihood.deliveries import service
from services.livelihood.deliveries.schemas import AgreementRead, DeliveryRead, RecordDelivery, ReverseDelivery
from services.livelihood.errors import (
    DeliveryNotReversible,
    DeliveryNumberTaken,
    ReversedTooEarly,
    SharesOverGross,
    UnknownDelivery,
    UnknownMember,
    WorthOutOfBounds,
)
from shared.chassis.http.idempotency import IdempotentRoute
from shared.chassis.http.pagination import Page, PageParameters
from shared.chassis.http.problems import problem_responses
from shared.chassis.http.sessions import AuditedReading, Writing

router = APIRouter(tags=["produce deliveries"], route_class=IdempotentRoute)


@router.post(
    "/produce-deliveries",
    status_code=201,
    responses=problem_responses(UnknownMember, DeliveryNumberTaken, SharesOverGross, WorthOutOfBounds),
)
async def record_delivery(
    _caller: ProduceRecorder, session: Writing, delivery: RecordDelivery, response: Response
) -> DeliveryRead:
    """Record produce delivered through the co-operative; the share agreed in the member's plan is held for the debt."""
    recorded = await service.record_delivery(session, delivery)
    response.headers["Location"] = f"/livelihood/v1/produce-deliveries/{recorded.id}"
    return recorded


@router.get("/produce-deliveries")
async def list_deliveries(
    caller: LivelihoodReader,
    session: AuditedReading,
    page: PageParameters,
    cooperative_id: UUID,
    status: Annotated[str | None, Query(pattern="^(held|settled|reversing|reversed)$")] = None,
) -> Page[DeliveryRead]:
    """List a co-operative's deliveries by date."""
    return await service.list_deliveries(session, caller, page, cooperative_id, status)


@router.get("/produce-deliveries/{delivery_id}", responses=problem_responses(UnknownDelivery))
async def get_delivery(caller: LivelihoodReader, session: AuditedReading, delivery_id: UUID) -> DeliveryRead:
    """Read one delivery."""
    return await service.read_delivery(session, caller, delivery_id)


@router.post(
    "/produce-deliveries/{delivery_id}/reverse",
    responses=problem_responses(UnknownDelivery, DeliveryNotReversible, ReversedTooEarly),
)
async def reverse_delivery(
    _caller: ProduceRecorder, session: Writing, delivery_id: UUID, reversal: ReverseDelivery
) -> DeliveryRead:
    """Undo a delivery that was a mistake, with whatever it paid."""
    return await service.reverse_delivery(session, delivery_id, reversal)


@router.get("/deduction-agreements")
async def list_deduction_agreements(
    caller: LivelihoodReader, session: AuditedReading, page: PageParameters, cooperative_id: UUID
) -> Page[AgreementRead]:
    """List the agreements in force that a share of each delivery pays the debt."""
    return await service.list_agreements(session, caller, page, cooperative_id)
