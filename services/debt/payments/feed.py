"""The payment file of a co-operative: receipts become postings, each once, in the order of their dates."""

from collections.abc import Iterable, Mapping
from datetime import date
from operator import itemgetter
from uuid import UUID

from services.debt.errors import PaymentInvalid
from services.debt.loans.repository import find_by_number
from services.debt.loans.service import waiting_name
from services.debt.payments.ledger import Ledger, NewPayment, load_histories, open_ledger
from services.debt.payments.repository import hold_receipts, known_receipts
from services.debt.projections.repository import ids_by_code
from shared.chassis.database import Row, WriteSession
from shared.chassis.feeds import (
    ACCEPTED,
    UNCHANGED,
    Column,
    Delivery,
    FeedKind,
    FeedRow,
    Outcome,
    reject_out_of_reach,
    rejected,
    waiting,
)


async def _apply(session: WriteSession, delivery: Delivery, rows: list[FeedRow]) -> Mapping[int, Outcome]:
    cooperatives = await ids_by_code(session, [row.data["cooperative_code"] for row in rows])
    keys = {
        row.row_number: (cooperatives[row.data["cooperative_code"]], row.data["loan_number"])
        for row in rows
        if row.data["cooperative_code"] in cooperatives
    }
    loan_ids = await find_by_number(session, keys.values())
    # Whoever posts one of these receipts over HTTP, on whatever loan, has committed, or waits for us.
    await hold_receipts(session, {cooperative_id for cooperative_id, _ in keys.values()})
    ledger = await open_ledger(session, loan_ids.values())
    receipts = await known_receipts(
        session, [(keys[row.row_number][0], row.data["receipt_number"]) for row in rows if row.row_number in keys]
    )
    outcomes: dict[int, Outcome] = {}
    payments: list[tuple[int, NewPayment]] = []
    for row in rows:
        key = keys.get(row.row_number)
        loan_id = loan_ids.get(key) if key is not None else None
        if key is None or loan_id is None:
            name = waiting_name(row.data["cooperative_code"], row.data["loan_number"])
            outcomes[row.row_number] = waiting(name)
            continue
        payment = _payment(row, loan_id, delivery)
        outcome = _compare(payment, receipts.get((key[0], row.data["receipt_number"]), ()))
        if outcome is None:
            payments.append((row.row_number, payment))
        else:
            outcomes[row.row_number] = outcome
    return outcomes | await post_in_order(session, ledger, payments)


async def post_in_order(
    session: WriteSession, ledger: Ledger, payments: list[tuple[int, NewPayment]]
) -> dict[int, Outcome]:
    """Post numbered payments, by value date and then by number; what each came to."""
    outcomes: dict[int, Outcome] = {}
    back_dated = {
        payment.loan_id for _, payment in payments if ledger.account(payment.loan_id).is_back_dated(payment.value_on)
    }
    await load_histories(session, ledger, back_dated)
    for number, payment in sorted(payments, key=lambda pair: (pair[1].value_on, pair[0])):
        try:
            ledger.post(payment)
            outcomes[number] = ACCEPTED
        except PaymentInvalid as error:
            outcomes[number] = rejected(error.fields[0].code if error.fields else "out_of_range", "paid_on")
    await ledger.store(session)
    return outcomes


def _compare(stated: NewPayment, posted: Iterable[Row]) -> Outcome | None:
    """What becomes of a row whose receipt was posted before; None: it is to be posted.

    A file that is sent again brings back no payment that was reversed since; one that states it otherwise does.
    """
    for payment in sorted(posted, key=itemgetter("is_reversed")):
        if all(payment[name] == getattr(stated, name) for name in ("loan_id", "amount", "value_on", "channel")):
            return UNCHANGED
        if not payment["is_reversed"]:
            return rejected("receipt_number_taken", "receipt_number")
    return None


def _payment(row: FeedRow, loan_id: UUID, delivery: Delivery) -> NewPayment:
    return NewPayment(
        loan_id=loan_id,
        amount=row.data["amount"],
        value_on=date.fromisoformat(row.data["paid_on"]),
        channel=row.data["channel"],
        captured_by=delivery.requested_by,
        receipt_number=row.data["receipt_number"],
    )


PAYMENTS = FeedKind(
    name="payments",
    columns=[
        Column("cooperative_code", "รหัสสหกรณ์", "code", required=True),
        Column("loan_number", "เลขที่สัญญา", "code", required=True, length_max=60),
        Column("receipt_number", "เลขที่ใบเสร็จ", "code", required=True, length_max=60),
        Column("paid_on", "วันที่ชำระ", "date", required=True, not_after_as_of=True),
        Column("amount", "จำนวนเงิน", "money", required=True, minimum=1),
        Column("channel", "ช่องทางชำระ", "code", required=True, choices=("cash", "transfer", "savings_set_off")),
    ],
    key=("cooperative_code", "receipt_number"),
    validate=reject_out_of_reach,
    apply=_apply,
)
