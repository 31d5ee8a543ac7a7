"""All SQL of payments, their allocation, waivers and movements of overdue debt."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from services.debt.loans.domain import Instalment
from shared.chassis.database import ReadSession, Row, WriteSession
from shared.chassis.rows import insert_rows, update_rows

_RECEIPTS_LOCK = 7_106  # advisory, by co-operative: who posts its receipts looks for them and stores them alone

PAYMENT_TYPES: Mapping[str, str] = {
    "id": "uuid",
    "cooperative_id": "uuid",
    "loan_id": "uuid",
    "member_id": "uuid",
    "kind": "text",
    "reverses": "uuid",
    "corrects": "uuid",
    "channel": "text",
    "receipt_number": "text",
    "delivery_id": "uuid",
    "amount": "bigint",
    "value_on": "date",
    "posted_on": "date",
    "fee": "bigint",
    "default_interest": "bigint",
    "late_interest": "bigint",
    "interest": "bigint",
    "principal": "bigint",
    "excess": "bigint",
    "overdue_reduced": "bigint",
    "reason": "text",
    "captured_by": "text",
}

_LINE_TYPES: Mapping[str, str] = {
    "posting_id": "uuid",
    "payment_id": "uuid",
    "loan_id": "uuid",
    "cooperative_id": "uuid",
    "posted_on": "date",
    "number": "smallint",
    "fee": "bigint",
    "default_interest": "bigint",
    "late_interest": "bigint",
    "interest": "bigint",
    "principal": "bigint",
}

_MOVEMENT_TYPES: Mapping[str, str] = {
    "loan_id": "uuid",
    "cooperative_id": "uuid",
    "posted_on": "date",
    "part": "text",
    "amount_satang": "bigint",
    "posting_id": "uuid",
}

_WAIVER_TYPES: Mapping[str, str] = {
    "id": "uuid",
    "cooperative_id": "uuid",
    "loan_id": "uuid",
    "member_id": "uuid",
    "plan_id": "uuid",
    "corrects": "uuid",
    "value_on": "date",
    "posted_on": "date",
    "default_interest": "bigint",
}

_SETTLED_TYPES: Mapping[str, str] = {
    "paid_principal": "bigint",
    "paid_interest": "bigint",
    "paid_fee": "bigint",
    "paid_late_interest": "bigint",
    "paid_default_interest": "bigint",
    "waived_default_interest": "bigint",
    "accrued_to": "date",
    "late_basis": "bigint",
    "default_basis": "bigint",
}

_BALANCE_TYPES: Mapping[str, str] = {
    "outstanding_principal": "bigint",
    "overdue_principal": "bigint",
    "overdue_interest": "bigint",
    "oldest_unpaid_due_on": "date",
    "loan_class": "text",
    "status": "text",
    "excess": "bigint",
    "as_of": "date",
    "last_value_on": "date",
    "version": "bigint",
}


async def insert_postings(
    session: WriteSession,
    payments: Sequence[Mapping[str, Any]],
    lines: Sequence[Sequence[Any]],
    movements: Sequence[Sequence[Any]],
    waivers: Sequence[Mapping[str, Any]],
) -> None:
    """What a ledger has posted."""
    await insert_rows(session, "payment", PAYMENT_TYPES, [[row[name] for name in PAYMENT_TYPES] for row in payments])
    await insert_rows(session, "allocation", _LINE_TYPES, lines)
    await insert_rows(session, "overdue_movement", _MOVEMENT_TYPES, movements)
    await insert_rows(session, "waiver", _WAIVER_TYPES, [[row[name] for name in _WAIVER_TYPES] for row in waivers])


async def mark_reversed(session: WriteSession, payment_ids: Collection[UUID]) -> None:
    """Payments that no longer count: their receipt numbers are free."""
    await session.execute(
        "update payment set is_reversed = true where id = any(cast(:ids as uuid[]))", ids=sorted(payment_ids)
    )


async def update_instalments(session: WriteSession, parts: Sequence[tuple[UUID, Instalment]]) -> None:
    """What is settled of instalments after postings."""
    await update_rows(
        session,
        "instalment",
        {"loan_id": "uuid", "number": "smallint"},
        _SETTLED_TYPES,
        [(loan_id, part.number, *(getattr(part, name) for name in _SETTLED_TYPES)) for loan_id, part in parts],
    )


async def update_loans(session: WriteSession, loans: Sequence[Mapping[str, Any]]) -> None:
    """The balances of loans after postings."""
    await update_rows(
        session,
        "loan",
        {"id": "uuid"},
        _BALANCE_TYPES,
        [(loan["id"], *(loan[name] for name in _BALANCE_TYPES)) for loan in loans],
    )


async def find_payment(session: ReadSession, payment_id: UUID) -> Row | None:
    """One payment or reversal, or None when there is none within reach."""
    return await session.fetch_one("select * from payment where id = :id", id=payment_id)


async def list_payments(session: ReadSession, loan_id: UUID, after: tuple[date, UUID], limit: int) -> Sequence[Row]:
    """The postings of a loan within reach in the order of their days, each with the reversal that undid it."""
    return await session.fetch(
        """
        select payment.*, undoing.id as reversed_by
        from payment left join payment undoing on undoing.reverses = payment.id
        where payment.loan_id = :loan_id and (payment.posted_on, payment.id) > (:posted_on, cast(:id as uuid))
        order by payment.posted_on, payment.id limit :limit
        """,
        loan_id=loan_id,
        posted_on=after[0],
        id=after[1],
        limit=limit,
    )


async def reversal_of(session: ReadSession, payment_id: UUID) -> UUID | None:
    """The id of the reversal that undid a payment."""
    found: UUID | None = await session.scalar("select id from payment where reverses = :id", id=payment_id)
    return found


async def hold_receipts(session: WriteSession, cooperative_ids: Collection[UUID]) -> None:
    """Let nobody else post receipts of these co-operatives until the transaction ends. Ask before any day or loan.

    One lock for a co-operative: receipts of a file would be thousands, and the server's table of locks is small.
    """
    await session.execute(
        """
        select pg_advisory_xact_lock(cast(:lock as integer), key)
        from (select distinct hashtext(cast(id as text)) as key from unnest(cast(:ids as uuid[])) as wanted (id)
              order by key) as wanted
        """,
        lock=_RECEIPTS_LOCK,
        ids=sorted(set(cooperative_ids)),
    )


async def known_receipts(
    session: ReadSession, receipts: Collection[tuple[UUID, str]]
) -> dict[tuple[UUID, str], list[Row]]:
    """What was posted before under (co-operative, receipt number) pairs: one payment at most, beside reversed ones."""
    wanted = sorted(set(receipts))
    # Each half has an index of its own.
    rows = await session.fetch(
        """
        with wanted (cooperative_id, receipt_number) as (
            select * from unnest(cast(:cooperative_ids as uuid[]), cast(:numbers as text[]))
        ), posted as (
            select * from wanted join payment using (cooperative_id, receipt_number)
            where kind = 'payment' and not is_reversed
            union all
            select * from wanted join payment using (cooperative_id, receipt_number)
            where kind = 'payment' and is_reversed
        )
        select cooperative_id, receipt_number, loan_id, amount, value_on, channel, is_reversed from posted
        """,
        cooperative_ids=[cooperative_id for cooperative_id, _ in wanted],
        numbers=[number for _, number in wanted],
    )
    found: dict[tuple[UUID, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row["cooperative_id"], row["receipt_number"]), []).append(row)
    return found


async def payments_of_delivery(session: ReadSession, delivery_ids: Collection[UUID]) -> Sequence[Row]:
    """The payments that produce deliveries made, reversals left aside."""
    return await session.fetch(
        "select * from payment where delivery_id = any(cast(:ids as uuid[])) and kind = 'payment' order by id",
        ids=sorted(set(delivery_ids)),
    )


async def entries_of_loans(session: ReadSession, loan_ids: Collection[UUID]) -> Sequence[Row]:
    """Everything that happened to loans, in the shape of the domain's Entry, with when and how it was posted."""
    return await session.fetch(
        """
        select loan_id, id, kind, value_on, amount, reverses, posted_on, channel from payment
        where loan_id = any(cast(:ids as uuid[])) and kind <> 'correction'
        union all
        select loan_id, id, 'waiver', value_on, 0, null, posted_on, null from waiver
        where loan_id = any(cast(:ids as uuid[])) and corrects is null
        order by id
        """,
        ids=sorted(loan_ids),
    )


