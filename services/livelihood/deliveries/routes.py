"""Produce deliveries: recorded, read, reversed."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.livelihood.auth import LivelihoodReader, ProduceRecorder
from services.livelihood.deliveries import repository, service
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
from services.livelihood.members.repository import list_agreements
from shared.chassis.http.access_log import log_access
from shared.chassis.http.idempotency import IdempotentRoute
from shared.chassis.http.pagination import Page, PageParameters, page_of
from shared.chassis.http.problems import problem_responses
from shared.chassis.http.sessions import AuditedReading, Writing

router = APIRouter(route_class=IdempotentRoute, tags=["produce deliveries"])


@router.post(
    "/produce-deliveries",
    status_code=201,
    responses=problem_responses(UnknownMember, DeliveryNumberTaken, SharesOverGross, WorthOutOfBounds),
)
async def record_delivery(
    session: Writing, caller: ProduceRecorder, delivery: RecordDelivery, response: Response
) -> DeliveryRead:
    """Record produce delivered through the co-operative; the share agreed in the member's plan is held for the debt."""
    recorded = await service.record_delivery(session, delivery)
    response.headers["Location"] = f"/livelihood/v1/produce-deliveries/{recorded.id}"
    return recorded


@router.get("/produce-deliveries")
async def list_deliveries(
    session: AuditedReading,
    caller: LivelihoodReader,
    page: PageParameters,
    cooperative_id: UUID,
    status: Annotated[str | None, Query(pattern="^(held|settled|reversing|reversed)$")] = None,
) -> Page[DeliveryRead]:
    """List a co-operative's deliveries by date."""
    after = page.after(date, UUID)
    rows = await repository.list_deliveries(session, cooperative_id, status, after, page.fetch_limit)
    await log_access(session, caller, "produce-delivery-list", sorted({row["member_id"] for row in rows[: page.limit]}))
    return page_of(rows, page, lambda row: (row["delivered_on"], row["id"]), service.delivery_read)


@router.get("/produce-deliveries/{delivery_id}", responses=problem_responses(UnknownDelivery))
async def get_delivery(session: AuditedReading, caller: LivelihoodReader, delivery_id: UUID) -> DeliveryRead:
    """Read one delivery."""
    delivery = await service.get_delivery(session, delivery_id)
    await log_access(session, caller, "produce-delivery", [delivery.member_id])
    return delivery


@router.post(
    "/produce-deliveries/{delivery_id}/reverse",
    responses=problem_responses(UnknownDelivery, DeliveryNotReversible, ReversedTooEarly),
)
async def reverse_delivery(
    session: Writing, caller: ProduceRecorder, delivery_id: UUID, reversal: ReverseDelivery
) -> DeliveryRead:
    """Undo a delivery that was a mistake, with whatever it paid."""
    return await service.reverse_delivery(session, delivery_id, reversal)


@router.get("/deduction-agreements")
async def list_deduction_agreements(
    session: AuditedReading, caller: LivelihoodReader, page: PageParameters, cooperative_id: UUID
) -> Page[AgreementRead]:
    """List the agreements in force that a share of each delivery pays the debt."""
    last = page.after(UUID)
    rows = await list_agreements(session, cooperative_id, last[0] if last else None, page.fetch_limit)
    await log_access(session, caller, "agreement-list", sorted({row["member_id"] for row in rows[: page.limit]}))
    return page_of(rows, page, lambda row: (row["plan_id"],), AgreementRead.model_validate)
