"""Reads the owners' tables, as each service's owner role: what was agreed and what was done, never a read model."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from demo.story.ledger import PARTS, Agreed, LoanYear, Paid
from demo.story.recompute import Delivery, Due, LoanBook, Received, Settled
from shared.chassis.database import Database, ReadSession
from shared.chassis.reach import UNSCOPED
from shared.chassis.settings import Settings


@asynccontextmanager
async def read_as_owner(settings: Settings, service: str) -> AsyncIterator[ReadSession]:
    """One read-only transaction in a service's database, bound by no row-level policy."""
    database = Database(settings, service, "owner", "plodnee-story-check")
    try:
        async with database.read(UNSCOPED) as session:
            yield session
    finally:
        await database.close()


@dataclass(frozen=True)
class DebtBooks:
    """What debt owns."""

    loans: list[LoanBook]
    received: list[Received]
    applied: dict[str, int]  # by delivery: deductions applied and not undone
    cases: list["Case"]


@dataclass(frozen=True, slots=True)
class Case:
    """A debt case: of whom, and how and when it was resolved, if it was."""

    cooperative_id: str
    member_id: str
    resolution: str | None
    resolved_on: date | None


async def read_debt(settings: Settings) -> DebtBooks:
    """Loans with what is due and settled, money received, and deductions applied."""
    async with read_as_owner(settings, "debt") as session:
        loans = await _loans(session)
        received = [
            Received(str(row["cooperative_id"]), row["channel"], row["amount"], row["posted_on"])
            for row in await session.fetch("select cooperative_id, channel, amount, posted_on from payment")
        ]
        applied = await session.fetch(
            "select delivery_id, cast(sum(amount) as bigint) as amount from payment"
            " where delivery_id is not null group by delivery_id"
        )
        cases = [
            Case(str(row["cooperative_id"]), str(row["member_id"]), row["resolution"], row["resolved_on"])
            for row in await session.fetch("select cooperative_id, member_id, resolution, resolved_on from debt_case")
        ]
    return DebtBooks(loans, received, {str(row["delivery_id"]): row["amount"] for row in applied}, cases)


async def read_loan_years(settings: Settings) -> list[LoanYear]:
    """Loans with what was agreed, paid and waived, and how the payments' lines share it out."""
    async with read_as_owner(settings, "debt") as session:
        loans = {
            row["id"]: LoanYear(str(row["id"]), Fraction(row["annual_rate"]))
            for row in await session.fetch("select id, annual_rate from loan")
        }
        agreed = await session.fetch(
            """
            select loan_id, number, due_on, part.principal, part.interest, part.fee, cut_over_on
            from instalment as part join loan on loan.id = loan_id
            """
        )
        paid = await session.fetch(
            """
            select loan_id, id, value_on, amount from payment
            where kind = 'payment' and id not in (select reverses from payment where reverses is not null)
            """
        )
        waived = await session.fetch("select loan_id, value_on from waiver where corrects is null")
        booked = await session.fetch(
            f"""
            select loan_id, number, {", ".join(f"cast(sum({part}) as bigint) as {part}" for part in PARTS)}
            from allocation group by loan_id, number
            """
        )
    for row in agreed:
        loans[row["loan_id"]].agreed.append(
            Agreed(row["number"], row["due_on"], row["principal"], row["interest"], row["fee"], row["cut_over_on"])
        )
    for row in paid:
        loans[row["loan_id"]].paid.append(Paid(row["value_on"], str(row["id"]), row["amount"]))
    for row in waived:
        loans[row["loan_id"]].waived_on.append(row["value_on"])
    for row in booked:
        loans[row["loan_id"]].booked[row["number"]] = [row[part] for part in PARTS]
    return list(loans.values())


async def _loans(session: ReadSession) -> list[LoanBook]:
    books = {
        row["id"]: LoanBook(
            str(row["id"]), str(row["cooperative_id"]), row["loan_number"], member_id=str(row["member_id"])
        )
        for row in await session.fetch("select id, cooperative_id, loan_number, member_id from loan")
    }
    for row in await session.fetch("select loan_id, number, due_on, principal + interest as amount from instalment"):
        books[row["loan_id"]].dues.append(Due(row["number"], row["due_on"], row["amount"]))
    # A line belongs to the posting that made it: when a back-dated payment moves what an older one had settled, the
    # difference is the newcomer's. A plan's waiver may move lines too; it is no channel, and its money is cash.
    lines = await session.fetch(
        """
        select allocation.loan_id, allocation.number, allocation.posted_on,
               allocation.principal + allocation.interest as amount, coalesce(payment.channel, 'cash') as channel
        from allocation left join payment on payment.id = allocation.posting_id
        """
    )
    for row in lines:
        books[row["loan_id"]].settled.append(Settled(row["number"], row["posted_on"], row["channel"], row["amount"]))
    return list(books.values())


async def read_deliveries(settings: Settings) -> list[Delivery]:
    """Every delivery of produce as it stands in livelihood."""
    async with read_as_owner(settings, "livelihood") as session:
        rows = await session.fetch(
            """
            select id, cooperative_id, delivery_number, status, deduction_share, gross_satang, debt_satang,
                   savings_satang, paid_satang, held_satang
            from produce_delivery
            """
        )
    return [_delivery(row) for row in rows]


def _delivery(row: Any) -> Delivery:
    return Delivery(
        delivery_id=str(row["id"]),
        cooperative_id=str(row["cooperative_id"]),
        delivery_number=row["delivery_number"],
        status=row["status"],
        deduction_share_units=int(Decimal(row["deduction_share"]).scaleb(4)),
        gross=row["gross_satang"],
        debt=row["debt_satang"],
        savings=row["savings_satang"],
        paid=row["paid_satang"],
        held=row["held_satang"],
    )


async def count_persons(settings: Settings) -> int:
    """Persons the registry knows: two memberships of one person count once."""
    async with read_as_owner(settings, "registry") as session:
        return int(await session.scalar("select count(*) from person"))
