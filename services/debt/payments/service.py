"""Use cases of payments: post, reverse, read. The ledger does the work; a payment is posted once, whoever sends it."""

from collections.abc import AsyncIterator
from datetime import date
from uuid import UUID

from services.debt.errors import LoanNotFound, PaymentAlreadyReversed, PaymentInvalid, PaymentNotFound
from services.debt.loans.repository import find_loan
from services.debt.payments import repository
from services.debt.payments.events import payment_event, waiver_event
from services.debt.payments.ledger import NewPayment, load_histories, open_ledger
from services.debt.payments.schemas import LineRead, PaymentCreate, PaymentRead, PaymentSummary
from shared.chassis.auth.caller import Caller
from shared.chassis.database import ReadSession, WriteSession
from shared.chassis.http.access_log import log_access
from shared.chassis.http.pagination import Page, PageRequest, page_of
from shared.chassis.replay import Outgoing
from shared.kernel.errors import FieldProblem


async def post_payment(session: WriteSession, caller: Caller, new: PaymentCreate) -> PaymentRead:
    """Post a payment on a loan.

    Raises:
        LoanNotFound: no such loan within reach.
        PaymentInvalid: the amount, the date or the receipt number cannot be posted.
    """
    loan = await find_loan(session, new.loan_id)
    if loan is None:
        raise LoanNotFound
    if new.receipt_number is not None:
        await repository.hold_receipts(session, [loan["cooperative_id"]])
    ledger = await open_ledger(session, [new.loan_id])
    account = ledger.account(new.loan_id)
    if new.receipt_number is not None:
        receipt = (loan["cooperative_id"], new.receipt_number)
        known = await repository.known_receipts(session, [receipt])
        if not all(posted["is_reversed"] for posted in known.get(receipt, ())):
            raise _invalid("receipt_number", "duplicate", "was posted before", "เคยบันทึกแล้ว")
    if account.is_back_dated(new.value_on):
        await load_histories(session, ledger, [new.loan_id])
    row = ledger.post(
        NewPayment(
            loan_id=new.loan_id,
            amount=new.amount,
            value_on=new.value_on,
            channel=new.channel,
            captured_by=caller.subject,
            receipt_number=new.receipt_number,
        )
    )
    await ledger.store(session)
    return await _read(session, row["id"])


async def reverse_payment(session: WriteSession, caller: Caller, payment_id: UUID, reason: str) -> PaymentRead:
    """Undo a payment as if it had never been; the difference is booked in the open day.

    Raises:
        PaymentNotFound: no such payment within reach.
        PaymentAlreadyReversed: it was undone before.
        PaymentInvalid: it is a reversal, or came from a delivery, which livelihood reverses.
    """
    payment = await repository.find_payment(session, payment_id)
    if payment is None:
        raise PaymentNotFound
    if payment["kind"] == "reversal":
        raise PaymentAlreadyReversed(
            "a reversal is not reversed: post the payment again", "รายการยกเลิกไม่สามารถยกเลิกซ้ำได้ ให้บันทึกรายการชำระใหม่"
        )
    if payment["delivery_id"] is not None:
        raise PaymentInvalid(
            "a deduction from produce is undone by reversing its delivery", "การหักจากผลผลิตต้องยกเลิกที่รายการส่งผลผลิต"
        )
    ledger = await open_ledger(session, [payment["loan_id"]], with_history=[payment["loan_id"]])
    row = ledger.reverse(payment, reason=reason, captured_by=caller.subject)
    await ledger.store(session)
    return await _read(session, row["id"])


async def read_payment(session: WriteSession, caller: Caller, payment_id: UUID) -> PaymentRead:
    """A payment with its allocation as it stands; raises PaymentNotFound."""
    payment = await _read(session, payment_id)
    await log_access(session, caller, "payment", [payment.member_id])
    return payment


async def list_payments(
    session: WriteSession, caller: Caller, page: PageRequest, loan_id: UUID
) -> Page[PaymentSummary]:
    """The postings of a loan; who was shown is logged. Raises LoanNotFound."""
    loan = await find_loan(session, loan_id)
    if loan is None:
        raise LoanNotFound
    after = page.after(date, UUID) or (date.min, UUID(int=0))
    rows = await repository.list_payments(session, loan_id, after, page.fetch_limit)
    await log_access(session, caller, "payment-list", [loan["member_id"]])
    return page_of(rows, page, lambda row: (row["posted_on"], row["id"]), lambda row: PaymentSummary(**row))


async def tell_again(session: ReadSession) -> AsyncIterator[Outgoing]:
    """Every payment, reversal, correction and waiver."""
    async for payment in repository.every_payment(session):
        yield payment_event(payment, payment["cohort_years"])
    async for waiver in repository.every_waiver(session):
        yield waiver_event(waiver)


async def _read(session: ReadSession, payment_id: UUID) -> PaymentRead:
    row = await repository.find_payment(session, payment_id)
    if row is None:
        raise PaymentNotFound
    lines = await repository.lines_of_payment(session, payment_id)
    return PaymentRead.model_validate(
        {
            **row,
            "reversed_by": await repository.reversal_of(session, payment_id),
            "lines": [LineRead.model_validate(line) for line in lines],
        }
    )


def _invalid(field: str, code: str, message_en: str, message_th: str) -> PaymentInvalid:
    problem = FieldProblem(field, code, message_en, message_th)
    return PaymentInvalid(f"{field} {message_en}", f"{field} {message_th}", [problem])
