"""Routes of payments."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.debt.auth import LoanReader, PaymentWriter
from services.debt.errors import LoanNotFound, PaymentAlreadyReversed, PaymentInvalid, PaymentNotFound
from services.debt.payments import service
from services.debt.payments.schemas import PaymentCreate, PaymentRead, PaymentReverse, PaymentSummary
from shared.chassis.http.idempotency import IdempotentRoute
from shared.chassis.http.pagination import Page, PageParameters
from shared.chassis.http.problems import problem_responses
from shared.chassis.http.sessions import AuditedReading, Writing

router = APIRouter(prefix="/payments", tags=["payments"], route_class=IdempotentRoute)


@router.post("", status_code=201, responses=problem_responses(LoanNotFound, PaymentInvalid))
async def post_payment(caller: PaymentWriter, session: Writing, new: PaymentCreate, response: Response) -> PaymentRead:
    """Post a payment; it goes to the oldest instalment first."""
    payment = await service.post_payment(session, caller, new)
    response.headers["Location"] = f"/debt/v1/payments/{payment.id}"
    return payment


@router.get("", responses=problem_responses(LoanNotFound))
async def list_payments(
    caller: LoanReader, session: AuditedReading, page: PageParameters, loan_id: UUID
) -> Page[PaymentSummary]:
    """The postings of a loan in the order of their days; a file's payments are found here by their receipt numbers."""
    return await service.list_payments(session, caller, page, loan_id)


@router.get("/{payment_id}", responses=problem_responses(PaymentNotFound))
async def read_payment(caller: LoanReader, session: AuditedReading, payment_id: UUID) -> PaymentRead:
    """A payment or a reversal, with what it settles as the books stand."""
    return await service.read_payment(session, caller, payment_id)


@router.post(
    "/{payment_id}/reverse",
    status_code=201,
    responses=problem_responses(PaymentNotFound, PaymentAlreadyReversed, PaymentInvalid),
)
async def reverse_payment(
    caller: PaymentWriter, session: Writing, payment_id: UUID, reverse: PaymentReverse, response: Response
) -> PaymentRead:
    """Undo a payment; the loan is computed as if it had never been, the difference booked in the open day."""
    reversal = await service.reverse_payment(session, caller, payment_id, reverse.reason)
    response.headers["Location"] = f"/debt/v1/payments/{reversal.id}"
    return reversal
