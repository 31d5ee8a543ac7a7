"""Use cases of debts to other lenders."""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from services.registry.errors import MemberNotFound
from services.registry.external_debts import repository
from services.registry.external_debts.schemas import ExternalDebtRead, ExternalDebts
from shared.chassis.auth.caller import Caller
from shared.chassis.database import ReadSession, WriteSession
from shared.chassis.http.access_log import log_access
from shared.chassis.http.pagination import PageRequest, page_of
from shared.chassis.replay import Outgoing
from shared.contracts.registry import ExternalDebtRecorded


async def read_of_member(session: WriteSession, caller: Caller, page: PageRequest, member_id: UUID) -> ExternalDebts:
    """A member's debts elsewhere; recorded. Raises MemberNotFound when there is no such member within reach."""
    after = page.after(str, str)
    rows = await repository.list_debts_of_member(
        session, member_id, (after[0], after[1]) if after else None, page.fetch_limit
    )
    if not rows:
        raise MemberNotFound
    await log_access(session, caller, "external-debts-read", [rows[0]["person_id"]])
    debts = [row for row in rows if row["id"] is not None]
    shown = page_of(debts, page, lambda row: (row["creditor"], row["contract_number"]), _shown)
    return ExternalDebts(items=shown.items, next_cursor=shown.next_cursor)


async def tell_again(session: ReadSession) -> AsyncIterator[Outgoing]:
    """Every debt to another lender as it is now."""
    async for row in repository.every_external_debt(session):
        yield recorded(row), row["version"], row["stated_on"]


def recorded(debt: Mapping[str, Any]) -> ExternalDebtRecorded:
    """The event that states the debt as it is now."""
    return ExternalDebtRecorded(
        external_debt_id=debt["id"],
        person_id=debt["person_id"],
        creditor=debt["creditor"],
        outstanding=debt["outstanding_satang"],
        annual_payment=debt["annual_payment_satang"],
        as_of=debt["stated_on"],
    )


def _shown(row: Mapping[str, Any]) -> ExternalDebtRead:
    return ExternalDebtRead(
        id=row["id"],
        creditor=row["creditor"],
        contract_number=row["contract_number"],
        outstanding=row["outstanding_satang"],
        annual_payment=row["annual_payment_satang"],
        as_of=row["stated_on"],
    )