async def booked_lines(session: ReadSession, loan_ids: Collection[UUID]) -> Sequence[Row]:
    """What each payment has settled of each instalment as the books stand, corrections included."""
    sums = ", ".join(
        f"cast(sum({part}) as bigint) as {part}"
        for part in ("fee", "default_interest", "late_interest", "interest", "principal")
    )
    return await session.fetch(
        f"""
        select loan_id, payment_id, number, {sums} from allocation
        where loan_id = any(cast(:ids as uuid[])) group by loan_id, payment_id, number
        """,
        ids=sorted(loan_ids),
    )


async def booked_waivers(session: ReadSession, loan_ids: Collection[UUID]) -> Sequence[Row]:
    """What each waiver comes to as the books stand, corrections included."""
    return await session.fetch(
        """
        select loan_id, coalesce(corrects, id) as id, cast(sum(default_interest) as bigint) as default_interest
        from waiver where loan_id = any(cast(:ids as uuid[])) group by loan_id, coalesce(corrects, id)
        """,
        ids=sorted(loan_ids),
    )


async def lines_of_payment(session: ReadSession, payment_id: UUID) -> Sequence[Row]:
    """The allocation of a payment as it stands, by instalment."""
    return await session.fetch(
        """
        select number, cast(sum(fee) as bigint) as fee, cast(sum(default_interest) as bigint) as default_interest,
               cast(sum(late_interest) as bigint) as late_interest, cast(sum(interest) as bigint) as interest,
               cast(sum(principal) as bigint) as principal
        from allocation where payment_id = :id group by number order by number
        """,
        id=payment_id,
    )


def every_payment(session: ReadSession) -> AsyncIterator[Row]:
    """All postings in their order, each with the fiscal years of the cohorts that its loan belonged to."""
    return session.stream(
        """
        select payment.*, array(
            select fiscal_year_be from cohort_loan join baseline using (cooperative_id, fiscal_year_be)
            where cohort_loan.loan_id = payment.loan_id and baseline_on < payment.posted_on order by fiscal_year_be
        ) as cohort_years
        from payment order by payment.id
        """
    )


def every_waiver(session: ReadSession) -> AsyncIterator[Row]:
    """All waivers and corrections of them, in their order."""
    return session.stream("select * from waiver order by id")
